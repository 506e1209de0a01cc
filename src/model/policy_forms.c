/* The forms of actions and resources, with IAM's words for what breaks them. Called by the policy engine
 * alone. Source: IAM User Guide, "IAM JSON policy elements: Action" and "Resource". */
#include <strings.h>

#include "model/policy_parts.h"

bool policy_form_check_action(const char *action, enum policy_kind kind, struct err *err) {
    if (kind == POLICY_TRUST)
        return strncasecmp(action, "sts:", 4) == 0 ||
               err_set(err, ERR_PARAMETER, "AssumeRole policy may only specify STS AssumeRole actions.");
    if (strcmp(action, "*") == 0)
        return true;
    const char *colon = strchr(action, ':');
    if (!colon)
        return err_set(err, ERR_PARAMETER,
                       "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    if (strchr(colon + 1, ':'))
        return err_set(err, ERR_PARAMETER, "Actions/Condition can contain only one colon.");
    size_t vendor_len = (size_t)(colon - action);
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    bool is_vendor = vendor_len > 0 && strspn(action, allowed) == vendor_len;
    return is_vendor || strncmp(action, "*:", 2) == 0 ||
           err_set(err, ERR_PARAMETER, "Vendor %.*s is not valid", (int)vendor_len, action);
}

#define ARN_SECTIONS 6

/* Cuts at the first five colons; the last section has the rest. Returns how many there are. */
static size_t split(const char *arn, const char *ret_sections[ARN_SECTIONS], int ret_lens[ARN_SECTIONS]) {
    size_t count = 0;
    for (;;) {
        size_t len = count + 1 < ARN_SECTIONS ? strcspn(arn, ":") : strlen(arn);
        ret_sections[count] = arn;
        ret_lens[count++] = (int)len;
        if (arn[len] == '\0')
            return count;
        arn += len + 1;
    }
}

static bool is_partition(const char *text, size_t len) {
    static const char *const partitions[] = {"aws",       "aws-cn",    "aws-us-gov", "aws-iso",
                                             "aws-iso-b", "aws-iso-e", "aws-iso-f",  "aws-eusc"};
    for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++)
        if (strlen(partitions[i]) == len && memcmp(partitions[i], text, len) == 0)
            return true;
    return memchr(text, '*', len) || memchr(text, '?', len);
}

/* Missing sections are shown as stars. */
static bool refuse_partition(const char *const sections[], const int lens[], size_t count, struct err *err) {
    const char *shown[ARN_SECTIONS];
    int shown_lens[ARN_SECTIONS];
    for (size_t i = 0; i < ARN_SECTIONS; i++) {
        shown[i] = i < count ? sections[i] : "*";
        shown_lens[i] = i < count ? lens[i] : 1;
    }
    return err_set(err, ERR_PARAMETER,
                   "Partition \"%.*s\" is not valid for resource \"arn:%.*s:%.*s:%.*s:%.*s:%.*s\".",
                   shown_lens[1], shown[1], shown_lens[1], shown[1], shown_lens[2], shown[2], shown_lens[3],
                   shown[3], shown_lens[4], shown[4], shown_lens[5], shown[5]);
}

/* What may follow "arn:aws:iam::ACCOUNT:", as far as it is not behind a wildcard. */
static bool is_iam_path(const char *path) {
    static const char *const kinds[] = {"user/",
                                        "federated-user/",
                                        "role/",
                                        "group/",
                                        "instance-profile/",
                                        "mfa/",
                                        "policy/",
                                        "sms-mfa/",
                                        "saml-provider/",
                                        "oidc-provider/",
                                        "report/",
                                        "access-report/",
                                        "server-certificate/"};
    size_t plain_len = strcspn(path, "*?$");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t kind_len = strlen(kinds[i]);
        if (strncmp(path, kinds[i], plain_len < kind_len && path[plain_len] ? plain_len : kind_len) == 0)
            return true;
    }
    return false;
}

bool policy_form_check_resource(const char *resource, struct err *err) {
    const char *sections[ARN_SECTIONS];
    int lens[ARN_SECTIONS];
    if (strcmp(resource, "*") == 0)
        return true;
    size_t count = split(resource, sections, lens);
    if (count == 1)
        return err_set(err, ERR_PARAMETER, "Resource %s must be in ARN format or \"*\".", resource);
    if (!is_partition(sections[1], (size_t)lens[1]))
        return refuse_partition(sections, lens, count, err);
    if (strncmp(resource, "arn:", 4) != 0)
        return err_set(err, ERR_PARAMETER, "Resource %s must be in ARN format or \"*\".", resource);
    if (count == 2)
        return err_set(err, ERR_PARAMETER,
                       "Resource vendor must be fully qualified and cannot contain regexes.");
    bool has_region = count > 3 && lens[3] > 0;
    bool is_iam = lens[2] == 3 && memcmp(sections[2], "iam", 3) == 0;
    if (is_iam && has_region)
        return err_set(err, ERR_PARAMETER, "IAM resource %s cannot contain region information.", resource);
    if (lens[2] == 2 && memcmp(sections[2], "s3", 2) == 0 && has_region)
        return err_set(err, ERR_PARAMETER, "Resource %s can not contain region information.", resource);
    if (is_iam && count == ARN_SECTIONS && !is_iam_path(sections[5]))
        return err_set(err, ERR_PARAMETER,
                       "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, "
                       "group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, "
                       "saml-provider/, oidc-provider/, report/, access-report/.");
    return true;
}

bool policy_form_is_whole(const char *resource) {
    const char *sections[ARN_SECTIONS];
    int lens[ARN_SECTIONS];
    size_t count = split(resource, sections, lens);
    if (strncmp(resource, "arn:", 4) != 0 || count < 3)
        return true;
    bool has_lost_one = count < ARN_SECTIONS && strstr(resource, "::");
    return lens[2] > 0 && (!has_lost_one || !is_partition(sections[1], (size_t)lens[1]));
}

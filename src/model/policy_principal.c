/* The principals of a statement, as documents write them. Called by the policy engine alone. Source: IAM User
 * Guide, "AWS JSON policy elements: Principal". Whether a user or role exists is not asked. */
#include "base/mem.h"
#include "model/policy_parts.h"

#define ACCOUNT_DIGITS 12

static bool is_account(const char *text, size_t len) {
    return len == ACCOUNT_DIGITS && strspn(text, "0123456789") >= len;
}

static void append(struct buf *texts, enum policy_who who, const char *name, size_t len) {
    buf_append_byte(texts, (char)who);
    buf_append(texts, name, len);
    buf_append_byte(texts, '\0');
}

/* Moves behind `prefix` when the text begins with it. */
static bool skip(const char **at, const char *prefix) {
    size_t len = strlen(prefix);
    if (strncmp(*at, prefix, len) != 0)
        return false;
    *at += len;
    return true;
}

/* "arn:PARTITION:iam::ACCOUNT:root", ":user/NAME", ":role/NAME"; of sts ":assumed-role/ROLE/SESSION" and
 * ":federated-user/NAME". */
static bool append_arn(struct buf *texts, const char *arn) {
    const char *at = arn;
    size_t partition_len = skip(&at, "arn:") ? strcspn(at, ":*?") : 0;
    at += partition_len;
    bool is_iam = skip(&at, ":iam::");
    if (partition_len == 0 || (!is_iam && !skip(&at, ":sts::")) || !is_account(at, strcspn(at, ":")))
        return false;
    const char *account = at;
    at += ACCOUNT_DIGITS;
    if (!skip(&at, ":"))
        return false;
    if (is_iam && strcmp(at, "root") == 0) {
        append(texts, POLICY_WHO_ACCOUNT, account, ACCOUNT_DIGITS);
        return true;
    }
    bool is_named = is_iam ? skip(&at, "user/") || skip(&at, "role/")
                           : skip(&at, "assumed-role/") || skip(&at, "federated-user/");
    if (!is_named || *at == '\0' || strpbrk(at, "*?"))
        return false;
    append(texts, POLICY_WHO_ARN, arn, strlen(arn));
    return true;
}

static bool append_aws(struct buf *texts, const char *text) {
    size_t len = strlen(text);
    bool is_anybody = strcmp(text, "*") == 0;
    if (is_anybody)
        append(texts, POLICY_WHO_ANYBODY, "", 0);
    else if (is_account(text, len))
        append(texts, POLICY_WHO_ACCOUNT, text, len);
    else
        return append_arn(texts, text);
    return true;
}

/* "lambda.amazonaws.com". */
static bool append_service(struct buf *texts, const char *text) {
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    if (len == 0 || text[len] != '\0' || !strchr(text, '.'))
        return false;
    append(texts, POLICY_WHO_SERVICE, text, len);
    return true;
}

/* Nobody who calls Lamb is one of these. */
static bool append_nobody(struct buf *texts, const char *text) {
    (void)texts;
    return *text != '\0';
}

static const struct {
    const char *name;
    const char *error_name;
    bool (*append)(struct buf *texts, const char *text);
} types[] = {
    {"AWS", "AWS", append_aws},
    {"Service", "SERVICE", append_service},
    {"Federated", "FEDERATED", append_nobody},
    {"CanonicalUser", "CANONICALUSER", append_nobody},
};

static const char is_empty[] = "Missing required field Principal cannot be empty!";

static bool append_type(struct json_value name, struct json_value values, struct buf *texts,
                        struct err *err) {
    const size_t count = sizeof types / sizeof types[0];
    size_t type = 0;
    while (type < count && !json_string_is(name, types[type].name))
        type++;
    if (type == count) {
        OWN_MEM char *unknown = json_string(name);
        return err_set(err, ERR_PARAMETER, "Invalid principal in policy: \"%s\"", unknown ? unknown : "");
    }
    struct json_value value;
    uint32_t cursor = 0;
    while (policy_check_each(values, &cursor, &value)) {
        OWN_MEM char *text = json_string(value);
        if (!text || !types[type].append(texts, text))
            return err_set(err, ERR_PARAMETER, "Invalid principal in policy: \"%s\":\"%s\"",
                           types[type].error_name, text ? text : "");
    }
    return cursor > 0 || err_set(err, ERR_PARAMETER, "%s", is_empty);
}

bool policy_principal_append(struct json_value principal, enum policy_kind kind, struct buf *texts,
                             struct err *err) {
    if (kind != POLICY_TRUST && json_string_is(principal, "*"))
        return append_aws(texts, "*");
    if (json_type_of(principal) != JSON_OBJECT) {
        OWN_MEM char *text = json_string(principal);
        const char *words = kind == POLICY_TRUST ? "AssumeRolepolicy contained an invalid principal"
                                                 : "Invalid principal in policy";
        return err_set(err, ERR_PARAMETER, "%s: \"STAR\":\"%s\".", words, text ? text : "");
    }
    if (json_size(principal) == 0)
        return err_set(err, ERR_PARAMETER, "%s", is_empty);
    struct json_value name, values;
    for (uint32_t cursor = 0; json_each(principal, &cursor, &name, &values);)
        if (!append_type(name, values, texts, err))
            return false;
    return true;
}

/* Matchers for the patterns of members that concern functions. Source of the expressions: the Lambda service
 * model; where the service prints another form than its model, the printed one. */
#include "model/function_patterns.h"

#include <string.h>

#include "base/ident.h"
#include "model/pattern.h"

#define REGION "(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}"

#define WORD "-_"

static struct pattern_span span_of(const char *text, size_t len) {
    return (struct pattern_span){text, len};
}

/* "arn:<partition>:<service>:<region>:<account>:<rest>". The rest may hold colons. */
enum { ARN_WORD, ARN_PARTITION, ARN_SERVICE, ARN_REGION, ARN_ACCOUNT, ARN_REST, ARN_PARTS };

/* Takes everything before the next colon, and the colon, off the front. */
static bool cut_at_colon(struct pattern_span *span, struct pattern_span *ret_piece) {
    const char *colon = span->len > 0 ? memchr(span->text, ':', span->len) : NULL;
    if (!colon)
        return false;
    size_t len = (size_t)(colon - span->text);
    *ret_piece = span_of(span->text, len);
    *span = span_of(colon + 1, span->len - len - 1);
    return true;
}

static bool split_arn(struct pattern_span text, struct pattern_span ret_parts[ARN_PARTS]) {
    for (size_t i = 0; i < ARN_REST; i++)
        if (!cut_at_colon(&text, &ret_parts[i]))
            return false;
    ret_parts[ARN_REST] = text;
    return pattern_is(ret_parts[ARN_WORD], "arn");
}

static bool is_optional_partition(struct pattern_span span) {
    return span.len == 0 || pattern_partition(span);
}

/* An ARN of the service in some region and account. */
static bool is_home_arn(const struct pattern_span parts[ARN_PARTS], const char *service) {
    return pattern_is(parts[ARN_SERVICE], service) && pattern_region(parts[ARN_REGION]) &&
           pattern_account(parts[ARN_ACCOUNT]);
}

static bool matches_role(const char *text, size_t len) {
    struct pattern_span parts[ARN_PARTS];
    return split_arn(span_of(text, len), parts) && is_optional_partition(parts[ARN_PARTITION]) &&
           pattern_is(parts[ARN_SERVICE], "iam") && parts[ARN_REGION].len == 0 &&
           pattern_account(parts[ARN_ACCOUNT]) && pattern_skip(&parts[ARN_REST], "role") &&
           pattern_some(parts[ARN_REST], PATTERN_ALNUM, "_+=,.@-/");
}

static bool matches_handler(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] != '\0' && strchr(" \t\n\v\f\r", text[i]))
            return false;
    return len > 0;
}

static bool matches_bucket(const char *text, size_t len) {
    return pattern_all(span_of(text, len), PATTERN_ALNUM, ".-_") && (len == 0 || text[len - 1] != '.');
}

static bool matches_anything(const char *text, size_t len) {
    return pattern_line(span_of(text, len));
}

static bool matches_optional_arn(const char *text, size_t len) {
    struct pattern_span rest = span_of(text, len);
    struct pattern_span partition, service;
    if (len == 0)
        return true;
    return pattern_skip(&rest, "arn:") && cut_at_colon(&rest, &partition) && cut_at_colon(&rest, &service) &&
           is_optional_partition(partition) && pattern_some(service, PATTERN_LOWER | PATTERN_DIGIT, "-.") &&
           pattern_line(rest);
}

static bool matches_subnet(const char *text, size_t len) {
    struct pattern_span span = span_of(text, len);
    return pattern_skip(&span, "subnet-") && pattern_all(span, PATTERN_LOWER | PATTERN_DIGIT, "");
}

static bool matches_security_group(const char *text, size_t len) {
    struct pattern_span span = span_of(text, len);
    return pattern_skip(&span, "sg-") && pattern_all(span, PATTERN_ALNUM, "");
}

static bool matches_variable_name(const char *text, size_t len) {
    return len >= 2 && pattern_all(span_of(text, 1), PATTERN_LETTER, "") &&
           pattern_all(span_of(text + 1, len - 1), PATTERN_ALNUM, "_");
}

static bool matches_tag(const char *text, size_t len) {
    return pattern_tag_text(span_of(text, len));
}

static bool matches_layer_version(const char *text, size_t len) {
    struct pattern_span parts[ARN_PARTS];
    struct pattern_span pieces[3];
    if (!split_arn(span_of(text, len), parts))
        return false;
    size_t count = pattern_split(parts[ARN_REST], ':', pieces, 3);
    if (is_optional_partition(parts[ARN_PARTITION]) && is_home_arn(parts, "lambda"))
        return count == 3 && pattern_is(pieces[0], "layer") && pattern_some(pieces[1], PATTERN_ALNUM, WORD) &&
               pattern_some(pieces[2], PATTERN_DIGIT, "");
    return pattern_some(parts[ARN_PARTITION], PATTERN_ALNUM, "-") &&
           pattern_is(parts[ARN_SERVICE], "lambda") && parts[ARN_REGION].len == 0 &&
           parts[ARN_ACCOUNT].len == 0 && count == 2 && pattern_is(pieces[0], "awslayer") &&
           pattern_some(pieces[1], PATTERN_ALNUM, WORD);
}

/* Lower-case hex digits. */
static bool is_hex(struct pattern_span span, size_t least, size_t most) {
    return span.len >= least && span.len <= most && pattern_all(span, PATTERN_DIGIT, "abcdef");
}

/* Region and account are one run of characters here, colons included. */
static bool is_s3_file_system(struct pattern_span text) {
    static const char last[] = ":file-system";
    size_t last_len = sizeof last - 1;
    struct pattern_span partition;
    struct pattern_span pieces[4];
    if (!pattern_skip(&text, "arn:aws") || !cut_at_colon(&text, &partition) ||
        !pattern_all(partition, PATTERN_LOWER, "-") || !pattern_skip(&text, "s3files:") ||
        pattern_split(text, '/', pieces, 4) != 4 || pieces[0].len <= last_len)
        return false;
    size_t home_len = pieces[0].len - last_len;
    return memcmp(pieces[0].text + home_len, last, last_len) == 0 &&
           pattern_all(span_of(pieces[0].text, home_len), PATTERN_LOWER | PATTERN_DIGIT, ":-") &&
           pattern_skip(&pieces[1], "fs-") && is_hex(pieces[1], 17, 40) &&
           pattern_is(pieces[2], "access-point") && pattern_skip(&pieces[3], "fsap-") &&
           is_hex(pieces[3], 17, 40);
}

static bool matches_file_system(const char *text, size_t len) {
    struct pattern_span parts[ARN_PARTS];
    struct pattern_span span = span_of(text, len);
    if (is_s3_file_system(span))
        return true;
    return split_arn(span, parts) && pattern_partition(parts[ARN_PARTITION]) &&
           is_home_arn(parts, "elasticfilesystem") && pattern_skip(&parts[ARN_REST], "access-point/fsap-") &&
           is_hex(parts[ARN_REST], 17, 17);
}

static bool matches_mount_path(const char *text, size_t len) {
    struct pattern_span span = span_of(text, len);
    return pattern_skip(&span, "/mnt/") && pattern_some(span, PATTERN_ALNUM, "-_.");
}

static bool is_code_signing(struct pattern_span rest) {
    return pattern_skip(&rest, "code-signing-config:csc-") && rest.len == 17 &&
           pattern_all(rest, PATTERN_LOWER | PATTERN_DIGIT, "");
}

static bool matches_code_signing(const char *text, size_t len) {
    struct pattern_span parts[ARN_PARTS];
    return split_arn(span_of(text, len), parts) && is_optional_partition(parts[ARN_PARTITION]) &&
           is_home_arn(parts, "lambda") && is_code_signing(parts[ARN_REST]);
}

static bool is_capacity_provider(struct pattern_span rest) {
    return pattern_skip(&rest, "capacity-provider:") && pattern_some(rest, PATTERN_ALNUM, WORD);
}

static bool matches_capacity_provider(const char *text, size_t len) {
    struct pattern_span parts[ARN_PARTS];
    return split_arn(span_of(text, len), parts) && pattern_partition(parts[ARN_PARTITION]) &&
           is_home_arn(parts, "lambda") && is_capacity_provider(parts[ARN_REST]);
}

static bool matches_log_group(const char *text, size_t len) {
    return pattern_some(span_of(text, len), PATTERN_ALNUM, ".-_/#");
}

/* "function:<name>" with or without a qualifier. */
static bool is_function(struct pattern_span rest) {
    struct pattern_span pieces[3];
    size_t count = pattern_split(rest, ':', pieces, 3);
    return count >= 2 && pattern_is(pieces[0], "function") && pattern_some(pieces[1], PATTERN_ALNUM, WORD) &&
           (count == 2 || pattern_is(pieces[2], "$LATEST") || pattern_some(pieces[2], PATTERN_ALNUM, WORD));
}

static bool is_layer(struct pattern_span rest) {
    return pattern_skip(&rest, "layer:") && pattern_some(rest, PATTERN_ALNUM, WORD);
}

static bool is_mapping(struct pattern_span rest) {
    return pattern_skip(&rest, "event-source-mapping:") && ident_is_uuid(rest.text, rest.len);
}

static bool matches_taggable(const char *text, size_t len) {
    struct pattern_span parts[ARN_PARTS];
    if (!split_arn(span_of(text, len), parts) || !pattern_partition(parts[ARN_PARTITION]) ||
        !is_home_arn(parts, "lambda"))
        return false;
    struct pattern_span rest = parts[ARN_REST];
    return is_function(rest) || is_layer(rest) || is_code_signing(rest) || is_mapping(rest) ||
           is_capacity_provider(rest);
}

static bool matches_master_region(const char *text, size_t len) {
    return pattern_is(span_of(text, len), "ALL") || pattern_region(span_of(text, len));
}

static bool matches_execution_name(const char *text, size_t len) {
    return pattern_some(span_of(text, len), PATTERN_ALNUM, WORD);
}

static bool matches_tenant(const char *text, size_t len) {
    return pattern_some(span_of(text, len), PATTERN_ALNUM, "._:/=+-@ ");
}

const struct constraint_pattern pattern_role = {
    "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+", matches_role};
const struct constraint_pattern pattern_handler = {"[^\\s]+", matches_handler};
const struct constraint_pattern pattern_bucket = {"[0-9A-Za-z\\.\\-_]*(?<!\\.)", matches_bucket};
const struct constraint_pattern pattern_anything = {".*", matches_anything};
const struct constraint_pattern pattern_optional_arn = {"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()",
                                                        matches_optional_arn};
const struct constraint_pattern pattern_subnet = {"subnet-[0-9a-z]*", matches_subnet};
const struct constraint_pattern pattern_security_group = {"sg-[0-9a-zA-Z]*", matches_security_group};
const struct constraint_pattern pattern_variable_name = {"[a-zA-Z]([a-zA-Z0-9_])+", matches_variable_name};
const struct constraint_pattern pattern_tag = {"([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)", matches_tag};
const struct constraint_pattern pattern_layer_version = {
    "(arn:(aws[a-zA-Z-]*)?:lambda:" REGION ":\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"
    "(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)",
    matches_layer_version};
const struct constraint_pattern pattern_file_system = {
    "arn:aws[a-zA-Z-]*:elasticfilesystem:" REGION ":\\d{12}:access-point/fsap-[a-f0-9]{17}$|"
    "^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}",
    matches_file_system};
const struct constraint_pattern pattern_mount_path = {"/mnt/[a-zA-Z0-9-_.]+", matches_mount_path};
const struct constraint_pattern pattern_code_signing = {"arn:(aws[a-zA-Z-]*)?:lambda:" REGION
                                                        ":\\d{12}:code-signing-config:csc-[a-z0-9]{17}",
                                                        matches_code_signing};
const struct constraint_pattern pattern_capacity_provider = {"arn:aws[a-zA-Z-]*:lambda:" REGION
                                                             ":\\d{12}:capacity-provider:[a-zA-Z0-9-_]+",
                                                             matches_capacity_provider};
const struct constraint_pattern pattern_log_group = {"[\\.\\-_/#A-Za-z0-9]+", matches_log_group};
const struct constraint_pattern pattern_taggable = {
    "arn:(aws[a-zA-Z-]*):lambda:" REGION ":\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|"
    "layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|"
    "event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|"
    "capacity-provider:[a-zA-Z0-9-_]+)",
    matches_taggable};
const struct constraint_pattern pattern_master_region = {"ALL|" REGION, matches_master_region};
const struct constraint_pattern pattern_execution_name = {"[a-zA-Z0-9-_]+", matches_execution_name};
const struct constraint_pattern pattern_tenant = {"[a-zA-Z0-9\\._:\\/=+\\-@ ]+", matches_tenant};

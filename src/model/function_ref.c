/* Function references, taken apart segment by segment at their colons. The service's pattern is
 *   (arn:<partition>:lambda:)?(<region>:)?(<account>:)?(function:)?<name>(:<qualifier>)?
 * matched greedily: a segment is taken for a prefix whenever the rest still makes a name. "function:f" is the
 * function f, "function:$LATEST" a function called function. */
#include "model/function_ref.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "model/constraint.h"
#include "model/lambda/patterns.h"
#include "model/pattern.h"

#define PATTERN_PREFIX                                                                                       \
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"              \
    "(\\d{12}:)?(function:)?"
#define READ_PATTERN PATTERN_PREFIX "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
#define WRITE_PATTERN PATTERN_PREFIX "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"

/* "arn", partition, "lambda", region, account, "function", name, qualifier. */
#define MAX_SEGMENTS 8

struct segments {
    struct pattern_span items[MAX_SEGMENTS];
    size_t count;
    size_t next; /* the first one not taken yet */
};

struct parts {
    struct pattern_span region;
    struct pattern_span account;
    struct pattern_span name;
    struct pattern_span qualifier;
};

static bool is_name(struct pattern_span span, enum function_ref_kind kind) {
    return pattern_some(span, PATTERN_ALNUM, kind == FUNCTION_REF_READ ? "-_." : "-_");
}

static bool is_qualifier(struct pattern_span span, enum function_ref_kind kind) {
    return pattern_is(span, FUNCTION_LATEST) || pattern_some(span, PATTERN_ALNUM, "-_") ||
           (kind == FUNCTION_REF_READ && pattern_is(span, "$LATEST.PUBLISHED"));
}

/* Whether the segments behind the next one can still be a name, perhaps behind more prefixes. */
static bool leaves_name(const struct segments *segments, enum function_ref_kind kind) {
    size_t left = segments->count - segments->next;
    return left > 2 || (left == 2 && is_name(segments->items[segments->next + 1], kind));
}

static void take_arn_prefix(struct segments *segments) {
    const struct pattern_span *item = segments->items;
    if (segments->count > 3 && pattern_is(item[0], "arn") && pattern_is(item[2], "lambda") &&
        (item[1].len == 0 || pattern_partition(item[1])))
        segments->next = 3;
}

static bool take_parts(struct segments *segments, enum function_ref_kind kind, struct parts *parts) {
    *parts = (struct parts){0};
    take_arn_prefix(segments);
    const struct pattern_span *item = segments->items;
    if (pattern_region(item[segments->next]) && leaves_name(segments, kind))
        parts->region = item[segments->next++];
    if (pattern_account(item[segments->next]) && leaves_name(segments, kind))
        parts->account = item[segments->next++];
    if (pattern_is(item[segments->next], "function") && leaves_name(segments, kind))
        segments->next++;
    size_t left = segments->count - segments->next;
    parts->name = item[segments->next];
    if (left == 2)
        parts->qualifier = item[segments->next + 1];
    return left <= 2 && is_name(parts->name, kind) && (left == 1 || is_qualifier(parts->qualifier, kind));
}

static bool match(const char *text, size_t len, enum function_ref_kind kind, struct parts *ret_parts) {
    struct segments segments = {0};
    segments.count = pattern_split((struct pattern_span){text, len}, ':', segments.items, MAX_SEGMENTS);
    return segments.count > 0 && take_parts(&segments, kind, ret_parts);
}

static bool matches_read(const char *text, size_t len) {
    struct parts parts;
    return match(text, len, FUNCTION_REF_READ, &parts);
}

static bool matches_write(const char *text, size_t len) {
    struct parts parts;
    return match(text, len, FUNCTION_REF_WRITE, &parts);
}

/* A '$' is allowed anywhere by the second alternative, so that only ".PUBLISHED" needs the first. */
static bool matches_qualifier(const char *text, size_t len) {
    struct pattern_span span = {text, len};
    return pattern_some(span, PATTERN_ALNUM, "-_$") || pattern_is(span, "$LATEST.PUBLISHED");
}

const struct constraint_pattern pattern_function_read = {READ_PATTERN, matches_read};
const struct constraint_pattern pattern_function_write = {WRITE_PATTERN, matches_write};
const struct constraint_pattern pattern_qualifier = {"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
                                                     matches_qualifier};

static const struct constraint name_members[] = {
    [FUNCTION_REF_READ] = {.name = "FunctionName",
                           .type = CONSTRAINT_TEXT,
                           .required = true,
                           .min = 1,
                           .max = LIMIT_FUNCTION_READ_REFERENCE_CHARS,
                           .pattern = &pattern_function_read},
    [FUNCTION_REF_WRITE] = {.name = "FunctionName",
                            .type = CONSTRAINT_TEXT,
                            .required = true,
                            .min = 1,
                            .max = LIMIT_FUNCTION_REFERENCE_CHARS,
                            .pattern = &pattern_function_write},
};
static const struct constraint qualifier_member = {.name = "Qualifier",
                                                   .type = CONSTRAINT_TEXT,
                                                   .min = 1,
                                                   .max = LIMIT_QUALIFIER_CHARS,
                                                   .pattern = &pattern_qualifier};

static void copy_span(char *ret_text, size_t size, struct pattern_span span) {
    size_t len = span.len < size ? span.len : size - 1;
    if (len > 0)
        memcpy(ret_text, span.text, len);
    ret_text[len] = '\0';
}

bool function_ref_parse(const char *text, enum function_ref_kind kind, struct function_ref *ret_ref,
                        struct err *err) {
    struct violations violations = {0};
    constraint_check_text(&name_members[kind], text, &violations);
    if (!violations_finish(&violations, err))
        return false;
    struct parts parts = {0};
    match(text, strlen(text), kind, &parts);
    copy_span(ret_ref->region, sizeof ret_ref->region, parts.region);
    copy_span(ret_ref->account, sizeof ret_ref->account, parts.account);
    copy_span(ret_ref->name, sizeof ret_ref->name, parts.name);
    copy_span(ret_ref->qualifier, sizeof ret_ref->qualifier, parts.qualifier);
    return true;
}

bool function_ref_check_new_name(const struct function_ref *ref, struct err *err) {
    if (strlen(ref->name) <= LIMIT_FUNCTION_NAME_CHARS)
        return true;
    return err_set(err, ERR_PARAMETER,
                   "1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: "
                   "Member must have length less than or equal to %d",
                   ref->name, LIMIT_FUNCTION_NAME_CHARS);
}

bool function_ref_qualify(struct function_ref *ref, const char *qualifier, struct err *err) {
    if (qualifier[0] == '\0')
        return true;
    struct violations violations = {0};
    constraint_check_text(&qualifier_member, qualifier, &violations);
    if (!violations_finish(&violations, err))
        return false;
    if (ref->qualifier[0] != '\0' && strcmp(ref->qualifier, qualifier) != 0)
        return err_set(
            err, ERR_PARAMETER,
            "The derived qualifier from the function name does not match the specified qualifier.");
    copy_span(ref->qualifier, sizeof ref->qualifier, (struct pattern_span){qualifier, strlen(qualifier)});
    return true;
}

bool function_ref_check_home(const struct function_ref *ref, const char *region, const char *account,
                             struct err *err) {
    if (ref->region[0] != '\0' && strcmp(ref->region, region) != 0)
        return err_set(err, ERR_NOT_FOUND, "Functions from '%s' are not reachable in this region ('%s')",
                       ref->region, region);
    if (ref->account[0] != '\0' && strcmp(ref->account, account) != 0)
        return err_set(err, ERR_DENIED, "%s", "");
    return true;
}

bool function_qualifier_is_version(const char *qualifier) {
    size_t digits = strspn(qualifier, "0123456789");
    return digits > 0 && qualifier[digits] == '\0';
}

/* Source: the public list of AWS partitions (region name patterns). */
const char *function_arn_partition(const char *region) {
    static const struct {
        const char *prefix;
        const char *partition;
    } table[] = {
        {"cn-", "aws-cn"},         {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"},
        {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
        {"eusc-", "aws-eusc"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strncmp(region, table[i].prefix, strlen(table[i].prefix)) == 0)
            return table[i].partition;
    return "aws";
}

void function_arn_format(const char *region, const char *account, const char *name, const char *qualifier,
                         char ret_arn[FUNCTION_ARN_BYTES]) {
    bool qualified = qualifier && qualifier[0] != '\0';
    snprintf(ret_arn, FUNCTION_ARN_BYTES, "arn:%s:lambda:%s:%s:function:%s%s%s",
             function_arn_partition(region), region, account, name, qualified ? ":" : "",
             qualified ? qualifier : "");
}

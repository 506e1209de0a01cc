/* Walks a request beside its table of constraints. The API calls it before an operation looks at any member;
 * it keeps nothing. Depth is that of the table, never that of the request. */
#include "model/constraint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/unicode.h"

/* In the order the service lists them. */
enum rule { RULE_MOST, RULE_LEAST, RULE_PATTERN, RULE_VALUES, RULE_NOT_NULL, RULE_COUNT };

/* What rules look at: a value of the request, measured. */
struct subject {
    bool is_null;
    double size;
    const char *text; /* of texts, not terminated; "" for everything else */
    size_t len;
};

static bool has_rule(const struct constraint *constraint, enum rule rule) {
    switch (rule) {
    case RULE_MOST:
    case RULE_LEAST: return constraint->max != 0;
    case RULE_PATTERN: return constraint->pattern != NULL;
    case RULE_VALUES: return constraint->values != NULL;
    case RULE_NOT_NULL: return constraint->required;
    case RULE_COUNT: break;
    }
    return false;
}

static bool is_among(const char *const *values, const char *text, size_t len) {
    for (; *values; values++)
        if (strlen(*values) == len && memcmp(*values, text, len) == 0)
            return true;
    return false;
}

static bool breaks(const struct constraint *constraint, enum rule rule, const struct subject *subject) {
    if (!has_rule(constraint, rule))
        return false;
    if (subject->is_null || rule == RULE_NOT_NULL)
        return subject->is_null && rule == RULE_NOT_NULL;
    switch (rule) {
    case RULE_MOST: return subject->size > (double)constraint->max;
    case RULE_LEAST: return subject->size < (double)constraint->min;
    case RULE_PATTERN: return !constraint->pattern->matches(subject->text, subject->len);
    case RULE_VALUES: return !is_among(constraint->values, subject->text, subject->len);
    case RULE_NOT_NULL:
    case RULE_COUNT: break;
    }
    return false;
}

static bool breaks_any(const struct constraint *constraint, const struct subject *subject) {
    for (enum rule rule = 0; rule < RULE_COUNT; rule++)
        if (breaks(constraint, rule, subject))
            return true;
    return false;
}

static void put_bound(struct violations *violations, const struct constraint *constraint,
                      const char *relation, int64_t bound) {
    bool is_value = constraint->type == CONSTRAINT_INTEGER || constraint->type == CONSTRAINT_DOUBLE;
    char text[96];
    snprintf(text, sizeof text, "Member must have %s %s than or equal to %lld%s",
             is_value ? "value" : "length", relation, (long long)bound,
             constraint->type == CONSTRAINT_DOUBLE ? ".0" : "");
    violations_put(violations, text);
}

static void put_rule(struct violations *violations, const struct constraint *constraint, enum rule rule) {
    switch (rule) {
    case RULE_MOST: put_bound(violations, constraint, "less", constraint->max); break;
    case RULE_LEAST: put_bound(violations, constraint, "greater", constraint->min); break;
    case RULE_PATTERN:
        violations_put(violations, "Member must satisfy regular expression pattern: ");
        violations_put(violations, constraint->pattern->text);
        break;
    case RULE_VALUES:
        violations_put(violations, "Member must satisfy enum value set: [");
        for (const char *const *value = constraint->values; *value; value++) {
            violations_put(violations, value == constraint->values ? "" : ", ");
            violations_put(violations, *value);
        }
        violations_put(violations, "]");
        break;
    case RULE_NOT_NULL: violations_put(violations, "Member must not be null"); break;
    case RULE_COUNT: break;
    }
}

static void put_rules(struct violations *violations, const struct constraint *constraint) {
    const char *separator = "[";
    for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
        if (!has_rule(constraint, rule))
            continue;
        violations_put(violations, separator);
        put_rule(violations, constraint, rule);
        separator = ", ";
    }
    violations_put(violations, "]");
}

static void put_json(struct violations *violations, struct json_value value);

static void put_json_text(struct violations *violations, struct json_value value) {
    OWN(buf) struct buf text;
    buf_init(&text, LIMIT_CREATE_REQUEST_BYTES);
    json_append_string(value, &text);
    violations_put_bytes(violations, buf_text(&text), text.len);
}

static void put_json_items(struct violations *violations, struct json_value container, char open,
                           char close) {
    violations_put_bytes(violations, &open, 1);
    struct json_value key, value;
    const char *separator = "";
    for (uint32_t cursor = 0;
         !violations_is_full(violations) && json_each(container, &cursor, &key, &value);) {
        violations_put(violations, separator);
        separator = ", ";
        if (json_is_present(key)) {
            put_json(violations, key);
            violations_put(violations, "=");
        }
        put_json(violations, value);
    }
    violations_put_bytes(violations, &close, 1);
}

/* As Java prints strings, lists and maps. */
static void put_json(struct violations *violations, struct json_value value) {
    switch (json_type_of(value)) {
    case JSON_STRING: put_json_text(violations, value); break;
    case JSON_ARRAY: put_json_items(violations, value, '[', ']'); break;
    case JSON_OBJECT: put_json_items(violations, value, '{', '}'); break;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
    case JSON_NUMBER: {
        size_t len;
        const char *raw = json_raw(value, &len);
        violations_put_bytes(violations, raw, len);
    }
    }
}

/* Where in the request a value stands, and where to report. A path is as long as the names of a table. */
struct place {
    struct violations *violations;
    struct json_value value; /* what to print: one of these three, or null */
    const char *text;
    const char *const *texts;
    size_t count;
    char path[256];
};

static struct place place_of_member(const struct place *parent, const char *name, struct json_value value) {
    struct place place = {.violations = parent->violations, .value = value};
    snprintf(place.path, sizeof place.path, "%.128s%s%c%.64s", parent->path, parent->path[0] ? "." : "",
             tolower((unsigned char)name[0]), name + 1);
    return place;
}

/* Of a value only so much is printed that the rule it breaks still fits. */
#define SHOWN_VALUE_BYTES 1024

static void put_value(const struct place *place) {
    struct violations *violations = place->violations;
    violations_put(violations, "'");
    size_t start = violations->len;
    if (json_is_present(place->value)) {
        put_json(violations, place->value);
    } else if (place->text) {
        violations_put(violations, place->text);
    } else {
        for (size_t i = 0; i < place->count; i++) {
            violations_put(violations, i == 0 ? "[" : ", ");
            violations_put(violations, place->texts[i]);
        }
        violations_put(violations, "]");
    }
    if (violations->len - start > SHOWN_VALUE_BYTES)
        violations->len = start + SHOWN_VALUE_BYTES;
    violations_put(violations, "'");
}

static bool is_null(const struct place *place) {
    if (json_is_present(place->value))
        return json_type_of(place->value) == JSON_NULL;
    return !place->text && place->count == 0;
}

/* Begins an item up to "constraint: ". */
static void begin_item(const struct place *place, const struct constraint *constraint) {
    struct violations *violations = place->violations;
    violations_begin(violations);
    violations_put(violations, "Value ");
    if (is_null(place)) {
        violations_put(violations, "null ");
    } else if (!constraint->sensitive) {
        put_value(place);
        violations_put(violations, " ");
    }
    violations_put(violations, "at '");
    violations_put(violations, place->path);
    violations_put(violations, "' failed to satisfy constraint: ");
}

static void check_subject(const struct place *place, const struct constraint *constraint,
                          const struct subject *subject) {
    for (enum rule rule = 0; rule < RULE_COUNT; rule++)
        if (breaks(constraint, rule, subject)) {
            begin_item(place, constraint);
            put_rule(place->violations, constraint, rule);
        }
}

static struct subject subject_of_text(const char *text, size_t len) {
    return (struct subject){.text = text, .len = len, .size = (double)unicode_utf16_units(text, len)};
}

/* `space` holds the text of the subject. Blobs may be large and have no rules that look inside. */
static struct subject subject_of_json(const struct constraint *constraint, struct json_value value,
                                      struct buf *space) {
    if (!json_is_present(value) || json_type_of(value) == JSON_NULL)
        return (struct subject){.is_null = true, .text = ""};
    if (constraint->type == CONSTRAINT_BLOB)
        return (struct subject){.text = ""};
    switch (json_type_of(value)) {
    case JSON_STRING:
        buf_clear(space);
        json_append_string(value, space);
        return subject_of_text(buf_text(space), space->len);
    case JSON_NUMBER: {
        size_t len;
        const char *raw = json_raw(value, &len);
        char text[64];
        snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1), raw);
        return (struct subject){.text = "", .size = strtod(text, NULL)};
    }
    case JSON_ARRAY:
    case JSON_OBJECT: return (struct subject){.text = "", .size = json_size(value)};
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: break;
    }
    return (struct subject){.text = ""};
}

static bool json_breaks_any(const struct constraint *constraint, struct json_value value, struct buf *space) {
    struct subject subject = subject_of_json(constraint, value, space);
    return breaks_any(constraint, &subject);
}

static void report_parts(const struct place *place, const struct constraint *whole, const char *words,
                         const struct constraint *part) {
    begin_item(place, whole);
    violations_put(place->violations, words);
    put_rules(place->violations, part);
}

#define ITEM_WORDS "Member must satisfy constraint: "
#define KEY_WORDS "Map keys must satisfy constraint: "
#define VALUE_WORDS "Map value must satisfy constraint: "

/* One item of the report for all keys together, and one for all values, whatever their number. */
static void check_parts(const struct place *place, const struct constraint *constraint, struct buf *space) {
    bool bad_key = false;
    bool bad_item = false;
    struct json_value key, item;
    for (uint32_t cursor = 0; json_each(place->value, &cursor, &key, &item);) {
        bad_key = bad_key || (constraint->key && json_breaks_any(constraint->key, key, space));
        bad_item = bad_item || json_breaks_any(constraint->item, item, space);
    }
    if (bad_key)
        report_parts(place, constraint, KEY_WORDS, constraint->key);
    if (bad_item)
        report_parts(place, constraint, constraint->type == CONSTRAINT_MAP ? VALUE_WORDS : ITEM_WORDS,
                     constraint->item);
}

static void check_members(const struct place *place, const struct constraint *members, struct buf *space);

static void check_structs(const struct place *place, const struct constraint *item, struct buf *space) {
    struct json_value value;
    unsigned number = 1;
    for (uint32_t cursor = 0; json_each(place->value, &cursor, NULL, &value); number++) {
        struct place member = {.violations = place->violations, .value = value};
        snprintf(member.path, sizeof member.path, "%.200s.%u.member", place->path, number);
        check_members(&member, item->members, space);
    }
}

static void check_value(const struct place *place, const struct constraint *constraint, struct buf *space) {
    struct subject subject = subject_of_json(constraint, place->value, space);
    check_subject(place, constraint, &subject);
    if (subject.is_null)
        return;
    if (constraint->type == CONSTRAINT_STRUCT)
        check_members(place, constraint->members, space);
    else if (constraint->item && constraint->item->type == CONSTRAINT_STRUCT)
        check_structs(place, constraint->item, space);
    else if (constraint->item)
        check_parts(place, constraint, space);
}

static void check_members(const struct place *place, const struct constraint *members, struct buf *space) {
    for (const struct constraint *member = members; member->name; member++) {
        struct place inner = place_of_member(place, member->name, json_member(place->value, member->name));
        check_value(&inner, member, space);
    }
}

bool constraint_check_body(const struct constraint *members, struct json_value body,
                           struct violations *violations, struct err *err) {
    const struct constraint whole = {.type = CONSTRAINT_STRUCT, .members = members};
    if (!constraint_check_types(&whole, body, err))
        return false;
    OWN(buf) struct buf space;
    buf_init(&space, LIMIT_CREATE_REQUEST_BYTES);
    struct place root = {.violations = violations, .value = body};
    check_members(&root, members, &space);
    return true;
}

void constraint_check_text(const struct constraint *constraint, const char *text,
                           struct violations *violations) {
    struct place root = {.violations = violations};
    struct place place = place_of_member(&root, constraint->name, (struct json_value){0});
    place.text = text;
    struct subject subject = text ? subject_of_text(text, strlen(text))
                                  : (struct subject){.is_null = true, .text = ""};
    check_subject(&place, constraint, &subject);
}

void constraint_check_texts(const struct constraint *constraint, const char *const *texts, size_t count,
                            struct violations *violations) {
    struct place root = {.violations = violations};
    struct place place = place_of_member(&root, constraint->name, (struct json_value){0});
    place.texts = texts;
    place.count = count;
    struct subject whole = {.is_null = count == 0, .text = "", .size = (double)count};
    check_subject(&place, constraint, &whole);
    bool bad_item = false;
    for (size_t i = 0; i < count; i++) {
        struct subject item = subject_of_text(texts[i], strlen(texts[i]));
        bad_item = bad_item || breaks_any(constraint->item, &item);
    }
    if (bad_item)
        report_parts(&place, constraint, ITEM_WORDS, constraint->item);
}

static bool parse_integer(const char *text, int64_t *ret_number) {
    struct json_doc doc;
    if (!json_parse(&doc, text, strlen(text), 1, NULL))
        return false;
    bool parsed = json_integer(json_root(&doc), ret_number);
    json_doc_done(&doc);
    return parsed;
}

bool constraint_check_integer(const struct constraint *constraint, const char *text, int64_t *ret_number,
                              struct violations *violations, struct err *err) {
    struct subject subject = {.is_null = !text, .text = ""};
    int64_t number = 0;
    if (text && !parse_integer(text, &number))
        return err_set(err, ERR_SYNTAX, "STRING_VALUE can not be converted to an Integer");
    subject.size = (double)number;
    struct place root = {.violations = violations};
    struct place place = place_of_member(&root, constraint->name, (struct json_value){0});
    place.text = text;
    check_subject(&place, constraint, &subject);
    if (text && !breaks_any(constraint, &subject))
        *ret_number = number;
    return true;
}

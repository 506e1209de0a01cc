/* A rule about keys or items is broken when any of them breaks a rule of its own, and its words list all of
 * those: one item of the report for all keys together, and one for all values, whatever their number. Depth
 * is that of the table, never that of the request. */
#include "model/constraint_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "model/unicode.h"

void constraint_space_init(struct constraint_space *space) {
    *space = (struct constraint_space){0};
    buf_init(&space->text, LIMIT_CREATE_REQUEST_BYTES);
}

void constraint_space_done(struct constraint_space *space) {
    buf_done(&space->text);
    constraint_match_done(&space->match);
}

static struct constraint_subject measure_bytes(const char *text, size_t len) {
    return (struct constraint_subject){
        .text = text, .len = len, .size = (double)unicode_utf16_units(text, len)};
}

struct constraint_subject constraint_measure_text(const char *text) {
    return measure_bytes(text, strlen(text));
}

static double number_of(struct json_value value) {
    size_t len;
    const char *raw = json_raw(value, &len);
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)(len < sizeof text ? len : sizeof text - 1), raw);
    return strtod(text, NULL);
}

struct constraint_subject constraint_measure_json(const struct constraint *constraint,
                                                  struct json_value value, struct constraint_space *space) {
    struct constraint_subject subject = {.text = ""};
    if (!json_is_present(value)) {
        subject.is_null = true;
        return subject;
    }
    switch (json_type_of(value)) {
    case JSON_NULL: subject.is_null = true; break;
    case JSON_STRING:
        if (constraint->type == CONSTRAINT_BLOB) /* may be large, and has no rules */
            break;
        buf_clear(&space->text);
        json_append_string(value, &space->text);
        return measure_bytes(buf_text(&space->text), space->text.len);
    case JSON_NUMBER: subject.size = number_of(value); break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        subject.size = json_size(value);
        subject.items = value;
        break;
    case JSON_FALSE:
    case JSON_TRUE: break;
    }
    return subject;
}

static bool is_among(const char *const *values, const char *text, size_t len) {
    for (; *values; values++)
        if (strlen(*values) == len && memcmp(*values, text, len) == 0)
            return true;
    return false;
}

/* The rule that `values` means for each item of a list. */
static struct constraint item_of_values(const struct constraint *list) {
    return (struct constraint){.type = CONSTRAINT_TEXT, .required = true, .values = list->values};
}

static bool has_rule(const struct constraint *constraint, enum constraint_rule rule) {
    switch (rule) {
    case RULE_MOST: return constraint->max != 0 && constraint->max != CONSTRAINT_NO_MAX;
    case RULE_LEAST: return constraint->max != 0;
    case RULE_PATTERN: return constraint->pattern != NULL;
    case RULE_VALUES: return constraint->values != NULL;
    case RULE_KEYS: return constraint->key != NULL;
    case RULE_ITEMS: return constraint->item && constraint->item->type != CONSTRAINT_STRUCT;
    case RULE_NOT_NULL: return constraint->required;
    case RULE_COUNT: break;
    }
    return false;
}

static bool breaks_any(const struct constraint *constraint, const struct constraint_subject *subject,
                       struct constraint_space *space) {
    for (enum constraint_rule rule = 0; rule < RULE_COUNT; rule++)
        if (constraint_breaks(constraint, rule, subject, space))
            return true;
    return false;
}

static bool json_breaks_any(const struct constraint *constraint, struct json_value value,
                            struct constraint_space *space) {
    struct constraint_subject subject = constraint_measure_json(constraint, value, space);
    return breaks_any(constraint, &subject, space);
}

static bool any_key_breaks(const struct constraint *key, const struct constraint_subject *subject,
                           struct constraint_space *space) {
    struct json_value name, value;
    for (uint32_t cursor = 0; json_each(subject->items, &cursor, &name, &value);)
        if (json_breaks_any(key, name, space))
            return true;
    return false;
}

static bool any_item_breaks(const struct constraint *item, const struct constraint_subject *subject,
                            struct constraint_space *space) {
    struct json_value value;
    for (uint32_t cursor = 0; json_each(subject->items, &cursor, NULL, &value);)
        if (json_breaks_any(item, value, space))
            return true;
    for (size_t i = 0; subject->texts && i < subject->texts->count; i++) {
        struct constraint_subject text = constraint_measure_text(subject->texts->items[i]);
        if (breaks_any(item, &text, space))
            return true;
    }
    return false;
}

static bool breaks_values(const struct constraint *constraint, const struct constraint_subject *subject,
                          struct constraint_space *space) {
    if (constraint->type != CONSTRAINT_LIST)
        return !is_among(constraint->values, subject->text, subject->len);
    struct constraint item = item_of_values(constraint);
    return any_item_breaks(&item, subject, space);
}

bool constraint_breaks(const struct constraint *constraint, enum constraint_rule rule,
                       const struct constraint_subject *subject, struct constraint_space *space) {
    if (!has_rule(constraint, rule))
        return false;
    if (subject->is_null || rule == RULE_NOT_NULL)
        return subject->is_null && rule == RULE_NOT_NULL;
    switch (rule) {
    case RULE_MOST: return subject->size > (double)constraint->max;
    case RULE_LEAST: return subject->size < (double)constraint->min;
    case RULE_PATTERN:
        return !constraint_match_text(&space->match, constraint->pattern, subject->text, subject->len);
    case RULE_VALUES: return breaks_values(constraint, subject, space);
    case RULE_KEYS: return any_key_breaks(constraint->key, subject, space);
    case RULE_ITEMS: return any_item_breaks(constraint->item, subject, space);
    case RULE_NOT_NULL:
    case RULE_COUNT: break;
    }
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

static void put_values(struct violations *violations, const char *const *values) {
    violations_put(violations, "Member must satisfy enum value set: ");
    for (const char *const *value = values; *value; value++) {
        violations_put(violations, value == values ? "[" : ", ");
        violations_put(violations, *value);
    }
    violations_put(violations, "]");
}

/* All rules of keys or items, broken or not. */
static void put_rules(struct violations *violations, const char *words, const struct constraint *constraint) {
    violations_put(violations, words);
    const char *separator = "[";
    for (enum constraint_rule rule = 0; rule < RULE_COUNT; rule++) {
        if (!has_rule(constraint, rule))
            continue;
        violations_put(violations, separator);
        constraint_put_rule(violations, constraint, rule);
        separator = ", ";
    }
    violations_put(violations, "]");
}

void constraint_put_rule(struct violations *violations, const struct constraint *constraint,
                         enum constraint_rule rule) {
    switch (rule) {
    case RULE_MOST: put_bound(violations, constraint, "less", constraint->max); break;
    case RULE_LEAST: put_bound(violations, constraint, "greater", constraint->min); break;
    case RULE_PATTERN:
        violations_put(violations, "Member must satisfy regular expression pattern: ");
        violations_put(violations, constraint->pattern->text);
        break;
    case RULE_VALUES: put_values(violations, constraint->values); break;
    case RULE_KEYS: put_rules(violations, "Map keys must satisfy constraint: ", constraint->key); break;
    case RULE_ITEMS:
        put_rules(violations,
                  constraint->type == CONSTRAINT_MAP ? "Map value must satisfy constraint: "
                                                     : "Member must satisfy constraint: ",
                  constraint->item);
        break;
    case RULE_NOT_NULL: violations_put(violations, "Member must not be null"); break;
    case RULE_COUNT: break;
    }
}

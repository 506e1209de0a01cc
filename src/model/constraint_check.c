/* Walks a request beside its table of constraints. The API calls it before an operation looks at any member;
 * it keeps nothing. Depth is that of the table, never that of the request. */
#include "model/constraint.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/constraint_rule.h"

/* One check under way. */
struct check {
    struct violations *violations;
    struct constraint_space space;
};

static void check_init(struct check *check, struct violations *violations) {
    check->violations = violations;
    constraint_space_init(&check->space);
}

static void check_done(struct check *check) {
    constraint_space_done(&check->space);
}

/* Where in the request a value stands, which is printed when it breaks a rule, and the value. */
struct place {
    const struct place *parent;           /* NULL: the request as a whole */
    const char *name;                     /* of a member */
    unsigned number;                      /* of a structure in a list, from 1 */
    struct json_value value;              /* in the body */
    const struct constraint_texts *texts; /* elsewhere */
};

static void put_path(struct violations *violations, const struct place *place) {
    if (!place->parent)
        return;
    put_path(violations, place->parent);
    if (place->parent->parent)
        violations_put(violations, ".");
    char text[32];
    if (place->name) {
        text[0] = (char)tolower((unsigned char)place->name[0]);
        violations_put_bytes(violations, text, 1);
        violations_put(violations, place->name + 1);
    } else {
        snprintf(text, sizeof text, "%u.member", place->number);
        violations_put(violations, text);
    }
}

static void put_json_text(struct violations *violations, struct json_value value) {
    OWN(buf) struct buf text;
    buf_init(&text, LIMIT_CREATE_REQUEST_BYTES);
    json_append_string(value, &text);
    violations_put_bytes(violations, buf_text(&text), text.len);
}

/* Java prints a Double with a fraction always. */
static void put_json_raw(struct violations *violations, struct json_value value, bool is_double) {
    size_t len;
    const char *raw = json_raw(value, &len);
    violations_put_bytes(violations, raw, len);
    if (is_double && !memchr(raw, '.', len) && !memchr(raw, 'e', len) && !memchr(raw, 'E', len))
        violations_put(violations, ".0");
}

static void put_json(struct violations *violations, struct json_value value,
                     const struct constraint *constraint);

static void put_json_items(struct violations *violations, struct json_value container, const char *ends,
                           const struct constraint *item) {
    violations_put_bytes(violations, &ends[0], 1);
    struct json_value key, value;
    const char *separator = "";
    for (uint32_t cursor = 0;
         !violations_is_full(violations) && json_each(container, &cursor, &key, &value);) {
        violations_put(violations, separator);
        separator = ", ";
        if (json_is_present(key)) {
            put_json(violations, key, NULL);
            violations_put(violations, "=");
        }
        put_json(violations, value, item);
    }
    violations_put_bytes(violations, &ends[1], 1);
}

/* As Java prints strings, lists and maps. `constraint` is NULL where there is none for the value. */
static void put_json(struct violations *violations, struct json_value value,
                     const struct constraint *constraint) {
    const struct constraint *item = constraint ? constraint->item : NULL;
    switch (json_type_of(value)) {
    case JSON_STRING: put_json_text(violations, value); break;
    case JSON_ARRAY: put_json_items(violations, value, "[]", item); break;
    case JSON_OBJECT: put_json_items(violations, value, "{}", item); break;
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE: put_json_raw(violations, value, false); break;
    case JSON_NUMBER:
        put_json_raw(violations, value, constraint && constraint->type == CONSTRAINT_DOUBLE);
        break;
    }
}

static void put_texts(struct violations *violations, const struct constraint_texts *texts) {
    for (size_t i = 0; i < texts->count; i++) {
        violations_put(violations, i == 0 ? "[" : ", ");
        violations_put(violations, texts->items[i]);
    }
    violations_put(violations, "]");
}

/* Of a value only so much is printed that the rule it breaks still fits. */
#define SHOWN_VALUE_BYTES 1024

static void put_value(struct violations *violations, const struct place *place,
                      const struct constraint *constraint) {
    violations_put(violations, "'");
    size_t start = violations->len;
    if (!place->texts)
        put_json(violations, place->value, constraint);
    else if (constraint->type == CONSTRAINT_LIST)
        put_texts(violations, place->texts);
    else
        violations_put(violations, place->texts->items[0]);
    if (violations->len - start > SHOWN_VALUE_BYTES)
        violations->len = start + SHOWN_VALUE_BYTES;
    violations_put(violations, "'");
}

static void report(struct violations *violations, const struct place *place,
                   const struct constraint *constraint, enum constraint_rule rule) {
    violations_begin(violations);
    violations_put(violations, "Value ");
    if (rule == RULE_NOT_NULL) {
        violations_put(violations, "null ");
    } else if (!constraint->sensitive) {
        put_value(violations, place, constraint);
        violations_put(violations, " ");
    }
    violations_put(violations, "at '");
    put_path(violations, place);
    violations_put(violations, "' failed to satisfy constraint: ");
    constraint_put_rule(violations, constraint, rule);
}

static void check_rules(struct check *check, const struct place *place, const struct constraint *constraint,
                        const struct constraint_subject *subject) {
    for (enum constraint_rule rule = 0; rule < RULE_COUNT; rule++)
        if (constraint_breaks(constraint, rule, subject, &check->space))
            report(check->violations, place, constraint, rule);
}

static void check_members(struct check *check, const struct place *place, const struct constraint *members);

static void check_structs(struct check *check, const struct place *list, const struct constraint *item) {
    struct place place = {.parent = list};
    for (uint32_t cursor = 0; json_each(list->value, &cursor, NULL, &place.value);) {
        place.number++;
        check_members(check, &place, item->members);
    }
}

static void check_json(struct check *check, const struct place *place, const struct constraint *constraint) {
    struct constraint_subject subject = constraint_measure_json(constraint, place->value, &check->space);
    check_rules(check, place, constraint, &subject);
    if (subject.is_null)
        return;
    if (constraint->type == CONSTRAINT_STRUCT)
        check_members(check, place, constraint->members);
    else if (constraint->item && constraint->item->type == CONSTRAINT_STRUCT)
        check_structs(check, place, constraint->item);
}

static void check_member(struct check *check, const struct place *place, const struct constraint *member) {
    struct place inner = {
        .parent = place, .name = member->name, .value = json_member(place->value, member->name)};
    check_json(check, &inner, member);
}

static void check_members(struct check *check, const struct place *place, const struct constraint *members) {
    for (const struct constraint *member = members; member->name; member++)
        check_member(check, place, member);
}

/* A member outside of the body. */
static void check_sent(struct check *check, const struct constraint *member,
                       const struct constraint_texts *texts) {
    const struct place request = {0};
    struct place place = {.parent = &request, .name = member->name, .texts = texts};
    struct constraint_subject subject = {.text = "", .is_null = texts->count == 0};
    if (member->type == CONSTRAINT_LIST) {
        subject.size = (double)texts->count;
        subject.texts = texts;
    } else if (member->type == CONSTRAINT_TEXT && texts->count > 0) {
        subject = constraint_measure_text(texts->items[0]);
    } else if (texts->count > 0) {
        constraint_check_text_type(member, texts->items[0], &subject.size, NULL);
    }
    check_rules(check, &place, member, &subject);
}

static bool is_outside(const struct constraint *member) {
    return member->place != CONSTRAINT_IN_BODY && member->place != CONSTRAINT_IS_BODY;
}

static bool check_types(const struct constraint *members, const struct constraint_texts *texts,
                        struct json_value body, struct err *err) {
    double number;
    for (size_t i = 0; members[i].name; i++)
        if (is_outside(&members[i]) && texts[i].count > 0 &&
            !constraint_check_text_type(&members[i], texts[i].items[0], &number, err))
            return false;
    const struct constraint whole = {.type = CONSTRAINT_STRUCT, .members = members};
    return constraint_check_types(&whole, body, err);
}

static void check_any(struct check *check, const struct place *request, const struct constraint *member,
                      const struct constraint_texts *texts) {
    if (is_outside(member))
        check_sent(check, member, texts);
    else if (member->place == CONSTRAINT_IN_BODY)
        check_member(check, request, member);
}

static bool is_function_in_path(const struct constraint *member) {
    return member->place == CONSTRAINT_IN_PATH && strcmp(member->name, "FunctionName") == 0;
}

bool constraint_check_request(const struct constraint *members, const struct constraint_texts *texts,
                              struct json_value body, struct violations *violations, struct err *err) {
    if (!check_types(members, texts, body, err))
        return false;
    OWN(check) struct check check;
    check_init(&check, violations);
    const struct place request = {.value = body};
    size_t count = violations->count;
    for (size_t i = 0; members[i].name; i++)
        if (is_function_in_path(&members[i]))
            check_any(&check, &request, &members[i], &texts[i]);
    if (violations->count > count)
        return true;
    for (size_t i = 0; members[i].name; i++)
        if (!is_function_in_path(&members[i]))
            check_any(&check, &request, &members[i], &texts[i]);
    return true;
}

void constraint_check_text(const struct constraint *constraint, const char *text,
                           struct violations *violations) {
    OWN(check) struct check check;
    check_init(&check, violations);
    check_sent(&check, constraint, &(struct constraint_texts){&text, text ? 1 : 0});
}

/* Inside the policy engine: how a document lies in memory, and what its files do for one another. Nobody else
 * includes this.
 *
 * A document is one block: struct policy, its statements, its conditions, its texts. A text has a form in
 * which wildcards and variables are told from plain characters by bytes that no UTF-8 has, so that neither an
 * escape like ${*} nor a value from a request can become a wildcard:
 *
 *     arn:aws:iam::*:user/${aws:username}   arn:aws:iam:: ANY :user/ VARIABLE aws:username END
 *     ${aws:PrincipalTag/team, 'none'}      VARIABLE aws:PrincipalTag/team DEFAULT none END
 *     ${*}                                  *                                                          */
#pragma once

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "model/policy.h"

#define POLICY_MARK_ANY '\xff'
#define POLICY_MARK_ONE '\xfe'
#define POLICY_MARK_VARIABLE '\xfd'
#define POLICY_MARK_DEFAULT '\xfc'
#define POLICY_MARK_END '\xfb'

/* NUL-terminated texts, one after the other from `first`. */
struct policy_texts {
    uint32_t first;
    uint32_t count;
};

struct policy_statement {
    struct policy_texts actions;
    struct policy_texts resources;
    struct policy_texts principals; /* each begins with an enum policy_who */
    uint32_t first_condition;
    uint32_t condition_count;
    bool is_deny;
    bool is_not_action;
    bool is_not_resource;
    bool is_not_principal;
};

/* What a principal's text names; the rest of the text is the account, ARN or name. */
enum policy_who {
    POLICY_WHO_ANYBODY = '*',
    POLICY_WHO_ACCOUNT = 'A',
    POLICY_WHO_ARN = 'P',
    POLICY_WHO_SERVICE = 'S',
};

/* How the values of a key are taken together. */
enum policy_set { POLICY_SET_PLAIN, POLICY_SET_ANY, POLICY_SET_ALL };

struct policy_condition {
    const struct policy_operator *op;
    struct policy_texts texts; /* the key, then its values */
    enum policy_set set;
    bool if_exists;
};

struct policy {
    enum policy_kind kind;
    uint32_t statement_count;
    const struct policy_statement *statements;
    const struct policy_condition *conditions;
    const char *texts;
};

/* The next text of a list, which shrinks; NULL at its end. */
static inline const char *policy_texts_take(const struct policy *policy, struct policy_texts *list) {
    if (list->count == 0)
        return NULL;
    const char *text = policy->texts + list->first;
    list->first += (uint32_t)strlen(text) + 1;
    list->count--;
    return text;
}

/* What it costs to look at a fact, and to compare one with a value. */
#define POLICY_FACT_STEPS 4
#define POLICY_VALUE_STEPS 16

/* Takes from what a request may cost. False when nothing is left: then it does not matter any more what is
 * found out. */
static inline bool policy_spend(const struct policy_request *request, uint64_t steps) {
    uint64_t *left = request->steps_left;
    if (left)
        *left -= *left < steps ? *left : steps;
    return !left || *left > 0;
}

/* policy_text.c. What means something in a text: */
enum { POLICY_FORM_PLAIN = 0, POLICY_FORM_WILD = 1, POLICY_FORM_VARIABLES = 2 };

/* Appends a text's form and its NUL. False when a variable is not written well. */
bool policy_text_append(struct buf *texts, const char *text, unsigned form);

/* The text with its variables replaced, either itself or in `space`; NULL when one has no value. */
const char *policy_text_resolve(const char *text, const struct policy_request *request, struct buf *space);

bool policy_text_matches(const char *pattern, const char *text, bool is_folded,
                         const struct policy_request *request);
/* Each of the six sections of an ARN by itself. A pattern with fewer ends with one for all the rest. */
bool policy_text_matches_arn(const char *pattern, const char *arn, const struct policy_request *request);

/* policy_value.c. How a fact compares with a value: one of these, or 0 when they can't be compared. */
enum { POLICY_LESS = 1, POLICY_EQUAL = 2, POLICY_GREATER = 4 };

bool policy_value_is_number(const char *text);
bool policy_value_is_date(const char *text);
bool policy_value_is_network(const char *text);
bool policy_value_is_bool(const char *text);
bool policy_value_is_binary(const char *text);
unsigned policy_value_compare_numbers(const char *fact, const char *value);
unsigned policy_value_compare_dates(const char *fact, const char *value);
unsigned policy_value_compare_network(const char *fact, const char *value); /* EQUAL when inside */

/* policy_condition.c. Finds operator, set and suffix; false for a name that IAM does not have. */
bool policy_condition_named(const char *name, struct policy_condition *ret_condition);
unsigned policy_condition_form(const struct policy_condition *condition); /* of its values */
bool policy_condition_accepts(const struct policy_condition *condition, const char *value);
bool policy_condition_holds(const struct policy *policy, const struct policy_condition *condition,
                            const struct policy_request *request, struct buf *space);

/* policy_principal.c. Reads a Principal or NotPrincipal and appends a text for each it names. */
bool policy_principal_append(struct json_value principal, enum policy_kind kind, struct buf *texts,
                             struct err *err);

/* policy_forms.c. ERR_PARAMETER. */
bool policy_form_check_action(const char *action, enum policy_kind kind, struct err *err);
bool policy_form_check_resource(const char *resource, struct err *err);

/* Whether no section of an ARN was forgotten, as far as can be told. True for what is wrong in other ways. */
bool policy_form_is_whole(const char *resource);

/* policy_check.c. Everything that IAM refuses; what passes can be read without a further look. */
bool policy_check(struct json_value document, enum policy_kind kind, struct err *err);

/* The words for a text that is no JSON. */
const char *policy_check_not_json(enum policy_kind kind);

/* Walks what may be one value or a list of them: start with *cursor = 0. */
bool policy_check_each(struct json_value value, uint32_t *cursor, struct json_value *ret_item);

/* A condition's value as text, which the caller frees: JSON numbers and booleans are as good as strings. NULL
 * for any other type and for U+0000. */
char *policy_check_text(struct json_value value);

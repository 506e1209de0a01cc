/* The operators of conditions, and whether a condition holds. Called by the policy engine alone. Source: IAM
 * User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context
 * keys". */
#include <strings.h>

#include "model/policy_parts.h"

struct comparison {
    unsigned form;
    bool (*is_valid)(const char *value); /* NULL: any text is */
    unsigned (*compare)(const char *fact, const char *value);
    bool (*matches)(const char *value, const char *fact, const struct policy_request *request);
};

static bool matches_text(const char *value, const char *fact, const struct policy_request *request) {
    return policy_text_matches(value, fact, false, request);
}

static bool matches_folded(const char *value, const char *fact, const struct policy_request *request) {
    return policy_text_matches(value, fact, true, request);
}

/* As POLICY_LESS and so on. */
static unsigned compare(const struct comparison *comparison, const char *fact, const char *value,
                        const struct policy_request *request) {
    if (comparison->compare)
        return comparison->compare(fact, value);
    return comparison->matches(value, fact, request) ? POLICY_EQUAL : 0;
}

#define PATTERN (POLICY_FORM_WILD | POLICY_FORM_VARIABLES)

static const struct comparison text = {POLICY_FORM_VARIABLES, .matches = matches_text};
static const struct comparison folded_text = {POLICY_FORM_VARIABLES, .matches = matches_folded};
static const struct comparison pattern = {PATTERN, .matches = matches_text};
static const struct comparison arn = {PATTERN, .matches = policy_text_matches_arn};
static const struct comparison number = {0, policy_value_is_number, .compare = policy_value_compare_numbers};
static const struct comparison date = {0, policy_value_is_date, .compare = policy_value_compare_dates};
static const struct comparison boolean = {POLICY_FORM_VARIABLES, policy_value_is_bool,
                                          .matches = matches_folded};
static const struct comparison binary = {0, policy_value_is_binary, .matches = matches_text};
static const struct comparison network = {0, policy_value_is_network,
                                          .compare = policy_value_compare_network};
/* What is compared is whether the key is absent. */
static const struct comparison absence = {0, policy_value_is_bool, .matches = matches_folded};

struct policy_operator {
    const char *name;
    const struct comparison *comparison;
    unsigned orders; /* the results of the comparison that match */
    bool is_negated;
};

static const struct policy_operator operators[] = {
    {"StringEquals", &text, POLICY_EQUAL, false},
    {"StringNotEquals", &text, POLICY_EQUAL, true},
    {"StringEqualsIgnoreCase", &folded_text, POLICY_EQUAL, false},
    {"StringNotEqualsIgnoreCase", &folded_text, POLICY_EQUAL, true},
    {"StringLike", &pattern, POLICY_EQUAL, false},
    {"StringNotLike", &pattern, POLICY_EQUAL, true},
    {"NumericEquals", &number, POLICY_EQUAL, false},
    {"NumericNotEquals", &number, POLICY_EQUAL, true},
    {"NumericLessThan", &number, POLICY_LESS, false},
    {"NumericLessThanEquals", &number, POLICY_LESS | POLICY_EQUAL, false},
    {"NumericGreaterThan", &number, POLICY_GREATER, false},
    {"NumericGreaterThanEquals", &number, POLICY_GREATER | POLICY_EQUAL, false},
    {"DateEquals", &date, POLICY_EQUAL, false},
    {"DateNotEquals", &date, POLICY_EQUAL, true},
    {"DateLessThan", &date, POLICY_LESS, false},
    {"DateLessThanEquals", &date, POLICY_LESS | POLICY_EQUAL, false},
    {"DateGreaterThan", &date, POLICY_GREATER, false},
    {"DateGreaterThanEquals", &date, POLICY_GREATER | POLICY_EQUAL, false},
    {"Bool", &boolean, POLICY_EQUAL, false},
    {"BinaryEquals", &binary, POLICY_EQUAL, false},
    {"IpAddress", &network, POLICY_EQUAL, false},
    {"NotIpAddress", &network, POLICY_EQUAL, true},
    {"ArnEquals", &arn, POLICY_EQUAL, false},
    {"ArnNotEquals", &arn, POLICY_EQUAL, true},
    {"ArnLike", &arn, POLICY_EQUAL, false},
    {"ArnNotLike", &arn, POLICY_EQUAL, true},
    {"Null", &absence, POLICY_EQUAL, false},
};

static bool skip_prefix(const char **text_at, const char *prefix) {
    size_t len = strlen(prefix);
    if (strncasecmp(*text_at, prefix, len) != 0)
        return false;
    *text_at += len;
    return true;
}

bool policy_condition_named(const char *name, struct policy_condition *ret_condition) {
    struct policy_condition condition = {.set = POLICY_SET_PLAIN};
    if (skip_prefix(&name, "ForAnyValue:"))
        condition.set = POLICY_SET_ANY;
    else if (skip_prefix(&name, "ForAllValues:"))
        condition.set = POLICY_SET_ALL;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        const char *rest = name;
        if (!skip_prefix(&rest, operators[i].name))
            continue;
        condition.if_exists = operators[i].comparison != &absence && strcasecmp(rest, "IfExists") == 0;
        condition.op = &operators[i];
        if (*rest == '\0' || condition.if_exists) {
            *ret_condition = condition;
            return true;
        }
    }
    return false;
}

unsigned policy_condition_form(const struct policy_condition *condition) {
    return condition->op->comparison->form;
}

bool policy_condition_accepts(const struct policy_condition *condition, const char *value) {
    const struct comparison *comparison = condition->op->comparison;
    return !comparison->is_valid || comparison->is_valid(value);
}

/* A condition with what it is asked about. */
struct question {
    const struct policy *policy;
    const struct policy_condition *condition;
    const struct policy_request *request;
    struct policy_texts values;
    struct buf *space;
};

/* Whether one of the condition's values matches. A value whose variable has none matches nothing. */
static bool matches_some(const struct question *question, const char *fact) {
    const struct policy_operator *op = question->condition->op;
    struct policy_texts values = question->values;
    for (const char *value; (value = policy_texts_take(question->policy, &values));) {
        value = policy_text_resolve(value, question->request, question->space);
        if (!policy_spend(question->request, POLICY_VALUE_STEPS))
            return false;
        if (value && compare(op->comparison, fact, value, question->request) & op->orders)
            return true;
    }
    return false;
}

/* The next value of `key` in the request from *index on; NULL when there is none. */
static const char *next_fact(const struct policy_request *request, const char *key, size_t *index) {
    while (*index < request->fact_count) {
        const struct policy_fact *fact = &request->facts[(*index)++];
        policy_spend(request, POLICY_FACT_STEPS);
        if (strcasecmp(fact->key, key) == 0)
            return fact->value;
    }
    return NULL;
}

bool policy_condition_holds(const struct policy *policy, const struct policy_condition *condition,
                            const struct policy_request *request, struct buf *space) {
    struct question question = {policy, condition, request, condition->texts, space};
    const char *key = policy_texts_take(policy, &question.values);
    bool is_present = false, has_content = false;
    const char *fact;
    for (size_t i = 0; (fact = next_fact(request, key, &i));) {
        is_present = true;
        has_content = has_content || *fact;
    }
    if (condition->op->comparison == &absence)
        return matches_some(&question, has_content ? "false" : "true");
    if (!is_present && condition->if_exists)
        return true;

    /* Without a set operator, several values of the request count as any of them, and none of them may match
     * when negated. An absent key, and for set operators one without content, is as an empty list. */
    bool is_negated = condition->op->is_negated;
    bool must_all = condition->set == POLICY_SET_ALL || (condition->set == POLICY_SET_PLAIN && is_negated);
    if (condition->set != POLICY_SET_PLAIN && !has_content)
        return must_all;
    for (size_t i = 0; (fact = next_fact(request, key, &i));)
        if ((matches_some(&question, fact) != is_negated) != must_all)
            return !must_all;
    return must_all;
}

/* What IAM refuses in a policy document, in its words and its order. Called by the policy engine alone.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language"; the words as IAM is known to answer
 * them. Where they only say that something is wrong, our own say what and where behind them. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "model/policy_parts.h"

struct words {
    const char *not_json;
    const char *syntax;
    const char *value;
    const char *version;
    const char *no_statement;
    const char *same_sid;
    const char *no_action;
    const char *no_resource;
};

static const struct words all_words[] = {
    [POLICY_IDENTITY] = {"Syntax errors in policy.", "Syntax errors in policy.",
                         "The policy failed legacy parsing", "Syntax errors in policy.",
                         "Syntax errors in policy.", "Statement IDs (SID) in a single policy must be unique.",
                         "Policy statement must contain actions.",
                         "Policy statement must contain resources."},
    [POLICY_RESOURCE] = {"The policy is not in the valid JSON format.", "Syntax errors in policy.",
                         "Syntax errors in policy.", "The policy must contain a valid version string",
                         "Could not parse the policy: Statement is empty!",
                         "The Statement Ids in the policy are not unique", "Missing required field Action",
                         "Missing required field Resource"},
    [POLICY_TRUST] = {"This policy contains invalid Json", "Syntax error in policy.",
                      "Syntax error in policy.", "The policy must contain a valid version string",
                      "Could not parse the policy: Statement is empty!",
                      "The Statement Ids in the policy are not unique", "Missing required field Action", ""},
};

struct checker {
    enum policy_kind kind;
    const struct words *words;
    bool has_variables;
    unsigned number; /* of the statement, from 1; 0 for the document */
    struct map sids;
    struct err *err;
};

const char *policy_check_not_json(enum policy_kind kind) {
    return all_words[kind].not_json;
}

/* Refuses with IAM's words, then the statement, what is wrong, and the culprit if there is one. */
static bool refuse(struct checker *checker, const char *words, const char *what, struct json_value culprit) {
    char place[32] = "";
    if (checker->number > 0)
        snprintf(place, sizeof place, "Statement %u: ", checker->number);
    size_t len = 0;
    const char *raw = json_is_present(culprit) ? json_raw(culprit, &len) : "";
    const size_t most = 100;
    if (len > most)
        for (len = most; ((unsigned char)raw[len] & 0xc0) == 0x80;)
            len--;
    return err_set(checker->err, ERR_PARAMETER, "%s (%s%s%s%.*s)", words, place, what, len > 0 ? ": " : "",
                   (int)len, raw);
}

static bool refuse_syntax(struct checker *checker, const char *what, struct json_value culprit) {
    return refuse(checker, checker->words->syntax, what, culprit);
}

/* Refuses with words that need no explanation. */
static bool refuse_plainly(struct checker *checker, const char *words) {
    return err_set(checker->err, ERR_PARAMETER, "%s", words);
}

bool policy_check_each(struct json_value value, uint32_t *cursor, struct json_value *ret_item) {
    if (!json_is_present(value))
        return false;
    if (json_type_of(value) == JSON_ARRAY)
        return json_each(value, cursor, NULL, ret_item);
    *ret_item = value;
    return (*cursor)++ == 0;
}

char *policy_check_text(struct json_value value) {
    enum json_type type = json_type_of(value);
    if (type == JSON_STRING)
        return json_string(value);
    if (type != JSON_NUMBER && type != JSON_TRUE && type != JSON_FALSE)
        return NULL;
    size_t len;
    const char *raw = json_raw(value, &len);
    return mem_copy_text(raw, len);
}

static bool is_text(struct json_value value) {
    OWN_MEM char *text = json_string(value);
    return text != NULL;
}

/* An absent member is fine. */
static bool are_texts(struct json_value value) {
    struct json_value item;
    for (uint32_t cursor = 0; policy_check_each(value, &cursor, &item);)
        if (!is_text(item))
            return false;
    return true;
}

static bool is_empty(struct json_value value) {
    struct json_value item;
    uint32_t cursor = 0;
    return !policy_check_each(value, &cursor, &item);
}

/* Whichever of two members is there. */
static struct json_value either(struct json_value object, const char *name, const char *other) {
    struct json_value member = json_member(object, name);
    return json_is_present(member) ? member : json_member(object, other);
}

static const char *const document_members[] = {"Version", "Id", "Statement", NULL};
static const char *const statement_members[] = {"Sid",       "Effect",    "Principal", "NotPrincipal",
                                                "Action",    "NotAction", "Resource",  "NotResource",
                                                "Condition", NULL};

/* Every member is known and comes once. */
static bool check_members(struct checker *checker, struct json_value object, const char *const *known) {
    unsigned seen = 0;
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(object, &cursor, &key, &value);) {
        unsigned i = 0;
        while (known[i] && !json_string_is(key, known[i]))
            i++;
        if (!known[i] && checker->kind != POLICY_IDENTITY) {
            OWN_MEM char *name = json_string(key);
            return err_set(checker->err, ERR_PARAMETER, "Unknown field %s", name ? name : "");
        }
        if (!known[i])
            return refuse_syntax(checker, "unknown element", key);
        if (seen & 1u << i)
            return refuse_syntax(checker, "an element comes twice", key);
        seen |= 1u << i;
    }
    return true;
}

static bool check_condition_values(struct checker *checker, struct json_value keys) {
    struct json_value key, values, value;
    for (uint32_t cursor = 0; json_each(keys, &cursor, &key, &values);) {
        if (!is_text(key))
            return refuse_syntax(checker, "not a condition key", key);
        for (uint32_t at = 0; policy_check_each(values, &at, &value);) {
            OWN_MEM char *text = policy_check_text(value);
            if (!text)
                return refuse_syntax(checker, "not a condition value", value);
        }
    }
    return true;
}

static bool check_condition(struct checker *checker, struct json_value conditions) {
    if (!json_is_present(conditions))
        return true;
    if (json_type_of(conditions) != JSON_OBJECT)
        return refuse_syntax(checker, "Condition is no object", conditions);
    struct json_value name, keys;
    for (uint32_t cursor = 0; json_each(conditions, &cursor, &name, &keys);) {
        if (json_type_of(keys) != JSON_OBJECT)
            return refuse_syntax(checker, "a condition operator takes an object of keys and values", name);
        OWN_MEM char *text = json_string(name);
        struct policy_condition condition;
        if (json_size(keys) > 0 && (!text || !policy_condition_named(text, &condition)))
            return refuse_syntax(checker, "unknown condition operator", name);
        if (!check_condition_values(checker, keys))
            return false;
    }
    return true;
}

/* In an identity's policy the wrong case is found out later, among the values. */
static bool check_effect(struct checker *checker, struct json_value effect) {
    if (json_string_is(effect, "Allow") || json_string_is(effect, "Deny"))
        return true;
    OWN_MEM char *text = json_string(effect);
    if (checker->kind != POLICY_IDENTITY && !json_is_present(effect))
        return refuse_plainly(checker, "Missing required field Effect");
    if (checker->kind != POLICY_IDENTITY && text)
        return err_set(checker->err, ERR_PARAMETER, "Invalid effect: %s", text);
    bool is_misspelt = text && (strcasecmp(text, "Allow") == 0 || strcasecmp(text, "Deny") == 0);
    return is_misspelt || refuse_syntax(checker, "Effect is neither Allow nor Deny", effect);
}

static bool check_shape(struct checker *checker, struct json_value statement) {
    static const char *const lists[] = {"Action", "NotAction", "Resource", "NotResource"};
    static const char *const pairs[][2] = {
        {"Action", "NotAction"}, {"Resource", "NotResource"}, {"Principal", "NotPrincipal"}};
    if (json_type_of(statement) != JSON_OBJECT)
        return refuse_syntax(checker, "a statement is an object", statement);
    if (!check_members(checker, statement, statement_members))
        return false;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (json_is_present(json_member(statement, pairs[i][0])) &&
            json_is_present(json_member(statement, pairs[i][1])))
            return refuse_syntax(checker, "an element and its Not... exclude each other",
                                 json_member(statement, pairs[i][1]));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (!are_texts(json_member(statement, lists[i])))
            return refuse_syntax(checker, "neither a text nor a list of texts",
                                 json_member(statement, lists[i]));
    struct json_value sid = json_member(statement, "Sid");
    if (json_is_present(sid) && !is_text(sid))
        return refuse_syntax(checker, "Sid is no text", sid);
    return check_effect(checker, json_member(statement, "Effect")) &&
           check_condition(checker, json_member(statement, "Condition"));
}

static bool check_principal(struct checker *checker, struct json_value statement) {
    bool is_trust = checker->kind == POLICY_TRUST;
    struct json_value principal = json_member(statement, "Principal");
    struct json_value except = json_member(statement, "NotPrincipal");
    bool has_either = json_is_present(principal) || json_is_present(except);
    if (checker->kind == POLICY_IDENTITY)
        return !has_either || refuse_plainly(checker, "Policy document should not specify a principal.");
    if (is_trust && json_is_present(json_member(statement, "Resource")))
        return refuse_plainly(checker, "Has prohibited field Resource");
    if (is_trust && json_is_present(json_member(statement, "NotResource")))
        return refuse_plainly(checker, "AssumeRole policy must not contain resources.");
    if (!has_either)
        return refuse_plainly(checker, "Missing required field Principal");
    if (json_is_present(except) && json_string_is(json_member(statement, "Effect"), "Allow"))
        return refuse_plainly(checker, "Allow with NotPrincipal is not allowed.");
    if (json_is_present(except) && is_trust)
        return refuse_plainly(checker, "AssumeRole policy must not contain NotPrincipal field.");
    OWN(buf) struct buf texts;
    buf_init(&texts, 2 * LIMIT_POLICY_BYTES);
    return policy_principal_append(json_is_present(principal) ? principal : except, checker->kind, &texts,
                                   checker->err);
}

/* Whether the variables of a text, if it has any, are written well. */
static bool check_variables(struct checker *checker, struct json_value value, const char *text) {
    OWN(buf) struct buf form;
    buf_init(&form, 2 * LIMIT_POLICY_BYTES);
    return !checker->has_variables || policy_text_append(&form, text, POLICY_FORM_VARIABLES) ||
           refuse(checker, checker->words->value, "a variable is written as ${key} or ${key, 'default'}",
                  value);
}

static bool check_value(struct checker *checker, const struct policy_condition *condition,
                        struct json_value value) {
    OWN_MEM char *text = policy_check_text(value);
    bool may_vary = policy_condition_form(condition) & POLICY_FORM_VARIABLES;
    if (may_vary && checker->has_variables && strstr(text, "${"))
        return check_variables(checker, value, text);
    return policy_condition_accepts(condition, text) ||
           refuse(checker, checker->words->value, "not a value that its condition operator takes", value);
}

static bool check_values(struct checker *checker, struct json_value statement) {
    struct json_value effect = json_member(statement, "Effect");
    if (!json_string_is(effect, "Allow") && !json_string_is(effect, "Deny"))
        return refuse(checker, checker->words->value, "Effect is neither Allow nor Deny", effect);
    struct json_value name, keys, key, values, value;
    for (uint32_t i = 0; json_each(json_member(statement, "Condition"), &i, &name, &keys);) {
        OWN_MEM char *text = json_string(name);
        struct policy_condition condition;
        if (!text || !policy_condition_named(text, &condition))
            continue;
        for (uint32_t j = 0; json_each(keys, &j, &key, &values);)
            for (uint32_t k = 0; policy_check_each(values, &k, &value);)
                if (!check_value(checker, &condition, value))
                    return false;
    }
    return true;
}

static struct json_value actions_of(struct json_value statement) {
    return either(statement, "Action", "NotAction");
}

static struct json_value resources_of(struct json_value statement) {
    return either(statement, "Resource", "NotResource");
}

static bool check_whole_resources(struct checker *checker, struct json_value statement) {
    struct json_value value;
    for (uint32_t i = 0; policy_check_each(resources_of(statement), &i, &value);) {
        OWN_MEM char *text = json_string(value);
        if (!policy_form_is_whole(text))
            return refuse(checker, checker->words->value, "the ARN lacks sections", value);
        if (!check_variables(checker, value, text))
            return false;
    }
    return true;
}

static bool check_sid(struct checker *checker, struct json_value statement) {
    OWN_MEM char *sid = json_string(json_member(statement, "Sid"));
    if (!sid || *sid == '\0')
        return true;
    for (const char *at = sid; checker->kind == POLICY_IDENTITY && *at; at++)
        if (!isalnum((unsigned char)*at))
            return refuse_plainly(checker, "Statement IDs (SID) must be alpha-numeric. Check that your input "
                                           "satisfies the regular expression [0-9A-Za-z]*");
    return !map_put(&checker->sids, sid, checker) || refuse_plainly(checker, checker->words->same_sid);
}

static bool check_has_actions(struct checker *checker, struct json_value statement) {
    return !is_empty(actions_of(statement)) || refuse_plainly(checker, checker->words->no_action);
}

static bool check_has_resources(struct checker *checker, struct json_value statement) {
    return checker->kind == POLICY_TRUST || !is_empty(resources_of(statement)) ||
           refuse_plainly(checker, checker->words->no_resource);
}

static bool check_resources(struct checker *checker, struct json_value statement) {
    struct json_value value;
    for (uint32_t i = 0; policy_check_each(resources_of(statement), &i, &value);) {
        OWN_MEM char *text = json_string(value);
        if (!policy_form_check_resource(text, checker->err))
            return false;
    }
    return true;
}

static bool check_actions(struct checker *checker, struct json_value statement) {
    struct json_value value;
    for (uint32_t i = 0; policy_check_each(actions_of(statement), &i, &value);) {
        OWN_MEM char *text = json_string(value);
        if (!policy_form_check_action(text, checker->kind, checker->err))
            return false;
    }
    return true;
}

static bool check_document(struct checker *checker, struct json_value document) {
    if (json_type_of(document) != JSON_OBJECT)
        return refuse_syntax(checker, "a policy is an object", document);
    if (!check_members(checker, document, document_members))
        return false;
    struct json_value version = json_member(document, "Version");
    checker->has_variables = json_string_is(version, "2012-10-17");
    if (json_is_present(version) && !checker->has_variables && !json_string_is(version, "2008-10-17"))
        return refuse_plainly(checker, checker->words->version);
    struct json_value id = json_member(document, "Id");
    if (json_is_present(id) && !is_text(id))
        return refuse_syntax(checker, "Id is no text", id);
    struct json_value statements = json_member(document, "Statement");
    if (is_empty(statements))
        return refuse_plainly(checker, checker->words->no_statement);
    return json_type_of(statements) != JSON_ARRAY || json_size(statements) <= LIMIT_POLICY_STATEMENTS ||
           err_set(checker->err, ERR_LIMIT, "The policy has %u statements; at most %u can be used",
                   json_size(statements), LIMIT_POLICY_STATEMENTS);
}

static bool check_each_statement(struct checker *checker, struct json_value statements,
                                 bool (*check)(struct checker *checker, struct json_value statement)) {
    checker->number = 0;
    struct json_value statement;
    for (uint32_t cursor = 0; policy_check_each(statements, &cursor, &statement);) {
        checker->number++;
        if (!check(checker, statement))
            return false;
    }
    return true;
}

static bool check_all(struct checker *checker, struct json_value document) {
    static bool (*const checks[])(struct checker *, struct json_value) = {
        check_principal,   check_values,        check_whole_resources, check_sid,
        check_has_actions, check_has_resources, check_resources,       check_actions,
    };
    struct json_value statements = json_member(document, "Statement");
    if (!check_document(checker, document) || !check_each_statement(checker, statements, check_shape))
        return false;
    if (checker->kind == POLICY_IDENTITY && !checker->has_variables)
        return refuse_plainly(checker, "Policy document must be version 2012-10-17 or greater.");
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (!check_each_statement(checker, statements, checks[i]))
            return false;
    return true;
}

bool policy_check(struct json_value document, enum policy_kind kind, struct err *err) {
    struct checker checker = {.kind = kind, .words = &all_words[kind], .err = err};
    map_init(&checker.sids);
    bool is_fine = check_all(&checker, document);
    map_done(&checker.sids);
    return is_fine;
}

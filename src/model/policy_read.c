/* From JSON to the form in memory. See policy.h for who may call it. The document is checked first
 * (policy_check.c); here only the bounds can refuse it. */
#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/policy_parts.h"

struct builder {
    enum policy_kind kind;
    bool has_variables;
    struct policy_statement *statements;
    struct policy_condition *conditions;
    uint32_t statement_count;
    uint32_t condition_count;
    uint32_t value_count;
    struct buf texts;
};

static struct policy_texts begin_texts(const struct builder *builder) {
    return (struct policy_texts){.first = (uint32_t)builder->texts.len};
}

/* Appends one or many values. */
static void add_texts(struct builder *builder, struct json_value values, unsigned form,
                      struct policy_texts *list) {
    if (!builder->has_variables)
        form &= ~(unsigned)POLICY_FORM_VARIABLES;
    struct json_value value;
    for (uint32_t cursor = 0; policy_check_each(values, &cursor, &value);) {
        OWN_MEM char *text = policy_check_text(value);
        policy_text_append(&builder->texts, text, form);
        list->count++;
        builder->value_count++;
    }
}

/* The texts of `name`, or of its Not..., which is told in *ret_is_not. */
static struct policy_texts read_texts(struct builder *builder, struct json_value statement, const char *name,
                                      const char *not_name, unsigned form, bool *ret_is_not) {
    struct policy_texts list = begin_texts(builder);
    *ret_is_not = json_is_present(json_member(statement, not_name));
    add_texts(builder, json_member(statement, *ret_is_not ? not_name : name), form, &list);
    return list;
}

static struct policy_texts read_principals(struct builder *builder, struct json_value statement,
                                           bool *ret_is_not) {
    struct policy_texts list = begin_texts(builder);
    *ret_is_not = json_is_present(json_member(statement, "NotPrincipal"));
    if (builder->kind == POLICY_IDENTITY)
        return list;
    struct json_value principal = json_member(statement, *ret_is_not ? "NotPrincipal" : "Principal");
    bool is_read = policy_principal_append(principal, builder->kind, &builder->texts, NULL);
    assert(is_read);
    for (size_t at = list.first; at < builder->texts.len; at += strlen(builder->texts.data + at) + 1) {
        list.count++;
        builder->value_count++;
    }
    return list;
}

static void add_condition(struct builder *builder, const struct policy_condition *kind, struct json_value key,
                          struct json_value values) {
    uint32_t count = ++builder->condition_count;
    builder->conditions = mem_resize(builder->conditions, count * sizeof *builder->conditions);
    struct policy_condition *condition = &builder->conditions[count - 1];
    *condition = *kind;
    condition->texts = begin_texts(builder);
    add_texts(builder, key, POLICY_FORM_PLAIN, &condition->texts);
    add_texts(builder, values, policy_condition_form(kind), &condition->texts);
}

static void read_conditions(struct builder *builder, struct json_value conditions) {
    struct json_value name, keys, key, values;
    for (uint32_t i = 0; json_each(conditions, &i, &name, &keys);) {
        OWN_MEM char *text = json_string(name);
        struct policy_condition kind;
        if (text && policy_condition_named(text, &kind))
            for (uint32_t j = 0; json_each(keys, &j, &key, &values);)
                add_condition(builder, &kind, key, values);
    }
}

static bool read_statement(struct builder *builder, struct json_value json, struct err *err) {
    struct policy_statement statement = {.is_deny = json_string_is(json_member(json, "Effect"), "Deny")};
    statement.principals = read_principals(builder, json, &statement.is_not_principal);
    statement.actions = read_texts(builder, json, "Action", "NotAction", POLICY_FORM_WILD,
                                   &statement.is_not_action);
    statement.resources = read_texts(builder, json, "Resource", "NotResource",
                                     POLICY_FORM_WILD | POLICY_FORM_VARIABLES, &statement.is_not_resource);
    statement.first_condition = builder->condition_count;
    read_conditions(builder, json_member(json, "Condition"));
    statement.condition_count = builder->condition_count - statement.first_condition;
    builder->statements[builder->statement_count++] = statement;
    return (builder->value_count <= LIMIT_POLICY_VALUES && buf_ok(&builder->texts)) ||
           err_set(err, ERR_LIMIT,
                   "The policy has too many actions, resources, principals and condition values; at most %u "
                   "can be used",
                   LIMIT_POLICY_VALUES);
}

/* Puts all parts into one block. */
static struct policy *assemble(const struct builder *builder) {
    size_t statement_bytes = builder->statement_count * sizeof *builder->statements;
    size_t condition_bytes = builder->condition_count * sizeof *builder->conditions;
    struct policy *policy = mem_alloc(sizeof *policy + condition_bytes + statement_bytes +
                                      builder->texts.len);
    /* What has the widest members comes first, so that all are aligned. */
    struct policy_condition *conditions = (struct policy_condition *)(policy + 1);
    struct policy_statement *statements = (struct policy_statement *)(conditions + builder->condition_count);
    char *texts = (char *)(statements + builder->statement_count);
    if (condition_bytes > 0)
        memcpy(conditions, builder->conditions, condition_bytes);
    memcpy(statements, builder->statements, statement_bytes);
    memcpy(texts, buf_text(&builder->texts), builder->texts.len);
    *policy = (struct policy){
        .kind = builder->kind,
        .statement_count = builder->statement_count,
        .statements = statements,
        .conditions = conditions,
        .texts = texts,
    };
    return policy;
}

static bool read_document(struct json_value document, enum policy_kind kind, struct policy **ret_policy,
                          struct err *err) {
    struct json_value statements = json_member(document, "Statement");
    uint32_t count = json_type_of(statements) == JSON_ARRAY ? json_size(statements) : 1;
    struct builder builder = {
        .kind = kind,
        .has_variables = json_string_is(json_member(document, "Version"), "2012-10-17"),
        .statements = mem_alloc_array(count, sizeof *builder.statements),
    };
    buf_init(&builder.texts, 2 * LIMIT_POLICY_BYTES);
    bool is_read = true;
    struct json_value statement;
    for (uint32_t cursor = 0; is_read && policy_check_each(statements, &cursor, &statement);)
        is_read = read_statement(&builder, statement, err);
    if (is_read)
        *ret_policy = assemble(&builder);
    buf_done(&builder.texts);
    free(builder.statements);
    free(builder.conditions);
    return is_read;
}

static bool refuse_not_json(const char *text, size_t len, enum policy_kind kind, struct err *err) {
    struct json_fault fault;
    if (json_check(text, len, &fault))
        return false;
    return err_set(err, ERR_PARAMETER, "%s (line %zu, column %zu: %s)", policy_check_not_json(kind),
                   fault.line, fault.column, fault.text);
}

bool policy_parse(const char *text, size_t len, enum policy_kind kind, struct policy **ret_policy,
                  struct err *err) {
    if (len > LIMIT_POLICY_BYTES)
        return err_set(err, ERR_LIMIT, "The policy has %zu bytes; at most %u can be used", len,
                       LIMIT_POLICY_BYTES);
    struct json_doc doc;
    if (!json_parse(&doc, text, len, LIMIT_CONTROL_JSON_TOKENS, err))
        return refuse_not_json(text, len, kind, err);
    struct json_value document = json_root(&doc);
    bool is_read = policy_check(document, kind, err) && read_document(document, kind, ret_policy, err);
    json_doc_done(&doc);
    return is_read;
}

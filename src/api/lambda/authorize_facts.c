/* See authorize_facts.h. */
#include "api/lambda/authorize_facts.h"

#include <string.h>

#include "api/context.h"
#include "api/lambda/body.h"
#include "api/lambda/mapping_document.h"
#include "api/lambda/setting.h"
#include "base/mem.h"

/* Takes the texts. A value that is NULL is no fact. False when there are too many. */
static bool add(struct facts *facts, char *key, char *value) {
    if (!value || facts->count == ACCESS_MAX_FACTS) {
        free(key);
        free(value);
        return !value;
    }
    facts->items[facts->count++] = (struct policy_fact){key, value};
    return true;
}

void facts_done(struct facts *facts) {
    for (size_t i = 0; i < facts->count; i++) {
        free((char *)facts->items[i].key);
        free((char *)facts->items[i].value);
    }
    facts->count = 0;
}

void facts_add_function(struct facts *facts, const struct catalogue_entry *entry) {
    for (size_t i = 0; entry && i < entry->tags.count; i++)
        add(facts, mem_format("aws:ResourceTag/%s", entry->tags.items[i].key),
            mem_text(entry->tags.items[i].value));
}

static bool add_tag(struct facts *facts, struct json_value key, struct json_value value) {
    OWN_MEM char *name = json_string(key);
    return !name || (add(facts, mem_text("aws:TagKeys"), mem_text(name)) &&
                     add(facts, mem_format("aws:RequestTag/%s", name), json_string(value)));
}

static bool add_tags(struct facts *facts, const struct api_call *call) {
    uint32_t cursor = 0;
    struct json_value key, value;
    struct json_value tags = input_member(&call->input, "Tags");
    while (json_each(tags, &cursor, &key, &value))
        if (!add_tag(facts, key, value))
            return false;
    if (strcmp(call->match.operation->name, "UntagResource") != 0)
        return true;
    const struct constraint_texts *keys = input_texts(&call->input, "TagKeys");
    for (size_t i = 0; i < keys->count; i++)
        if (!add(facts, mem_text("aws:TagKeys"), mem_text(keys->items[i])))
            return false;
    return true;
}

/* Members of bodies that are facts as they are. */
static const struct {
    const char *operation;
    const char *member; /* a text, or a list of texts */
    const char *key;
} rows[] = {
    {"AddPermission", "FunctionUrlAuthType", "lambda:FunctionUrlAuthType"},
    {"AddPermission", "Principal", "lambda:Principal"},
    {"CreateFunction", "CodeSigningConfigArn", "lambda:CodeSigningConfigArn"},
    {"CreateFunction", "Layers", "lambda:Layer"},
    {"CreateFunctionUrlConfig", "AuthType", "lambda:FunctionUrlAuthType"},
    {"PutFunctionCodeSigningConfig", "CodeSigningConfigArn", "lambda:CodeSigningConfigArn"},
    {"UpdateFunctionConfiguration", "Layers", "lambda:Layer"},
    {"UpdateFunctionUrlConfig", "AuthType", "lambda:FunctionUrlAuthType"},
};

static bool add_member(struct facts *facts, const char *key, struct json_value member) {
    if (json_is_present(member) && json_type_of(member) != JSON_ARRAY)
        return add(facts, mem_text(key), json_string(member));
    uint32_t cursor = 0;
    struct json_value item;
    while (json_each(member, &cursor, NULL, &item))
        if (!add(facts, mem_text(key), json_string(item)))
            return false;
    return true;
}

/* The function of a mapping that is there, as an ARN in fresh memory; NULL for other operations. */
static char *stored_function(const struct api_call *call) {
    if (!strstr(call->match.operation->path, "{UUID}"))
        return NULL;
    const struct record_key key = {.account = call->caller->account,
                                   .scope = "",
                                   .kind = MAPPING_RECORD_KIND,
                                   .name = input_text(&call->input, "UUID")};
    struct json_doc doc;
    char *arn = json_string(
        body_member(setting_parse(records_get(&call->api->records, &key), &doc), "FunctionArn"));
    json_doc_done(&doc);
    return arn;
}

/* The function that a request makes a mapping's, or else the one that the mapping has. */
static bool add_mapped_function(struct facts *facts, const struct api_call *call, struct err *err) {
    OWN_MEM char *name = json_string(input_member(&call->input, "FunctionName"));
    struct function_ref ref;
    if (!strstr(call->match.operation->path, "/event-source-mappings"))
        return true;
    if (!name)
        return add(facts, mem_text("lambda:FunctionArn"), stored_function(call));
    if (!function_ref_parse(name, FUNCTION_REF_WRITE, &ref, err))
        return false;
    if (!ref.account[0])
        memcpy(ref.account, call->caller->account, sizeof ref.account);
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(ref.region[0] ? ref.region : call->api->options.region, ref.account, ref.name,
                        ref.qualifier, arn);
    return add(facts, mem_text("lambda:FunctionArn"), mem_text(arn));
}

bool facts_add_request(struct facts *facts, const struct api_call *call, struct err *err) {
    bool fits = add_tags(facts, call);
    for (size_t i = 0; fits && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].operation, call->match.operation->name) == 0)
            fits = add_member(facts, rows[i].key, input_member(&call->input, rows[i].member));
    if (!fits)
        return err_set(err, ERR_PARAMETER, "The request has more tags or layers than a resource can have.");
    return add_mapped_function(facts, call, err);
}

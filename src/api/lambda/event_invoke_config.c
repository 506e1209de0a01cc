/* The settings of asynchronous invocation of $LATEST, of a version or of an alias:
 * PutFunctionEventInvokeConfig and its Update, Get, List and Delete. A record holds the members of the API
 * but FunctionArn, so that a request and a record are read by the same function. */
#include "api/lambda/event_invoke_config.h"

#include <stdio.h>
#include <string.h>

#include "api/lambda/aliases.h"
#include "api/lambda/body.h"
#include "api/lambda/event_invoke_destination.h"
#include "api/lambda/handlers.h"
#include "api/lambda/setting.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define ITEM_BYTES 8192
#define NOT_SET (-1)

struct config {
    int64_t retries;
    int64_t age_s;
    char *on_success; /* "" for a part without a destination, NULL for one that was never sent */
    char *on_failure;
};

static void config_init(struct config *config) {
    *config = (struct config){.retries = NOT_SET, .age_s = NOT_SET};
}

static void config_done(struct config *config) {
    free(config->on_success);
    free(config->on_failure);
}

static void read_destination(struct json_value destinations, const char *name, char **part) {
    struct json_value sent = body_member(destinations, name);
    if (!json_is_present(sent))
        return;
    free(*part);
    *part = body_text(sent, "Destination");
    if (!*part)
        *part = mem_text("");
}

/* Members that are not there keep their value. */
static void config_read(struct config *config, struct json_value members) {
    struct json_value destinations = body_member(members, "DestinationConfig");
    config->retries = setting_number(members, "MaximumRetryAttempts", config->retries);
    config->age_s = setting_number(members, "MaximumEventAgeInSeconds", config->age_s);
    read_destination(destinations, "OnSuccess", &config->on_success);
    read_destination(destinations, "OnFailure", &config->on_failure);
}

static void write_destination(struct json_writer *writer, const char *name, const char *part) {
    json_key(writer, name);
    json_open_object(writer);
    if (part && part[0])
        json_put_member(writer, "Destination", part);
    json_close_object(writer);
}

static void config_write(const struct config *config, int64_t now_us, struct json_writer *writer) {
    char now[32];
    int len = snprintf(now, sizeof now, "%lld.%03lld", (long long)(now_us / 1000000),
                       (long long)(now_us / 1000 % 1000));
    json_open_object(writer);
    json_key(writer, "LastModified");
    json_put_raw(writer, now, (size_t)len);
    if (config->retries != NOT_SET)
        json_put_member_integer(writer, "MaximumRetryAttempts", config->retries);
    if (config->age_s != NOT_SET)
        json_put_member_integer(writer, "MaximumEventAgeInSeconds", config->age_s);
    json_key(writer, "DestinationConfig");
    json_open_object(writer);
    write_destination(writer, "OnSuccess", config->on_success);
    write_destination(writer, "OnFailure", config->on_failure);
    json_close_object(writer);
    json_close_object(writer);
}

/* A record as an answer. */
static void write_answer(struct json_writer *writer, const char *document, const char *arn) {
    struct json_doc doc;
    struct json_value members = setting_parse(document, &doc);
    json_open_object(writer);
    setting_copy(writer, members, "LastModified");
    json_put_member(writer, "FunctionArn", arn);
    setting_copy(writer, members, "MaximumRetryAttempts");
    setting_copy(writer, members, "MaximumEventAgeInSeconds");
    setting_copy(writer, members, "DestinationConfig");
    json_close_object(writer);
    json_doc_done(&doc);
}

static bool parse(const struct api_call *call, struct function_ref *ref, struct err *err) {
    if (!target_parse(call, FUNCTION_REF_READ, TARGET_WITH_QUALIFIER, ref, err))
        return false;
    if (!ref->qualifier[0])
        memcpy(ref->qualifier, FUNCTION_LATEST, sizeof FUNCTION_LATEST);
    return true;
}

static bool no_function(struct err *err) {
    return err_set(err, ERR_NOT_FOUND, "The function doesn't exist.");
}

static bool no_config(const struct api_call *call, const struct function_ref *ref, struct err *err) {
    char arn[FUNCTION_ARN_BYTES];
    target_arn(call, ref, arn);
    return err_set(err, ERR_NOT_FOUND, "The function %s doesn't have an EventInvokeConfig", arn);
}

/* The stored document; for Get and Delete, which tell nothing more of what does not exist. */
static bool find(const struct api_call *call, const struct function_ref *ref,
                 struct catalogue_entry **ret_entry, const char **ret_document, struct err *err) {
    struct catalogue_entry *entry = target_find(call, ref);
    const char *document = entry ? setting_document(call->api, entry, SETTING_EVENT_INVOKE, ref->qualifier)
                                 : NULL;
    if (!document)
        return no_config(call, ref, err);
    *ret_entry = entry;
    *ret_document = document;
    return true;
}

/* ---- Put and Update ---- */

static bool check_change(const struct api_call *call, struct function_ref *ref,
                         struct catalogue_entry **ret_entry, struct err *err) {
    if (!parse(call, ref, err))
        return false;
    if (!json_is_present(input_member(&call->input, "MaximumRetryAttempts")) &&
        !json_is_present(input_member(&call->input, "MaximumEventAgeInSeconds")) &&
        !json_is_present(input_member(&call->input, "DestinationConfig")))
        return err_set(err, ERR_PARAMETER,
                       "You must specify at least one of error handling or destination setting.");
    struct catalogue_entry *entry = target_find(call, ref);
    if (!entry || !entry_resolve(entry, ref->qualifier))
        return no_function(err);
    *ret_entry = entry;
    return true;
}

static bool prepare_change(struct edit *edit, struct config *config, const struct function_ref *ref,
                           struct err *err) {
    const struct api_call *call = edit->call;
    const struct lambda *lambda = lambda_of(call);
    config_read(config, call->input.root);
    const struct function *version = entry_resolve(function_edit_entry(edit), ref->qualifier);
    bool sends_destinations = json_is_present(input_member(&call->input, "DestinationConfig"));
    if (sends_destinations &&
        !event_invoke_check_destinations(lambda, version, config->on_success, config->on_failure, err))
        return false;
    OWN(buf) struct buf document;
    struct json_writer writer;
    char arn[FUNCTION_ARN_BYTES];
    buf_init(&document, ITEM_BYTES);
    json_writer_init(&writer, &document);
    config_write(config, lambda_now_us(lambda), &writer);
    setting_put(edit, SETTING_EVENT_INVOKE, ref->qualifier, buf_text(&document));
    target_arn(call, ref, arn);
    write_answer(edit_answer(edit, ITEM_BYTES), buf_text(&document), arn);
    return true;
}

static bool prepare_put(struct edit *edit, struct err *err) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    OWN(config) struct config config;
    config_init(&config);
    if (!check_change(edit->call, &ref, &entry, err))
        return false;
    return entry == function_edit_entry(edit) ? prepare_change(edit, &config, &ref, err) : no_function(err);
}

static bool prepare_update(struct edit *edit, struct err *err) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    const char *document = NULL;
    struct json_doc doc;
    OWN(config) struct config config;
    config_init(&config);
    if (!check_change(edit->call, &ref, &entry, err) || !find(edit->call, &ref, &entry, &document, err))
        return false;
    if (entry != function_edit_entry(edit))
        return no_function(err);
    config_read(&config, setting_parse(document, &doc));
    json_doc_done(&doc);
    return prepare_change(edit, &config, &ref, err);
}

static void change(struct api_call *call, const struct edit_actions *actions) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    struct err err;
    if (check_change(call, &ref, &entry, &err))
        function_edit_start(call, entry, NULL, actions);
    else
        call_fail(call, &err);
}

void lambda_put_function_event_invoke_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_put};
    change(call, &actions);
}

void lambda_update_function_event_invoke_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_update};
    change(call, &actions);
}

/* ---- Delete, Get and List ---- */

static bool prepare_delete(struct edit *edit, struct err *err) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    const char *document = NULL;
    if (!parse(edit->call, &ref, err) || !find(edit->call, &ref, &entry, &document, err))
        return false;
    if (entry != function_edit_entry(edit))
        return no_config(edit->call, &ref, err);
    setting_delete(edit, SETTING_EVENT_INVOKE, ref.qualifier);
    return true;
}

void lambda_delete_function_event_invoke_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_delete};
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    const char *document = NULL;
    struct err err;
    if (parse(call, &ref, &err) && find(call, &ref, &entry, &document, &err))
        function_edit_start(call, entry, NULL, &actions);
    else
        call_fail(call, &err);
}

void lambda_get_function_event_invoke_config(struct api_call *call) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    const char *document = NULL;
    struct err err;
    if (!parse(call, &ref, &err) || !find(call, &ref, &entry, &document, &err)) {
        call_fail(call, &err);
        return;
    }
    char arn[FUNCTION_ARN_BYTES];
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, ITEM_BYTES);
    json_writer_init(&writer, &body);
    target_arn(call, &ref, arn);
    write_answer(&writer, document, arn);
    call_answer(call, &body);
}

static void write_item(struct json_writer *writer, const struct api_call *call,
                       const struct catalogue_entry *entry, const struct record *item) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(call->api->options.region, entry->account, entry->name, item->key.name, arn);
    write_answer(writer, item->document, arn);
}

void lambda_list_function_event_invoke_configs(struct api_call *call) {
    static const struct setting_list list = {SETTING_EVENT_INVOKE, "FunctionEventInvokeConfigs", ITEM_BYTES,
                                             write_item};
    const struct catalogue_entry *entry = NULL;
    struct function_ref ref;
    struct err err;
    if (target_parse(call, FUNCTION_REF_READ, TARGET_UNQUALIFIED_ONLY, &ref, &err) &&
        !(entry = target_find(call, &ref)))
        no_function(&err);
    if (entry)
        setting_answer_list(call, entry, &list);
    else
        call_fail(call, &err);
}

/* ---- for asynchronous invocation ---- */

static char *take_destination(char **part) {
    if (!*part || !(*part)[0])
        return NULL;
    return take_ptr(*part);
}

void event_invoke_settings(const struct api *api, const struct catalogue_entry *entry, const char *qualifier,
                           struct async_target *target) {
    struct json_doc doc;
    OWN(config) struct config config;
    config_init(&config);
    const char *name = qualifier[0] ? qualifier : FUNCTION_LATEST;
    config_read(&config, setting_read(api, entry, SETTING_EVENT_INVOKE, name, &doc));
    json_doc_done(&doc);
    int64_t age_s = config.age_s == NOT_SET ? LIMIT_EVENT_AGE_S : config.age_s;
    target->policy = (struct retry_policy){
        .most_retries = config.retries == NOT_SET ? LIMIT_EVENT_RETRIES : (uint32_t)config.retries,
        .most_age_ms = age_s * 1000,
    };
    target->on_success = take_destination(&config.on_success);
    target->on_failure = take_destination(&config.on_failure);
}

/* Provisioned concurrency of versions and aliases: PutProvisionedConcurrencyConfig and its Get, List and
 * Delete. What is asked for is checked, stored and counted; invoke/provision does it and tells how far it is.
 * A record: {"Requested":n,"LastModified":"..."}. */
#include "api/lambda/provisioned.h"

#include <stdio.h>
#include <string.h>

#include "api/lambda/aliases.h"
#include "api/lambda/concurrency.h"
#include "api/lambda/handlers.h"
#include "api/lambda/setting.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define ITEM_BYTES 2048

#define UNPUBLISHED "Provisioned Concurrency Configs cannot be applied to unpublished function versions."

static void write_members(struct json_writer *writer, struct json_value document, const char *status,
                          const struct provision_status *progress) {
    json_put_member_integer(writer, "RequestedProvisionedConcurrentExecutions",
                            setting_number(document, "Requested", 0));
    json_put_member_integer(writer, "AvailableProvisionedConcurrentExecutions", progress->available);
    json_put_member_integer(writer, "AllocatedProvisionedConcurrentExecutions", progress->allocated);
    json_put_member(writer, "Status", status);
    if (progress->is_failed)
        json_put_member(writer, "StatusReason", progress->reason);
    setting_copy(writer, document, "LastModified");
}

static bool leads_to_latest(const struct catalogue_entry *entry, const char *qualifier) {
    const struct alias *alias = entry_alias(entry, qualifier);
    return alias && strcmp(alias->version, FUNCTION_LATEST) == 0;
}

/* As a config is shown. An alias may have been sent to $LATEST since. */
static void write_config(struct json_writer *writer, const struct api_call *call,
                         const struct catalogue_entry *entry, const char *qualifier,
                         struct json_value document) {
    struct provision_status progress = {0};
    invoke_provision_status(call->api->invoke, entry->account, entry->name, qualifier, &progress);
    if (leads_to_latest(entry, qualifier)) {
        progress.is_failed = true;
        snprintf(progress.reason, sizeof progress.reason, "%s", UNPUBLISHED);
    }
    bool is_ready = progress.available >= setting_number(document, "Requested", 0);
    write_members(writer, document,
                  progress.is_failed ? "FAILED"
                  : is_ready         ? "READY"
                                     : "IN_PROGRESS",
                  &progress);
}

static bool parse(const struct api_call *call, struct function_ref *ref, struct err *err) {
    return target_parse(call, FUNCTION_REF_WRITE, TARGET_WITH_QUALIFIER, ref, err);
}

/* The version or alias must exist; that is looked at even when the function does not. */
static bool find(const struct api_call *call, const struct function_ref *ref,
                 struct catalogue_entry **ret_entry, struct err *err) {
    struct catalogue_entry *entry = target_find(call, ref);
    if (!target_check_qualifier(call, ref, entry, err))
        return false;
    *ret_entry = entry;
    return true;
}

static bool is_latest(const struct function_ref *ref) {
    return strcmp(ref->qualifier, FUNCTION_LATEST) == 0;
}

/* For Get and Delete. */
static bool read_target(const struct api_call *call, struct function_ref *ref,
                        struct catalogue_entry **ret_entry, struct err *err) {
    if (!parse(call, ref, err))
        return false;
    if (is_latest(ref))
        return err_set(err, ERR_PARAMETER,
                       "The function resource provided must be an alias or a published version.");
    return find(call, ref, ret_entry, err);
}

bool provisioned_has(const struct api *api, const struct catalogue_entry *entry, const char *qualifier) {
    return setting_document(api, entry, SETTING_PROVISIONED, qualifier) != NULL;
}

bool provisioned_check_alias(const struct api *api, const struct catalogue_entry *entry,
                             const struct alias *alias, struct err *err) {
    if (!provisioned_has(api, entry, alias->version) &&
        !(alias->other_version[0] && provisioned_has(api, entry, alias->other_version)))
        return true;
    return err_set(err, ERR_CONFLICT,
                   "Alias can't be used for Provisioned Concurrency configuration on an already "
                   "Provisioned version");
}

/* A version and an alias that leads to it exclude each other. */
static bool check_conflict(const struct api *api, const struct catalogue_entry *entry, const char *qualifier,
                           struct err *err) {
    const struct alias *alias = entry_alias(entry, qualifier);
    if (alias)
        return provisioned_check_alias(api, entry, alias, err);
    for (size_t i = 0; i < aliases_count(entry->aliases); i++) {
        alias = entry->aliases->items[i];
        if (alias_uses(alias, qualifier) && provisioned_has(api, entry, alias->name))
            return err_set(err, ERR_CONFLICT, "Version is pointed by a Provisioned Concurrency alias");
    }
    return true;
}

static bool check_room(const struct lambda *lambda, const struct catalogue_entry *entry,
                       const char *qualifier, int64_t wanted, struct err *err) {
    int64_t others = concurrency_provisioned(lambda->api, entry, qualifier);
    if (entry->has_reserved) {
        if (wanted <= entry->reserved - others)
            return true;
        return err_set(err, ERR_PARAMETER,
                       "Requested Provisioned Concurrency should not be greater than the "
                       "reservedConcurrentExecution for function");
    }
    int64_t left = concurrency_unreserved(lambda, entry->account, entry) - others;
    int64_t minimum = concurrency_minimum(lambda);
    if (wanted > left)
        return err_set(err, ERR_PARAMETER_UNTYPED,
                       "Specified ConcurrentExecutions for function is greater than account's unreserved "
                       "concurrency [%lld].",
                       (long long)left);
    if (wanted > left - minimum)
        return err_set(err, ERR_PARAMETER_UNTYPED,
                       "Specified ConcurrentExecutions for function decreases account's "
                       "UnreservedConcurrentExecution below its minimum value of [%lld].",
                       (long long)minimum);
    return true;
}

static char *make_document(const struct lambda *lambda, int64_t wanted) {
    char now[CLOCK_TEXT_BYTES];
    clock_format_modified(lambda_now_us(lambda), now);
    const char *fraction = strchr(now, '.');
    const char *zone = strchr(now, '+');
    return mem_format("{\"Requested\":%lld,\"LastModified\":\"%.*s%s\"}", (long long)wanted,
                      (int)(fraction - now), now, zone);
}

static bool check_put(const struct api_call *call, struct function_ref *ref,
                      struct catalogue_entry **ret_entry, struct err *err) {
    if (!parse(call, ref, err))
        return false;
    if (is_latest(ref))
        return err_set(err, ERR_PARAMETER, UNPUBLISHED);
    if (!find(call, ref, ret_entry, err))
        return false;
    return !leads_to_latest(*ret_entry, ref->qualifier) || err_set(err, ERR_PARAMETER, UNPUBLISHED);
}

static bool prepare_put(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    const struct catalogue_entry *entry = function_edit_entry(edit);
    int64_t wanted = setting_number(call->input.root, "ProvisionedConcurrentExecutions", 0);
    struct function_ref ref;
    struct catalogue_entry *found = NULL;
    if (!check_put(call, &ref, &found, err))
        return false;
    if (found != entry)
        return target_gone(call, entry, err);
    if (!check_conflict(call->api, entry, ref.qualifier, err) ||
        !check_room(lambda_of(call), entry, ref.qualifier, wanted, err))
        return false;
    OWN_MEM char *document = make_document(lambda_of(call), wanted);
    setting_put(edit, SETTING_PROVISIONED, ref.qualifier, document);
    struct json_doc doc;
    struct json_writer *writer = edit_answer(edit, ITEM_BYTES);
    struct provision_status progress = {0};
    invoke_provision_status(call->api->invoke, entry->account, entry->name, ref.qualifier, &progress);
    progress.is_failed = false;
    json_open_object(writer);
    write_members(writer, setting_parse(document, &doc), "IN_PROGRESS", &progress);
    json_close_object(writer);
    json_doc_done(&doc);
    return true;
}

static bool prepare_delete(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    struct function_ref ref;
    if (!parse(edit->call, &ref, err))
        return false;
    if (!entry->is_deleted && provisioned_has(edit->call->api, entry, ref.qualifier))
        setting_delete(edit, SETTING_PROVISIONED, ref.qualifier);
    return true;
}

static void committed(struct edit *edit) {
    struct catalogue_entry *entry = function_edit_entry(edit);
    concurrency_refresh(lambda_of(edit->call), entry);
    if (edit->steps[0].kind == STORE_RECORD_PUT)
        invoke_provision_retry(edit->call->api->invoke, entry->account, entry->name,
                               input_text(&edit->call->input, "Qualifier"));
}

void lambda_put_provisioned_concurrency_config(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_put, .committed = committed, .finished = setting_edit_finished};
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    struct err err;
    if (check_put(call, &ref, &entry, &err))
        setting_edit_start(call, entry, &actions);
    else
        call_fail(call, &err);
}

void lambda_delete_provisioned_concurrency_config(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_delete, .committed = committed, .finished = setting_edit_finished};
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    struct err err;
    if (read_target(call, &ref, &entry, &err))
        setting_edit_start(call, entry, &actions);
    else
        call_fail(call, &err);
}

void lambda_get_provisioned_concurrency_config(struct api_call *call) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    struct err err;
    if (!read_target(call, &ref, &entry, &err)) {
        call_fail(call, &err);
        return;
    }
    struct json_doc doc;
    struct json_value document = setting_read(call->api, entry, SETTING_PROVISIONED, ref.qualifier, &doc);
    if (json_is_present(document)) {
        OWN(buf) struct buf body;
        struct json_writer writer;
        buf_init(&body, ITEM_BYTES);
        json_writer_init(&writer, &body);
        json_open_object(&writer);
        write_config(&writer, call, entry, ref.qualifier, document);
        json_close_object(&writer);
        call_answer(call, &body);
    } else {
        err_set(&err, ERR_NO_PROVISIONED_CONFIG, "No Provisioned Concurrency Config found for this function");
        call_fail(call, &err);
    }
    json_doc_done(&doc);
}

static void write_item(struct json_writer *writer, const struct api_call *call,
                       const struct catalogue_entry *entry, const struct record *item) {
    char arn[FUNCTION_ARN_BYTES];
    struct json_doc doc;
    function_arn_format(call->api->options.region, entry->account, entry->name, item->key.name, arn);
    json_open_object(writer);
    json_put_member(writer, "FunctionArn", arn);
    write_config(writer, call, entry, item->key.name, setting_parse(item->document, &doc));
    json_close_object(writer);
    json_doc_done(&doc);
}

void lambda_list_provisioned_concurrency_configs(struct api_call *call) {
    static const struct setting_list list = {SETTING_PROVISIONED, "ProvisionedConcurrencyConfigs", ITEM_BYTES,
                                             write_item};
    struct catalogue_entry *entry;
    struct err err;
    if (target_function(call, FUNCTION_REF_WRITE, &entry, &err))
        setting_answer_list(call, entry, &list);
    else
        call_fail(call, &err);
}

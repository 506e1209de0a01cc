/* CreateAlias, GetAlias, ListAliases, UpdateAlias and DeleteAlias. Texts are those of the service. */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/concurrency.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/page.h"
#include "api/lambda/provisioned.h"
#include "api/lambda/target.h"
#include "base/log.h"
#include "base/mem.h"

static void write_alias(struct json_writer *writer, const struct api_call *call,
                        const struct catalogue_entry *entry, const struct alias *alias) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(call->api->options.region, entry->account, entry->name, alias->name, arn);
    json_open_object(writer);
    json_put_member(writer, "AliasArn", arn);
    json_put_member(writer, "Description", alias->description);
    json_put_member(writer, "FunctionVersion", alias->version);
    json_put_member(writer, "Name", alias->name);
    json_put_member(writer, "RevisionId", alias->revision_id);
    alias_write_routing(alias, writer);
    json_close_object(writer);
}

/* "Alias not found: <arn>" and the like. */
static bool refuse(const struct edit *edit, enum err_code code, const char *words, const char *name,
                   struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(edit->call->api->options.region, entry->account, entry->name, name, arn);
    return err_set(err, code, "%s: %s", words, arn);
}

/* ---- where the calls go ---- */

static bool check_version(const struct edit *edit, const char *version, struct err *err) {
    return entry_version(function_edit_entry(edit), version) ||
           refuse(edit, ERR_NOT_FOUND, "Function not found", version, err);
}

static bool check_routing(const struct edit *edit, const struct alias *alias, struct err *err) {
    if (!alias->other_version[0])
        return true;
    if (strcmp(alias->version, alias->other_version) == 0)
        return err_set(err, ERR_PARAMETER,
                       "Invalid function version %s. Function version %s is already included in routing "
                       "configuration.",
                       alias->version, alias->version);
    if (strcmp(alias->version, FUNCTION_LATEST) == 0)
        return err_set(err, ERR_PARAMETER_UNTYPED,
                       "$LATEST is not supported for an alias pointing to more than 1 version");
    return check_version(edit, alias->other_version, err);
}

/* FunctionVersion and RoutingConfig of the request into the alias. */
static bool read_target(const struct edit *edit, struct alias *alias, struct err *err) {
    const struct input *input = &edit->call->input;
    OWN_MEM char *version = json_string(input_member(input, "FunctionVersion"));
    if (version && !check_version(edit, version, err))
        return false;
    if (version)
        memcpy(alias->version, version, strlen(version) + 1);
    struct json_value routing = input_member(input, "RoutingConfig");
    if (json_is_present(routing)) {
        struct json_value weights = body_member(routing, "AdditionalVersionWeights");
        if (json_size(weights) > 1)
            return err_set(err, ERR_PARAMETER,
                           "Number of items in AdditionalVersionWeights cannot be greater than 1");
        if (!alias_read_routing(weights, alias))
            return target_gone(edit->call, function_edit_entry(edit), err);
    }
    return check_routing(edit, alias, err);
}

/* Of an alias that calls find ready environments through. */
static bool check_provisioned(const struct edit *edit, const struct alias *alias, struct err *err) {
    const struct api *api = edit->call->api;
    const struct catalogue_entry *entry = function_edit_entry(edit);
    return !provisioned_has(api, entry, alias->name) || provisioned_check_alias(api, entry, alias, err);
}

/* ---- changes ---- */

/* Steps and answer for the new value, which it takes. */
static bool put(struct edit *edit, struct alias *alias, struct err *err) {
    edit->state = alias;
    if (!read_target(edit, alias, err) || !check_provisioned(edit, alias, err))
        return false;
    const struct catalogue_entry *entry = function_edit_entry(edit);
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(entry, ALIAS_RECORD_KIND, alias->name, scope);
    OWN(buf) struct buf document;
    buf_init(&document, ALIAS_DOCUMENT_BYTES);
    alias_encode(alias, &document);
    edit_put(edit, &key, buf_text(&document));
    write_alias(edit_answer(edit, ALIAS_DOCUMENT_BYTES), edit->call, entry, alias);
    return true;
}

static bool prepare_creation(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    OWN_MEM char *name = body_text(edit->call->input.root, "Name");
    OWN_MEM char *description = body_text(edit->call->input.root, "Description");
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    if (!put(edit, alias_new(name, description ? description : ""), err))
        return false;
    return !entry_alias(entry, name) || refuse(edit, ERR_CONFLICT, "Alias already exists", name, err);
}

static bool prepare_update(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    const char *name = input_text(&edit->call->input, "Name");
    const struct alias *alias = entry_alias(entry, name);
    OWN_MEM char *description = body_text(edit->call->input.root, "Description");
    OWN_MEM char *revision = body_text(edit->call->input.root, "RevisionId");
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    if (!alias)
        return refuse(edit, ERR_NOT_FOUND, "Alias not found", name, err);
    return target_check_revision(alias->revision_id, revision, TARGET_REVISION_READER, err) &&
           put(edit, alias_revise(alias, description), err);
}

static void committed(struct edit *edit) {
    struct catalogue_entry *entry = function_edit_entry(edit);
    aliases_put(&entry->aliases, take_ptr(edit->state));
    concurrency_refresh(lambda_of(edit->call), entry);
}

static void finished(struct edit *edit) {
    alias_free(edit->state);
}

static void change(struct api_call *call, const struct edit_actions *actions) {
    struct catalogue_entry *entry;
    struct err err;
    if (target_function(call, FUNCTION_REF_WRITE, &entry, &err))
        function_edit_start(call, entry, NULL, actions);
    else
        call_fail(call, &err);
}

/* For a function that does not exist the service names the version that the alias would have had. */
void lambda_create_alias(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_creation, .committed = committed, .finished = finished};
    struct function_ref ref;
    struct err err;
    if (!target_parse(call, FUNCTION_REF_WRITE, TARGET_UNQUALIFIED_ONLY, &ref, &err)) {
        call_fail(call, &err);
        return;
    }
    struct catalogue_entry *entry = target_find(call, &ref);
    if (entry) {
        function_edit_start(call, entry, NULL, &actions);
        return;
    }
    OWN_MEM char *version = body_text(call->input.root, "FunctionVersion");
    if (strlen(version) < sizeof ref.qualifier)
        memcpy(ref.qualifier, version, strlen(version) + 1);
    target_not_found(call, &ref, &err);
    call_fail(call, &err);
}

void lambda_update_alias(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_update, .committed = committed, .finished = finished};
    change(call, &actions);
}

/* ---- DeleteAlias ---- */

static bool prepare_deletion(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    const char *name = input_text(&edit->call->input, "Name");
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    if (entry_alias(entry, name))
        function_edit_delete_qualified(edit, name); /* the alias among them */
    return true;
}

static void deleted(struct edit *edit) {
    struct catalogue_entry *entry = function_edit_entry(edit);
    const char *name = input_text(&edit->call->input, "Name");
    aliases_remove(&entry->aliases, name);
    policies_set(&entry->policies, name, NULL);
    concurrency_refresh(lambda_of(edit->call), entry);
}

void lambda_delete_alias(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_deletion, .committed = deleted};
    change(call, &actions);
}

/* ---- reading ---- */

void lambda_get_alias(struct api_call *call) {
    struct catalogue_entry *entry;
    struct err err;
    const char *name = input_text(&call->input, "Name");
    if (!target_function(call, FUNCTION_REF_WRITE, &entry, &err)) {
        call_fail(call, &err);
        return;
    }
    const struct alias *alias = entry_alias(entry, name);
    if (!alias) {
        char arn[FUNCTION_ARN_BYTES];
        function_arn_format(call->api->options.region, entry->account, entry->name, name, arn);
        err_set(&err, ERR_NOT_FOUND, "Cannot find alias arn: %s", arn);
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ALIAS_DOCUMENT_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    write_alias(&writer, call, entry, alias);
    call_answer(call, &body);
}

/* The filter looks at an alias's own version, not at the one that gets a part of its calls. */
void lambda_list_aliases(struct api_call *call) {
    struct catalogue_entry *entry;
    struct page page;
    struct err err;
    const char *version = input_text(&call->input, "FunctionVersion");
    if (!target_function(call, FUNCTION_REF_WRITE, &entry, &err) ||
        !page_begin(&page, call, "Aliases", LIMIT_LIST_PAGE, ALIAS_DOCUMENT_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    for (size_t i = aliases_after(entry->aliases, page.after); i < aliases_count(entry->aliases); i++) {
        const struct alias *alias = entry->aliases->items[i];
        if (version && strcmp(alias->version, version) != 0)
            continue;
        if (!page_take(&page, alias->name))
            break;
        write_alias(&page.writer, call, entry, alias);
    }
    page_answer(&page, call);
}

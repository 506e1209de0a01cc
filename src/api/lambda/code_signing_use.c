/* The functions that use a code signing configuration: PutFunctionCodeSigningConfig and its Get and Delete,
 * and ListFunctionsByCodeSigningConfig. */
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/code_signing.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/page.h"
#include "api/lambda/setting.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define MEMBER "CodeSigningConfigArn"
#define ANSWER_BYTES 2048

char *code_signing_use(const char *arn) {
    return mem_format("{\"" MEMBER "\":\"%s\"}", arn);
}

/* Walks the account's records in their order, which is that of the functions' names. */
const char *code_signing_next_user(const struct records *records, const char *account, const char *arn,
                                   const char *after) {
    OWN_MEM char *scope = mem_format(RECORD_FUNCTION_SCOPE "%s", after);
    OWN_MEM char *use = code_signing_use(arn);
    const struct record_key start = {account, scope, SETTING_CODE_SIGNING, ""};
    for (size_t at = records_after(records, &start); at < records->count; at++) {
        const struct record *record = records->items[at];
        if (strcmp(record->key.account, account) != 0)
            break;
        if (strcmp(record->key.kind, SETTING_CODE_SIGNING) == 0 && strcmp(record->document, use) == 0)
            return record->key.scope + strlen(RECORD_FUNCTION_SCOPE);
    }
    return NULL;
}

static void write_use(struct json_writer *writer, const struct catalogue_entry *entry, const char *use) {
    struct json_doc doc;
    json_open_object(writer);
    setting_copy(writer, setting_parse(use, &doc), MEMBER);
    json_put_member(writer, "FunctionName", entry->name);
    json_close_object(writer);
    json_doc_done(&doc);
}

static bool prepare_put(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    OWN_MEM char *arn = body_text(edit->call->input.root, MEMBER);
    if (!code_signing_check(edit->call, arn, err))
        return false;
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    OWN_MEM char *use = code_signing_use(arn);
    setting_put(edit, SETTING_CODE_SIGNING, "", use);
    write_use(edit_answer(edit, ANSWER_BYTES), entry, use);
    return true;
}

static bool prepare_delete(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    if (setting_document(edit->call->api, entry, SETTING_CODE_SIGNING, ""))
        setting_delete(edit, SETTING_CODE_SIGNING, "");
    return true;
}

static void warn(struct edit *edit) {
    setting_warn(edit, "CodeSigningConfigArn");
}

void lambda_put_function_code_signing_config(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_put, .committed = warn, .finished = setting_edit_finished};
    OWN_MEM char *arn = body_text(call->input.root, MEMBER);
    struct catalogue_entry *entry;
    struct err err;
    if (code_signing_check(call, arn, &err) && target_function(call, FUNCTION_REF_READ, &entry, &err))
        setting_edit_start(call, entry, &actions);
    else
        call_fail(call, &err);
}

void lambda_delete_function_code_signing_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_delete};
    struct catalogue_entry *entry;
    struct err err;
    if (target_function(call, FUNCTION_REF_READ, &entry, &err))
        function_edit_start(call, entry, NULL, &actions);
    else
        call_fail(call, &err);
}

void lambda_get_function_code_signing_config(struct api_call *call) {
    struct catalogue_entry *entry;
    struct err err;
    if (!target_function(call, FUNCTION_REF_READ, &entry, &err)) {
        call_fail(call, &err);
        return;
    }
    const char *use = setting_document(call->api, entry, SETTING_CODE_SIGNING, "");
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, ANSWER_BYTES);
    json_writer_init(&writer, &body);
    if (use)
        write_use(&writer, entry, use);
    else
        buf_append_text(&body, "{}");
    call_answer(call, &body);
}

void lambda_list_functions_by_code_signing_config(struct api_call *call) {
    const char *arn = input_text(&call->input, MEMBER);
    const char *account = call->caller->account;
    struct page page;
    struct err err;
    bool ok = code_signing_find(call, arn) || code_signing_not_found(arn, &err);
    if (!ok || !page_begin(&page, call, "FunctionArns", LIMIT_LIST_PAGE, ANSWER_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    const char *name = page.after;
    while ((name = code_signing_next_user(&call->api->records, account, arn, name)) &&
           page_take(&page, name)) {
        char function[FUNCTION_ARN_BYTES];
        function_arn_format(call->api->options.region, account, name, NULL, function);
        json_put_string(&page.writer, function);
    }
    page_answer(&page, call);
}

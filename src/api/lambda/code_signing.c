/* CreateCodeSigningConfig and its Get, Update, List and Delete. Signatures are not verified yet: what would
 * have to be enforced is refused, what is only warned of is accepted. A record is named by the
 * configuration's id and holds the members of the API but id and ARN. */
#include "api/lambda/code_signing.h"

#include <stdio.h>
#include <string.h>

#include "api/edit.h"
#include "api/lambda/body.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/page.h"
#include "api/lambda/resource_tags.h"
#include "api/lambda/setting.h"
#include "base/log.h"
#include "base/mem.h"

#define ID_BYTES 22 /* "csc-" and 17 characters */

/* Twenty ARNs: more than a request has room for is not stored. */
#define ITEM_BYTES LIMIT_CONTROL_REQUEST_BYTES

static struct record_key key_of(const struct api_call *call, const char *id) {
    return (struct record_key){
        .account = call->caller->account, .scope = "", .kind = CODE_SIGNING_KIND, .name = id};
}

const char *code_signing_find(const struct api_call *call, const char *arn) {
    const char *colon = strrchr(arn, ':');
    const char *id = colon ? colon + 1 : arn;
    char own[FUNCTION_ARN_BYTES];
    if (strlen(id) >= ID_BYTES)
        return NULL;
    resource_arn(call, "code-signing-config", id, own);
    const struct record_key key = key_of(call, id);
    return strcmp(arn, own) == 0 ? records_get(&call->api->records, &key) : NULL;
}

bool code_signing_not_found(const char *arn, struct err *err) {
    return err_set(err, ERR_NOT_FOUND_UNTYPED, "The Lambda code signing configuration %s can not be found.",
                   arn);
}

bool code_signing_check(const struct api_call *call, const char *arn, struct err *err) {
    return code_signing_find(call, arn) ||
           err_set(err, ERR_NO_SIGNING_CONFIG,
                   "The code signing configuration cannot be found. Check that the provided configuration is "
                   "not deleted: %s.",
                   arn);
}

/* ---- what is stored and answered ---- */

static void write_members(struct json_writer *writer, struct json_value members, const char *arn) {
    json_open_object(writer);
    json_put_member(writer, "CodeSigningConfigId", strrchr(arn, ':') + 1);
    json_put_member(writer, "CodeSigningConfigArn", arn);
    setting_copy(writer, members, "Description");
    setting_copy(writer, members, "AllowedPublishers");
    setting_copy(writer, members, "CodeSigningPolicies");
    setting_copy(writer, members, "LastModified");
    json_close_object(writer);
}

/* {"CodeSigningConfig":{...}} */
static void write_answer(struct json_writer *writer, const char *document, const char *arn) {
    struct json_doc doc;
    json_open_object(writer);
    json_key(writer, "CodeSigningConfig");
    write_members(writer, setting_parse(document, &doc), arn);
    json_close_object(writer);
    json_doc_done(&doc);
}

/* A structure whose only known member is a list or text of that name. */
static void copy_struct(struct json_writer *writer, struct json_value from, const char *name,
                        const char *member) {
    json_key(writer, name);
    json_open_object(writer);
    setting_copy(writer, body_member(from, name), member);
    json_close_object(writer);
}

static bool has(struct json_value members, const char *name, const char *member) {
    return json_is_present(body_member(body_member(members, name), member));
}

/* The record after the request; `old` is absent for a new one. */
static void write_record(struct json_writer *writer, struct json_value request, struct json_value old,
                         int64_t now_us) {
    static const char description[] = "Description";
    static const char publishers[] = "AllowedPublishers";
    static const char arns[] = "SigningProfileVersionArns";
    static const char policies[] = "CodeSigningPolicies";
    static const char policy[] = "UntrustedArtifactOnDeployment";
    char now[CLOCK_TEXT_BYTES];
    clock_format_modified(now_us, now);
    json_open_object(writer);
    if (json_is_present(body_member(request, description)) || json_is_present(old))
        setting_copy(writer, json_is_present(body_member(request, description)) ? request : old, description);
    else
        json_put_member(writer, description, "");
    copy_struct(writer, has(request, publishers, arns) ? request : old, publishers, arns);
    if (has(request, policies, policy) || json_is_present(old)) {
        copy_struct(writer, has(request, policies, policy) ? request : old, policies, policy);
    } else {
        json_key(writer, policies);
        json_open_object(writer);
        json_put_member(writer, policy, "Warn");
        json_close_object(writer);
    }
    json_put_member(writer, "LastModified", now);
    json_close_object(writer);
}

static bool check_policy(struct json_value request, struct err *err) {
    struct json_value policies = body_member(request, "CodeSigningPolicies");
    if (!json_string_is(body_member(policies, "UntrustedArtifactOnDeployment"), "Enforce"))
        return true;
    return err_set(
        err, ERR_PARAMETER,
        "Lamb does not verify the signatures of code yet, so that it can not enforce them: unsigned "
        "code would be deployed all the same. Use Warn for UntrustedArtifactOnDeployment.");
}

/* Adds the step and writes the answer. */
static void store(struct edit *edit, const char *arn, struct json_value old) {
    struct json_value request = edit->call->input.root;
    const struct record_key key = key_of(edit->call, strrchr(arn, ':') + 1);
    OWN(buf) struct buf document;
    struct json_writer writer;
    buf_init(&document, ITEM_BYTES);
    json_writer_init(&writer, &document);
    write_record(&writer, request, old, lambda_now_us(lambda_of(edit->call)));
    edit_put(edit, &key, buf_text(&document));
    write_answer(edit_answer(edit, ITEM_BYTES), buf_text(&document), arn);
}

/* ---- operations ---- */

static bool prepare_create(struct edit *edit, struct err *err) {
    struct json_value request = edit->call->input.root;
    char id[ID_BYTES] = "csc-";
    char arn[FUNCTION_ARN_BYTES];
    if (!check_policy(request, err))
        return false;
    ident_from_alphabet(id + 4, ID_BYTES - 5, "abcdefghijklmnopqrstuvwxyz0123456789");
    resource_arn(edit->call, "code-signing-config", id, arn);
    store(edit, arn, (struct json_value){0});
    return resource_tags_put(edit, arn, body_member(request, "Tags"), err);
}

static bool prepare_update(struct edit *edit, struct err *err) {
    const char *arn = input_text(&edit->call->input, "CodeSigningConfigArn");
    const char *document = code_signing_find(edit->call, arn);
    struct json_doc doc;
    if (!document)
        return code_signing_not_found(arn, err);
    if (!check_policy(edit->call->input.root, err))
        return false;
    store(edit, arn, setting_parse(document, &doc));
    json_doc_done(&doc);
    return true;
}

static bool prepare_delete(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    const char *arn = input_text(&call->input, "CodeSigningConfigArn");
    if (!code_signing_find(call, arn))
        return code_signing_not_found(arn, err);
    const char *user = code_signing_next_user(&call->api->records, call->caller->account, arn, "");
    if (user)
        return err_set(
            err, ERR_CONFLICT,
            "The code signing configuration %s is used by the function %s. Call "
            "DeleteFunctionCodeSigningConfig for each function that ListFunctionsByCodeSigningConfig "
            "lists, then delete it.",
            arn, user);
    const struct record_key key = key_of(call, strrchr(arn, ':') + 1);
    edit_delete(edit, &key);
    resource_tags_delete(edit, arn);
    return true;
}

static void warn(struct edit *edit) {
    log_warn("code_signing.setting_without_effect", "account=%s setting=CodeSigningPolicies note=\"%s\"",
             edit->call->caller->account, edit->call->match.operation->lacks);
}

static void change(struct api_call *call, const struct edit_actions *actions) {
    edit_start(call, &lambda_of(call)->turns, NULL, NULL, NULL, actions);
}

void lambda_create_code_signing_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_create, .committed = warn};
    change(call, &actions);
}

void lambda_update_code_signing_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_update, .committed = warn};
    change(call, &actions);
}

void lambda_delete_code_signing_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_delete};
    change(call, &actions);
}

void lambda_get_code_signing_config(struct api_call *call) {
    const char *arn = input_text(&call->input, "CodeSigningConfigArn");
    const char *document = code_signing_find(call, arn);
    if (!document) {
        struct err err;
        code_signing_not_found(arn, &err);
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, ITEM_BYTES);
    json_writer_init(&writer, &body);
    write_answer(&writer, document, arn);
    call_answer(call, &body);
}

void lambda_list_code_signing_configs(struct api_call *call) {
    const struct records *records = &call->api->records;
    struct page page;
    struct err err;
    if (!page_begin(&page, call, "CodeSigningConfigs", LIMIT_LIST_PAGE, ITEM_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    const struct record_key key = key_of(call, page.after);
    const struct record *record;
    for (size_t at = records_after(records, &key);
         (record = records_at(records, at, &key)) && page_take(&page, record->key.name); at++) {
        struct json_doc doc;
        char arn[FUNCTION_ARN_BYTES];
        resource_arn(call, "code-signing-config", record->key.name, arn);
        write_members(&page.writer, setting_parse(record->document, &doc), arn);
        json_doc_done(&doc);
    }
    page_answer(&page, call);
}

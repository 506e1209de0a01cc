/* When the runtime below $LATEST or a version is updated: PutRuntimeManagementConfig and
 * GetRuntimeManagementConfig. A record holds the members of the API but FunctionArn. */
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/handlers.h"
#include "api/lambda/setting.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define ANSWER_BYTES (16u * 1024) /* an ARN of 2048 characters, each up to six bytes */

static bool parse(const struct api_call *call, struct function_ref *ref, struct err *err) {
    return target_parse(call, FUNCTION_REF_READ, TARGET_WITH_QUALIFIER, ref, err);
}

/* Aliases have none of their own. */
static bool find(const struct api_call *call, const struct function_ref *ref,
                 struct catalogue_entry **ret_entry, struct err *err) {
    struct catalogue_entry *entry = target_find(call, ref);
    if (!entry || !entry_version(entry, ref->qualifier))
        return target_not_found(call, ref, err);
    *ret_entry = entry;
    return true;
}

static bool is_manual(struct json_value members) {
    return json_string_is(body_member(members, "UpdateRuntimeOn"), "Manual");
}

static void write_answer(struct json_writer *writer, struct json_value members, const char *arn) {
    json_open_object(writer);
    if (json_is_present(members))
        setting_copy(writer, members, "UpdateRuntimeOn");
    else
        json_put_member(writer, "UpdateRuntimeOn", "Auto");
    json_put_member(writer, "FunctionArn", arn);
    if (is_manual(members)) {
        setting_copy(writer, members, "RuntimeVersionArn");
    } else {
        json_key(writer, "RuntimeVersionArn");
        json_put_null(writer);
    }
    json_close_object(writer);
}

static bool check_members(struct json_value request, struct err *err) {
    bool has_arn = json_is_present(body_member(request, "RuntimeVersionArn"));
    if (has_arn == is_manual(request))
        return true;
    return err_set(err, ERR_PARAMETER,
                   has_arn ? "RuntimeVersionArn can be given with UpdateRuntimeOn Manual alone."
                           : "UpdateRuntimeOn Manual needs a RuntimeVersionArn.");
}

static bool prepare(struct edit *edit, struct err *err) {
    struct json_value request = edit->call->input.root;
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    if (!parse(edit->call, &ref, err) || !find(edit->call, &ref, &entry, err))
        return false;
    if (entry != function_edit_entry(edit))
        return target_not_found(edit->call, &ref, err);
    if (!check_members(request, err))
        return false;
    OWN(buf) struct buf document;
    struct json_writer writer;
    char arn[FUNCTION_ARN_BYTES];
    buf_init(&document, ANSWER_BYTES);
    json_writer_init(&writer, &document);
    json_open_object(&writer);
    setting_copy(&writer, request, "UpdateRuntimeOn");
    setting_copy(&writer, request, "RuntimeVersionArn");
    json_close_object(&writer);
    setting_put(edit, SETTING_RUNTIME_MANAGEMENT, target_qualifier(&ref), buf_text(&document));
    target_arn(edit->call, &ref, arn);
    write_answer(edit_answer(edit, ANSWER_BYTES), request, arn);
    return true;
}

static void committed(struct edit *edit) {
    setting_warn(edit, "RuntimeManagementConfig");
}

void lambda_put_runtime_management_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare, .committed = committed};
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    struct err err;
    if (parse(call, &ref, &err) && find(call, &ref, &entry, &err))
        function_edit_start(call, entry, NULL, &actions);
    else
        call_fail(call, &err);
}

void lambda_get_runtime_management_config(struct api_call *call) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    struct err err;
    if (!parse(call, &ref, &err) || !find(call, &ref, &entry, &err)) {
        call_fail(call, &err);
        return;
    }
    struct json_doc doc;
    char arn[FUNCTION_ARN_BYTES];
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, ANSWER_BYTES);
    json_writer_init(&writer, &body);
    target_arn(call, &ref, arn);
    write_answer(&writer,
                 setting_read(call->api, entry, SETTING_RUNTIME_MANAGEMENT, target_qualifier(&ref), &doc),
                 arn);
    json_doc_done(&doc);
    call_answer(call, &body);
}

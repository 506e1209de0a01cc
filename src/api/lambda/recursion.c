/* What happens when a function ends up calling itself: PutFunctionRecursionConfig and
 * GetFunctionRecursionConfig. A record holds the member of the API. */
#include "api/lambda/recursion.h"

#include "api/lambda/body.h"
#include "api/lambda/handlers.h"
#include "api/lambda/setting.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define MEMBER "RecursiveLoop"
#define TERMINATE "Terminate"
#define ANSWER_BYTES 64

static bool prepare(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    struct json_writer *writer = edit_answer(edit, ANSWER_BYTES);
    json_open_object(writer);
    setting_copy(writer, edit->call->input.root, MEMBER);
    json_close_object(writer);
    setting_put(edit, SETTING_RECURSION, "", buf_text(writer->buf));
    return true;
}

void lambda_put_function_recursion_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare};
    struct catalogue_entry *entry;
    struct err err;
    if (target_function(call, FUNCTION_REF_WRITE, &entry, &err))
        function_edit_start(call, entry, NULL, &actions);
    else
        call_fail(call, &err);
}

void lambda_get_function_recursion_config(struct api_call *call) {
    struct catalogue_entry *entry;
    struct err err;
    if (!target_function(call, FUNCTION_REF_WRITE, &entry, &err)) {
        call_fail(call, &err);
        return;
    }
    const char *document = setting_document(call->api, entry, SETTING_RECURSION, "");
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    buf_append_text(&body, document ? document : "{\"" MEMBER "\":\"" TERMINATE "\"}");
    call_answer(call, &body);
}

bool recursion_is_stopped(const struct api *api, const struct catalogue_entry *entry) {
    struct json_doc doc;
    struct json_value document = setting_read(api, entry, SETTING_RECURSION, "", &doc);
    struct json_value member = body_member(document, MEMBER);
    bool is_stopped = !json_is_present(member) || json_string_is(member, TERMINATE);
    json_doc_done(&doc);
    return is_stopped;
}

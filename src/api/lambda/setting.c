/* See setting.h. */
#include "api/lambda/setting.h"

#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/lambda.h"
#include "api/lambda/page.h"
#include "base/log.h"
#include "base/mem.h"

const char *setting_document(const struct api *api, const struct catalogue_entry *entry, const char *kind,
                             const char *name) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(entry, kind, name, scope);
    return records_get(&api->records, &key);
}

struct json_value setting_parse(const char *document, struct json_doc *ret_doc) {
    struct err err;
    *ret_doc = (struct json_doc){0};
    if (!document)
        return (struct json_value){0};
    if (json_parse(ret_doc, document, strlen(document), LIMIT_CONTROL_JSON_TOKENS, &err))
        return json_root(ret_doc);
    log_error("record.unreadable", "document=\"%s\" error=\"%s\"", document, err.text);
    return (struct json_value){0};
}

struct json_value setting_read(const struct api *api, const struct catalogue_entry *entry, const char *kind,
                               const char *name, struct json_doc *ret_doc) {
    return setting_parse(setting_document(api, entry, kind, name), ret_doc);
}

int64_t setting_number(struct json_value document, const char *member, int64_t fallback) {
    int64_t number;
    return json_integer(body_member(document, member), &number) ? number : fallback;
}

void setting_copy(struct json_writer *writer, struct json_value object, const char *member) {
    json_put_member_value(writer, member, body_member(object, member));
}

void setting_answer_list(struct api_call *call, const struct catalogue_entry *entry,
                         const struct setting_list *list) {
    const struct records *records = &call->api->records;
    struct page page;
    struct err err;
    if (!page_begin(&page, call, list->key, LIMIT_LIST_PAGE, list->item_bytes, &err)) {
        call_fail(call, &err);
        return;
    }
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(entry, list->kind, page.after, scope);
    const struct record *item;
    for (size_t at = records_after(records, &key);
         (item = records_at(records, at, &key)) && page_take(&page, item->key.name); at++)
        list->write(&page.writer, call, entry, item);
    page_answer(&page, call);
}

void setting_put(struct edit *edit, const char *kind, const char *name, const char *document) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(function_edit_entry(edit), kind, name, scope);
    edit_put(edit, &key, document);
}

void setting_delete(struct edit *edit, const char *kind, const char *name) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(function_edit_entry(edit), kind, name, scope);
    edit_delete(edit, &key);
}

void setting_warn(const struct edit *edit, const char *setting) {
    log_warn("function.setting_without_effect", "function=%s setting=%s note=\"%s\"",
             function_edit_entry(edit)->name, setting, edit->call->match.operation->lacks);
}

/* Waits for the turn of the service, then for that of the function: always in this order. */
struct waiting {
    struct turn turn;
    struct api_call *call;
    struct catalogue_entry *entry;
    const struct edit_actions *actions;
};

static void run(struct turn *turn) {
    struct waiting *waiting = list_item(turn, struct waiting, turn);
    struct catalogue_entry *entry = waiting->entry;
    function_edit_start(waiting->call, entry, lambda_of(waiting->call), waiting->actions);
    free(waiting);
    entry_unref(entry);
}

void setting_edit_start(struct api_call *call, struct catalogue_entry *entry,
                        const struct edit_actions *actions) {
    struct waiting *waiting = mem_alloc(sizeof *waiting);
    *waiting = (struct waiting){.turn.run = run, .call = call, .entry = entry_ref(entry), .actions = actions};
    turns_take(&lambda_of(call)->turns, &waiting->turn);
}

void setting_edit_finished(struct edit *edit) {
    struct lambda *lambda = edit->state; /* the call is over */
    turns_pass_on(&lambda->turns);
}

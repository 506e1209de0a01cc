/* See function_edit.h. */
#include "api/lambda/function_edit.h"

#include <string.h>

#include "api/lambda/lambda.h"
#include "base/ident.h"

static void release(void *owner) {
    entry_unref(owner);
}

void function_edit_start(struct api_call *call, struct catalogue_entry *entry, void *state,
                         const struct edit_actions *actions) {
    edit_start(call, &entry->turns, entry_ref(entry), release, state, actions);
}

struct record_key function_record(const struct catalogue_entry *entry, const char *kind, const char *name,
                                  char scope[RECORD_FUNCTION_SCOPE_BYTES]) {
    record_function_scope(entry->name, scope);
    return (struct record_key){.account = entry->account, .scope = scope, .kind = kind, .name = name};
}

const char *function_edit_revise_version(struct edit *edit, const struct function *version) {
    struct function *next = function_copy(version);
    ident_uuid(next->revision_id);
    edit_function(edit, STORE_FUNCTION_REPLACE, next);
    return next->revision_id;
}

void function_edit_revise(struct edit *edit) {
    function_edit_revise_version(edit, function_edit_entry(edit)->latest);
}

static void swap(struct lambda *lambda, struct catalogue_entry *entry, const struct function *version) {
    if (strcmp(version->version, FUNCTION_LATEST) == 0)
        lambda_set_latest(lambda, entry, function_ref(version));
    else
        function_unref(entry_replace_version(entry, function_ref(version)));
}

void function_edit_swap(struct edit *edit) {
    for (size_t i = 0; i < edit->step_count; i++)
        if (edit->steps[i].kind == STORE_FUNCTION_REPLACE)
            swap(lambda_of(edit->call), function_edit_entry(edit), edit->steps[i].function);
}

void function_edit_delete_qualified(struct edit *edit, const char *qualifier) {
    const struct records *records = &edit->call->api->records;
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key first = function_record(function_edit_entry(edit), "", "", scope);
    for (size_t place = records_after(records, &first); place < records->count; place++) {
        const struct record_key *key = &records->items[place]->key;
        if (strcmp(key->account, first.account) != 0 || strcmp(key->scope, scope) != 0)
            return;
        if (strcmp(key->name, qualifier) == 0)
            edit_delete(edit, key);
    }
}

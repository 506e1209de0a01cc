/* DeleteFunction: the function with everything it has, or one published version. Invocations that are running
 * end as they would have. */
#include <string.h>

#include "api/lambda/concurrency.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/target.h"
#include "api/lambda/versions.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/async.h"

static void remove_version(struct lambda *lambda, struct catalogue_entry *entry, const char *number) {
    lambda_retire(lambda, entry_remove_version(entry, number));
}

static void remove_all(struct lambda *lambda, struct catalogue_entry *entry) {
    while (entry->version_count)
        remove_version(lambda, entry, entry->versions[entry->version_count - 1]->version);
    lambda_set_latest(lambda, entry, NULL);
    lambda_set_runnable(lambda, entry, NULL);
    catalogue_remove(&lambda->catalogue, entry);
}

/* A version that aliases send calls to stays. Source: Lambda API, DeleteFunction. */
static bool check_unused(const struct catalogue_entry *entry, const char *number, struct err *err) {
    OWN(buf) struct buf names;
    buf_init(&names, ERR_TEXT_BYTES);
    for (size_t i = 0; i < aliases_count(entry->aliases); i++) {
        const struct alias *alias = entry->aliases->items[i];
        if (alias_uses(alias, number))
            buf_append_format(&names, "%s%s", names.len ? ", " : "", alias->name);
    }
    return names.len == 0 ||
           err_set(err, ERR_CONFLICT,
                   "Unable to delete version because the following aliases reference it: [%s]",
                   buf_text(&names));
}

static bool prepare(struct edit *edit, struct err *err) {
    struct catalogue_entry *entry = function_edit_entry(edit);
    struct function_ref ref;
    if (!target_parse(edit->call, FUNCTION_REF_READ, TARGET_WITH_QUALIFIER, &ref, err))
        return false;
    const struct function *version = entry->is_deleted ? NULL : entry_version(entry, ref.qualifier);
    if (!version)
        return target_gone(edit->call, entry, err);
    if (!ref.qualifier[0]) {
        edit_function(edit, STORE_FUNCTION_DELETE, function_ref(version));
        version_counter_keep(edit, entry);
        return true;
    }
    edit_function(edit, STORE_FUNCTION_DELETE_VERSION, function_ref(version));
    function_edit_delete_qualified(edit, version->version);
    return check_unused(entry, version->version, err);
}

static void committed(struct edit *edit) {
    struct lambda *lambda = lambda_of(edit->call);
    struct catalogue_entry *entry = function_edit_entry(edit);
    bool is_whole = edit->steps[0].kind == STORE_FUNCTION_DELETE;
    const char *number = is_whole ? "" : edit->steps[0].function->version;
    log_info("function.deleted", "name=%s version=%s", entry->name, number);
    if (is_whole) {
        remove_all(lambda, entry);
        async_forget(lambda->api->async, entry->account, entry->name);
    } else {
        remove_version(lambda, entry, number);
        policies_set(&entry->policies, number, NULL);
    }
    concurrency_refresh(lambda, entry);
}

static bool check(const struct api_call *call, struct function_ref *ref, struct err *err) {
    if (!target_parse(call, FUNCTION_REF_READ, TARGET_WITH_QUALIFIER, ref, err))
        return false;
    if (strcmp(ref->qualifier, FUNCTION_LATEST) == 0)
        return err_set(err, ERR_PARAMETER,
                       "$LATEST version cannot be deleted without deleting the function.");
    if (ref->qualifier[0] && !function_qualifier_is_version(ref->qualifier))
        return err_set(err, ERR_PARAMETER, "Deletion of aliases is not currently supported.");
    struct catalogue_entry *entry = target_find(call, ref);
    if (entry && entry_version(entry, ref->qualifier))
        return true;
    ref->qualifier[0] = '\0'; /* the service's message never has it */
    return target_not_found(call, ref, err);
}

void lambda_delete_function(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare, .committed = committed};
    struct function_ref ref;
    struct err err;
    if (check(call, &ref, &err))
        function_edit_start(call, target_find(call, &ref), NULL, &actions);
    else
        call_fail(call, &err);
}

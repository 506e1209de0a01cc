/* DeleteFunction: the function with everything it has, or one published version. Invocations that are running
 * end as they would have. */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/change.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/target.h"
#include "base/log.h"
#include "base/mem.h"

struct deletion {
    struct api_call *call;
    struct catalogue_entry *entry;
    char number[FUNCTION_VERSION_BYTES]; /* "": the whole function */
    const struct function *named;        /* what change.version points to; referenced */
    struct catalogue_lock lock;
    struct change change;
};

static void finish(struct deletion *deletion) {
    entry_unlock(deletion->entry);
    entry_unref(deletion->entry);
    function_unref(deletion->named);
    free(deletion);
}

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

static void stored(struct change *change) {
    struct deletion *deletion = list_item(change, struct deletion, change);
    struct lambda *lambda = lambda_of(deletion->call);
    if (!change->ok) {
        call_fail(deletion->call, &change->err);
        finish(deletion);
        return;
    }
    log_info("function.deleted", "name=%s version=%s", deletion->entry->name, deletion->number);
    function_unref(take_ptr(deletion->named));
    if (deletion->number[0])
        remove_version(lambda, deletion->entry, deletion->number);
    else
        remove_all(lambda, deletion->entry);
    call_answer_empty(deletion->call);
    finish(deletion);
}

static void locked(struct catalogue_lock *lock) {
    struct deletion *deletion = list_item(lock, struct deletion, lock);
    const struct catalogue_entry *entry = deletion->entry;
    const struct function *version = entry->is_deleted ? NULL : entry_version(entry, deletion->number);
    if (!version) {
        struct err err;
        target_not_found(deletion->call, entry->name, NULL, &err);
        call_fail(deletion->call, &err);
        finish(deletion);
        return;
    }
    deletion->named = function_ref(version);
    deletion->change = (struct change){.kind = deletion->number[0] ? CHANGE_DELETE_VERSION : CHANGE_DELETE,
                                       .version = version,
                                       .done = stored};
    change_start(lambda_of(deletion->call), &deletion->change);
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
    return (entry && entry_version(entry, ref->qualifier)) || target_not_found(call, ref->name, NULL, err);
}

void lambda_delete_function(struct api_call *call) {
    struct function_ref ref;
    struct err err;
    if (!check(call, &ref, &err)) {
        call_fail(call, &err);
        return;
    }
    struct deletion *deletion = mem_alloc(sizeof *deletion);
    deletion->call = call;
    deletion->entry = entry_ref(target_find(call, &ref));
    /* The number of an existing version, or "". */
    memcpy(deletion->number, ref.qualifier, sizeof deletion->number);
    deletion->lock.run = locked;
    entry_lock(deletion->entry, &deletion->lock);
}

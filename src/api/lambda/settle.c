/* Steps: unpack (a job), lock the entry, write the new states (jobs on the lane), swap them in.
 *
 * A commit that fails is logged and the states are swapped in all the same: the store still says Pending or
 * InProgress, and the next start does this work again, with the same outcome. */
#include "api/lambda/settle.h"

#include <string.h>

#include "api/lambda/change.h"
#include "base/log.h"
#include "base/mem.h"

struct settle {
    struct lambda *lambda;
    struct catalogue_entry *entry;
    char digest[DIGEST_SHA256_HEX_BYTES];
    uint64_t latest_epoch;               /* 0: not $LATEST */
    char number[FUNCTION_VERSION_BYTES]; /* "": no published version */
    bool is_unpacked;

    struct code_wait unpacked;
    struct catalogue_lock lock;
    struct change change;
    struct function *latest; /* the new values */
    struct function *version;
};

static void finish(struct settle *settle) {
    function_unref(settle->latest);
    function_unref(settle->version);
    code_release(&settle->lambda->codes, settle->digest);
    settle->lambda->api->background--;
    struct catalogue_entry *entry = settle->entry;
    free(settle);
    entry_unlock(entry);
    entry_unref(entry);
}

/* What is current now: the function may have been deleted or changed meanwhile. */
static const struct function *current_latest(const struct settle *settle) {
    const struct function *latest = settle->entry->latest;
    return latest && settle->latest_epoch && latest->epoch == settle->latest_epoch ? latest : NULL;
}

static const struct function *current_version(const struct settle *settle) {
    return settle->number[0] && !settle->entry->is_deleted ? entry_version(settle->entry, settle->number)
                                                           : NULL;
}

static void set_active(struct function *function) {
    function->state = FUNCTION_ACTIVE;
    function->state_reason = function->state_reason_code = NULL;
    function->update = FUNCTION_UPDATE_SUCCESSFUL;
    function->update_reason = function->update_reason_code = NULL;
}

static void set_failed(struct function *function) {
    function->state = FUNCTION_FAILED;
    function->state_reason = FUNCTION_REASON_INVALID_ZIP;
    function->state_reason_code = FUNCTION_REASON_CODE_INVALID_ZIP;
    function->update = FUNCTION_UPDATE_FAILED;
    function->update_reason = FUNCTION_REASON_INVALID_ZIP;
    function->update_reason_code = FUNCTION_REASON_CODE_INVALID_ZIP;
}

/* A failed update leaves the function with what it ran before. */
static struct function *next_latest(const struct settle *settle, const struct function *current) {
    const struct function *runnable = settle->entry->runnable;
    bool goes_back = !settle->is_unpacked && runnable;
    struct function *next = function_copy(goes_back ? runnable : current);
    if (settle->is_unpacked)
        set_active(next);
    else
        set_failed(next);
    if (goes_back) {
        next->state = FUNCTION_ACTIVE;
        next->state_reason = next->state_reason_code = NULL;
    }
    ident_uuid(next->revision_id);
    return next;
}

static struct function *next_version(const struct settle *settle, const struct function *current) {
    struct function *next = function_copy(current);
    if (settle->is_unpacked)
        set_active(next);
    else
        set_failed(next);
    return next;
}

static void swap_in(struct settle *settle) {
    struct lambda *lambda = settle->lambda;
    struct catalogue_entry *entry = settle->entry;
    if (settle->version) {
        struct function *version = take_ptr(settle->version);
        function_unref(entry_replace_version(entry, version));
    }
    if (settle->latest) {
        struct function *latest = take_ptr(settle->latest);
        lambda_set_latest(lambda, entry, latest);
        if (settle->is_unpacked)
            lambda_set_runnable(lambda, entry, function_ref(latest));
    }
    finish(settle);
}

static void report(const struct settle *settle) {
    if (!settle->change.ok)
        log_warn("function.state_not_stored", "function=%s reason=\"%s\" note=\"the next start tries again\"",
                 settle->entry->name, settle->change.err.text);
}

static void latest_written(struct change *change) {
    struct settle *settle = list_item(change, struct settle, change);
    report(settle);
    swap_in(settle);
}

static void write_latest(struct settle *settle) {
    if (!settle->latest) {
        swap_in(settle);
        return;
    }
    settle->change = (struct change){
        .kind = CHANGE_UPDATE, .version = settle->latest, .done = latest_written};
    change_start(settle->lambda, &settle->change);
}

static void version_written(struct change *change) {
    struct settle *settle = list_item(change, struct settle, change);
    report(settle);
    write_latest(settle);
}

static void locked(struct catalogue_lock *lock) {
    struct settle *settle = list_item(lock, struct settle, lock);
    const struct function *latest = current_latest(settle);
    const struct function *version = current_version(settle);
    settle->latest = latest ? next_latest(settle, latest) : NULL;
    settle->version = version ? next_version(settle, version) : NULL;
    if (!settle->version) {
        write_latest(settle);
        return;
    }
    settle->change = (struct change){
        .kind = CHANGE_UPDATE, .version = settle->version, .done = version_written};
    change_start(settle->lambda, &settle->change);
}

static void unpacked(struct code_wait *wait) {
    struct settle *settle = list_item(wait, struct settle, unpacked);
    settle->is_unpacked = wait->ok;
    if (!wait->ok)
        log_error("function.code_not_unpacked", "function=%s digest=%s reason=\"%s\"", settle->entry->name,
                  settle->digest, wait->err.text);
    entry_lock(settle->entry, &settle->lock);
}

void settle_start(struct lambda *lambda, struct catalogue_entry *entry, const struct function *latest,
                  const struct function *version) {
    const struct function *either = latest ? latest : version;
    struct settle *settle = mem_alloc(sizeof *settle);
    settle->lambda = lambda;
    settle->entry = entry_ref(entry);
    memcpy(settle->digest, either->code_digest, sizeof settle->digest);
    settle->latest_epoch = latest ? latest->epoch : 0;
    if (version)
        memcpy(settle->number, version->version, sizeof settle->number);
    settle->unpacked.run = unpacked;
    settle->lock.run = locked;
    code_share(&lambda->codes, settle->digest);
    lambda->api->background++;
    code_unpack(&lambda->codes, settle->digest, &settle->unpacked);
}

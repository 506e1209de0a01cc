/* Steps: unpack code and layers (jobs), take a turn, write the new states (a job on the lane), swap them in.
 *
 * A commit that fails is logged and the states are swapped in all the same: the store still says Pending or
 * InProgress, and the next start does this work again, with the same outcome. */
#include "api/lambda/settle.h"

#include <string.h>

#include "api/change.h"
#include "api/lambda/concurrency.h"
#include "api/lambda/function_code.h"
#include "base/log.h"
#include "base/mem.h"

struct settle {
    struct lambda *lambda;
    struct catalogue_entry *entry;
    const struct function *function;     /* whose code it is */
    uint64_t latest_epoch;               /* 0: not $LATEST */
    char number[FUNCTION_VERSION_BYTES]; /* "": no published version */
    bool is_unpacked;

    struct function_code_wait unpacked;
    struct turn turn;
    struct store_step steps[2];
    struct change change;
    struct function *latest; /* the new values */
    struct function *version;
};

static void finish(struct settle *settle) {
    function_unref(settle->latest);
    function_unref(settle->version);
    function_code_unuse(&settle->lambda->codes, settle->function);
    function_unref(settle->function);
    settle->lambda->api->background--;
    struct catalogue_entry *entry = settle->entry;
    free(settle);
    turns_pass_on(&entry->turns);
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
        concurrency_refresh(lambda, entry);
    }
    if (settle->latest) {
        struct function *latest = take_ptr(settle->latest);
        lambda_set_latest(lambda, entry, latest);
        if (settle->is_unpacked)
            lambda_set_runnable(lambda, entry, function_ref(latest));
    }
    finish(settle);
}

static void written(struct change *change) {
    struct settle *settle = list_item(change, struct settle, change);
    if (!change->ok)
        log_warn("function.state_not_stored", "function=%s reason=\"%s\" note=\"the next start tries again\"",
                 settle->entry->name, change->err.text);
    swap_in(settle);
}

static void run(struct turn *turn) {
    struct settle *settle = list_item(turn, struct settle, turn);
    const struct function *latest = current_latest(settle);
    const struct function *version = current_version(settle);
    size_t count = 0;
    if (latest) {
        settle->latest = next_latest(settle, latest);
        settle->steps[count++] = (struct store_step){.kind = STORE_FUNCTION_REPLACE,
                                                     .function = settle->latest};
    }
    if (version) {
        settle->version = next_version(settle, version);
        settle->steps[count++] = (struct store_step){.kind = STORE_FUNCTION_REPLACE,
                                                     .function = settle->version};
    }
    if (count == 0) {
        swap_in(settle);
        return;
    }
    settle->change = (struct change){.steps = settle->steps, .step_count = count, .done = written};
    change_start(settle->lambda->api, &settle->change);
}

static void unpacked(struct function_code_wait *wait) {
    struct settle *settle = list_item(wait, struct settle, unpacked);
    settle->is_unpacked = !wait->err;
    if (wait->err)
        log_error("function.code_not_unpacked", "function=%s digest=%s reason=\"%s\"", settle->entry->name,
                  settle->function->code_digest, wait->err->text);
    turns_take(&settle->entry->turns, &settle->turn);
}

void settle_start(struct lambda *lambda, struct catalogue_entry *entry, const struct function *latest,
                  const struct function *version) {
    const struct function *either = latest ? latest : version;
    struct settle *settle = mem_alloc(sizeof *settle);
    settle->lambda = lambda;
    settle->entry = entry_ref(entry);
    settle->function = function_ref(either);
    settle->latest_epoch = latest ? latest->epoch : 0;
    if (version)
        memcpy(settle->number, version->version, sizeof settle->number);
    settle->unpacked.run = unpacked;
    settle->turn.run = run;
    function_code_use(&lambda->codes, settle->function);
    lambda->api->background++;
    function_code_unpack(&lambda->codes, settle->function, &settle->unpacked);
}

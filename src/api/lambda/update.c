/* turn ─▶ check, apply, commit (a job on the lane) ─▶ swap in, answer, settle ─▶ next turn */
#include "api/lambda/update.h"

#include <string.h>

#include "api/lambda/configuration_json.h"
#include "api/lambda/function_code.h"
#include "api/lambda/settle.h"
#include "api/lambda/target.h"
#include "api/lambda/versions.h"
#include "base/log.h"
#include "base/mem.h"

static void finish(struct update *update) {
    struct catalogue_entry *entry = entry_ref(update->entry);
    if (update->next)
        function_layers_unuse(&update->lambda->codes, update->next);
    function_unref(update->next);
    function_unref(update->published);
    update->finished(update);
    turns_pass_on(&entry->turns);
    entry_unref(entry);
}

static void fail(struct update *update, const struct err *err) {
    call_fail(update->call, err);
    finish(update);
}

static void answer(const struct update *update, const struct function *shown) {
    char arn[FUNCTION_ARN_BYTES];
    bool is_latest = strcmp(shown->version, FUNCTION_LATEST) == 0;
    function_arn_format(update->call->api->options.region, shown->account, shown->name,
                        is_latest ? NULL : shown->version, arn);
    OWN(buf) struct buf body;
    buf_init(&body, CONFIGURATION_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    configuration_write(&writer, shown, arn, CONFIGURATION_WHOLE);
    call_answer(update->call, &body);
}

static void stored(struct change *change) {
    struct update *update = list_item(change, struct update, change);
    struct lambda *lambda = lambda_of(update->call);
    struct catalogue_entry *entry = update->entry;
    if (!change->ok) {
        fail(update, &change->err);
        return;
    }
    lambda_set_latest(lambda, entry, function_ref(update->next));
    if (update->published)
        version_add(lambda, entry, function_ref(update->published));
    log_info("function.updated", "name=%s digest=%s", entry->name, update->next->code_digest);
    const struct function *shown = update->next;
    if (update->publishes)
        shown = update->published ? update->published : version_find_same(entry, update->next);
    answer(update, shown);
    settle_start(lambda, entry, update->next, update->published);
    finish(update);
}

bool update_check(const struct update *update, struct err *err) {
    const struct catalogue_entry *entry = update->entry;
    if (entry->is_deleted)
        return target_gone(update->call, entry, err);
    return target_check_changeable(entry, err) &&
           target_check_revision(entry->latest->revision_id, update->revision_id, TARGET_REVISION_READER,
                                 err);
}

static void begin_progress(struct update *update) {
    struct lambda *lambda = lambda_of(update->call);
    struct function *next = update->next;
    next->update = FUNCTION_UPDATE_IN_PROGRESS;
    next->update_reason = FUNCTION_REASON_CREATING;
    next->update_reason_code = FUNCTION_REASON_CODE_CREATING;
    next->last_modified_us = lambda_now_us(lambda);
    ident_uuid(next->revision_id);
    next->epoch = catalogue_next_epoch(&lambda->catalogue);
    if (update->publishes && !version_find_same(update->entry, next))
        update->published = version_new(lambda, update->entry, next);
}

static void run(struct turn *turn) {
    struct update *update = list_item(turn, struct update, turn);
    struct lambda *lambda = lambda_of(update->call);
    struct err err;
    if (!update_check(update, &err)) {
        fail(update, &err);
        return;
    }
    struct function *next = function_copy(update->entry->latest);
    if (!update->apply(update, next, &err)) {
        function_unref(next);
        fail(update, &err);
        return;
    }
    update->next = next;
    function_layers_use(&update->lambda->codes, next);
    if (update->is_dry) {
        answer(update, update->next);
        finish(update);
        return;
    }
    begin_progress(update);
    if (!version_check_storage(lambda, update->entry, update->next, update->published, &err)) {
        fail(update, &err);
        return;
    }
    update->steps[0] = (struct store_step){.kind = STORE_FUNCTION_REPLACE, .function = update->next};
    update->steps[1] = (struct store_step){.kind = STORE_FUNCTION_PUBLISH, .function = update->published};
    update->change = (struct change){
        .steps = update->steps, .step_count = update->published ? 2 : 1, .done = stored};
    change_start(lambda->api, &update->change);
}

void update_start(struct update *update) {
    update->lambda = lambda_of(update->call);
    update->turn.run = run;
    turns_take(&update->entry->turns, &update->turn);
}

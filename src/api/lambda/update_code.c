/* UpdateFunctionCode. The package is taken in first, so that a function is locked only for the change itself;
 * its state and revision are checked before that work and again when it is this update's turn. */
#include <stdlib.h>

#include "api/lambda/body.h"
#include "api/lambda/function_input.h"
#include "api/lambda/handlers.h"
#include "api/lambda/intake.h"
#include "api/lambda/target.h"
#include "api/lambda/update.h"
#include "base/mem.h"
#include "model/function_constraints.h"
#include "sys/work.h"

struct code_update {
    struct api_call *call;
    struct function_ref ref;
    struct body body;
    bool is_parsed;
    struct err err;
    char *revision_id;
    struct intake intake;
    struct update update;
};

static void free_state(struct code_update *state) {
    intake_finish(&state->intake);
    body_done(&state->body);
    if (state->update.entry)
        entry_unref(state->update.entry);
    free(state->revision_id);
    free(state);
}

static void finished(struct update *update) {
    free_state(list_item(update, struct code_update, update));
}

static void fail(struct code_update *state, const struct err *err) {
    call_fail(state->call, err);
    free_state(state);
}

static bool apply(struct update *update, struct function *next, struct err *err) {
    struct code_update *state = list_item(update, struct code_update, update);
    intake_describe(&state->intake, next);
    return function_input_read_architecture(state->body.root, lambda_of(update->call)->machine, next, err);
}

static void taken_in(struct intake *intake) {
    struct code_update *state = list_item(intake, struct code_update, intake);
    if (intake->ok)
        update_start(&state->update);
    else
        fail(state, &intake->err);
}

static bool prepare(struct code_update *state, struct err *err) {
    struct json_value root = state->body.root;
    struct catalogue_entry *entry = target_find(state->call, &state->ref);
    if (!entry)
        return target_not_found(state->call, state->ref.name, state->ref.qualifier, err);
    state->revision_id = body_text(root, "RevisionId");
    state->update = (struct update){
        .call = state->call,
        .entry = entry_ref(entry),
        .revision_id = state->revision_id,
        .publishes = body_is_true(root, "Publish"),
        .is_dry = body_is_true(root, "DryRun"),
        .apply = apply,
        .finished = finished,
    };
    if (json_is_present(body_member(root, "PublishTo")))
        return err_set(err, ERR_PARAMETER,
                       "Lamb does not support this use of PublishTo yet. Leave it out of the request.");
    return update_check(&state->update, err);
}

static void parsed(void *job) {
    struct code_update *state = job;
    struct err err;
    if (!state->is_parsed) {
        fail(state, &state->err);
        return;
    }
    if (!prepare(state, &err)) {
        fail(state, &err);
        return;
    }
    state->intake = (struct intake){
        .lambda = lambda_of(state->call),
        .code = state->body.root,
        .verb = "updating",
        .is_dry = state->update.is_dry,
        .done = taken_in,
    };
    intake_start(&state->intake);
}

static void parse(void *job) {
    struct code_update *state = job;
    state->is_parsed = body_parse(&state->body, update_function_code_members, &state->err);
}

void lambda_update_function_code(struct api_call *call) {
    struct code_update *state = mem_alloc(sizeof *state);
    struct err err;
    state->call = call;
    if (!target_parse(call, FUNCTION_REF_WRITE, TARGET_UNQUALIFIED_ONLY, &state->ref, &err)) {
        fail(state, &err);
        return;
    }
    body_take(&state->body, call);
    if (body_is_large(&state->body)) {
        work_run(call->api->loop, parse, parsed, state);
        return;
    }
    parse(state);
    parsed(state);
}

/* UpdateFunctionCode. The package is taken in first, so that a function is locked only for the change itself;
 * its state and revision are checked before that work and again when it is this update's turn. */
#include <stdlib.h>

#include "api/lambda/body.h"
#include "api/lambda/function_input.h"
#include "api/lambda/handlers.h"
#include "api/lambda/intake.h"
#include "api/lambda/settings_table.h"
#include "api/lambda/target.h"
#include "api/lambda/update.h"
#include "base/mem.h"

struct code_update {
    struct api_call *call;
    char *revision_id;
    struct intake intake;
    struct update update;
};

static void free_state(struct code_update *state) {
    intake_finish(&state->intake);
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
    function_input_read_architecture(update->call->input.root, lambda_of(update->call)->machine, next);
    return intake_describe(&state->intake, next, err);
}

static void taken_in(struct intake *intake) {
    struct code_update *state = list_item(intake, struct code_update, intake);
    if (intake->ok)
        update_start(&state->update);
    else
        fail(state, &intake->err);
}

static bool prepare(struct code_update *state, struct err *err) {
    struct json_value root = state->call->input.root;
    struct catalogue_entry *entry;
    if (!target_function(state->call, FUNCTION_REF_WRITE, &entry, err))
        return false;
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
    return settings_check(root, err) && update_check(&state->update, err);
}

void lambda_update_function_code(struct api_call *call) {
    struct code_update *state = mem_alloc(sizeof *state);
    struct err err;
    state->call = call;
    if (!prepare(state, &err)) {
        fail(state, &err);
        return;
    }
    state->intake = (struct intake){
        .lambda = lambda_of(call),
        .code = call->input.root,
        .verb = "updating",
        .is_dry = state->update.is_dry,
        .done = taken_in,
    };
    intake_start(&state->intake);
}

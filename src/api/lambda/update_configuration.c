/* UpdateFunctionConfiguration: members that were sent replace those of $LATEST; others stay. */
#include <stdlib.h>

#include "api/access.h"
#include "api/lambda/body.h"
#include "api/lambda/execution_role.h"
#include "api/lambda/function_input.h"
#include "api/lambda/handlers.h"
#include "api/lambda/layers.h"
#include "api/lambda/target.h"
#include "api/lambda/update.h"
#include "base/mem.h"

struct configuration_update {
    char *revision_id;
    struct update update;
};

static void free_state(struct configuration_update *state) {
    if (state->update.entry)
        entry_unref(state->update.entry);
    free(state->revision_id);
    free(state);
}

static void finished(struct update *update) {
    free_state(list_item(update, struct configuration_update, update));
}

static bool apply(struct update *update, struct function *next, struct err *err) {
    const struct lambda *lambda = lambda_of(update->call);
    const struct function_input_rules rules = {.runtimes = lambda->api->options.runtimes,
                                               .machine = lambda->machine,
                                               .read_layers = layers_read,
                                               .call = update->call};
    const struct api_call *call = update->call;
    bool has_role = json_is_present(input_member(&call->input, "Role"));
    bool has_dead_letters = json_is_present(input_member(&call->input, "DeadLetterConfig"));
    return function_input_read(call->input.root, &rules, next, err) &&
           (!has_role || access_check_lambda_role(call->api, call->caller, next->role, err)) &&
           (!has_dead_letters || execution_role_check_dead_letters(call->api, next, err));
}

static bool prepare(struct configuration_update *state, struct api_call *call, struct err *err) {
    struct catalogue_entry *entry;
    if (!target_function(call, FUNCTION_REF_WRITE, &entry, err))
        return false;
    state->revision_id = body_text(call->input.root, "RevisionId");
    state->update = (struct update){
        .call = call,
        .entry = entry_ref(entry),
        .revision_id = state->revision_id,
        .apply = apply,
        .finished = finished,
    };
    return true;
}

void lambda_update_function_configuration(struct api_call *call) {
    struct configuration_update *state = mem_alloc(sizeof *state);
    struct err err;
    if (prepare(state, call, &err)) {
        update_start(&state->update);
        return;
    }
    call_fail(call, &err);
    free_state(state);
}

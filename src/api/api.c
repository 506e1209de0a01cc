/* Start and end of the API front. What happens in between begins in dispatch.c. */
#include "api/api.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/context.h"
#include "api/dispatch.h"
#include "api/lambda/lambda.h"
#include "api/lambda/operations.h"
#include "api/lambda/restore.h"
#include "base/mem.h"

bool api_new(struct loop *loop, const struct clock *clock, const struct api_options *options, struct db *db,
             struct work_lane *lane, struct invoke *invoke, struct api **ret_api, struct err *err) {
    struct api *api = mem_alloc(sizeof *api);
    *api = (struct api){
        .loop = loop, .clock = clock, .options = *options, .db = db, .lane = lane, .invoke = invoke};
    if (!auth_init(&api->auth, db, options->region, options->account, options->requires_signature, err)) {
        free(api);
        return false;
    }
    api->lambda_operations = operation_tree_new(lambda_operations, lambda_operation_count);
    api->own_operations = dispatch_own_operations();
    api->lambda = lambda_new(api);
    if (!restore_run(api->lambda, err)) {
        api_free(api);
        return false;
    }
    *ret_api = api;
    return true;
}

const struct http_handler *api_http_handler(void) {
    return &dispatch_handler;
}

bool api_root_key(const struct api *api, struct access_key *ret_key) {
    *ret_key = *api->auth.root;
    return true;
}

size_t api_pending(const struct api *api) {
    return api->live_calls + api->background;
}

void api_free(struct api *api) {
    if (!api)
        return;
    lambda_free(api->lambda);
    operation_tree_free(api->lambda_operations);
    operation_tree_free(api->own_operations);
    while (api->free_calls) {
        struct api_call *call = api->free_calls;
        api->free_calls = call->next_free;
        free(call);
    }
    auth_done(&api->auth);
    free(api);
}

/* Start and end of the API front. What happens in between begins in dispatch.c. */
#include "api/api.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/context.h"
#include "api/gateway/gateway.h"
#include "api/inside.h"
#include "api/dispatch.h"
#include "api/lambda/async_upper.h"
#include "api/lambda/lambda.h"
#include "api/lambda/operations.h"
#include "api/lambda/restore.h"
#include "api/service.h"
#include "api/sqs/sqs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "queue/async.h"

/* What requests are checked against. */
static bool load(struct api *api, struct err *err) {
    const struct auth_setup setup = {.options = &api->options,
                                     .identities = &api->identities,
                                     .clock = api->clock,
                                     .records = &api->records,
                                     .db = api->db};
    return (records_load(&api->records, api->db, err) &&
            identities_init(&api->identities, &api->records, err) && auth_init(&api->auth, &setup, err)) ||
           err_wrap(err, "read the database");
}

bool api_new(struct loop *loop, const struct clock *clock, const struct api_options *options, struct db *db,
             struct work_lane *lane, struct invoke *invoke, struct queues *queues, struct api **ret_api,
             struct err *err) {
    struct api *api = mem_alloc(sizeof *api);
    *api = (struct api){.loop = loop,
                        .clock = clock,
                        .options = *options,
                        .db = db,
                        .lane = lane,
                        .invoke = invoke,
                        .queues = queues};
    if (!load(api, err)) {
        identities_done(&api->identities);
        records_done(&api->records);
        free(api);
        return false;
    }
    api->started_us = clock_wall_us(clock);
    request_totals_init(&api->requests);
    web_urls_init(&api->urls);
    web_urls_load(&api->urls, &api->records);
    api->gateway_operations = operation_tree_new(gateway_service.operations,
                                                 *gateway_service.operation_count);
    api->lambda_operations = operation_tree_new(lambda_operations, lambda_operation_count);
    api->own_operations = dispatch_own_operations();
    api->gateway = gateway_new(api);
    api->lambda = lambda_new(api);
    if (!restore_run(api->lambda, err) || !sqs_new(api, queues, &api->sqs, err)) {
        api_free(api);
        return false;
    }
    api->front = (struct api_front){.api = api};
    api->inner_front = (struct api_front){.api = api, .is_in_sandbox = true};
    api->inner_budget = (struct http_budget){.limit_bytes = LIMIT_INNER_BODIES_BYTES};
    const struct invoke_upper upper = inside_upper(api);
    invoke_set_upper(invoke, &upper);
    *ret_api = api;
    return true;
}

void api_use_async(struct api *api, struct async *async) {
    api->async = async;
    if (!async)
        return;
    const struct async_upper upper = async_upper(api);
    async_start(async, &upper);
}

const struct http_handler *api_http_handler(void) {
    return &dispatch_handler;
}

void *api_http_arg(struct api *api) {
    return &api->front;
}

void api_set_listeners(struct api *api, const struct http_listener *const *listeners) {
    api->listeners = listeners;
}

bool api_root_key(const struct api *api, const char *account, struct access_key *ret_key) {
    const struct access_key *key = auth_root_key(&api->auth, account);
    if (key)
        *ret_key = *key;
    return key != NULL;
}

size_t api_pending(const struct api *api) {
    return api->live_calls + api->background;
}

void api_drain(struct api *api) {
    sqs_drain(api->sqs);
}

void api_free(struct api *api) {
    if (!api)
        return;
    sqs_free(api->sqs);
    lambda_free(api->lambda);
    gateway_free(api->gateway);
    operation_tree_free(api->gateway_operations);
    operation_tree_free(api->lambda_operations);
    operation_tree_free(api->own_operations);
    while (api->free_calls) {
        struct api_call *call = api->free_calls;
        api->free_calls = call->next_free;
        free(call);
    }
    request_totals_done(&api->requests);
    web_urls_done(&api->urls);
    auth_done(&api->auth);
    identities_done(&api->identities);
    records_done(&api->records);
    free(api);
}

/* See invoke_event.h. */
#include "api/lambda/invoke_event.h"

#include <string.h>

#include "api/headers.h"
#include "api/lambda/authorize.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/payload.h"
#include "api/lambda/target.h"
#include "api/lambda/trace.h"
#include "base/mem.h"
#include "queue/async.h"

_Static_assert(TRACE_ID_BYTES <= API_CALL_SPACE_BYTES, "a call that waits for the disk keeps it");

static char *trace_id_of(struct api_call *call) {
    return (char *)call->space;
}

/* Too much waits for the disk: the client may try again, as with any throttle. */
static void fail(struct api_call *call, const struct err *err) {
    if (err->code == ERR_LIMIT)
        call_throttle(call, "CallerRateLimitExceeded", 1);
    else
        call_fail(call, err);
}

static void written(void *arg, const struct err *err) {
    struct api_call *call = arg;
    if (err) {
        fail(call, err);
        return;
    }
    struct headers headers;
    headers.len = 0;
    headers_put(&headers, "x-amzn-RequestId", call->request_id);
    headers_put(&headers, "x-amzn-Remapped-Content-Length", "0");
    headers_put(&headers, "X-Amzn-Trace-Id", trace_id_of(call));
    call_answer_with(call, 202, headers.text, NULL, 0);
}

static bool check_size(struct api_call *call) {
    uint32_t limit = call->api->options.event_bytes;
    if (call->request->body.len <= limit)
        return true;
    OWN_MEM char *text = mem_format("Request must be smaller than %u bytes for the InvokeFunction operation",
                                    limit);
    call_refuse(call, API_REQUEST_ENTITY_TOO_LARGE, text);
    return false;
}

static char *take_payload(struct api_call *call, size_t *ret_len) {
    if (call->request->body.len > 0)
        return call_take_body(call, ret_len);
    *ret_len = strlen("{}");
    return mem_text("{}");
}

void invoke_event_accept(struct api_call *call, const struct catalogue_entry *entry, const char *qualifier) {
    char *trace_id = trace_id_of(call);
    struct err err;
    if (!check_size(call))
        return;
    trace_set(call, entry, trace_id);
    if (trace_is_stopped(call->api, entry, trace_id)) {
        trace_refuse(call);
        return;
    }
    struct event event = {.qualifier = mem_text(qualifier),
                          .trace_id = mem_text(trace_id),
                          .history.accepted_us = clock_wall_us(call->api->clock)};
    memcpy(event.request_id, call->request_id, sizeof event.request_id);
    event.payload = take_payload(call, &event.payload_len);
    if (!async_accept(call->api->async, entry->account, entry->name, &event, written, call, &err))
        fail(call, &err);
}

static bool check(const struct api_call *call, const struct catalogue_entry **ret_entry, struct err *err) {
    struct function_ref ref;
    return target_parse_raw(call, &ref, err) && ((*ret_entry = target_find(call, &ref)), true) &&
           lambda_authorize_function(call, "lambda:InvokeAsync", &ref, *ret_entry, err) &&
           (*ret_entry || target_not_found(call, &ref, err)) && payload_check(call->request->body, err);
}

void lambda_invoke_async(struct api_call *call) {
    const struct catalogue_entry *entry;
    struct err err;
    if (check(call, &entry, &err))
        invoke_event_accept(call, entry, "");
    else
        payload_refuse(call, &err);
}

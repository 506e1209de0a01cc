/* See url.h. Order: the URL, upgrades, preflights, permission, state of the function, size of the event. */
#include "api/web/url.h"

#include <string.h>

#include "api/lambda/lambda.h"
#include "api/lambda/routing.h"
#include "api/web/arrival.h"
#include "api/web/fronts.h"
#include "api/web/url_access.h"
#include "api/web/url_call.h"

_Static_assert(sizeof(struct url_call) <= API_CALL_SPACE_BYTES, "the state of a call lies in it");

/* For logs. */
static const struct api_operation operation = {.name = "InvokeFunctionUrl", .status = 200};

static void begin(struct api_call *call, const struct web_host *host) {
    struct web_url *url = web_urls_find(&call->api->urls, host->id);
    call->service = &web_url_front;
    call->match.operation = &operation;
    url_call_of(call)->url = url ? web_url_ref(url) : NULL;
}

static bool wants_web_socket(const struct http_request *request) {
    const struct http_text *upgrade = http_header_get(request, "upgrade");
    return upgrade && http_text_is_nocase(*upgrade, "websocket");
}

/* ---- the event ---- */

static bool write_event(struct api_call *call, const struct web_host *host, const struct web_iam *iam) {
    struct url_call *state = url_call_of(call);
    struct web_arrival arrival;
    struct web_request request;
    struct json_writer writer;
    web_arrival_read(call, host, state->trace_id, &arrival, &request);
    request.account_id = iam ? state->url->account : "anonymous";
    request.api_id = state->url->id;
    request.route_key = "$default";
    request.stage = "$default";
    request.iam = iam;
    request.has_cookie_header = true;
    buf_init(&state->event, WEB_EVENT_BYTES);
    json_writer_init(&writer, &state->event);
    web_event_write(&writer, &request);
    return buf_ok(&state->event);
}

static void refuse_size(struct api_call *call) {
    static const char text[] = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
    url_refuse(call, API_REQUEST_ENTITY_TOO_LARGE, text);
}

/* ---- the invocation ---- */

/* The function runs to its end; what it answers goes nowhere. */
static void gone(struct api_call *call) {
    invocation_abandon(url_call_of(call)->invocation);
    url_call_done(call);
    call_free(call);
}

static void start(struct api_call *call, const struct function *function) {
    struct url_call *state = url_call_of(call);
    const struct web_url *url = state->url;
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(call->api->options.region, url->account, url->function, url->qualifier, arn);
    const struct invoke_request request = {
        .function = function,
        .invoked_arn = arn,
        .qualifier = url->qualifier[0] ? url->qualifier : FUNCTION_LATEST,
        .request_id = call->request_id,
        .trace_id = state->trace_id,
        .payload = state->event.data,
        .payload_len = state->event.len,
        .stream = url->is_streamed ? &url_stream_events : NULL,
    };
    struct invocation *invocation;
    invoke_start(call->api->invoke, &request, url_done, call, &invocation);
    if (!invocation) /* it was over at once, and the call with it */
        return;
    state->invocation = invocation;
    call->gone = gone;
}

/* NULL: the call is over. */
static const struct function *find_function(struct api_call *call, const struct catalogue_entry *entry) {
    const struct web_url *url = url_call_of(call)->url;
    const struct function *shown = routing_pick(entry, url->qualifier[0] ? url->qualifier : FUNCTION_LATEST);
    const struct function *function = shown ? routing_runnable(entry, shown) : NULL;
    struct err err;
    if (function)
        return function;
    enum function_state state = shown && shown->state != FUNCTION_ACTIVE ? shown->state : FUNCTION_PENDING;
    err_set(&err, ERR_CONFLICT,
            "The operation cannot be performed at this time. The function is currently in the following "
            "state: %s",
            function_state_name(state));
    url_fail(call, &err);
    return NULL;
}

static void invoke(struct api_call *call, const struct web_host *host, const struct catalogue_entry *entry) {
    struct url_call *state = url_call_of(call);
    struct url_caller caller;
    const struct web_iam *iam;
    struct auth_refusal refusal;
    if (!url_access_check(call, state->url, entry, &caller, &iam, &refusal)) {
        url_refuse(call, refusal.exception, refusal.err.text);
        return;
    }
    trace_set(call, entry, state->trace_id);
    if (trace_is_stopped(call->api, entry, state->trace_id)) {
        url_refuse(call, API_RECURSIVE_INVOCATION, TRACE_REFUSAL);
        return;
    }
    const struct function *function = find_function(call, entry);
    if (!function)
        return;
    if (write_event(call, host, iam))
        start(call, function);
    else
        refuse_size(call);
}

void url_handle(struct api_call *call, const struct web_host *host) {
    begin(call, host);
    const struct web_url *url = url_call_of(call)->url;
    const struct catalogue_entry *entry = url ? catalogue_find(&call->api->lambda->catalogue, url->account,
                                                               url->function)
                                              : NULL;
    if (!entry || !entry->latest)
        url_refuse(call, API_ACCESS_DENIED, "");
    else if (wants_web_socket(call->request))
        url_refuse(call, API_UNSUPPORTED_OPERATION, "Function URLs have no WebSockets.");
    else if (url->cors && http_text_is(call->request->method, "OPTIONS"))
        url_answer(call, 200, "Content-Type: application/json\r\n", NULL, 0);
    else
        invoke(call, host, entry);
}

void url_refuse_size(struct api_call *call, const struct web_host *host) {
    begin(call, host);
    refuse_size(call);
}

/* See function_call.h. */
#include "api/gateway/function_call.h"

#include <string.h>

#include "api/lambda/lambda.h"
#include "api/lambda/routing.h"
#include "base/log.h"

/* Source: API Gateway Developer Guide, "Working with AWS Lambda proxy integrations for HTTP APIs". */
static bool is_permitted(const struct catalogue_entry *entry, const char *qualifier, const char *arn,
                         const struct function_call_request *request) {
    static const struct policy_principal gateway = {
        .type = POLICY_PRINCIPAL_SERVICE, .account = "", .service = "apigateway.amazonaws.com"};
    const struct policy_fact facts[] = {
        {"aws:SourceArn", request->source_arn},
        {"aws:SourceAccount", request->account},
        {"aws:PrincipalIsAWSService", "true"},
        {"aws:PrincipalServiceName", gateway.service},
    };
    uint64_t steps_left = 500000;
    const struct policy_request question = {
        .action = "lambda:InvokeFunction",
        .resource = arn,
        .principal = &gateway,
        .facts = facts,
        .fact_count = sizeof facts / sizeof facts[0],
        .steps_left = &steps_left,
    };
    const struct policy *policy = policies_find(entry->policies, qualifier);
    return policy && policy_evaluate(policy, &question) == POLICY_ALLOW;
}

static const struct catalogue_entry *find(const struct api_call *call, const struct function_ref *ref) {
    bool is_here = ref && strcmp(ref->region, call->api->options.region) == 0;
    const struct catalogue_entry *entry = is_here ? catalogue_find(&call->api->lambda->catalogue,
                                                                   ref->account, ref->name)
                                                  : NULL;
    return entry && entry->latest ? entry : NULL;
}

void function_call_trace(const struct api_call *call, const struct function_ref *function,
                         char ret_trace_id[TRACE_ID_BYTES]) {
    const struct catalogue_entry *entry = find(call, function);
    ret_trace_id[0] = '\0';
    if (entry)
        trace_set(call, entry, ret_trace_id);
}

static bool refuse(const struct function_call_request *request, const char *reason) {
    log_warn("http_api.not_called", "request=%s for=%s function=%s reason=\"%s\"", request->request_id,
             request->source_arn, request->function ? request->function->name : "-", reason);
    return false;
}

/* What runs, and the ARN that it is called by. */
static bool choose(const struct api_call *call, const struct function_call_request *request,
                   const struct function **ret_function, char ret_arn[FUNCTION_ARN_BYTES]) {
    const struct catalogue_entry *entry = find(call, request->function);
    if (!entry)
        return refuse(request, request->function ? "there is no such function" : "its URI names no function");
    const struct function_ref *ref = request->function;
    bool is_open = !call->api->options.requires_signature && !call->is_from_sandbox;
    bool is_latest = strcmp(ref->qualifier, FUNCTION_LATEST) == 0;
    const char *qualifier = is_latest ? "" : ref->qualifier;
    function_arn_format(call->api->options.region, ref->account, ref->name, qualifier, ret_arn);
    if (!is_open && !is_permitted(entry, qualifier, ret_arn, request))
        return refuse(request, "its resource policy does not let apigateway.amazonaws.com call it for this; "
                               "see AddPermission");
    if (trace_is_stopped(call->api, entry, request->trace_id))
        return refuse(request, TRACE_REFUSAL);
    const struct function *shown = routing_pick(entry, qualifier[0] ? qualifier : FUNCTION_LATEST);
    *ret_function = shown ? routing_runnable(entry, shown) : NULL;
    return *ret_function || refuse(request, shown ? "it is not active" : "it has no such version or alias");
}

static void finish(struct function_call *state, enum function_call_outcome outcome, const void *answer,
                   size_t len) {
    loop_timer_free(state->timer);
    state->timer = NULL;
    state->invocation = NULL;
    state->done(state->arg, outcome, answer, len);
}

static void timed_out(void *arg) {
    struct function_call *state = arg;
    invocation_abandon(state->invocation);
    finish(state, FUNCTION_CALL_TIMED_OUT, NULL, 0);
}

static void done(void *arg, const struct invoke_result *result) {
    struct function_call *state = arg;
    enum function_call_outcome outcome = FUNCTION_CALL_FAILED;
    switch (result->outcome) {
    case INVOKE_DONE: outcome = FUNCTION_CALL_DONE; break;
    case INVOKE_FUNCTION_ERROR: break;
    case INVOKE_THROTTLED: outcome = FUNCTION_CALL_THROTTLED; break;
    case INVOKE_FAILED: log_warn("http_api.failed", "text=\"%s\"", result->failure->text); break;
    }
    finish(state, outcome, result->payload, result->payload_len);
}

void function_call_start(struct function_call *state, struct api_call *call,
                         const struct function_call_request *request,
                         void (*done_up)(void *arg, enum function_call_outcome outcome, const void *answer,
                                         size_t len),
                         void *arg) {
    char arn[FUNCTION_ARN_BYTES];
    const struct function *function;
    *state = (struct function_call){.done = done_up, .arg = arg};
    if (!choose(call, request, &function, arn)) {
        finish(state, FUNCTION_CALL_FAILED, NULL, 0);
        return;
    }
    const struct function_ref *ref = request->function;
    const struct invoke_request invocation_request = {
        .function = function,
        .invoked_arn = arn,
        .qualifier = ref->qualifier,
        .request_id = request->request_id,
        .trace_id = request->trace_id,
        .payload = request->event->data,
        .payload_len = request->event->len,
    };
    struct invocation *invocation;
    state->timer = loop_timer_new(call->api->loop, timed_out, state);
    loop_timer_start(state->timer, request->timeout_ms);
    invoke_start(call->api->invoke, &invocation_request, done, state, &invocation);
    if (invocation) /* else it is over, and the state perhaps gone */
        state->invocation = invocation;
}

void function_call_drop(struct function_call *state) {
    if (state->invocation)
        invocation_abandon(state->invocation);
    loop_timer_free(state->timer);
    *state = (struct function_call){0};
}

/* Invoke: from the request to invoke/, and from its result to the answer. The warm path allocates nothing. */
#include "api/headers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/invoke_event.h"
#include "api/lambda/invoke_request.h"
#include "api/lambda/payload.h"
#include "model/lambda/members.h"

/* Places in invoke_members. */
enum { INVOCATION_TYPE = 1, LOG_TYPE = 2, EXECUTION_NAME = 4, TENANT_ID = 7 };

static const struct invoke_request_headers request_headers = {
    .type = &invoke_members[INVOCATION_TYPE],
    .log_type = &invoke_members[LOG_TYPE],
    .execution_name = &invoke_members[EXECUTION_NAME],
    .tenant_id = &invoke_members[TENANT_ID],
};

static void answer(struct api_call *call, const struct invoke_result *result, bool has_failed) {
    const struct invoke_state *state = invoke_state_of(call);
    struct headers headers;
    headers.len = 0;
    headers_put(&headers, "Content-Type", "application/json");
    headers_put(&headers, "x-amzn-RequestId", call->request_id);
    headers_put(&headers, "x-amzn-Remapped-Content-Length", "0");
    headers_put(&headers, "X-Amz-Executed-Version", state->version);
    headers_put(&headers, "X-Amzn-Trace-Id", state->trace_id);
    if (has_failed)
        headers_put(&headers, "X-Amz-Function-Error", "Unhandled");
    if (result->log_tail)
        headers_put_base64(&headers, "X-Amz-Log-Result", result->log_tail, result->log_tail_len);
    call_answer_with(call, 200, headers.text, result->payload, result->payload_len);
}

static void done(void *arg, const struct invoke_result *result) {
    struct api_call *call = arg;
    switch (result->outcome) {
    case INVOKE_DONE: answer(call, result, false); break;
    case INVOKE_FUNCTION_ERROR: answer(call, result, true); break;
    case INVOKE_THROTTLED: call_throttle(call, result->reason, result->retry_after_s); break;
    case INVOKE_FAILED: call_fail(call, result->failure); break;
    }
}

void lambda_invoke(struct api_call *call) {
    struct invoke_input input;
    struct err err;
    if (!invoke_request_read(call, &request_headers, &input, &err))
        payload_refuse(call, &err);
    else if (input.is_event)
        invoke_event_accept(call, input.entry, input.is_qualified ? input.ref.qualifier : "");
    else
        invoke_request_run(call, &input, NULL, done);
}

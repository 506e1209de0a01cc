/* See invoke_request.h. */
#include "api/lambda/invoke_request.h"

#include <string.h>

#include "api/headers.h"
#include "api/lambda/authorize.h"
#include "api/lambda/lambda.h"
#include "api/lambda/payload.h"
#include "api/lambda/routing.h"
#include "api/lambda/target.h"
#include "base/digest.h"
#include "base/json.h"
#include "model/constraint.h"

#define HEADER_VALUE_BYTES 300

_Static_assert(sizeof(struct invoke_state) <= API_CALL_SPACE_BYTES,
               "the state of an invocation lies in its call");

/* A header as a string; NULL when it was not sent. One that is longer than any valid value is cut. */
static const char *header_text(const struct http_request *request, const char *name,
                               char space[HEADER_VALUE_BYTES]) {
    const struct http_text *value = http_header_get(request, name);
    if (!value)
        return NULL;
    size_t len = value->len < HEADER_VALUE_BYTES ? value->len : HEADER_VALUE_BYTES - 1;
    memcpy(space, value->data, len);
    space[len] = '\0';
    return space;
}

static bool check_unsupported(const struct http_request *request,
                              const struct invoke_request_headers *headers, struct violations *violations,
                              struct err *err) {
    const struct {
        const char *header;
        const struct constraint *constraint;
        const char *feature;
    } rows[] = {
        {"x-amz-tenant-id", headers->tenant_id, "tenant isolation"},
        {"x-amz-durable-execution-name", headers->execution_name, "durable execution"},
    };
    char space[HEADER_VALUE_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *value = rows[i].constraint ? header_text(request, rows[i].header, space) : NULL;
        if (!value)
            continue;
        constraint_check_text(rows[i].constraint, value, violations);
        if (violations->count == 0)
            return err_set(err, ERR_PARAMETER,
                           "The header %s is only for functions with %s, which Lamb does not support yet.",
                           rows[i].header, rows[i].feature);
    }
    return true;
}

static bool read_headers(const struct http_request *request, const struct invoke_request_headers *headers,
                         struct invoke_input *input, struct err *err) {
    char type_space[HEADER_VALUE_BYTES];
    char log_space[HEADER_VALUE_BYTES];
    struct violations violations = {0};
    const char *type = header_text(request, "x-amz-invocation-type", type_space);
    const char *log = header_text(request, "x-amz-log-type", log_space);
    constraint_check_text(headers->type, type, &violations);
    constraint_check_text(headers->log_type, log, &violations);
    if (!check_unsupported(request, headers, &violations, err) || !violations_finish(&violations, err))
        return false;
    input->is_dry_run = type && strcmp(type, "DryRun") == 0;
    input->is_event = type && strcmp(type, "Event") == 0;
    input->wants_log_tail = log && strcmp(log, "Tail") == 0;
    return true;
}

static bool is_json_object(const char *text, size_t len) {
    size_t first = 0;
    while (first < len && strchr(" \t\r\n", text[first]))
        first++;
    return first < len && text[first] == '{' && json_check(text, len, NULL);
}

/* The context is handed to the function as one header line, where white space between tokens must be no line
 * break; inside of strings JSON has none. */
static bool read_client_context(const struct http_request *request, char *space, const char **ret_context,
                                struct err *err) {
    const struct http_text *sent = http_header_get(request, "x-amz-client-context");
    *ret_context = NULL;
    if (!sent || sent->len == 0)
        return true;
    if (sent->len > LIMIT_CLIENT_CONTEXT_BYTES)
        return err_set(err, ERR_SYNTAX, "Client context must have length less than or equal to %d",
                       LIMIT_CLIENT_CONTEXT_BYTES);
    size_t len;
    if (!digest_base64_decode(sent->data, sent->len, space, &len) || !is_json_object(space, len))
        return err_set(err, ERR_SYNTAX, "Client context must be a valid Base64-encoded JSON object.");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)space[i] < ' ')
            space[i] = ' ';
    space[len] = '\0';
    *ret_context = space;
    return true;
}

static bool choose_version(const struct api_call *call, struct invoke_input *input, struct err *err) {
    input->shown = input->entry ? routing_pick(input->entry, input->ref.qualifier) : NULL;
    return input->shown || target_not_found(call, &input->ref, err);
}

bool invoke_request_read(const struct api_call *call, const struct invoke_request_headers *headers,
                         struct invoke_input *ret_input, struct err *err) {
    struct function_ref *ref = &ret_input->ref;
    if (!target_parse_raw(call, ref, err) || !read_headers(call->request, headers, ret_input, err))
        return false;
    ret_input->entry = target_find(call, ref);
    if (!lambda_authorize_function(call, "lambda:InvokeFunction", ref, ret_input->entry, err))
        return false;
    ret_input->is_qualified = ref->qualifier[0] != '\0';
    if (!ret_input->is_qualified)
        memcpy(ref->qualifier, FUNCTION_LATEST, sizeof FUNCTION_LATEST); /* so that "not found" names it */
    return choose_version(call, ret_input, err) &&
           read_client_context(call->request, ret_input->context_space, &ret_input->client_context, err) &&
           payload_check(call->request->body, err);
}

static void answer_dry_run(struct api_call *call) {
    struct headers headers;
    headers.len = 0;
    headers_put(&headers, "x-amzn-RequestId", call->request_id);
    call_answer_with(call, 204, headers.text, NULL, 0);
}

/* ERR_CONFLICT while there is nothing to run. */
static bool find_runnable(const struct invoke_input *input, const struct function **ret_function,
                          struct err *err) {
    *ret_function = routing_runnable(input->entry, input->shown);
    if (*ret_function)
        return true;
    enum function_state state = input->shown->state == FUNCTION_ACTIVE ? FUNCTION_PENDING
                                                                       : input->shown->state;
    return err_set(err, ERR_CONFLICT,
                   "The operation cannot be performed at this time. The function is currently in the "
                   "following state: %s",
                   function_state_name(state));
}

/* The function runs to its end; its result goes nowhere. */
static void gone(struct api_call *call) {
    invocation_abandon(invoke_state_of(call)->invocation);
    call_free(call);
}

static void start(struct api_call *call, const struct function *function, const struct invoke_input *input,
                  const struct invoke_stream_events *stream,
                  void (*done)(void *arg, const struct invoke_result *result)) {
    struct invoke_state *state = invoke_state_of(call);
    memcpy(state->version, function->version, sizeof state->version);
    trace_set(call, input->entry, state->trace_id);
    if (trace_is_stopped(call->api, input->entry, state->trace_id)) {
        trace_refuse(call);
        return;
    }
    char arn[FUNCTION_ARN_BYTES];
    if (input->is_qualified)
        target_arn(call, &input->ref, arn);
    struct http_text payload = call->request->body;
    const struct invoke_request request = {
        .function = function,
        .invoked_arn = input->is_qualified ? arn : input->entry->arn,
        .qualifier = input->ref.qualifier,
        .request_id = call->request_id,
        .trace_id = state->trace_id,
        .client_context = input->client_context,
        .payload = payload.len ? payload.data : "{}",
        .payload_len = payload.len ? payload.len : 2,
        .wants_log_tail = input->wants_log_tail,
        .stream = stream,
    };
    struct invocation *invocation;
    invoke_start(call->api->invoke, &request, done, call, &invocation);
    if (!invocation) /* it was over at once, and the call with it */
        return;
    state->invocation = invocation;
    call->gone = gone;
}

void invoke_request_run(struct api_call *call, const struct invoke_input *input,
                        const struct invoke_stream_events *stream,
                        void (*done)(void *arg, const struct invoke_result *result)) {
    const struct function *function = NULL;
    struct err err;
    if (input->is_dry_run)
        answer_dry_run(call);
    else if (!find_runnable(input, &function, &err))
        payload_refuse(call, &err);
    else
        start(call, function, input, stream, done);
}

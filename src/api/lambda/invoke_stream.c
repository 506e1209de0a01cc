/* InvokeWithResponseStream: the response as an event stream, while the function makes it. One piece of the
 * response is one PayloadChunk; InvokeComplete is the last event and tells how the call ended. A failure
 * before the first byte of the stream is an answer like any other operation's, but that of a function: its
 * error document is in InvokeComplete, whether it came before, instead of or in the middle of the response.
 *
 * A caller that reads slower than the function writes stops the function: what waits for it here is bounded
 * by STREAM_WAITING_BYTES and what was on the way. */
#include <stdint.h>

#include "api/headers.h"
#include "api/lambda/handlers.h"
#include "api/lambda/invoke_request.h"
#include "api/lambda/payload.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/event_stream.h"
#include "model/lambda/members.h"

#define STREAM_WAITING_BYTES (32u * 1024)

/* What is told of an error document: an escaped byte takes up to six, and log and code need some room. */
#define DETAILS_BYTES (EVENT_STREAM_PAYLOAD_BYTES / 6 - 8 * 1024)

/* Places in invoke_with_response_stream_members. */
enum { LOG_TYPE = 1, TENANT_ID = 5, INVOCATION_TYPE = 6 };

static const struct invoke_request_headers request_headers = {
    .type = &invoke_with_response_stream_members[INVOCATION_TYPE],
    .log_type = &invoke_with_response_stream_members[LOG_TYPE],
    .tenant_id = &invoke_with_response_stream_members[TENANT_ID],
};

#define EVENT_PARTS 3

/* An event around a payload. */
struct event {
    struct event_stream_frame frame;
    struct iovec parts[EVENT_PARTS];
};
_Static_assert(EVENT_PARTS <= HTTP_WRITE_PARTS, "an event is written at once");

static void set_event(struct event *event, const char *name, const char *content_type, const void *payload,
                      size_t len) {
    struct event_stream_frame *frame = &event->frame;
    event_stream_frame(frame, name, content_type, payload, len);
    event->parts[0] = (struct iovec){.iov_base = frame->head, .iov_len = frame->head_len};
    event->parts[1] = (struct iovec){.iov_base = (void *)(uintptr_t)payload, .iov_len = len};
    event->parts[2] = (struct iovec){.iov_base = frame->tail, .iov_len = sizeof frame->tail};
}

/* Returns the bytes that wait for the caller. */
static size_t send_payload(struct api_call *call, const void *data, size_t len) {
    struct event event;
    set_event(&event, "PayloadChunk", "application/octet-stream", data, len);
    return http_write_parts(call->exchange, event.parts, EVENT_PARTS);
}

static void start_stream(struct api_call *call) {
    const struct invoke_state *state = invoke_state_of(call);
    struct headers headers;
    headers.len = 0;
    headers_put(&headers, "Content-Type", EVENT_STREAM_CONTENT_TYPE);
    headers_put(&headers, "x-amzn-RequestId", call->request_id);
    headers_put(&headers, "X-Amz-Executed-Version", state->version);
    headers_put(&headers, "X-Amzn-Trace-Id", state->trace_id);
    call_start(call, 200, headers.text);
}

/* What the function says of its content has no place among the headers: theirs is the event stream's. */
static void begin(void *arg, const char *content_type) {
    (void)content_type;
    start_stream(arg);
}

static void resume(void *arg) {
    struct invoke_state *state = invoke_state_of(arg);
    state->is_paused = false;
    invocation_pause(state->invocation, false);
}

static void piece(void *arg, const void *data, size_t len) {
    struct api_call *call = arg;
    struct invoke_state *state = invoke_state_of(call);
    if (send_payload(call, data, len) <= STREAM_WAITING_BYTES || state->is_paused)
        return;
    state->is_paused = true;
    invocation_pause(state->invocation, true);
    http_on_drained(call->exchange, resume, call);
}

static const struct invoke_stream_events stream_events = {.begin = begin, .piece = piece};

static void put_error(struct json_writer *writer, const struct invoke_result *result) {
    size_t len = result->payload_len < DETAILS_BYTES ? result->payload_len : DETAILS_BYTES;
    json_put_member(writer, "ErrorCode", result->error_type ? result->error_type : "Unhandled");
    json_key(writer, "ErrorDetails");
    json_put_string_bytes(writer, result->payload, len);
}

static void put_log(struct json_writer *writer, const struct invoke_result *result) {
    char log[(LIMIT_LOG_TAIL_BYTES + 2) / 3 * 4 + 1];
    size_t len = digest_base64_encode(result->log_tail, result->log_tail_len, log);
    json_key(writer, "LogResult");
    json_put_string_bytes(writer, log, len);
}

static void complete(struct api_call *call, const struct invoke_result *result) {
    OWN(buf) struct buf text;
    struct json_writer writer;
    struct event event;
    buf_init(&text, EVENT_STREAM_PAYLOAD_BYTES);
    json_writer_init(&writer, &text);
    json_open_object(&writer);
    if (result->outcome != INVOKE_DONE)
        put_error(&writer, result);
    if (result->log_tail)
        put_log(&writer, result);
    json_close_object(&writer);
    set_event(&event, "InvokeComplete", "application/json", text.data, text.len);
    http_end_parts(call->exchange, event.parts, EVENT_PARTS);
    call_free(call);
}

/* Lamb itself could not go on with a response that the caller has begun to read. */
static void complete_broken(struct api_call *call, const struct invoke_result *result) {
    static const char text[] = "Lamb could not finish this call. The log of `lamb serve` tells why.";
    struct invoke_result told = *result;
    log_error("api.stream_failed", "request=%s text=\"%s\"", call->request_id,
              result->failure ? result->failure->text : "");
    told.error_type = "ServiceException";
    told.payload = text;
    told.payload_len = sizeof text - 1;
    complete(call, &told);
}

static void answer_whole(struct api_call *call, const struct invoke_result *result) {
    start_stream(call);
    if (result->outcome == INVOKE_DONE && result->payload_len > 0)
        send_payload(call, result->payload, result->payload_len);
    complete(call, result);
}

static void done(void *arg, const struct invoke_result *result) {
    struct api_call *call = arg;
    bool is_of_function = result->outcome == INVOKE_DONE || result->outcome == INVOKE_FUNCTION_ERROR;
    if (result->is_streamed && is_of_function)
        complete(call, result);
    else if (result->is_streamed)
        complete_broken(call, result);
    else if (is_of_function)
        answer_whole(call, result);
    else if (result->outcome == INVOKE_THROTTLED)
        call_throttle(call, result->reason, result->retry_after_s);
    else
        call_fail(call, result->failure);
}

void lambda_invoke_with_response_stream(struct api_call *call) {
    struct invoke_input input;
    struct err err;
    if (invoke_request_read(call, &request_headers, &input, &err))
        invoke_request_run(call, &input, &stream_events, done);
    else
        payload_refuse(call, &err);
}

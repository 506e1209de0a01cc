/* Answers of function URLs. Whatever the answer is, the headers of CORS are Lamb's where it is configured.
 *
 * A streamed response is passed on as it comes; its head waits for the metadata, where there are some. A
 * client that reads slower than the function writes stops the function: what waits for it here is bounded by
 * STREAM_WAITING_BYTES and what was on the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/web/response.h"
#include "api/web/url_call.h"
#include "base/log.h"
#include "base/mem.h"

#define STREAM_WAITING_BYTES (32u * 1024)

/* Beside those of the function: 100 names in each list of CORS, with 1024 characters. */
#define LINES_BYTES (WEB_RESPONSE_HEAD_BYTES + 160u * 1024)

#define ERROR_BYTES (ERR_TEXT_BYTES * 6 + 256)

#define JSON_TYPE "Content-Type: application/json\r\n"

void url_call_done(struct api_call *call) {
    struct url_call *state = url_call_of(call);
    web_url_unref(state->url);
    buf_done(&state->event);
    if (state->prelude)
        web_prelude_done(state->prelude);
    free(state->prelude);
    *state = (struct url_call){0};
}

static void put_line(struct buf *lines, const char *name, const char *value) {
    buf_append_text(lines, name);
    buf_append_text(lines, ": ");
    buf_append_text(lines, value);
    buf_append_text(lines, "\r\n");
}

/* What every answer has, and `own`. */
static void put_lines(struct api_call *call, const char *own, struct buf *lines) {
    const struct url_call *state = url_call_of(call);
    buf_append_text(lines, own);
    put_line(lines, "x-amzn-RequestId", call->request_id);
    if (state->trace_id[0])
        put_line(lines, "X-Amzn-Trace-Id", state->trace_id);
    if (!call->request->is_http_1_0 && !http_exchange_is_last(call->exchange))
        put_line(lines, "Connection", "keep-alive");
    if (state->url && state->url->cors)
        web_cors_write(state->url->cors, call->request, http_text_is(call->request->method, "OPTIONS"),
                       lines);
}

void url_answer(struct api_call *call, int status, const char *own, const void *body, size_t len) {
    OWN(buf) struct buf lines;
    buf_init(&lines, LINES_BYTES);
    if (call->exchange)
        put_lines(call, own, &lines);
    url_call_done(call);
    call_answer_with(call, status, buf_text(&lines), body, len);
}

static void refuse(struct api_call *call, const struct error_body *error, const char *own) {
    OWN(buf) struct buf body;
    OWN_MEM char *lines = mem_format(JSON_TYPE "x-amzn-ErrorType: %s\r\n%s", error_name(error->exception),
                                     own);
    buf_init(&body, ERROR_BYTES);
    error_write(error, &body);
    url_answer(call, error_status(error->exception), lines, body.data, body.len);
}

void url_refuse(struct api_call *call, enum api_exception exception, const char *text) {
    refuse(call, &(struct error_body){.exception = exception, .text = text}, "");
}

void url_throttle(struct api_call *call, const struct invoke_result *result) {
    char retry[48] = "";
    if (result->retry_after_s > 0)
        snprintf(retry, sizeof retry, "Retry-After: %u\r\n", result->retry_after_s);
    refuse(call,
           &(struct error_body){
               .exception = API_TOO_MANY_REQUESTS, .text = "Rate Exceeded.", .reason = result->reason},
           retry);
}

void url_fail(struct api_call *call, const struct err *err) {
    if (!error_is_internal(err->code)) {
        url_refuse(call, error_exception(err->code), err->text);
        return;
    }
    log_error("url.failed", "request=%s code=%s text=\"%s\"", call->request_id, err_code_name(err->code),
              err->text);
    OWN_MEM char *text = mem_format(
        "Lamb could not do this. The log of `lamb serve` tells why; look for request %s.", call->request_id);
    url_refuse(call, error_exception(err->code), text);
}

/* What a client learns of a function that failed, or whose answer is none. */
static void answer_broken(struct api_call *call) {
    static const char text[] = "Internal Server Error";
    url_answer(call, 502, JSON_TYPE, text, sizeof text - 1);
}

static void log_malformed(const struct api_call *call, const struct err *err) {
    log_warn("url.malformed_response", "request=%s text=\"%s\"", call->request_id, err->text);
}

static struct web_response_rules rules_of(struct api_call *call) {
    return (struct web_response_rules){.format = WEB_FORMAT_2, .omits_cors = url_call_of(call)->url->cors};
}

/* ---- whole responses ---- */

/* What is no JSON: the answer of a function that streams behind a URL that does not. Metadata and a body, or
 * the body alone. */
static bool read_bytes(struct web_response *response, const struct web_response_rules *rules,
                       const struct invoke_result *result, struct err *err) {
    static const char plain[] = "{\"headers\":{\"Content-Type\":\"application/octet-stream\"}}";
    struct web_prelude prelude;
    size_t used;
    web_prelude_init(&prelude);
    bool is_described = web_prelude_feed(&prelude, result->payload, result->payload_len, &used) ==
                        WEB_PRELUDE_DONE;
    bool ok = is_described ? web_response_parse_metadata(response, rules, prelude.metadata.data,
                                                         prelude.metadata.len, err)
                           : web_response_parse_metadata(response, rules, plain, sizeof plain - 1, err);
    web_prelude_done(&prelude);
    size_t start = is_described ? used : 0;
    response->body = (const char *)result->payload + start;
    response->body_len = result->payload_len - start;
    return ok;
}

static void answer_result(struct api_call *call, const struct invoke_result *result) {
    const struct web_response_rules rules = rules_of(call);
    struct web_response response;
    struct err err;
    bool ok = web_response_parse(&response, &rules, result->payload, result->payload_len, &err);
    if (!ok && err.code == ERR_SYNTAX) {
        web_response_done(&response);
        ok = read_bytes(&response, &rules, result, &err);
    }
    if (ok) {
        url_answer(call, response.status, buf_text(&response.headers), response.body, response.body_len);
    } else {
        log_malformed(call, &err);
        answer_broken(call);
    }
    web_response_done(&response);
}

/* ---- streamed responses ---- */

static void start(struct api_call *call, int status, const char *own) {
    OWN(buf) struct buf lines;
    buf_init(&lines, LINES_BYTES);
    put_lines(call, own, &lines);
    call_start(call, status, buf_text(&lines));
    url_call_of(call)->is_started = true;
}

/* The invocation goes on without a client; its end is the call's. */
static void break_off(struct api_call *call) {
    static const char text[] = "Internal Server Error";
    OWN(buf) struct buf lines;
    buf_init(&lines, LINES_BYTES);
    put_lines(call, JSON_TYPE, &lines);
    request_totals_count(&call->api->requests, call->service, false, 502);
    http_respond(call->exchange, 502, buf_text(&lines), text, sizeof text - 1);
    call->exchange = NULL;
    call->request = NULL;
}

static void begin(void *arg, const char *content_type) {
    struct api_call *call = arg;
    struct url_call *state = url_call_of(call);
    if (web_prelude_is_announced(content_type)) {
        state->prelude = mem_alloc(sizeof *state->prelude);
        web_prelude_init(state->prelude);
        return;
    }
    const struct web_response_rules rules = rules_of(call);
    OWN(buf) struct buf lines;
    buf_init(&lines, WEB_RESPONSE_HEAD_BYTES);
    if (web_response_add_header(&lines, &rules, "Content-Type", content_type))
        start(call, 200, buf_text(&lines));
    else
        break_off(call);
}

static void resume(void *arg) {
    struct url_call *state = url_call_of(arg);
    state->is_paused = false;
    invocation_pause(state->invocation, false);
}

static void pass_on(struct api_call *call, const void *data, size_t len) {
    struct url_call *state = url_call_of(call);
    if (len == 0 || http_write(call->exchange, data, len) <= STREAM_WAITING_BYTES || state->is_paused)
        return;
    state->is_paused = true;
    invocation_pause(state->invocation, true);
    http_on_drained(call->exchange, resume, call);
}

/* The metadata are whole. */
static bool start_described(struct api_call *call, const struct buf *metadata) {
    const struct web_response_rules rules = rules_of(call);
    struct web_response response;
    struct err err;
    bool ok = web_response_parse_metadata(&response, &rules, metadata->data, metadata->len, &err);
    if (ok)
        start(call, response.status, buf_text(&response.headers));
    else
        log_malformed(call, &err);
    web_response_done(&response);
    return ok;
}

static void piece(void *arg, const void *data, size_t len) {
    struct api_call *call = arg;
    struct url_call *state = url_call_of(call);
    size_t used = 0;
    if (!call->exchange)
        return;
    if (!state->is_started) {
        enum web_prelude_state found = web_prelude_feed(state->prelude, data, len, &used);
        if (found == WEB_PRELUDE_MORE)
            return;
        if (found == WEB_PRELUDE_BAD || !start_described(call, &state->prelude->metadata)) {
            break_off(call);
            return;
        }
    }
    pass_on(call, (const char *)data + used, len - used);
}

const struct invoke_stream_events url_stream_events = {.begin = begin, .piece = piece};

static void end_stream(struct api_call *call, const struct invoke_result *result) {
    const struct url_call *state = url_call_of(call);
    bool is_started = state->is_started;
    if (call->exchange && !is_started) {
        answer_broken(call);
        return;
    }
    url_call_done(call);
    if (!call->exchange) {
        call_free(call);
    } else if (result->outcome == INVOKE_DONE) {
        call_end(call);
    } else { /* so that nobody takes what is there for all of it */
        http_abort(call->exchange);
        call_free(call);
    }
}

void url_done(void *arg, const struct invoke_result *result) {
    struct api_call *call = arg;
    if (result->is_streamed) {
        end_stream(call, result);
        return;
    }
    switch (result->outcome) {
    case INVOKE_DONE: answer_result(call, result); break;
    case INVOKE_FUNCTION_ERROR: answer_broken(call); break;
    case INVOKE_THROTTLED: url_throttle(call, result); break;
    case INVOKE_FAILED: url_fail(call, result->failure); break;
    }
}

/* See environment_calls.h. */
#include "invoke/environment_calls.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "invoke/environment.h"
#include "invoke/launching.h"
#include "invoke/phases.h"
#include "invoke/report.h"
#include "invoke/stream.h"
#include "invoke/teardown.h"
#include "invoke/trailer_error.h"

/* How long a runtime may take to exit after /init/error, as the Runtime API asks it to. */
#define INIT_ERROR_EXIT_MS 500

/* How often a runtime may ask for the event that it has: each may wait for its reader, and be large. */
#define EVENT_REPEATS 3

/* ---- Runtime API ---- */

static void refuse_transition(const struct environment *environment, enum runtime_event event,
                              struct http_exchange *exchange) {
    char message[160];
    snprintf(message, sizeof message,
             "State transition from %s to %s failed for runtime. Error: State transition is not allowed",
             runtime_state_name(environment->runtime), runtime_event_target(event));
    environment_api_refuse(exchange, 403, "InvalidStateTransition", message);
}

static bool enter_runtime(struct environment *environment, enum runtime_event event,
                          struct http_exchange *exchange) {
    bool is_allowed = runtime_state_after(environment->runtime, event, &environment->runtime);
    if (!is_allowed)
        refuse_transition(environment, event, exchange);
    return is_allowed;
}

static void end_cut_stream(struct environment *environment);

static void call_next(struct environment *environment, struct http_exchange *exchange) {
    end_cut_stream(environment);
    enum runtime_state before = environment->runtime;
    if (!enter_runtime(environment, RUNTIME_ON_NEXT, exchange))
        return;
    if (before == RUNTIME_RUNNING) {
        if (environment->event_repeats++ < EVENT_REPEATS)
            phases_send_event(environment, exchange);
        else
            refuse_transition(environment, RUNTIME_ON_NEXT, exchange);
        return;
    }
    struct http_exchange *replaced = environment->next;
    environment->next = exchange;
    if (replaced)
        environment_api_refuse(replaced, 403, "InvalidStateTransition",
                               "Replaced by a later call of the same runtime");
    if (before != RUNTIME_READY)
        phases_runtime_done(environment);
}

/* ---- the result of an invocation ---- */

enum response_mode { RESPONSE_BUFFERED, RESPONSE_STREAMING, RESPONSE_INVALID };

static enum response_mode response_mode(const struct http_exchange *exchange) {
    const struct http_text *mode = http_header_get(http_exchange_request(exchange),
                                                   "lambda-runtime-function-response-mode");
    if (!mode)
        return RESPONSE_BUFFERED;
    return http_text_is_nocase(*mode, "streaming") ? RESPONSE_STREAMING : RESPONSE_INVALID;
}

static bool is_current(const struct environment *environment, const char *request_id) {
    return environment->runtime == RUNTIME_RUNNING &&
           strcmp(environment->invocation->request_id, request_id) == 0;
}

/* Its programs are about to die: nothing they still do counts. */
static bool is_over(const struct environment *environment) {
    return environment->state == ENVIRONMENT_ENDING;
}

static bool is_streaming(const struct environment *environment) {
    return environment->runtime == RUNTIME_STREAMING && !is_over(environment);
}

/* The response that is being passed on, if it is that; also when all is over. */
static struct stream *stream_of(const struct environment *environment, const struct http_exchange *exchange) {
    const struct invocation *invocation = environment->invocation;
    bool is_its = invocation && invocation->stream && stream_is_of(invocation->stream, exchange);
    return is_its ? invocation->stream : NULL;
}

/* Of no invocation that could take it now. */
static void refuse_result(const struct environment *environment, enum environment_call call,
                          const char *request_id, struct http_exchange *exchange) {
    if (is_streaming(environment) && strcmp(environment->invocation->request_id, request_id) == 0)
        refuse_transition(environment, call == CALL_ERROR ? RUNTIME_ON_ERROR : RUNTIME_ON_RESPONSE, exchange);
    else
        environment_api_refuse(exchange, 400, "InvalidRequestID", "Invalid request ID");
}

/* The caller waits for the response, the runtime only for its receipt: the caller is served first. */
static void answer_body(struct environment *environment, enum invoke_outcome outcome,
                        struct http_exchange *exchange) {
    if (environment->invocation->wants_log_tail) {
        size_t len;
        char *body = http_exchange_take_body(exchange, &len);
        phases_answer(environment, outcome, body, len, NULL);
    } else {
        struct http_text body = http_exchange_request(exchange)->body;
        phases_answer(environment, outcome, (char *)body.data, body.len, NULL);
    }
}

/* With an error document of ours. */
static void answer_finding(struct environment *environment, const char *type, const char *text, size_t len) {
    phases_answer(environment, INVOKE_FUNCTION_ERROR,
                  environment->invocation->wants_log_tail ? mem_copy_text(text, len) : (char *)text, len,
                  type);
}

/* The runtime has told at its end that the response failed. */
static bool answer_trailer_error(struct environment *environment, const struct http_exchange *exchange) {
    struct invocation *invocation = environment->invocation;
    OWN(trailer_error) struct trailer_error error = {0};
    if (!trailer_error_read(exchange, invocation->request_id, &error))
        return false;
    if (invocation->stream)
        stream_set_error(invocation->stream, error.type);
    char *document = invocation->wants_log_tail ? take_ptr(error.document) : error.document;
    phases_answer(environment, INVOKE_FUNCTION_ERROR, document, error.document_len, NULL);
    return true;
}

static void answer_gathered(struct environment *environment, struct http_exchange *exchange) {
    enum response_mode mode = response_mode(exchange);
    if (mode == RESPONSE_INVALID) {
        static const char type[] = "Runtime.InvalidResponseModeHeader";
        char text[REPORT_TEXT_BYTES];
        size_t len = report_error_document(environment->invocation->request_id, type,
                                           "Invalid function response mode", text);
        answer_finding(environment, type, text, len);
        environment_api_refuse(exchange, 400, "InvalidFunctionResponseMode",
                               "Invalid function response mode");
        return;
    }
    if (mode == RESPONSE_BUFFERED || !answer_trailer_error(environment, exchange))
        answer_body(environment, INVOKE_DONE, exchange);
    environment_api_accept(exchange);
}

/* ---- a response that is passed on as it comes ---- */

static void on_stream_lost(void *arg) {
    end_cut_stream(arg);
}

static void begin_stream(struct environment *environment, struct http_exchange *exchange) {
    const struct environment_context *context = environment->context;
    struct invocation *invocation = environment->invocation;
    const struct stream_means means = {
        .loop = context->loop,
        .clock = &context->clock,
        .limits = context->stream_limits,
        .totals = context->totals,
        .lost = on_stream_lost,
        .lost_arg = environment,
    };
    runtime_state_after(environment->runtime, RUNTIME_ON_STREAM, &environment->runtime);
    http_take_pieces(exchange);
    invocation->stream = stream_new(&means, exchange, invocation->done ? invocation->stream_events : NULL,
                                    invocation->arg);
    stream_begin(invocation->stream);
}

static void close_stream(struct environment *environment) {
    runtime_state_after(environment->runtime, RUNTIME_ON_STREAM_END, &environment->runtime);
    stream_close(environment->invocation->stream);
}

static void finish_stream(struct environment *environment, struct http_exchange *exchange) {
    close_stream(environment);
    if (!answer_trailer_error(environment, exchange))
        phases_answer(environment, INVOKE_DONE, NULL, 0, NULL);
    environment_api_accept(exchange);
}

/* By a finding of ours; with what has left already. */
static void fail_stream(struct environment *environment, const char *type, const char *text, size_t len) {
    close_stream(environment);
    stream_set_error(environment->invocation->stream, type);
    answer_finding(environment, type, text, len);
}

/* The runtime lives on without the connection that its response came on. */
static void end_cut_stream(struct environment *environment) {
    static const char type[] = "Runtime.TruncatedResponse";
    if (!is_streaming(environment) || !stream_is_cut(environment->invocation->stream))
        return;
    char text[REPORT_TEXT_BYTES];
    size_t len = report_error_document(environment->invocation->request_id, type,
                                       "The response ended before it was complete", text);
    fail_stream(environment, type, text, len);
}

static void call_result(struct environment *environment, enum environment_call call, const char *request_id,
                        struct http_exchange *exchange) {
    if (stream_of(environment, exchange)) {
        finish_stream(environment, exchange);
        return;
    }
    if (!is_current(environment, request_id)) {
        refuse_result(environment, call, request_id, exchange);
        return;
    }
    bool is_error = call == CALL_ERROR;
    runtime_state_after(environment->runtime, is_error ? RUNTIME_ON_ERROR : RUNTIME_ON_RESPONSE,
                        &environment->runtime);
    if (!is_error) {
        answer_gathered(environment, exchange);
        return;
    }
    answer_body(environment, INVOKE_FUNCTION_ERROR, exchange);
    environment_api_accept(exchange);
}

static void call_init_error(struct environment *environment, struct http_exchange *exchange) {
    struct fault *fault = &environment->fault;
    if (!enter_runtime(environment, RUNTIME_ON_INIT_ERROR, exchange))
        return;
    const struct http_request *request = http_exchange_request(exchange);
    fault->kind = FAULT_POSTED_ERROR;
    buf_append(&fault->document, request->body.data,
               request->body.len < FAULT_DOCUMENT_BYTES ? request->body.len : FAULT_DOCUMENT_BYTES);
    const struct http_text *type = http_header_get(request, "lambda-runtime-function-error-type");
    char name[sizeof fault->posted_type] = "";
    if (type && type->len < sizeof name)
        memcpy(name, type->data, type->len);
    snprintf(fault->posted_type, sizeof fault->posted_type, "%s", report_error_type(name));
    environment_api_accept(exchange);
    loop_timer_start(environment->timer, INIT_ERROR_EXIT_MS);
}

/* ---- extensions ---- */

static void on_extension_changed(void *arg) {
    struct environment *environment = arg;
    launching_check(environment);
    phases_check_fault(environment);
    phases_check(environment);
    teardown_check(environment);
}

static void on_extension_failed(void *arg, const char *name, const char *fatal_type, const char *error_type) {
    struct environment *environment = arg;
    struct fault *fault = &environment->fault;
    (void)name;
    if (fault->kind == FAULT_NONE) {
        fault->kind = FAULT_EXTENSION;
        fault->extension_type = fatal_type;
        snprintf(fault->posted_type, sizeof fault->posted_type, "%s", error_type ? error_type : "");
    }
    phases_fail(environment);
}

const struct extensions_events environment_calls_extensions_events = {.changed = on_extension_changed,
                                                                      .failed = on_extension_failed};

/* ---- telemetry ---- */

static void on_want_socket(void *arg) {
    struct environment *environment = arg;
    control_make_socket(environment->programs.control);
}

static void on_subscribed(void *arg, const struct notice *notice) {
    struct environment *environment = arg;
    journal_notice(&environment->journal, NULL, notice);
}

const struct telemetry_callbacks environment_calls_telemetry_callbacks = {.want_socket = on_want_socket,
                                                                          .subscribed = on_subscribed};

/* Subscribing is for Init: afterwards a closed one stands in for the one that nobody wanted. */
static void call_telemetry(struct environment *environment, enum environment_call call,
                           struct http_exchange *exchange) {
    const char *name;
    if (!extensions_name_of(environment_extensions(environment), exchange, &name))
        return;
    struct telemetry *closed = NULL;
    if (!environment->telemetry) {
        closed = environment_new_telemetry(environment);
        telemetry_close(closed);
    }
    telemetry_subscribe(closed ? closed : environment->telemetry,
                        call == CALL_LOGS ? LOGS_API : TELEMETRY_API, name, exchange);
    telemetry_free(closed);
}

/* ---- all ---- */

static void on_call(void *arg, enum environment_call call, const char *request_id,
                    struct http_exchange *exchange) {
    struct environment *environment = arg;
    if (is_over(environment))
        return;
    switch (call) {
    case CALL_NEXT: call_next(environment, exchange); break;
    case CALL_RESPONSE:
    case CALL_ERROR: call_result(environment, call, request_id, exchange); break;
    case CALL_INIT_ERROR: call_init_error(environment, exchange); break;
    case CALL_EXTENSION_REGISTER:
    case CALL_EXTENSION_NEXT:
    case CALL_EXTENSION_INIT_ERROR:
    case CALL_EXTENSION_EXIT_ERROR:
        extensions_call(environment_extensions(environment), call, exchange);
        break;
    case CALL_TELEMETRY:
    case CALL_LOGS: call_telemetry(environment, call, exchange); break;
    }
}

/* From now on the response comes. */
static size_t on_begin_result(void *arg, enum environment_call call, const char *request_id,
                              struct http_exchange *exchange) {
    struct environment *environment = arg;
    if (is_over(environment) || !is_current(environment, request_id))
        return 0;
    environment->times.response_begin_us = clock_mono_us(&environment->context->clock);
    if (call == CALL_ERROR || !environment->invocation->stream_events ||
        response_mode(exchange) != RESPONSE_STREAMING)
        return LIMIT_RESPONSE_BYTES;
    begin_stream(environment, exchange);
    return environment->context->stream_limits->size_bytes;
}

static void on_piece(void *arg, struct http_exchange *exchange, const void *data, size_t len) {
    struct environment *environment = arg;
    struct stream *stream = stream_of(environment, exchange);
    if (stream && !is_over(environment))
        stream_take(stream, data, len);
}

/* The environment may end with what follows, so the runtime is answered first. */
static void on_result_too_large(void *arg, enum environment_call call, const char *request_id,
                                struct http_exchange *exchange) {
    static const char type[] = "Function.ResponseSizeTooLarge";
    struct environment *environment = arg;
    struct stream *stream = stream_of(environment, exchange);
    if (stream)
        stream_close(stream);
    if (is_over(environment) || (!stream && !is_current(environment, request_id))) {
        refuse_result(environment, call, request_id, exchange);
        return;
    }
    size_t limit = stream ? environment->context->stream_limits->size_bytes : LIMIT_RESPONSE_BYTES;
    environment_api_refuse_size(exchange, limit);
    if (call == CALL_ERROR)
        return;
    char text[REPORT_TEXT_BYTES];
    size_t len = report_too_large_document(limit, text);
    if (stream) {
        fail_stream(environment, type, text, len);
        return;
    }
    runtime_state_after(environment->runtime, RUNTIME_ON_RESPONSE, &environment->runtime);
    answer_finding(environment, type, text, len);
}

/* A runtime that leaves /next is dying: it must not be given an event any more. */
static void on_gone(void *arg, struct http_exchange *exchange) {
    struct environment *environment = arg;
    struct stream *stream = stream_of(environment, exchange);
    if (stream)
        stream_cut(stream);
    if (stream || is_over(environment))
        return;
    if (exchange == environment->next) {
        environment->next = NULL;
        if (environment->fault.kind == FAULT_NONE) {
            environment->fault.kind = FAULT_EXITED;
            environment->fault.end = (struct program_end){.exited = true};
        }
        phases_fail(environment);
    } else if (environment->extensions) {
        extensions_gone(environment->extensions, exchange);
    }
}

const struct environment_api_handler environment_calls_handler = {
    .call = on_call,
    .begin_result = on_begin_result,
    .piece = on_piece,
    .result_too_large = on_result_too_large,
    .gone = on_gone,
};

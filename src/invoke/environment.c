/* See environment.h. */
#include "invoke/environment.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "invoke/report.h"
#include "sys/fd.h"

/* What a runtime may post to /init/error: a document with a stack trace. */
#define INIT_ERROR_BYTES (256u * 1024)

/* How long it may then take to exit, as the Runtime API asks it to. */
#define INIT_ERROR_EXIT_MS 500

static int64_t now_us(const struct environment *environment) {
    return clock_mono_us(&environment->context->clock);
}

/* ---- state ---- */

static void set_state(struct environment *environment, enum environment_state state) {
    for (size_t i = 0; i < 2; i++) {
        environment->counts[i]->by_state[environment->state]--;
        environment->counts[i]->by_state[state]++;
    }
    environment->state = state;
}

static bool enter(struct environment *environment, enum environment_event event) {
    enum environment_state after;
    if (!environment_state_after(environment->state, event, &after))
        return false;
    set_state(environment, after);
    return true;
}

size_t environment_counts_starting(const struct environment_counts *counts) {
    return counts->by_state[ENVIRONMENT_STARTING] + counts->by_state[ENVIRONMENT_INITIALIZING] +
           counts->by_state[ENVIRONMENT_INIT_FAILED];
}

size_t environment_counts_all(const struct environment_counts *counts) {
    size_t sum = 0;
    for (size_t i = 0; i < ENVIRONMENT_STATES; i++)
        sum += counts->by_state[i];
    return sum;
}

/* ---- log ---- */

static void on_output_line(void *arg, const char *text, size_t len) {
    struct environment *environment = arg;
    journal_line(&environment->journal, environment->invocation, text, len);
}

void environment_log_start(struct environment *environment, struct invocation *invocation) {
    if (invocation->started_us != 0)
        return;
    invocation->started_us = now_us(environment);
    struct notice notice = {.kind = NOTICE_START, .request_id = invocation->request_id};
    journal_notice(&environment->journal, invocation, &notice);
}

static const char *init_phase(const struct environment *environment) {
    const struct invocation *invocation = environment->invocation;
    return invocation && invocation->init_retried ? "invoke" : "init";
}

/* What happens before an invocation begins is not in its tail, but for the failures that it ends with. */
static void log_init_start(struct environment *environment) {
    struct notice notice = {.kind = NOTICE_INIT_START, .phase = init_phase(environment)};
    journal_notice(&environment->journal, NULL, &notice);
}

static void log_init_over(struct environment *environment, struct invocation *invocation, int64_t duration_us,
                          const char *status, const char *error_type) {
    struct notice notice = {
        .kind = NOTICE_INIT_RUNTIME_DONE,
        .phase = init_phase(environment),
        .status = status,
        .error_type = error_type,
        .duration_us = duration_us,
    };
    journal_notice(&environment->journal, invocation, &notice);
    notice.kind = NOTICE_INIT_REPORT;
    journal_notice(&environment->journal, invocation, &notice);
}

/* The initialisation of an environment that was started ahead is not part of a REPORT. */
static void log_init_done(struct environment *environment) {
    int64_t init_us = now_us(environment) - environment->start_us;
    log_init_over(environment, NULL, init_us, NULL, NULL);
    environment->init_us = environment->provisioned ? -1 : init_us;
}

static uint64_t memory_peak(struct environment *environment) {
    char text[32];
    if (environment->memory_peak_fd >= 0) {
        ssize_t len = pread(environment->memory_peak_fd, text, sizeof text - 1, 0);
        if (len > 0) {
            text[len] = '\0';
            environment->memory_peak_bytes = strtoull(text, NULL, 10);
        }
    }
    return environment->memory_peak_bytes;
}

/* END and REPORT. The initialisation is reported with the first invocation only. */
static void log_end(struct environment *environment, struct invocation *invocation, size_t produced_bytes,
                    const char *status, const char *error_type) {
    struct notice notice = {
        .kind = NOTICE_RUNTIME_DONE,
        .request_id = invocation->request_id,
        .status = status,
        .error_type = error_type,
        .duration_us = now_us(environment) - invocation->started_us,
        .init_us = invocation->init_retried ? -1 : environment->init_us,
        .produced_bytes = produced_bytes,
        .memory_peak_bytes = memory_peak(environment),
    };
    environment->init_us = -1;
    journal_notice(&environment->journal, invocation, &notice);
    notice.kind = NOTICE_REPORT;
    journal_notice(&environment->journal, invocation, &notice);
}

/* ---- end of an invocation ---- */

static struct invocation *release_invocation(struct environment *environment) {
    struct invocation *invocation = take_ptr(environment->invocation);
    invocation->environment = NULL;
    return invocation;
}

/* Answers first when it can: the log is off the caller's path unless the caller wants its tail. */
static void finish(struct environment *environment, enum invoke_outcome outcome, const void *payload,
                   size_t len, const char *status, const char *error_type) {
    struct invocation *invocation = environment->invocation;
    if (!invocation->wants_log_tail)
        invocation_answer(invocation, outcome, payload, len);
    output_finish(environment->output);
    log_end(environment, invocation, status ? 0 : len, status, error_type);
    invocation_answer(invocation, outcome, payload, len);
    environment->context->events.finished(environment, release_invocation(environment));
}

static void finish_timed_out(struct environment *environment) {
    char text[REPORT_TEXT_BYTES];
    size_t len = report_timeout_document(environment->invocation->request_id,
                                         environment->function->timeout_s, text);
    finish(environment, INVOKE_FUNCTION_ERROR, text, len, "timeout", NULL);
}

/* A custom runtime whose program is none for this machine. */
static bool is_unexecutable(const struct environment *environment) {
    return environment->bootstrap && environment->end.exec_errno != 0;
}

static const char *exit_type(const struct environment *environment) {
    if (is_unexecutable(environment))
        return "Runtime.InvalidEntrypoint";
    return environment->end.out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
}

static void finish_crashed(struct environment *environment) {
    char text[REPORT_TEXT_BYTES];
    size_t len = report_exit_document(environment->invocation->request_id, &environment->end, text);
    finish(environment, INVOKE_FUNCTION_ERROR, text, len, "error", exit_type(environment));
}

/* ---- Runtime API ---- */

static void send_event(struct environment *environment, struct http_exchange *exchange) {
    struct invocation *invocation = environment->invocation;
    struct buf *head = &invocation->event_head;
    size_t len = head->len;
    buf_append_number(head, environment->deadline_ms);
    buf_append(head, "\r\n", 2);
    http_respond(exchange, 200, buf_text(head), invocation->payload, invocation->payload_len);
    head->len = len;
}

static void refuse_transition(const struct environment *environment, enum environment_event event,
                              struct http_exchange *exchange) {
    char message[160];
    snprintf(message, sizeof message,
             "State transition from %s to %s failed for runtime. Error: State transition is not allowed",
             environment_state_name(environment->state), environment_event_target(event));
    runtime_api_refuse(exchange, 403, "InvalidStateTransition", message);
}

/* From here on the function has its own share. */
static void end_init_cpu(struct environment *environment) {
    uint32_t cpu_millis = launch_cpu_millis(environment->function);
    if (cpu_millis < LIMIT_INIT_CPU_MILLIS)
        sandbox_limit_cpu(environment->context->host, environment->sandbox_id, cpu_millis);
}

static void call_next(struct environment *environment, struct http_exchange *exchange) {
    enum environment_state before = environment->state;
    if (!enter(environment, ENVIRONMENT_ON_NEXT)) {
        refuse_transition(environment, ENVIRONMENT_ON_NEXT, exchange);
        return;
    }
    if (before == ENVIRONMENT_RUNNING) {
        send_event(environment, exchange);
        return;
    }
    struct http_exchange *replaced = environment->next;
    environment->next = exchange;
    if (replaced)
        runtime_api_refuse(replaced, 403, "InvalidStateTransition",
                           "Replaced by a later call of the same runtime");
    if (before == ENVIRONMENT_IDLE)
        return;
    loop_timer_stop(environment->timer);
    if (before == ENVIRONMENT_INITIALIZING)
        log_init_done(environment);
    environment->context->events.ready(environment);
    if (before == ENVIRONMENT_INITIALIZING)
        end_init_cpu(environment);
    if (environment->state == ENVIRONMENT_IDLE)
        freeze_soon(&environment->freeze);
}

/* Absent, or "streaming": a response that comes in chunks, gathered here like any other. */
static bool has_valid_response_mode(const struct http_exchange *exchange) {
    const struct http_text *mode = http_header_get(http_exchange_request(exchange),
                                                   "lambda-runtime-function-response-mode");
    return !mode || http_text_is_nocase(*mode, "streaming");
}

static bool is_current(const struct environment *environment, const char *request_id) {
    return environment->state == ENVIRONMENT_RUNNING &&
           strcmp(environment->invocation->request_id, request_id) == 0;
}

static void call_response(struct environment *environment, enum runtime_call call, const char *request_id,
                          struct http_exchange *exchange) {
    bool is_error = call == RUNTIME_ERROR;
    if (!is_current(environment, request_id)) {
        runtime_api_refuse(exchange, 400, "InvalidRequestID", "Invalid request ID");
        return;
    }
    enter(environment, is_error ? ENVIRONMENT_ON_ERROR : ENVIRONMENT_ON_RESPONSE);
    struct http_text body = http_exchange_request(exchange)->body;
    if (!is_error && !has_valid_response_mode(exchange)) {
        char text[REPORT_TEXT_BYTES];
        size_t len = report_error_document(request_id, "Runtime.InvalidResponseModeHeader",
                                           "Invalid function response mode", text);
        finish(environment, INVOKE_FUNCTION_ERROR, text, len, "error", "Runtime.InvalidResponseModeHeader");
        runtime_api_refuse(exchange, 400, "InvalidFunctionResponseMode", "Invalid function response mode");
        return;
    }
    finish(environment, is_error ? INVOKE_FUNCTION_ERROR : INVOKE_DONE, body.data, body.len, NULL, NULL);
    runtime_api_accept(exchange);
}

static void call_init_error(struct environment *environment, struct http_exchange *exchange) {
    if (!enter(environment, ENVIRONMENT_ON_INIT_ERROR)) {
        refuse_transition(environment, ENVIRONMENT_ON_INIT_ERROR, exchange);
        return;
    }
    const struct http_request *request = http_exchange_request(exchange);
    environment->init_failure = INIT_POSTED_ERROR;
    buf_append(&environment->init_error, request->body.data,
               request->body.len < INIT_ERROR_BYTES ? request->body.len : INIT_ERROR_BYTES);
    const struct http_text *type = http_header_get(request, "lambda-runtime-function-error-type");
    char name[sizeof environment->init_error_type] = "";
    if (type && type->len < sizeof name)
        memcpy(name, type->data, type->len);
    snprintf(environment->init_error_type, sizeof environment->init_error_type, "%s",
             report_error_type(name));
    runtime_api_accept(exchange);
    loop_timer_start(environment->timer, INIT_ERROR_EXIT_MS);
}

static void on_call(void *arg, enum runtime_call call, const char *request_id,
                    struct http_exchange *exchange) {
    struct environment *environment = arg;
    switch (call) {
    case RUNTIME_NEXT: call_next(environment, exchange); break;
    case RUNTIME_RESPONSE:
    case RUNTIME_ERROR: call_response(environment, call, request_id, exchange); break;
    case RUNTIME_INIT_ERROR: call_init_error(environment, exchange); break;
    }
}

static void on_too_large(void *arg, const char *request_id) {
    struct environment *environment = arg;
    if (!is_current(environment, request_id) || !enter(environment, ENVIRONMENT_ON_RESPONSE))
        return;
    char text[REPORT_TEXT_BYTES];
    size_t len = report_too_large_document(text);
    finish(environment, INVOKE_FUNCTION_ERROR, text, len, "error", "Function.ResponseSizeTooLarge");
}

/* A runtime that leaves /next is dying: it must not be given an event any more. */
static void on_gone(void *arg, struct http_exchange *exchange) {
    struct environment *environment = arg;
    if (exchange != environment->next)
        return;
    environment->next = NULL;
    environment_kill(environment);
}

/* ---- life ---- */

static void on_timer(void *arg) {
    struct environment *environment = arg;
    if (environment->state == ENVIRONMENT_RUNNING)
        finish_timed_out(environment);
    else if (environment->state != ENVIRONMENT_RESPONDED && environment->init_failure == INIT_OK)
        environment->init_failure = INIT_TIMED_OUT;
    environment_kill(environment);
}

/* The launch of one environment, with credentials of its own; *ret_expires_us as in struct environment. */
static bool make_launch(const struct environment_context *context, const struct environment_request *request,
                        const char *stream, struct launch *ret_launch, int64_t *ret_expires_us,
                        struct err *err) {
    const struct invoke_upper *upper = &context->upper;
    struct invoke_credentials credentials;
    bool has_credentials = upper->credentials &&
                           upper->credentials(upper->arg, request->function, &credentials);
    struct launch_request launch = {
        .function = request->function,
        .runtimes = context->runtimes,
        .region = context->region,
        .log_stream = stream,
        .bootstrap = request->bootstrap,
        .credentials = has_credentials ? &credentials : NULL,
        .has_api = upper->open_api != NULL,
        .is_provisioned = request->provisioned != NULL,
    };
    bool made = launch_init(ret_launch, &launch, err);
    *ret_expires_us = has_credentials ? clock_mono_us(&context->clock) + credentials.lifetime_ms * 1000
                                      : INT64_MAX;
    mem_wipe(&credentials, sizeof credentials);
    return made;
}

struct environment *environment_new(const struct environment_context *context,
                                    const struct environment_request *request, struct err *err) {
    struct environment *environment = mem_alloc(sizeof *environment);
    journal_init(&environment->journal, request->log, &context->clock, request->function, context->region,
                 request->provisioned != NULL);
    struct launch launch;
    if (!make_launch(context, request, environment->journal.stream, &launch, &environment->expires_us, err)) {
        journal_done(&environment->journal);
        free(environment);
        return NULL;
    }
    environment->context = context;
    environment->pool = request->pool;
    environment->provisioned = request->provisioned;
    environment->function = request->function;
    environment->bootstrap = request->bootstrap;
    environment->memory_peak_fd = -1;
    environment->init_us = -1;
    environment->start_us = clock_mono_us(&context->clock);
    for (size_t i = 0; i < 2; i++) {
        environment->counts[i] = request->counts[i];
        environment->counts[i]->by_state[ENVIRONMENT_STARTING]++;
    }
    list_init(&environment->idle_link);
    list_init(&environment->age_link);
    buf_init(&environment->init_error, INIT_ERROR_BYTES);
    environment->timer = loop_timer_new(context->loop, on_timer, environment);
    loop_timer_start(environment->timer, request->init_timeout_ms);
    environment->sandbox_id = sandbox_start(context->host, &launch.plan, request->mount_fds);
    launch_done(&launch);
    return environment;
}

bool environment_is_expired(const struct environment *environment) {
    return environment->expires_us != INT64_MAX && now_us(environment) >= environment->expires_us;
}

void environment_deliver(struct environment *environment, struct invocation *invocation) {
    bool allowed = enter(environment, ENVIRONMENT_ON_DELIVER);
    assert(allowed && environment->next);
    freeze_thaw(&environment->freeze);
    environment->invocation = invocation;
    invocation->environment = environment;
    environment_log_start(environment, invocation);
    environment->has_served = true;
    environment->delivered_us = now_us(environment);
    int64_t left_us = invocation->started_us + (int64_t)environment->function->timeout_s * 1000000 -
                      environment->delivered_us;
    environment->deadline_ms = (clock_wall_us(&environment->context->clock) + left_us) / 1000;
    loop_timer_start(environment->timer, left_us > 0 ? (left_us + 999) / 1000 : 0);
    send_event(environment, take_ptr(environment->next));
}

/* Lamb's own API stays open until the end: it may have been a call through it that brought us here, and
 * whoever handles that call goes on afterwards. */
void environment_kill(struct environment *environment) {
    if (environment->state == ENVIRONMENT_ENDING)
        return;
    enter(environment, ENVIRONMENT_ON_KILL);
    list_remove(&environment->idle_link);
    list_remove(&environment->age_link);
    loop_timer_stop(environment->timer);
    freeze_end(&environment->freeze);
    environment->next = NULL;
    runtime_api_free(take_ptr(environment->runtime_api));
    sandbox_kill(environment->context->host, environment->sandbox_id);
}

void environment_dismiss(struct environment *environment) {
    environment->is_dismissed = true;
    environment_kill(environment);
}

/* What was written is in the log first, and a call to Lamb's own API is done: its answer, if nobody read it,
 * would fill memory that all environments share. */
static bool may_freeze(void *arg) {
    struct environment *environment = arg;
    const struct invoke_upper *upper = &environment->context->upper;
    output_drain(environment->output);
    return !environment->api || !upper->is_api_busy(upper->arg, environment->api);
}

void environment_sandbox_started(struct environment *environment, struct sandbox_fds *fds) {
    static const struct runtime_api_handler handler = {
        .call = on_call, .too_large = on_too_large, .gone = on_gone};
    const struct environment_context *context = environment->context;
    environment->memory_peak_fd = take_fd(&fds->memory_peak);
    environment->output = output_new(context->loop, take_fd(&fds->output), on_output_line, environment);
    if (!enter(environment, ENVIRONMENT_ON_STARTED))
        return;
    log_init_start(environment);
    environment->runtime_api = runtime_api_new(context->loop, &context->clock,
                                               take_fd(&fds->runtime_listener), &handler, environment);
    if (context->upper.open_api)
        environment->api = context->upper.open_api(context->upper.arg, take_fd(&fds->api_listener));
    freeze_begin(&environment->freeze, context->loop, context->host, environment->sandbox_id,
                 take_fd(&fds->freezer), may_freeze, environment);
}

void environment_close_api(struct environment *environment) {
    const struct invoke_upper *upper = &environment->context->upper;
    if (environment->api)
        upper->close_api(upper->arg, take_ptr(environment->api));
}

static void log_init_failure(struct environment *environment) {
    const char *status = environment->init_failure == INIT_TIMED_OUT ? "timeout" : "error";
    const char *type = NULL;
    if (environment->init_failure == INIT_POSTED_ERROR)
        type = environment->init_error_type;
    else if (environment->init_failure == INIT_EXITED)
        type = exit_type(environment);
    log_init_over(environment, environment->invocation, now_us(environment) - environment->start_us, status,
                  type);
}

void environment_sandbox_ended(struct environment *environment, const struct sandbox_end *end) {
    enum environment_state before = environment->state;
    environment->end = *end;
    if (end->memory_peak_bytes > 0)
        environment->memory_peak_bytes = end->memory_peak_bytes;
    if (environment->output)
        output_finish(environment->output);
    if (before == ENVIRONMENT_RUNNING)
        finish_crashed(environment);
    bool was_initializing = before == ENVIRONMENT_STARTING || before == ENVIRONMENT_INITIALIZING;
    if (was_initializing && environment->init_failure == INIT_OK)
        environment->init_failure = INIT_EXITED;
    if (environment->init_failure != INIT_OK)
        log_init_failure(environment);
    set_state(environment, ENVIRONMENT_ENDING);
    environment->context->events.ended(environment);
}

void environment_sandbox_failed(struct environment *environment, const struct err *failure) {
    environment->init_failure = INIT_NO_SANDBOX;
    environment->failure = mem_copy(failure, sizeof *failure);
    set_state(environment, ENVIRONMENT_ENDING);
    environment->context->events.ended(environment);
}

void environment_answer_init_failure(struct environment *environment, struct invocation *invocation) {
    char text[REPORT_TEXT_BYTES];
    size_t len = 0;
    const char *document = text;
    const char *status = "error";
    const char *type = exit_type(environment);
    if (environment->init_failure == INIT_NO_SANDBOX) {
        invocation_fail(invocation, environment->failure);
        return;
    }
    if (environment->init_failure == INIT_TIMED_OUT) {
        len = report_timeout_document(invocation->request_id, environment->function->timeout_s, text);
        status = "timeout";
        type = NULL;
    } else if (environment->init_failure == INIT_POSTED_ERROR) {
        document = buf_text(&environment->init_error);
        len = environment->init_error.len;
        type = environment->init_error_type;
    } else if (is_unexecutable(environment)) {
        len = report_exec_document(invocation->request_id, environment->bootstrap,
                                   environment->end.exec_errno, text);
    } else {
        len = report_exit_document(invocation->request_id, &environment->end, text);
    }
    environment_log_start(environment, invocation);
    log_end(environment, invocation, 0, status, type);
    invocation_answer(invocation, INVOKE_FUNCTION_ERROR, document, len);
}

void environment_free(struct environment *environment) {
    if (!environment)
        return;
    for (size_t i = 0; i < 2; i++)
        environment->counts[i]->by_state[environment->state]--;
    list_remove(&environment->idle_link);
    list_remove(&environment->age_link);
    loop_timer_free(environment->timer);
    freeze_end(&environment->freeze);
    environment->next = NULL;
    runtime_api_free(take_ptr(environment->runtime_api));
    environment_close_api(environment);
    output_free(environment->output);
    journal_done(&environment->journal);
    fd_close(&environment->memory_peak_fd);
    buf_done(&environment->init_error);
    free(environment->failure);
    free(environment);
}

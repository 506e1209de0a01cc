/* See phases.h. */
#include "invoke/phases.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "invoke/environment.h"
#include "invoke/launching.h"
#include "invoke/record.h"
#include "invoke/report.h"
#include "invoke/teardown.h"

static int64_t now_us(const struct environment *environment) {
    return clock_mono_us(&environment->context->clock);
}

/* ---- the end of an invocation ---- */

/* At most once for each, also when it ends in a failure after that. */
static void tell_answered(struct environment *environment) {
    environment->context->events.answered(environment, environment->invocation);
}

static void release_invocation(struct environment *environment) {
    struct invocation *invocation = take_ptr(environment->invocation);
    invocation->environment = NULL;
    environment->context->events.finished(environment, invocation);
}

void phases_answer(struct environment *environment, enum invoke_outcome outcome, char *payload, size_t len,
                   const char *error_type) {
    struct invocation *invocation = environment->invocation;
    struct timeline *times = &environment->times;
    environment_enter(environment, ENVIRONMENT_ON_ANSWER);
    times->responded_us = now_us(environment);
    times->produced_bytes = len;
    times->error_type = error_type;
    if (invocation->wants_log_tail) {
        invocation_hold(invocation, outcome, payload, len);
        return;
    }
    invocation_answer(invocation, outcome, payload, len);
    tell_answered(environment);
}

/* Everybody is back. */
static void end_invocation(struct environment *environment) {
    const char *type = environment->times.error_type;
    record_end(environment, type ? "error" : NULL, type);
    invocation_answer_held(environment->invocation);
    tell_answered(environment);
    release_invocation(environment);
}

static enum totals_answer fault_answer(const struct environment *environment) {
    if (environment->fault.kind == FAULT_TIMED_OUT)
        return TOTALS_TIMEOUT;
    return environment->is_restarting || !environment->has_served ? TOTALS_INIT_ERROR : TOTALS_CRASH;
}

/* The caller hears it first, unless it wants the log; a response that was here before is its answer. */
static void end_failed_invocation(struct environment *environment) {
    struct invocation *invocation = environment->invocation;
    const struct fault *fault = &environment->fault;
    const char *status = fault_status(fault);
    const char *type = fault_type(fault, environment->dirs->bootstrap);
    char text[REPORT_TEXT_BYTES];
    size_t len;
    const char *document = fault_document(fault, invocation->request_id, environment->function->timeout_s,
                                          environment->dirs->bootstrap, text, &len);
    if (!invocation->is_held)
        invocation->error = fault_answer(environment);
    if (!invocation->wants_log_tail)
        invocation_answer(invocation, INVOKE_FUNCTION_ERROR, document, len);
    programs_drain(&environment->programs, true);
    if (environment->times.runtime_done_us == 0 && !environment->is_restarting)
        record_runtime_done(environment, status, type);
    record_fault(environment);
    record_end(environment, status, type);
    invocation_answer_held(invocation);
    invocation_answer(invocation, INVOKE_FUNCTION_ERROR, document, len);
    tell_answered(environment);
    environment->is_restarting = false;
    release_invocation(environment);
}

/* ---- failure ---- */

static bool is_serving(const struct environment *environment) {
    return environment->state == ENVIRONMENT_RUNNING || environment->state == ENVIRONMENT_RESPONDED ||
           (environment->state == ENVIRONMENT_INITIALIZING && environment->is_restarting);
}

void phases_lose(struct environment *environment) {
    if (environment->state == ENVIRONMENT_INITIALIZING)
        record_init_failed(environment);
    if (is_serving(environment))
        end_failed_invocation(environment);
}

void phases_abort(struct environment *environment, struct invocation *invocation) {
    environment->invocation = invocation;
    record_start(environment, invocation);
    end_failed_invocation(environment);
}

/* Its sandbox goes too: another one may fare better. */
static void give_up(struct environment *environment) {
    if (is_serving(environment)) {
        invocation_fail(environment->invocation, environment->fault.failure);
        tell_answered(environment);
        environment->is_restarting = false;
        release_invocation(environment);
    }
    environment_kill(environment);
}

void phases_fail(struct environment *environment) {
    enum environment_state after;
    if (!environment_state_after(environment->state, ENVIRONMENT_ON_FAIL, &after))
        return;
    if (environment->fault.kind == FAULT_NO_SANDBOX) {
        give_up(environment);
        return;
    }
    bool was_idle = environment->state == ENVIRONMENT_IDLE;
    const char *reason = environment->fault.kind == FAULT_TIMED_OUT ? "timeout" : "failure";
    loop_timer_stop(environment->timer);
    phases_lose(environment);
    environment_enter(environment, ENVIRONMENT_ON_FAIL);
    if (was_idle) {
        list_remove(&environment->idle_link);
        list_remove(&environment->age_link);
        environment_thaw(environment);
    }
    environment->runtime = RUNTIME_EXITED;
    environment->next = NULL;
    environment->context->totals->resets++;
    environment_share_cpu(environment, false);
    teardown_reset(environment, reason);
}

void phases_check_fault(struct environment *environment) {
    if (environment->fault.kind != FAULT_NONE)
        phases_fail(environment);
}

void phases_runtime_exited(struct environment *environment, const struct program_end *end) {
    struct fault *fault = &environment->fault;
    if (fault->kind == FAULT_NONE) {
        fault->kind = FAULT_EXITED;
        fault->end = *end;
        fault->out_of_memory = environment_note_oom(environment);
    }
    phases_fail(environment);
    teardown_check(environment);
}

/* That there is no sandbox yet is not the function's fault. */
static void end_starting(struct environment *environment) {
    struct err err;
    if (environment->fault.kind == FAULT_NONE) {
        err_set(&err, ERR_TIMEOUT, "the sandbox did not start in time: the machine is overloaded");
        fault_set_failure(&environment->fault, &err);
    }
    environment_kill(environment);
}

void phases_time_over(struct environment *environment) {
    if (environment->state == ENVIRONMENT_STARTING) {
        end_starting(environment);
        return;
    }
    if (environment->fault.kind == FAULT_NONE)
        environment->fault.kind = FAULT_TIMED_OUT;
    phases_fail(environment);
}

/* ---- Init ---- */

static void drop_telemetry(struct environment *environment) {
    environment->journal.telemetry = NULL;
    telemetry_free(take_ptr(environment->telemetry));
}

static void end_init(struct environment *environment) {
    programs_drain(&environment->programs, false);
    record_init_done(environment);
    if (environment->telemetry)
        telemetry_close(environment->telemetry);
    if (environment->telemetry && !telemetry_is_wanted(environment->telemetry))
        drop_telemetry(environment);
}

/* In an empty environment, for an invocation that has begun: the function's time-out runs. */
static void restart(struct environment *environment) {
    environment_enter(environment, ENVIRONMENT_ON_RESTART);
    environment->is_restarting = true;
    environment->times = (struct timeline){.start_us = now_us(environment), .init_us = -1};
    launching_open_telemetry(environment);
    record_init_start(environment);
    launching_start_programs(environment);
    phases_check_fault(environment);
}

/* ---- Invoke ---- */

void phases_send_event(struct environment *environment, struct http_exchange *exchange) {
    struct invocation *invocation = environment->invocation;
    struct buf *head = &invocation->event_head;
    size_t len = head->len;
    buf_append_number(head, environment->times.deadline_ms);
    buf_append(head, "\r\n", 2);
    http_respond(exchange, 200, buf_text(head), invocation->payload, invocation->payload_len);
    head->len = len;
}

/* When the function's time is up. */
static int64_t left_us(const struct environment *environment) {
    return environment->invocation->started_us + (int64_t)environment->function->timeout_s * 1000000 -
           now_us(environment);
}

static void start_timer(struct environment *environment) {
    int64_t left = left_us(environment);
    loop_timer_start(environment->timer, left > 0 ? (left + 999) / 1000 : 0);
}

static void send_event(struct environment *environment) {
    struct invocation *invocation = environment->invocation;
    struct timeline *times = &environment->times;
    bool allowed = environment_enter(environment, ENVIRONMENT_ON_DELIVER) &&
                   runtime_state_after(environment->runtime, RUNTIME_ON_DELIVER, &environment->runtime);
    assert(allowed && environment->next);
    environment_thaw(environment);
    if (!environment->has_served && !environment->provisioned)
        environment->context->totals->cold_starts++;
    environment->has_served = true;
    *times = (struct timeline){.init_us = times->init_us, .delivered_us = now_us(environment)};
    environment->event_repeats = 0;
    times->deadline_ms = (clock_wall_us(&environment->context->clock) + left_us(environment)) / 1000;
    if (environment->extensions)
        extensions_invoke(environment->extensions, invocation->request_id, invocation->invoked_arn,
                          invocation->trace_id, times->deadline_ms);
    phases_send_event(environment, take_ptr(environment->next));
}

void phases_deliver(struct environment *environment, struct invocation *invocation) {
    environment->invocation = invocation;
    invocation->environment = environment;
    if (environment->fault.kind != FAULT_NONE)
        fault_reset(&environment->fault);
    record_start(environment, invocation);
    start_timer(environment);
    if (environment->state == ENVIRONMENT_EMPTY)
        restart(environment);
    else
        send_event(environment);
}

void phases_runtime_done(struct environment *environment) {
    if (environment->state == ENVIRONMENT_INITIALIZING) {
        if (environment->extensions)
            extensions_close_registration(environment->extensions);
        record_init_runtime_done(environment);
    } else if (environment->state == ENVIRONMENT_RESPONDED) {
        const char *type = environment->times.error_type;
        programs_drain(&environment->programs, true);
        record_runtime_done(environment, type ? "error" : NULL, type);
    }
    phases_check(environment);
}

static void become_ready(struct environment *environment) {
    environment->context->events.ready(environment);
    if (environment->state == ENVIRONMENT_IDLE)
        freeze_soon(&environment->freeze);
}

void phases_check(struct environment *environment) {
    if (environment->runtime != RUNTIME_READY ||
        (environment->extensions && extensions_pending(environment->extensions) > 0))
        return;
    if (environment->state == ENVIRONMENT_RESPONDED) {
        loop_timer_stop(environment->timer);
        if (environment->extensions) /* else it was the runtime's end that brought us here */
            programs_drain(&environment->programs, true);
        environment_enter(environment, ENVIRONMENT_ON_SETTLED);
        end_invocation(environment);
        become_ready(environment);
    } else if (environment->state == ENVIRONMENT_INITIALIZING) {
        end_init(environment);
        environment_enter(environment, ENVIRONMENT_ON_SETTLED);
        if (environment->is_restarting) {
            environment->is_restarting = false;
            send_event(environment);
        } else {
            loop_timer_stop(environment->timer);
            become_ready(environment);
        }
        environment_share_cpu(environment, true);
    }
}

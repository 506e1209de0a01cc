/* See life.h. */
#include "invoke/life.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "invoke/environment_calls.h"
#include "invoke/launching.h"
#include "invoke/phases.h"
#include "invoke/record.h"
#include "invoke/teardown.h"
#include "sys/fd.h"

/* ---- programs ---- */

static void on_line(void *arg, bool is_extension, const char *text, size_t len) {
    struct environment *environment = arg;
    journal_line(&environment->journal, environment->invocation, is_extension, text, len);
}

static void note_extension_end(struct environment *environment, const struct program_end *end) {
    struct fault *fault = &environment->fault;
    if (fault->kind != FAULT_NONE)
        return;
    fault->end = *end;
    fault->has_end = true;
}

/* An extension's end may be its failure, which is told back by the registry. */
static void on_exited(void *arg, bool is_runtime, uint32_t program, const struct program_end *end) {
    struct environment *environment = arg;
    if (is_runtime) {
        phases_runtime_exited(environment, end);
    } else if (environment->extensions) {
        note_extension_end(environment, end);
        extensions_exited(environment->extensions, program, end);
        environment->fault.has_end &= environment->fault.kind != FAULT_NONE;
    }
}

static void on_cleared(void *arg) {
    struct environment *environment = arg;
    if (!environment_enter(environment, ENVIRONMENT_ON_CLEARED))
        return;
    loop_timer_stop(environment->timer);
    environment->teardown_step = TEARDOWN_NONE;
    environment->runtime = RUNTIME_STARTED;
    environment->expires_us = INT64_MAX;
    environment_note_oom(environment);
    /* What the dead still had to say must not be taken for calls of those who come. */
    environment->next = NULL;
    environment_api_disconnect(environment->listener);
    if (environment->extensions)
        extensions_reset(environment->extensions);
    environment->context->events.ready(environment);
}

static void on_made_socket(void *arg, int fd) {
    struct environment *environment = arg;
    if (environment->telemetry)
        telemetry_give_socket(environment->telemetry, fd);
    else
        fd_close(&fd);
}

static const struct programs_events programs_events = {
    .line = on_line, .exited = on_exited, .cleared = on_cleared, .made_socket = on_made_socket};

/* ---- life ---- */

static void on_timer(void *arg) {
    struct environment *environment = arg;
    if (environment->teardown_step != TEARDOWN_NONE)
        teardown_time_over(environment);
    else
        phases_time_over(environment);
}

struct environment *life_begin(const struct environment_context *context, const struct life_request *request,
                               struct err *err) {
    struct environment *environment = mem_alloc(sizeof *environment);
    environment->context = context;
    environment->pool = request->pool;
    environment->provisioned = request->provisioned;
    environment->extensions_events = &environment_calls_extensions_events;
    environment->telemetry_callbacks = &environment_calls_telemetry_callbacks;
    environment->function = request->function;
    environment->dirs = request->dirs;
    environment->memory_peak_fd = -1;
    environment->memory_events_fd = -1;
    environment->end_reason = TOTALS_ENDS;
    environment->expires_us = INT64_MAX;
    environment->times = (struct timeline){.start_us = clock_mono_us(&context->clock), .init_us = -1};
    list_init(&environment->idle_link);
    list_init(&environment->age_link);
    fault_init(&environment->fault);
    programs_init(&environment->programs);
    journal_init(&environment->journal, request->log, &context->clock, request->function, context->region,
                 request->provisioned != NULL);
    if (!launching_begin(environment, err)) {
        journal_done(&environment->journal);
        free(environment);
        return NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        environment->counts[i] = request->counts[i];
        environment->counts[i]->by_state[ENVIRONMENT_STARTING]++;
    }
    if (request->provisioned)
        context->totals->started_provisioned++;
    else
        context->totals->started_on_demand++;
    environment->timer = loop_timer_new(context->loop, on_timer, environment);
    loop_timer_start(environment->timer, request->init_timeout_ms);
    return environment;
}

void life_retire(struct environment *environment, enum totals_end reason) {
    if (environment->end_reason == TOTALS_ENDS)
        environment->end_reason = reason;
    bool has_listeners = environment->extensions && extensions_has_any(environment->extensions);
    if (!has_listeners || !environment_enter(environment, ENVIRONMENT_ON_RETIRE)) {
        environment_kill(environment);
        return;
    }
    list_remove(&environment->idle_link);
    list_remove(&environment->age_link);
    environment_thaw(environment);
    environment_share_cpu(environment, false);
    environment->runtime = RUNTIME_EXITED;
    environment->next = NULL;
    teardown_shut_down(environment);
}

void life_dismiss(struct environment *environment, enum totals_end reason) {
    environment->is_dismissed = true;
    life_retire(environment, reason);
}

/* ---- what the sandbox host tells ---- */

/* A call to Lamb's own API is done first: its answer, if nobody read it, would fill memory that all
 * environments share. */
static bool may_freeze(void *arg) {
    const struct environment *environment = arg;
    const struct invoke_upper *upper = &environment->context->upper;
    return !environment->api || !upper->is_api_busy(upper->arg, environment->api);
}

/* What was written is in the log. */
static void freezing(void *arg) {
    struct environment *environment = arg;
    programs_drain(&environment->programs, false);
    if (environment->telemetry)
        telemetry_pause(environment->telemetry, true);
}

static void open_listeners(struct environment *environment, struct sandbox_fds *fds) {
    const struct environment_context *context = environment->context;
    environment->listener = environment_api_new(context->loop, &context->clock,
                                                take_fd(&fds->runtime_listener), &environment_calls_handler,
                                                environment);
    if (context->upper.open_api)
        environment->api = context->upper.open_api(context->upper.arg, take_fd(&fds->api_listener));
}

void life_sandbox_started(struct environment *environment, struct sandbox_fds *fds) {
    const struct environment_context *context = environment->context;
    environment->memory_peak_fd = take_fd(&fds->memory_peak);
    environment->memory_events_fd = take_fd(&fds->memory_events);
    programs_begin(&environment->programs, context->loop, take_fd(&fds->control), take_fd(&fds->output),
                   environment->dirs->extension_count > 0, &programs_events, environment);
    if (!environment_enter(environment, ENVIRONMENT_ON_STARTED))
        return;
    launching_open_telemetry(environment);
    record_init_start(environment);
    open_listeners(environment, fds);
    const struct freeze_means means = {
        .loop = context->loop,
        .host = context->host,
        .sandbox_id = environment->sandbox_id,
        .freezer_fd = take_fd(&fds->freezer),
        .control = environment->programs.control,
        .totals = context->totals,
    };
    static const struct freeze_events events = {may_freeze, freezing};
    freeze_begin(&environment->freeze, &means, &events, environment);
    launching_go_on(environment);
    phases_check_fault(environment);
}

/* Without its directories it can't be used; `ended` follows. */
void life_sandbox_fitted(struct environment *environment, const struct err *failure) {
    if (failure && environment->state == ENVIRONMENT_STARTING) {
        fault_set_failure(&environment->fault, failure);
        log_error("sandbox.unfitted", "id=%llu error=\"%s\"", (unsigned long long)environment->sandbox_id,
                  failure->text);
    } else if (environment->claim) {
        life_sandbox_started(environment, &environment->claim->sandbox.fds);
    }
}

/* lamb-init was killed, or all of it by us. */
void life_sandbox_ended(struct environment *environment, const struct sandbox_end *end) {
    struct fault *fault = &environment->fault;
    if (end->memory_peak_bytes > 0)
        environment->memory_peak_bytes = end->memory_peak_bytes;
    programs_drain(&environment->programs, true);
    if (environment->state != ENVIRONMENT_ENDING) {
        if (fault->kind == FAULT_NONE) {
            fault->kind = FAULT_EXITED;
            fault->end = (struct program_end){.signal = end->signal};
            fault->out_of_memory = end->out_of_memory;
        }
        phases_lose(environment);
        environment_enter(environment, ENVIRONMENT_ON_KILL);
    }
    environment->context->events.ended(environment);
}

void life_sandbox_failed(struct environment *environment, const struct err *failure) {
    fault_set_failure(&environment->fault, failure);
    environment_enter(environment, ENVIRONMENT_ON_KILL);
    environment->context->events.ended(environment);
}

void life_free(struct environment *environment) {
    if (!environment)
        return;
    for (size_t i = 0; i < 2; i++)
        environment->counts[i]->by_state[environment->state]--;
    list_remove(&environment->idle_link);
    list_remove(&environment->age_link);
    loop_timer_free(environment->timer);
    freeze_end(&environment->freeze);
    environment->next = NULL;
    environment_api_free(take_ptr(environment->listener));
    environment_close_api(environment);
    launching_drop_claim(environment);
    programs_end(&environment->programs);
    telemetry_free(environment->telemetry);
    extensions_free(environment->extensions);
    journal_done(&environment->journal);
    fd_close(&environment->memory_peak_fd);
    fd_close(&environment->memory_events_fd);
    fault_done(&environment->fault);
    free(environment);
}

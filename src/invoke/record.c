/* See record.h. */
#include "invoke/record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "invoke/environment.h"
#include "invoke/stream.h"

static int64_t now_us(const struct environment *environment) {
    return clock_mono_us(&environment->context->clock);
}

static void tell(struct environment *environment, struct invocation *invocation,
                 const struct notice *notice) {
    journal_notice(&environment->journal, invocation, notice);
}

/* ---- Init ---- */

static const char *phase(const struct environment *environment) {
    return environment->is_restarting ? "invoke" : "init";
}

void record_init_start(struct environment *environment) {
    tell(environment, NULL, &(struct notice){.kind = NOTICE_INIT_START, .phase = phase(environment)});
}

static int64_t init_us(const struct environment *environment) {
    return now_us(environment) - environment->times.start_us;
}

static void tell_init(struct environment *environment, enum notice_kind kind, int64_t duration_us,
                      const char *status, const char *error_type) {
    const struct notice notice = {
        .kind = kind,
        .phase = phase(environment),
        .status = status,
        .error_type = error_type,
        .duration_us = duration_us,
    };
    tell(environment, status ? environment->invocation : NULL, &notice);
}

void record_init_runtime_done(struct environment *environment) {
    tell_init(environment, NOTICE_INIT_RUNTIME_DONE, init_us(environment), NULL, NULL);
}

static void tell_extensions(struct environment *environment) {
    struct extensions_line line;
    for (size_t i = 0; environment->extensions && extensions_describe(environment->extensions, i, &line);
         i++) {
        struct notice notice = {
            .kind = NOTICE_EXTENSION,
            .name = line.name,
            .state = line.state,
            .error_type = line.error_type,
            .word_count = line.event_count,
        };
        for (size_t j = 0; j < line.event_count; j++)
            notice.words[j] = line.events[j];
        tell(environment, NULL, &notice);
    }
}

/* The initialisation of an environment that was started ahead is not part of a REPORT, nor is one that was
 * part of an invocation. */
void record_init_done(struct environment *environment) {
    int64_t duration_us = init_us(environment);
    tell_extensions(environment);
    tell_init(environment, NOTICE_INIT_REPORT, duration_us, NULL, NULL);
    totals_observe(&environment->context->totals->inits, duration_us);
    bool is_reported = !environment->provisioned && !environment->is_restarting;
    environment->times.init_us = is_reported ? duration_us : -1;
}

void record_init_failed(struct environment *environment) {
    const struct fault *fault = &environment->fault;
    const char *type = fault_type(fault, environment->dirs->bootstrap);
    int64_t duration_us = init_us(environment);
    tell_extensions(environment);
    if (environment->runtime != RUNTIME_READY)
        tell_init(environment, NOTICE_INIT_RUNTIME_DONE, duration_us, fault_status(fault), type);
    tell_init(environment, NOTICE_INIT_REPORT, duration_us, fault_status(fault), type);
    totals_observe(&environment->context->totals->inits, duration_us);
}

/* ---- Invoke ---- */

/* Of invocations that are traced alone. */
static const char *trace_value(const struct invocation *invocation) {
    return strstr(invocation->trace_id, "Sampled=1") ? invocation->trace_id : NULL;
}

void record_start(struct environment *environment, struct invocation *invocation) {
    invocation->started_us = now_us(environment);
    struct notice notice = {
        .kind = NOTICE_START,
        .request_id = invocation->request_id,
        .trace_value = trace_value(invocation),
    };
    tell(environment, invocation, &notice);
}

/* Wall clock of a monotonic time. */
static int64_t wall_us(const struct environment *environment, int64_t mono_us) {
    return clock_wall_us(&environment->context->clock) - (now_us(environment) - mono_us);
}

/* Text logs have no line for some notices; they need not be made when nobody else wants them. */
static bool wants_events(const struct environment *environment) {
    return environment->journal.telemetry || environment->function->logs_json;
}

static struct notice_span span(const struct environment *environment, const char *name, int64_t from_us,
                               int64_t to_us) {
    return (struct notice_span){
        .name = name, .start_us = wall_us(environment, from_us), .duration_us = to_us - from_us};
}

/* An invocation that runs out of time lasts exactly that long, however late it was noticed. */
static int64_t end_us(const struct environment *environment) {
    int64_t latest_us = environment->invocation->started_us +
                        (int64_t)environment->function->timeout_s * 1000000;
    int64_t now = now_us(environment);
    return now < latest_us ? now : latest_us;
}

/* What has left in pieces counts also when the response failed after that, and it lasted as long as that. */
static void measure_stream(struct environment *environment) {
    struct timeline *times = &environment->times;
    times->produced_bytes = stream_bytes(environment->invocation->stream);
    if (times->responded_us == 0)
        times->responded_us = times->runtime_done_us;
}

void record_runtime_done(struct environment *environment, const char *status, const char *error_type) {
    struct invocation *invocation = environment->invocation;
    struct timeline *times = &environment->times;
    times->runtime_done_us = end_us(environment);
    if (!wants_events(environment))
        return;
    if (invocation->stream)
        measure_stream(environment);
    struct notice notice = {
        .kind = NOTICE_RUNTIME_DONE,
        .request_id = invocation->request_id,
        .trace_value = trace_value(invocation),
        .status = status,
        .error_type = error_type,
        .duration_us = times->runtime_done_us - invocation->started_us,
        .produced_bytes = status && !invocation->stream ? 0 : times->produced_bytes,
    };
    if (times->responded_us != 0) {
        int64_t begin_us = times->response_begin_us ? times->response_begin_us : times->responded_us;
        notice.spans[0] = span(environment, "responseLatency", times->delivered_us, begin_us);
        notice.spans[1] = span(environment, "responseDuration", begin_us, times->responded_us);
        notice.spans[2] = span(environment, "runtimeOverhead", times->responded_us, times->runtime_done_us);
    }
    tell(environment, invocation, &notice);
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

void record_fault(struct environment *environment) {
    const struct fault *fault = &environment->fault;
    const struct notice notice = {
        .kind = NOTICE_FAULT,
        .request_id = environment->invocation->request_id,
        .status = fault_status(fault),
        .error_type = fault_type(fault, environment->dirs->bootstrap),
    };
    if (fault->kind == FAULT_EXITED || fault->kind == FAULT_EXTENSION)
        tell(environment, environment->invocation, &notice);
}

/* With nobody else to wait for an invocation ends with its runtime's part. */
void record_end(struct environment *environment, const char *status, const char *error_type) {
    struct invocation *invocation = environment->invocation;
    struct timeline *times = &environment->times;
    bool has_extensions = environment->extensions && extensions_has_any(environment->extensions);
    bool has_waited = has_extensions || times->runtime_done_us == 0;
    int64_t over_us = has_waited ? end_us(environment) : times->runtime_done_us;
    tell(environment, invocation, &(struct notice){.kind = NOTICE_END, .request_id = invocation->request_id});
    struct notice notice = {
        .kind = NOTICE_REPORT,
        .request_id = invocation->request_id,
        .trace_value = trace_value(invocation),
        .status = status,
        .error_type = error_type,
        .duration_us = over_us - invocation->started_us,
        .init_us = times->init_us,
        .memory_peak_bytes = memory_peak(environment),
    };
    if (has_extensions && times->runtime_done_us != 0)
        notice.spans[0] = span(environment, "extensionOverhead", times->runtime_done_us, over_us);
    tell(environment, invocation, &notice);
    totals_observe(&environment->context->totals->calls, notice.duration_us);
    times->init_us = -1;
}

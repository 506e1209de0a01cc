/* See metrics.h. Everything is read when it is asked for; what belongs to the process costs system calls, and
 * is read by a job. */
#include "api/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/context.h"
#include "api/exposition.h"
#include "api/lambda/lambda.h"
#include "api/queue_metrics.h"
#include "base/mem.h"
#include "invoke/parked.h"
#include "sys/process.h"
#include "sys/work.h"

/* Some two hundred lines. */
#define TEXT_BYTES (256u * 1024)

/* ---- requests ---- */

static void write_requests(struct buf *buf, const struct api *api) {
    static const char *const classes[REQUEST_TOTALS_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    static const char name[] = "lamb_http_requests_total";
    exposition_begin(buf, name, "counter",
                     "Requests answered, by service (lamb: own operations; none: refused before the service "
                     "was known) and class of status.");
    const char *service;
    for (size_t i = 0; (service = request_totals_name(i)); i++)
        for (size_t j = 0; j < REQUEST_TOTALS_CLASSES; j++)
            exposition_put(buf, name, EXPOSITION_LABELS("service", service, "status", classes[j]),
                           api->requests.answers[i][j]);
    size_t connections = 0;
    for (size_t i = 0; api->listeners && api->listeners[i]; i++)
        connections += http_listener_connections(api->listeners[i]);
    exposition_gauge(buf, "lamb_http_connections", "Connections of clients to the addresses of the daemon.",
                     connections);
}

/* ---- calls and environments ---- */

static void write_by(struct buf *buf, const char *name, const char *label, const char *const *names,
                     const uint64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        exposition_put(buf, name, EXPOSITION_LABELS(label, names[i]), values[i]);
}

static void write_durations(struct buf *buf, const char *name, const char *help,
                            const struct totals_durations *durations) {
    const struct exposition_histogram histogram = {
        .bounds_us = totals_bounds_us,
        .counts = durations->counts,
        .bound_count = TOTALS_BOUNDS,
        .sum_us = durations->sum_us,
    };
    exposition_begin(buf, name, "histogram", help);
    exposition_put_histogram(buf, name, &histogram);
}

static void write_throttles(struct buf *buf, const uint64_t refused[ADMISSION_LIMITS]) {
    static const char *const limits[ADMISSION_LIMITS] = {
        [ADMISSION_ACCOUNT] = "account",           [ADMISSION_RESERVED] = "reserved",
        [ADMISSION_ACCOUNT_RATE] = "account-rate", [ADMISSION_RESERVED_RATE] = "reserved-rate",
        [ADMISSION_STARTS] = "scaling-rate",
    };
    static const char name[] = "lamb_throttles_total";
    exposition_begin(buf, name, "counter",
                     "Invocations refused, by limit and by the Reason that the caller got.");
    for (size_t i = 0; i < ADMISSION_LIMITS; i++)
        exposition_put(buf, name, EXPOSITION_LABELS("limit", limits[i], "reason", admission_reasons[i]),
                       refused[i]);
}

static void write_invocations(struct buf *buf, const struct api *api, const struct invoke_figures *figures) {
    static const char *const outcomes[TOTALS_ANSWERS] = {
        [TOTALS_DONE] = "success",          [TOTALS_FUNCTION_ERROR] = "function-error",
        [TOTALS_TIMEOUT] = "timeout",       [TOTALS_CRASH] = "crash",
        [TOTALS_INIT_ERROR] = "init-error", [TOTALS_THROTTLED] = "throttled",
        [TOTALS_FAILED] = "failed",
    };
    static const char name[] = "lamb_invocations_total";
    const struct invoke_totals *totals = &figures->totals;
    exposition_gauge(buf, "lamb_concurrency_limit", "Invocations of one account that may run at once.",
                     api->options.concurrency);
    exposition_gauge(buf, "lamb_invocations_running",
                     "Invocations admitted and not over, waiting ones included.", figures->running);
    exposition_gauge(buf, "lamb_invocations_waiting", "Invocations that wait for an environment.",
                     figures->waiting);
    exposition_begin(buf, name, "counter", "Invocations answered, by outcome.");
    write_by(buf, name, "outcome", outcomes, totals->answers, TOTALS_ANSWERS);
    write_throttles(buf, figures->refused);
    exposition_counter(buf, "lamb_cold_starts_total", "Invocations that an environment was started for.",
                       totals->cold_starts);
    write_durations(buf, "lamb_invocation_duration_seconds", "Durations as in REPORT.", &totals->calls);
    exposition_counter(buf, "lamb_response_streams_total", "Responses passed on as they were written.",
                       totals->streams);
    exposition_counter(buf, "lamb_response_stream_bytes_total", "Bytes of them.", totals->stream_bytes);
    write_durations(buf, "lamb_init_duration_seconds", "Durations of initialisations, failed ones included.",
                    &totals->inits);
}

static void write_environments(struct buf *buf, const struct invoke_figures *figures) {
    static const char *const states[ENVIRONMENT_STATES] = {
        [ENVIRONMENT_STARTING] = "starting",   [ENVIRONMENT_INITIALIZING] = "initializing",
        [ENVIRONMENT_IDLE] = "idle",           [ENVIRONMENT_RUNNING] = "running",
        [ENVIRONMENT_RESPONDED] = "responded", [ENVIRONMENT_RESETTING] = "resetting",
        [ENVIRONMENT_EMPTY] = "empty",         [ENVIRONMENT_SHUTDOWN] = "shutdown",
        [ENVIRONMENT_ENDING] = "ending",
    };
    static const char *const ends[TOTALS_ENDS] = {
        [TOTALS_END_CRASH] = "crash",       [TOTALS_END_TIMEOUT] = "timeout",
        [TOTALS_END_INIT] = "init-error",   [TOTALS_END_NO_SANDBOX] = "no-sandbox",
        [TOTALS_END_IDLE] = "idle",         [TOTALS_END_MEMORY] = "memory-pressure",
        [TOTALS_END_CAPACITY] = "capacity", [TOTALS_END_OUTDATED] = "outdated",
        [TOTALS_END_EXPIRED] = "expired",   [TOTALS_END_SHUTDOWN] = "shutdown",
    };
    const struct invoke_totals *totals = &figures->totals;
    const char *name = "lamb_environments";
    exposition_begin(buf, name, "gauge", "Execution environments, by state.");
    for (size_t i = 0; i < ENVIRONMENT_STATES; i++)
        exposition_put(buf, name, EXPOSITION_LABELS("state", states[i]), figures->environments[i]);
    name = "lamb_environments_started_total";
    exposition_begin(buf, name, "counter", "Execution environments started, by initialisation type.");
    exposition_put(buf, name, EXPOSITION_LABELS("type", "on-demand"), totals->started_on_demand);
    exposition_put(buf, name, EXPOSITION_LABELS("type", "provisioned-concurrency"),
                   totals->started_provisioned);
    name = "lamb_environments_ended_total";
    exposition_begin(buf, name, "counter", "Execution environments ended, by reason.");
    write_by(buf, name, "reason", ends, totals->ended, TOTALS_ENDS);
    exposition_counter(buf, "lamb_environment_resets_total",
                       "Times that an environment failed and was emptied in place.", totals->resets);
    exposition_counter(buf, "lamb_environment_freezes_total", "Times that an idle environment was frozen.",
                       totals->freezes);
    exposition_counter(buf, "lamb_environment_thaws_total", "Times that a frozen one went on.",
                       totals->thaws);
}

/* Nothing while no runtime is in use. */
static void write_parked(struct buf *buf, const struct invoke *invoke) {
    const char *name = "lamb_parked_runtimes";
    struct parked_counts counts;
    if (!invoke_read_parked(invoke, 0, &counts))
        return;
    exposition_begin(buf, name, "gauge", "Interpreters started ahead of their function.");
    for (size_t i = 0; invoke_read_parked(invoke, i, &counts); i++) {
        exposition_put(buf, name, EXPOSITION_LABELS("runtime", counts.runtime, "state", "ready"),
                       counts.ready);
        exposition_put(buf, name, EXPOSITION_LABELS("runtime", counts.runtime, "state", "starting"),
                       counts.starting);
    }
    name = "lamb_parked_runtimes_taken_total";
    exposition_begin(buf, name, "counter", "Cold starts that one of them served.");
    for (size_t i = 0; invoke_read_parked(invoke, i, &counts); i++)
        exposition_put(buf, name, EXPOSITION_LABELS("runtime", counts.runtime), counts.taken);
    name = "lamb_parked_runtimes_missed_total";
    exposition_begin(buf, name, "counter", "Cold starts that found none of them.");
    for (size_t i = 0; invoke_read_parked(invoke, i, &counts); i++)
        exposition_put(buf, name, EXPOSITION_LABELS("runtime", counts.runtime), counts.missed);
}

static void write_logs(struct buf *buf, const struct invoke_figures *figures) {
    exposition_counter(buf, "lamb_log_lines_total", "Lines of functions' logs.", figures->log_lines);
    exposition_counter(buf, "lamb_log_lines_dropped_total", "Those that were lost: the disk did not keep up.",
                       figures->log_lines_dropped);
}

/* ---- what is kept ---- */

static void write_catalogue(struct buf *buf, const struct api *api) {
    const struct catalogue *catalogue = &api->lambda->catalogue;
    size_t versions = 0;
    size_t aliases = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        versions += catalogue->sorted[i]->version_count;
        aliases += aliases_count(catalogue->sorted[i]->aliases);
    }
    exposition_gauge(buf, "lamb_functions", "Functions of all accounts.", catalogue->count);
    exposition_gauge(buf, "lamb_function_versions", "Their published versions.", versions);
    exposition_gauge(buf, "lamb_function_aliases", "Their aliases.", aliases);
    exposition_gauge(buf, "lamb_records", "Other durable items: layers, identities, policies, settings.",
                     api->records.count);
}

/* ---- the process ---- */

/* Names that Prometheus clients have in common
 * (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). */
static void write_process(struct buf *buf, const struct api *api, const struct process_usage *usage) {
    exposition_gauge(buf, "process_resident_memory_bytes", "Memory of lamb serve that is resident.",
                     usage->resident_bytes);
    exposition_gauge(buf, "process_virtual_memory_bytes", "Its virtual memory.", usage->virtual_bytes);
    exposition_gauge(buf, "process_open_fds", "Its open descriptors.", usage->open_fds);
    exposition_gauge(buf, "process_max_fds", "And how many it may have.", usage->max_fds);
    exposition_begin(buf, "process_cpu_seconds_total", "counter", "Processor time it has used.");
    exposition_put_time(buf, "process_cpu_seconds_total", NULL, usage->cpu_us);
    exposition_begin(buf, "process_start_time_seconds", "gauge",
                     "When it was started, in seconds since 1970.");
    exposition_put_time(buf, "process_start_time_seconds", NULL, (uint64_t)api->started_us);
    exposition_begin(buf, "lamb_build_info", "gauge", "Always 1; the label tells which Lamb this is.");
    exposition_put(buf, "lamb_build_info", EXPOSITION_LABELS("version", LAMB_VERSION), 1);
}

/* ---- the operation ---- */

struct reading {
    struct api_call *call;
    struct process_usage usage;
};

static void read_run(void *job) {
    struct reading *reading = job;
    process_read_usage(&reading->usage);
}

static void read_done(void *job) {
    OWN_MEM struct reading *reading = job;
    struct api_call *call = reading->call;
    const struct api *api = call->api;
    struct invoke_figures figures;
    invoke_read(api->invoke, &figures);
    OWN(buf) struct buf text;
    buf_init(&text, TEXT_BYTES);
    write_environments(&text, &figures);
    write_parked(&text, api->invoke);
    write_invocations(&text, api, &figures);
    queue_metrics_write(&text, api);
    write_logs(&text, &figures);
    write_requests(&text, api);
    write_catalogue(&text, api);
    write_process(&text, api, &reading->usage);
    call_answer_with(call, 200, "Content-Type: " EXPOSITION_TYPE "\r\n", text.data, text.len);
}

static void refuse(struct api_call *call, int status, const char *text) {
    call_answer_with(call, status, "Content-Type: text/plain; charset=utf-8\r\n", text, strlen(text));
}

void metrics_answer(struct api_call *call) {
    if (call->is_from_sandbox) {
        refuse(call, 403, "Lamb's metrics are not for functions.\n");
    } else if (!call->api->options.shows_metrics) {
        refuse(call, 404, "The metrics are switched off: setting `metrics`.\n");
    } else {
        const struct reading reading = {.call = call};
        work_run(call->api->loop, read_run, read_done, mem_copy(&reading, sizeof reading));
    }
}

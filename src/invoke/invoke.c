/* See invoke.h. Begin reading at invoke_start(); then pool_run() in pool.c and phases_deliver() in
 * phases.c. */
#include "invoke/invoke.h"

#include <stdio.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "invoke/life.h"
#include "invoke/pool.h"
#include "invoke/provision.h"
#include "invoke/report.h"
#include "sys/fd.h"
#include "sys/fs.h"

/* How often idle environments and the machine's memory are looked at. */
#define UPKEEP_MS 1000

struct invoke {
    struct pool_set set;
    struct provisions provisions;
    struct stream_limits stream_limits;
    struct loop_timer *upkeep;
    uint64_t trimmed_at; /* what calls had taken by then */
    bool is_trimmed;
    int64_t idle_timeout_us;
    uint64_t min_available_kb;
    void (*drained)(void *arg);
    void *drained_arg;
    void (*lost)(void *arg);
    void *lost_arg;
};

/* ---- upkeep ---- */

static void retire_idle(struct invoke *invoke) {
    int64_t now_us = clock_mono_us(&invoke->set.context.clock);
    while (!list_is_empty(&invoke->set.by_age)) {
        struct environment *oldest = list_item(invoke->set.by_age.next, struct environment, age_link);
        if (oldest->idle_since_us + invoke->idle_timeout_us > now_us)
            break;
        life_retire(oldest, TOTALS_END_IDLE);
    }
}

/* MemAvailable of /proc/meminfo, which costs no disk; a very large number where it can't be read. */
static uint64_t available_kb(void) {
    struct buf text;
    buf_init(&text, 16384);
    uint64_t available = UINT64_MAX;
    if (fs_read("/proc/meminfo", &text, NULL)) {
        const char *line = strstr(buf_text(&text), "MemAvailable:");
        if (line)
            available = strtoull(line + strlen("MemAvailable:"), NULL, 10);
    }
    buf_done(&text);
    return available;
}

/* Gives up parked runtimes, one a second, and retires the oldest idle ones until what they used at their peak
 * makes up for what the machine lacks. */
static void relieve_memory(struct invoke *invoke) {
    uint64_t available = available_kb();
    size_t retired = 0;
    if (available < invoke->min_available_kb)
        parked_drop_one(invoke->set.context.parked);
    while (available < invoke->min_available_kb && !list_is_empty(&invoke->set.by_age)) {
        struct environment *oldest = list_item(invoke->set.by_age.next, struct environment, age_link);
        available += oldest->memory_peak_bytes / 1024 + 1;
        life_retire(oldest, TOTALS_END_MEMORY);
        retired++;
    }
    if (retired > 0)
        log_warn("invoke.memory_pressure", "retired_environments=%zu setting=min-available-mb", retired);
}

/* Gives free memory back to the machine once, when nothing has run for a while: freed pieces between used
 * ones would keep it otherwise. Takes some milliseconds. */
static void trim_memory(struct invoke *invoke) {
    uint64_t calls = invoke->set.totals.calls.sum_us;
    bool is_quiet = calls == invoke->trimmed_at && invoke->set.unfinished == 0;
    if (is_quiet && !invoke->is_trimmed)
        malloc_trim(0);
    invoke->is_trimmed = is_quiet;
    invoke->trimmed_at = calls;
}

static void on_upkeep(void *arg) {
    struct invoke *invoke = arg;
    trim_memory(invoke);
    retire_idle(invoke);
    pool_set_retire_expired(&invoke->set);
    provisions_upkeep(&invoke->provisions);
    admission_tidy(&invoke->set.admission, clock_mono_us(&invoke->set.context.clock));
    if (!list_is_empty(&invoke->set.by_age) || parked_count(invoke->set.context.parked) > 0)
        relieve_memory(invoke);
    loop_timer_start(invoke->upkeep, UPKEEP_MS);
}

/* ---- sandboxes ---- */

static struct environment *find_environment(struct invoke *invoke, uint64_t sandbox_id) {
    return map_get_bytes(&invoke->set.by_sandbox, &sandbox_id, sizeof sandbox_id);
}

static void on_started(void *arg, uint64_t id, struct sandbox_fds *fds) {
    struct invoke *invoke = arg;
    struct environment *environment = find_environment(invoke, id);
    if (environment)
        life_sandbox_started(environment, fds);
    else
        parked_started(invoke->set.context.parked, id, fds);
}

static void on_failed(void *arg, uint64_t id, const struct err *failure) {
    struct invoke *invoke = arg;
    log_error("sandbox.failed", "id=%llu error=\"%s\"", (unsigned long long)id, failure->text);
    struct environment *environment = find_environment(invoke, id);
    if (environment)
        life_sandbox_failed(environment, failure);
    else
        parked_failed(invoke->set.context.parked, id, failure);
}

static void on_fitted(void *arg, uint64_t id, const struct err *failure) {
    struct environment *environment = find_environment(arg, id);
    if (environment)
        life_sandbox_fitted(environment, failure);
}

static void on_ended(void *arg, uint64_t id, const struct sandbox_end *end) {
    struct invoke *invoke = arg;
    struct environment *environment = find_environment(invoke, id);
    if (environment)
        life_sandbox_ended(environment, end);
    else
        parked_ended(invoke->set.context.parked, id);
}

static void on_lost(void *arg) {
    struct invoke *invoke = arg;
    log_error("sandbox.spawner_lost", "consequence=\"no function can run; shutting down\"");
    invoke->lost(invoke->lost_arg);
}

const struct sandbox_callbacks *invoke_sandbox_callbacks(void) {
    static const struct sandbox_callbacks callbacks = {
        .started = on_started,
        .failed = on_failed,
        .fitted = on_fitted,
        .ended = on_ended,
        .lost = on_lost,
    };
    return &callbacks;
}

/* ---- calls ---- */

static void answer_failure(struct pool_set *set, const struct err *failure,
                           void (*done)(void *arg, const struct invoke_result *result), void *arg) {
    struct invoke_result result = {.outcome = INVOKE_FAILED, .failure = failure};
    set->totals.answers[TOTALS_FAILED]++;
    done(arg, &result);
}

static void answer_throttled(struct pool_set *set, const struct admission_refusal *refusal,
                             void (*done)(void *arg, const struct invoke_result *result), void *arg) {
    struct invoke_result result = {
        .outcome = INVOKE_THROTTLED, .reason = refusal->reason, .retry_after_s = refusal->retry_after_s};
    set->totals.answers[TOTALS_THROTTLED]++;
    done(arg, &result);
}

/* A custom runtime without a bootstrap never gets a sandbox; its log still tells. */
static void answer_no_bootstrap(struct pool *pool, struct invocation *invocation) {
    const struct environment_context *context = &pool->set->context;
    static const enum notice_kind kinds[] = {NOTICE_START, NOTICE_RUNTIME_DONE, NOTICE_END, NOTICE_REPORT};
    struct journal journal;
    journal_init(&journal, pool->log, &context->clock, pool->function, context->region, false);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct notice notice = {.kind = kinds[i], .request_id = invocation->request_id, .init_us = -1};
        if (kinds[i] != NOTICE_START) {
            notice.status = "error";
            notice.error_type = "Runtime.InvalidEntrypoint";
        }
        journal_notice(&journal, invocation, &notice);
    }
    journal_done(&journal);
    char text[REPORT_TEXT_BYTES];
    size_t len = report_entrypoint_document(invocation->request_id, text);
    invocation->error = TOTALS_INIT_ERROR;
    invocation_answer(invocation, INVOKE_FUNCTION_ERROR, text, len);
    pool_invocation_over(pool, invocation);
    pool_free_if_empty(pool);
}

static struct provisioned *find_provisioned(const struct pool *pool, const char *qualifier) {
    return pool && !list_is_empty(&pool->provisioned) ? pool_find_provisioned(pool, qualifier) : NULL;
}

/* The pool of a call that was admitted, and the share it was admitted in; NULL when it was answered instead.
 * A function that is throttled gets no pool. */
static struct pool *admit(struct pool_set *set, const struct invoke_request *request,
                          struct admission_share **ret_share,
                          void (*done)(void *arg, const struct invoke_result *result), void *arg) {
    const struct function *function = request->function;
    struct pool *pool = pool_find(set, function->epoch);
    struct admission_group *group = pool ? pool->group
                                         : admission_group_take(&set->admission, function->account,
                                                                function->name);
    const struct provisioned *provisioned = find_provisioned(pool, request->qualifier);
    struct admission_share *share = provisioned ? provisioned->share : NULL;
    struct admission_refusal refusal;
    struct err err;
    bool is_admitted = request->is_event
                           ? admission_enter_event(group, &share, &refusal)
                           : admission_enter(group, &share, clock_mono_us(&set->context.clock), &refusal);
    if (is_admitted && !pool && !pool_new(set, function, group, &pool, &err))
        admission_leave(group, share);
    if (!pool)
        admission_group_release(group);
    if (!is_admitted)
        answer_throttled(set, &refusal, done, arg);
    else if (!pool)
        answer_failure(set, &err, done, arg);
    *ret_share = share;
    return is_admitted ? pool : NULL;
}

void invoke_start(struct invoke *invoke, const struct invoke_request *request,
                  void (*done)(void *arg, const struct invoke_result *result), void *arg,
                  struct invocation **ret_invocation) {
    struct pool_set *set = &invoke->set;
    *ret_invocation = NULL;
    if (set->is_draining) {
        struct err err;
        err_set(&err, ERR_CLOSED, "Lamb is shutting down");
        answer_failure(set, &err, done, arg);
        return;
    }
    struct admission_share *share;
    struct pool *pool = admit(set, request, &share, done, arg);
    if (!pool)
        return;
    struct invocation *invocation = invocation_new(&set->invocations, request, done, arg);
    invocation->share = share;
    set->unfinished++;
    if (pool->dirs.lacks_bootstrap)
        answer_no_bootstrap(pool, invocation);
    else if (pool_run(pool, find_provisioned(pool, request->qualifier), invocation))
        *ret_invocation = invocation;
    else
        pool_free_if_empty(pool);
}

uint32_t invoke_room(const struct invoke *invoke, const char *account, const char *name) {
    return admission_room(&invoke->set.admission, account, name);
}

void invoke_retire(struct invoke *invoke, const struct function *function) {
    struct pool *pool = pool_find(&invoke->set, function->epoch);
    if (pool)
        pool_retire(pool);
}

bool invoke_has_epoch(const struct invoke *invoke, const struct function *function) {
    return pool_find(&invoke->set, function->epoch) != NULL;
}

void invoke_expect(struct invoke *invoke, const struct function *function) {
    parked_want(invoke->set.context.parked, function->runtime);
}

void invoke_set_reserved(struct invoke *invoke, const char *account, const char *name, int64_t reserved) {
    admission_reserve(&invoke->set.admission, account, name, reserved);
}

void invoke_provision(struct invoke *invoke, const char *account, const char *name,
                      const struct provision_wish *wishes, size_t count) {
    provisions_set(&invoke->provisions, account, name, wishes, count);
}

bool invoke_provision_status(const struct invoke *invoke, const char *account, const char *name,
                             const char *qualifier, struct provision_status *ret_status) {
    return provisions_status(&invoke->provisions, account, name, qualifier, ret_status);
}

void invoke_provision_retry(struct invoke *invoke, const char *account, const char *name,
                            const char *qualifier) {
    provisions_retry(&invoke->provisions, account, name, qualifier);
}

void invoke_read(const struct invoke *invoke, struct invoke_figures *ret_figures) {
    const struct pool_set *set = &invoke->set;
    *ret_figures = (struct invoke_figures){
        .running = set->admission.running,
        .waiting = set->waiting,
        .totals = set->totals,
    };
    memcpy(ret_figures->environments, set->counts.by_state, sizeof ret_figures->environments);
    memcpy(ret_figures->refused, set->admission.refused, sizeof ret_figures->refused);
    function_logs_count(set->logs, &ret_figures->log_lines, &ret_figures->log_lines_dropped);
}

bool invoke_read_parked(const struct invoke *invoke, size_t index, struct parked_counts *ret_counts) {
    return parked_count_runtime(invoke->set.context.parked, index, ret_counts);
}

/* ---- life ---- */

struct invoke *invoke_new(struct loop *loop, const struct clock *clock,
                          const struct invoke_options *options) {
    struct invoke *invoke = mem_alloc(sizeof *invoke);
    struct pool_set *set = &invoke->set;
    invoke->stream_limits = options->streams;
    set->context = (struct environment_context){
        .loop = loop,
        .clock = *clock,
        .region = options->region,
        .runtimes = options->runtimes,
        .stream_limits = &invoke->stream_limits,
        .events = pool_environment_events,
        .totals = &set->totals,
    };
    const struct parked_options parked = {.least = options->parked_runtimes > 0,
                                          .most = options->parked_runtimes};
    set->context.parked = parked_new(loop, clock, options->runtimes, &parked);
    admission_init(&set->admission, options->concurrency, options->scaling_rate);
    invocation_store_init(&set->invocations, &set->totals);
    set->logs = function_logs_new(loop, clock, options->log_dir, options->log_file_bytes, options->log_files);
    map_init(&set->by_epoch);
    map_init(&set->by_sandbox);
    list_init(&set->by_age);
    set->provisioned_events = provision_events;
    provisions_init(&invoke->provisions, set);
    set->code_dir = options->code_dir;
    set->init_timeout_ms = options->init_timeout_ms;
    set->max_environments = options->concurrency;
    set->starts_at_once = options->starts_at_once;
    invoke->idle_timeout_us = options->idle_timeout_ms * 1000;
    invoke->min_available_kb = options->min_available_mb * 1024;
    invoke->lost = options->lost;
    invoke->lost_arg = options->lost_arg;
    invoke->upkeep = loop_timer_new(loop, on_upkeep, invoke);
    loop_timer_start(invoke->upkeep, UPKEEP_MS);
    return invoke;
}

void invoke_set_upper(struct invoke *invoke, const struct invoke_upper *upper) {
    invoke->set.context.upper = *upper;
}

void invoke_leave_upper(struct invoke *invoke) {
    size_t cursor = 0;
    void *environment;
    while (map_next(&invoke->set.by_sandbox, &cursor, NULL, &environment))
        environment_close_api(environment);
    invoke->set.context.upper = (struct invoke_upper){0};
}

void invoke_set_host(struct invoke *invoke, struct sandbox_host *host) {
    invoke->set.context.host = host;
    parked_set_host(invoke->set.context.parked, host);
}

static void on_all_over(void *arg) {
    struct invoke *invoke = arg;
    if (invoke->drained)
        function_logs_drain(invoke->set.logs, take_ptr(invoke->drained), invoke->drained_arg);
}

void invoke_drain(struct invoke *invoke, void (*drained)(void *arg), void *arg) {
    invoke->drained = drained;
    invoke->drained_arg = arg;
    invoke->set.is_draining = true;
    invoke->set.all_over = on_all_over;
    invoke->set.all_over_arg = invoke;
    pool_set_retire_idle(&invoke->set);
    if (pool_set_is_over(&invoke->set))
        on_all_over(invoke);
}

static void set_true(void *arg) {
    *(bool *)arg = true;
}

void invoke_free(struct invoke *invoke) {
    if (!invoke)
        return;
    bool is_written = false;
    invoke->drained = NULL;
    invoke->set.is_draining = true;
    invoke->set.all_over = on_all_over;
    invoke->set.all_over_arg = invoke;
    pool_set_drop(&invoke->set);
    parked_free(invoke->set.context.parked);
    provisions_done(&invoke->provisions);
    function_logs_drain(invoke->set.logs, set_true, &is_written);
    while (!is_written)
        loop_turn(invoke->set.context.loop, true);
    function_logs_free(invoke->set.logs);
    map_done(&invoke->set.by_epoch);
    map_done(&invoke->set.by_sandbox);
    admission_done(&invoke->set.admission);
    invocation_store_done(&invoke->set.invocations);
    loop_timer_free(invoke->upkeep);
    free(invoke);
}

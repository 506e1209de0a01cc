/* See pool.h. */
#include "invoke/pool.h"

#include <sys/stat.h>

#include "base/mem.h"
#include "package/layout.h"
#include "sys/fd.h"

#define RETURN_GRACE_MS 20
#define PACE_MS 50

/* ---- pools ---- */

static void on_grace_over(void *arg);
static void on_pace_over(void *arg);

struct pool *pool_find(struct pool_set *set, uint64_t epoch) {
    return map_get_bytes(&set->by_epoch, &epoch, sizeof epoch);
}

bool pool_get(struct pool_set *set, const struct function *function, struct pool **ret_pool,
              struct err *err) {
    struct pool *pool = pool_find(set, function->epoch);
    if (pool) {
        *ret_pool = pool;
        return true;
    }
    OWN_FD int code_fd = -1;
    if (!layout_open(set->code_dir, function->code_digest, &code_fd, err))
        return false;
    pool = mem_alloc(sizeof *pool);
    pool->set = set;
    pool->function = function_ref(function);
    pool->log = function_log_open(set->logs, function->account, function->name);
    pool->code_fd = take_fd(&code_fd);
    pool->grace = loop_timer_new(set->context.loop, on_grace_over, pool);
    pool->pace = loop_timer_new(set->context.loop, on_pace_over, pool);
    pool->pace_round = 1;
    list_init(&pool->idle);
    list_init(&pool->unclaimed);
    list_init(&pool->waiting);
    map_put_bytes(&set->by_epoch, &function->epoch, sizeof function->epoch, pool);
    *ret_pool = pool;
    return true;
}

static void pool_free(struct pool *pool) {
    map_remove_bytes(&pool->set->by_epoch, &pool->function->epoch, sizeof pool->function->epoch);
    loop_timer_free(pool->grace);
    loop_timer_free(pool->pace);
    function_log_release(pool->log);
    fd_close(&pool->code_fd);
    function_unref(pool->function);
    free(pool);
}

void pool_free_if_empty(struct pool *pool) {
    if (environment_counts_all(&pool->counts) == 0 && list_is_empty(&pool->waiting))
        pool_free(pool);
}

bool pool_has_bootstrap(const struct pool *pool) {
    struct stat status;
    return fstatat(pool->code_fd, "bootstrap", &status, 0) == 0 && S_ISREG(status.st_mode) &&
           (status.st_mode & S_IXOTH);
}

/* ---- waiting invocations ---- */

/* Pairs a waiting invocation with the environment that was started for it; NULL for none. */
static void pair(struct pool *pool, struct invocation *invocation, struct environment *environment) {
    pool->unaided += (environment == NULL) - (invocation->environment == NULL);
    invocation->environment = environment;
    if (environment) {
        environment->invocation = invocation;
        list_remove(&environment->idle_link);
    }
}

static void stop_waiting(struct pool *pool, struct invocation *invocation) {
    list_remove(&invocation->link);
    pool->set->waiting--;
    struct environment *environment = take_ptr(invocation->environment);
    if (!environment) {
        pool->unaided--;
        return;
    }
    environment->invocation = NULL;
    list_push_back(&pool->unclaimed, &environment->idle_link);
}

void pool_set_invocation_over(struct pool_set *set, struct invocation *invocation) {
    admission_leave(&set->admission);
    invocation_recycle(&set->invocations, invocation);
    if (set->is_draining && set->admission.running == 0)
        set->all_over(set->all_over_arg);
}

static void fail_waiting(struct pool *pool, struct invocation *invocation, const struct err *failure) {
    stop_waiting(pool, invocation);
    invocation_fail(invocation, failure);
    pool_set_invocation_over(pool->set, invocation);
}

/* Hands a ready environment the oldest waiting invocation. The invocation it was started for, if that is
 * another one, gets the environment that was started for the oldest. */
static bool serve_waiting(struct pool *pool, struct environment *environment) {
    if (list_is_empty(&pool->waiting))
        return false;
    struct invocation *oldest = list_item(pool->waiting.next, struct invocation, link);
    struct invocation *own = environment->invocation;
    if (own && own != oldest) {
        pair(pool, own, oldest->environment);
        pair(pool, oldest, environment);
    }
    stop_waiting(pool, oldest);
    list_remove(&environment->idle_link);
    environment_deliver(environment, oldest);
    return true;
}

/* ---- starting environments ---- */

/* False when a start has to wait for others of its pool. */
static bool take_pace(struct pool *pool) {
    if (pool->paced < pool->set->starts_at_once) {
        pool->paced++;
        return true;
    }
    if (!pool->is_pacing)
        loop_timer_start(pool->pace, PACE_MS);
    pool->is_pacing = true;
    return false;
}

static void leave_pace(struct environment *environment) {
    if (environment->pace_round == environment->pool->pace_round)
        environment->pool->paced--;
    environment->pace_round = 0;
}

/* False when the invocation was answered instead: its runtime is gone from this machine. */
static bool start_for(struct pool *pool, struct invocation *invocation) {
    struct pool_set *set = pool->set;
    if (!take_pace(pool))
        return true;
    if (environment_counts_all(&set->counts) >= set->max_environments)
        pool_set_retire_oldest(set);
    struct environment_request request = {
        .pool = pool,
        .counts = {&pool->counts, &set->counts},
        .function = pool->function,
        .log = pool->log,
        .code_fd = pool->code_fd,
        .init_timeout_ms = invocation->init_retried ? (int64_t)pool->function->timeout_s * 1000
                                                    : set->init_timeout_ms,
    };
    struct err err;
    struct environment *environment = environment_new(&set->context, &request, &err);
    if (!environment) {
        pool->paced--;
        fail_waiting(pool, invocation, &err);
        return false;
    }
    environment->pace_round = pool->pace_round;
    map_put_bytes(&set->by_sandbox, &environment->sandbox_id, sizeof environment->sandbox_id, environment);
    pair(pool, invocation, environment);
    if (invocation->init_retried)
        environment_log_start(environment, invocation);
    return true;
}

/* An environment that is starting already, or a new one. */
static bool aid(struct pool *pool, struct invocation *invocation) {
    if (list_is_empty(&pool->unclaimed))
        return start_for(pool, invocation);
    pair(pool, invocation, list_item(pool->unclaimed.next, struct environment, idle_link));
    return true;
}

/* All waiting invocations without an environment but the oldest `relying` ones. */
static void aid_waiting(struct pool *pool, size_t relying) {
    if (pool->unaided <= relying)
        return;
    list_each (link, &pool->waiting) {
        struct invocation *invocation = list_item(link, struct invocation, link);
        if (invocation->environment)
            continue;
        if (relying > 0)
            relying--;
        else
            aid(pool, invocation);
    }
}

static void on_grace_over(void *arg) {
    struct pool *pool = arg;
    aid_waiting(pool, 0);
    pool_free_if_empty(pool);
}

static void on_pace_over(void *arg) {
    struct pool *pool = arg;
    pool->is_pacing = false;
    pool->paced = 0;
    pool->pace_round++;
    aid_waiting(pool, pool->counts.by_state[ENVIRONMENT_RESPONDED]);
    pool_free_if_empty(pool);
}

bool pool_run(struct pool *pool, struct invocation *invocation) {
    invocation->pool = pool;
    if (!list_is_empty(&pool->idle)) {
        struct environment *environment = list_item(pool->idle.next, struct environment, idle_link);
        list_remove(&environment->idle_link);
        list_remove(&environment->age_link);
        environment_deliver(environment, invocation);
        return true;
    }
    list_push_back(&pool->waiting, &invocation->link);
    pool->set->waiting++;
    pool->unaided++;
    if (pool->unaided > pool->counts.by_state[ENVIRONMENT_RESPONDED])
        return aid(pool, invocation);
    if (pool->unaided == 1)
        loop_timer_start(pool->grace, RETURN_GRACE_MS);
    return true;
}

/* ---- what environments tell ---- */

static void on_ready(struct environment *environment) {
    struct pool *pool = environment->pool;
    list_remove(&environment->idle_link);
    leave_pace(environment);
    if (serve_waiting(pool, environment)) {
        aid_waiting(pool, pool->counts.by_state[ENVIRONMENT_RESPONDED]);
        return;
    }
    if (pool->is_retired || pool->set->is_draining) {
        environment_kill(environment);
        return;
    }
    environment->idle_since_us = clock_mono_us(&pool->set->context.clock);
    list_push_front(&pool->idle, &environment->idle_link);
    list_push_back(&pool->set->by_age, &environment->age_link);
}

static void on_finished(struct environment *environment, struct invocation *invocation) {
    pool_set_invocation_over(environment->pool->set, invocation);
}

/* An initialisation that failed is tried once more, under the function's own time-out, as the service does.
 */
static void retry_or_answer(struct pool *pool, struct environment *failed, struct invocation *invocation) {
    failed->invocation = NULL;
    pair(pool, invocation, NULL);
    if (!invocation->init_retried && failed->init_failure != INIT_NO_SANDBOX) {
        invocation->init_retried = true;
        start_for(pool, invocation);
        return;
    }
    stop_waiting(pool, invocation);
    environment_answer_init_failure(failed, invocation);
    pool_set_invocation_over(pool->set, invocation);
}

static void on_ended(struct environment *environment) {
    struct pool *pool = environment->pool;
    map_remove_bytes(&pool->set->by_sandbox, &environment->sandbox_id, sizeof environment->sandbox_id);
    leave_pace(environment);
    if (environment->invocation)
        retry_or_answer(pool, environment, environment->invocation);
    environment_free(environment);
    aid_waiting(pool, pool->counts.by_state[ENVIRONMENT_RESPONDED]);
    pool_free_if_empty(pool);
}

const struct environment_events pool_environment_events = {
    .ready = on_ready, .finished = on_finished, .ended = on_ended};

/* ---- retirement ---- */

void pool_retire(struct pool *pool) {
    pool->is_retired = true;
    list_each (link, &pool->idle)
        environment_kill(list_item(link, struct environment, idle_link));
    pool_free_if_empty(pool);
}

bool pool_set_retire_oldest(struct pool_set *set) {
    if (list_is_empty(&set->by_age))
        return false;
    environment_kill(list_item(set->by_age.next, struct environment, age_link));
    return true;
}

void pool_set_drop(struct pool_set *set) {
    struct err failure;
    err_set(&failure, ERR_CLOSED, "Lamb is shutting down");
    size_t cursor = 0;
    void *value;
    while (map_next(&set->by_epoch, &cursor, NULL, &value)) {
        struct pool *pool = value;
        list_each (link, &pool->waiting)
            fail_waiting(pool, list_item(link, struct invocation, link), &failure);
    }
    cursor = 0;
    while (map_next(&set->by_sandbox, &cursor, NULL, &value)) {
        struct environment *environment = value;
        if (environment->invocation) {
            invocation_fail(environment->invocation, &failure);
            pool_set_invocation_over(set, environment->invocation);
        }
        environment_free(environment);
    }
    cursor = 0;
    while (map_next(&set->by_epoch, &cursor, NULL, &value))
        pool_free(value);
}

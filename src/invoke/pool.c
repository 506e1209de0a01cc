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

static bool open_layers(const char *code_dir, const struct function *function, int *ret_fd, struct err *err) {
    OWN_MEM const char **digests = mem_alloc_array(function->layer_count, sizeof *digests);
    for (size_t i = 0; i < function->layer_count; i++)
        digests[i] = function->layers[i].digest;
    return layout_open_merged(code_dir, digests, function->layer_count, ret_fd, err);
}

/* The first that is a file which others may execute. */
static const char *find_bootstrap(const int mount_fds[LAUNCH_MOUNTS]) {
    static const char *const paths[] = {"/var/task/bootstrap", "/opt/bootstrap"};
    for (size_t i = 0; i < LAUNCH_MOUNTS; i++) {
        struct stat status;
        if (mount_fds[i] != -1 && fstatat(mount_fds[i], "bootstrap", &status, 0) == 0 &&
            S_ISREG(status.st_mode) && (status.st_mode & S_IXOTH))
            return paths[i];
    }
    return NULL;
}

bool pool_new(struct pool_set *set, const struct function *function, struct admission_group *group,
              struct pool **ret_pool, struct err *err) {
    OWN_FD int code_fd = -1;
    OWN_FD int layers_fd = -1;
    if (!layout_open(set->code_dir, function->code_digest, &code_fd, err) ||
        (function->layer_count > 0 && !open_layers(set->code_dir, function, &layers_fd, err)))
        return false;
    struct pool *pool = mem_alloc(sizeof *pool);
    pool->set = set;
    pool->function = function_ref(function);
    pool->log = function_log_open(set->logs, function->account, function->name);
    pool->group = group;
    pool->mount_fds[LAUNCH_CODE] = take_fd(&code_fd);
    pool->mount_fds[LAUNCH_LAYERS] = take_fd(&layers_fd);
    const struct runtime_kind *kind = runtime_find(function->runtime);
    if (kind && kind->family == RUNTIME_PROVIDED) {
        pool->bootstrap = find_bootstrap(pool->mount_fds);
        pool->lacks_bootstrap = !pool->bootstrap;
    }
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
    admission_group_release(pool->group);
    for (size_t i = 0; i < LAUNCH_MOUNTS; i++)
        fd_close(&pool->mount_fds[i]);
    function_unref(pool->function);
    free(pool);
}

void pool_free_if_empty(struct pool *pool) {
    if (environment_counts_all(&pool->counts) == 0 && list_is_empty(&pool->waiting))
        pool_free(pool);
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

void pool_invocation_over(struct pool *pool, struct invocation *invocation) {
    struct pool_set *set = pool->set;
    admission_leave(pool->group);
    invocation_recycle(&set->invocations, invocation);
    if (set->is_draining && set->admission.running == 0)
        set->all_over(set->all_over_arg);
}

static void fail_waiting(struct pool *pool, struct invocation *invocation, const struct err *failure) {
    stop_waiting(pool, invocation);
    invocation_fail(invocation, failure);
    pool_invocation_over(pool, invocation);
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
        .bootstrap = pool->bootstrap,
        .mount_fds = pool->mount_fds,
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

/* The newest idle environment that can still be used, out of its lists; NULL for none. */
static struct environment *take_idle(struct pool *pool) {
    while (!list_is_empty(&pool->idle)) {
        struct environment *environment = list_item(pool->idle.next, struct environment, idle_link);
        if (environment_is_expired(environment)) {
            environment_kill(environment);
            continue;
        }
        list_remove(&environment->idle_link);
        list_remove(&environment->age_link);
        return environment;
    }
    return NULL;
}

bool pool_run(struct pool *pool, struct invocation *invocation) {
    struct environment *environment = take_idle(pool);
    invocation->pool = pool;
    if (environment) {
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
    /* One that was only now made is used in any case: another one would not be any better. */
    bool is_expired = environment->init_us < 0 && environment_is_expired(environment);
    if (is_expired)
        environment_kill(environment);
    if (is_expired || serve_waiting(pool, environment)) {
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
    pool_invocation_over(environment->pool, invocation);
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
    pool_invocation_over(pool, invocation);
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

void pool_set_retire_expired(struct pool_set *set) {
    list_each (link, &set->by_age) {
        struct environment *environment = list_item(link, struct environment, age_link);
        if (environment_is_expired(environment))
            environment_kill(environment);
    }
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
            pool_invocation_over(environment->pool, environment->invocation);
        }
        environment_free(environment);
    }
    cursor = 0;
    while (map_next(&set->by_epoch, &cursor, NULL, &value))
        pool_free(value);
}

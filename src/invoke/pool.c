/* See pool.h. */
#include "invoke/pool.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/log_group.h"
#include "invoke/life.h"
#include "invoke/phases.h"

#define RETURN_GRACE_MS 20
#define PACE_MS 50

/* ---- pools ---- */

static void on_grace_over(void *arg);
static void on_pace_over(void *arg);

struct pool *pool_find(const struct pool_set *set, uint64_t epoch) {
    return map_get_bytes(&set->by_epoch, &epoch, sizeof epoch);
}

bool pool_new(struct pool_set *set, const struct function *function, struct admission_group *group,
              struct pool **ret_pool, struct err *err) {
    struct code_dirs dirs;
    if (!code_dirs_open(&dirs, set->code_dir, function, err))
        return false;
    struct pool *pool = mem_alloc(sizeof *pool);
    pool->set = set;
    pool->function = function_ref(function);
    char log_group[LOG_GROUP_BYTES];
    log_group_of(function, log_group);
    pool->log = function_log_open(set->logs, function->account, log_group);
    pool->group = group;
    pool->dirs = dirs;
    pool->grace = loop_timer_new(set->context.loop, on_grace_over, pool);
    pool->pace = loop_timer_new(set->context.loop, on_pace_over, pool);
    pool->pace_round = 1;
    list_init(&pool->provisioned);
    list_init(&pool->idle);
    list_init(&pool->unclaimed);
    list_init(&pool->waiting);
    map_put_bytes(&set->by_epoch, &function->epoch, sizeof function->epoch, pool);
    *ret_pool = pool;
    return true;
}

static void pool_free(struct pool *pool) {
    list_each (link, &pool->provisioned)
        free(list_item(link, struct provisioned, link));
    map_remove_bytes(&pool->set->by_epoch, &pool->function->epoch, sizeof pool->function->epoch);
    loop_timer_free(pool->grace);
    loop_timer_free(pool->pace);
    function_log_release(pool->log);
    admission_group_release(pool->group);
    code_dirs_close(&pool->dirs);
    function_unref(pool->function);
    free(pool);
}

void pool_free_if_empty(struct pool *pool) {
    if (environment_counts_all(&pool->counts) == 0 && list_is_empty(&pool->waiting) &&
        list_is_empty(&pool->provisioned))
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

/* What a call waits for besides its environment is the right to have one started; it gives it back unused. */
static void stop_waiting(struct pool *pool, struct invocation *invocation) {
    list_remove(&invocation->link);
    pool->set->waiting--;
    if (invocation->provisioned)
        invocation->provisioned->waiting--;
    invocation->provisioned = NULL;
    if (invocation->has_start)
        admission_start_undo(pool->group);
    invocation->has_start = false;
    struct environment *environment = take_ptr(invocation->environment);
    if (!environment) {
        pool->unaided--;
        return;
    }
    environment->invocation = NULL;
    list_push_back(&pool->unclaimed, &environment->idle_link);
}

static void leave(struct pool *pool, struct invocation *invocation) {
    if (!invocation->has_left)
        admission_leave(pool->group, invocation->share);
    invocation->has_left = true;
}

bool pool_set_is_over(const struct pool_set *set) {
    const size_t *by_state = set->counts.by_state;
    return set->unfinished == 0 && by_state[ENVIRONMENT_SHUTDOWN] + by_state[ENVIRONMENT_RESETTING] == 0;
}

static void tell_over(struct pool_set *set) {
    if (set->is_draining && pool_set_is_over(set))
        set->all_over(set->all_over_arg);
}

void pool_invocation_over(struct pool *pool, struct invocation *invocation) {
    struct pool_set *set = pool->set;
    leave(pool, invocation);
    invocation_recycle(&set->invocations, invocation);
    set->unfinished--;
    tell_over(set);
}

static void fail_waiting(struct pool *pool, struct invocation *invocation, const struct err *failure) {
    stop_waiting(pool, invocation);
    invocation_fail(invocation, failure);
    pool_invocation_over(pool, invocation);
}

/* The oldest waiting invocation that the environment may serve; NULL for none. */
static struct invocation *find_waiting(const struct pool *pool, const struct environment *environment) {
    const struct provisioned *provisioned = environment->provisioned;
    if (provisioned && provisioned->waiting == 0)
        return NULL;
    list_each (link, &pool->waiting) {
        struct invocation *invocation = list_item(link, struct invocation, link);
        if (!provisioned || invocation->provisioned == provisioned)
            return invocation;
    }
    return NULL;
}

/* The invocation the environment was started for, if that is another one, gets what the oldest had: the
 * environment that was started for it, or the right to have one started. */
static bool serve_waiting(struct pool *pool, struct environment *environment) {
    struct invocation *oldest = find_waiting(pool, environment);
    if (!oldest)
        return false;
    struct invocation *own = environment->invocation;
    if (own && own != oldest) {
        pair(pool, own, oldest->environment);
        pair(pool, oldest, environment);
        own->has_start = oldest->has_start;
        oldest->has_start = false;
    }
    stop_waiting(pool, oldest);
    list_remove(&environment->idle_link);
    phases_deliver(environment, oldest);
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

/* One that is told that it ends, or is emptied for nobody; NULL for none. */
static struct environment *find_leaving(const struct pool_set *set) {
    size_t cursor = 0;
    void *value;
    if (set->counts.by_state[ENVIRONMENT_SHUTDOWN] + set->counts.by_state[ENVIRONMENT_RESETTING] == 0)
        return NULL;
    while (map_next(&set->by_sandbox, &cursor, NULL, &value)) {
        struct environment *environment = value;
        if (environment->state == ENVIRONMENT_SHUTDOWN ||
            (environment->state == ENVIRONMENT_RESETTING && !environment->invocation))
            return environment;
    }
    return NULL;
}

/* Extensions have seconds to end: past the bound they have no more of them, so that a function that fails at
 * once each time can't hold many times what it may use. */
static void make_room(struct pool_set *set) {
    if (environment_counts_all(&set->counts) < set->max_environments)
        return;
    struct environment *leaving = find_leaving(set);
    if (leaving)
        environment_kill(leaving);
    else
        pool_set_retire_oldest(set, TOTALS_END_CAPACITY);
}

/* NULL when it can't be launched (err). The pace must have been taken; it is given back then. */
static struct environment *start(struct pool *pool, struct provisioned *provisioned, int64_t init_timeout_ms,
                                 struct err *err) {
    struct pool_set *set = pool->set;
    make_room(set);
    struct life_request request = {
        .pool = pool,
        .provisioned = provisioned,
        .counts = {provisioned ? &provisioned->counts : &pool->counts, &set->counts},
        .function = pool->function,
        .log = pool->log,
        .dirs = &pool->dirs,
        .init_timeout_ms = init_timeout_ms,
    };
    struct environment *environment = life_begin(&set->context, &request, err);
    if (!environment) {
        pool->paced--;
        return NULL;
    }
    environment->pace_round = pool->pace_round;
    map_put_bytes(&set->by_sandbox, &environment->sandbox_id, sizeof environment->sandbox_id, environment);
    return environment;
}

/* The first start for an invocation is counted, before it is put off. False when it was throttled instead. */
static bool take_start(struct pool *pool, struct invocation *invocation) {
    struct admission_refusal refusal;
    if (invocation->has_start || invocation->is_retried)
        return true;
    if (admission_start(pool->group, clock_mono_us(&pool->set->context.clock), &refusal)) {
        invocation->has_start = true;
        return true;
    }
    stop_waiting(pool, invocation);
    invocation_throttle(invocation, &refusal);
    pool_invocation_over(pool, invocation);
    return false;
}

/* False when the invocation was answered instead: there is no start left for it, or its runtime is gone from
 * this machine. */
static bool start_for(struct pool *pool, struct invocation *invocation) {
    if (!take_start(pool, invocation))
        return false;
    if (!take_pace(pool))
        return true;
    struct err err;
    struct environment *environment = start(pool, NULL, pool->set->init_timeout_ms, &err);
    if (!environment) {
        fail_waiting(pool, invocation, &err);
        return false;
    }
    invocation->has_start = false;
    pair(pool, invocation, environment);
    return true;
}

/* An environment that is starting already, or a new one. */
static bool aid(struct pool *pool, struct invocation *invocation) {
    if (list_is_empty(&pool->unclaimed))
        return start_for(pool, invocation);
    pair(pool, invocation, list_item(pool->unclaimed.next, struct environment, idle_link));
    return true;
}

/* Environments that come back any moment, as far as a waiting call may have them. */
static size_t count_returning(const struct pool *pool) {
    size_t count = pool->counts.by_state[ENVIRONMENT_RESPONDED];
    list_each (link, &pool->provisioned) {
        const struct provisioned *provisioned = list_item(link, struct provisioned, link);
        size_t own = provisioned->counts.by_state[ENVIRONMENT_RESPONDED];
        count += own < provisioned->waiting ? own : provisioned->waiting;
    }
    return count;
}

static void begin_grace(struct pool *pool) {
    pool->has_grace = true;
    loop_timer_start(pool->grace, RETURN_GRACE_MS);
}

/* All waiting invocations without an environment but the oldest `relying` ones. */
static void aid_waiting(struct pool *pool, size_t relying) {
    if (pool->unaided > 0 && relying > 0 && !pool->has_grace)
        begin_grace(pool);
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
    pool->has_grace = false;
    aid_waiting(pool, 0);
    pool_free_if_empty(pool);
}

/* There is room for more starts. */
static void tell_changed(struct pool *pool) {
    list_each (link, &pool->provisioned) {
        struct provisioned *provisioned = list_item(link, struct provisioned, link);
        if (provisioned->owner)
            pool->set->provisioned_events.changed(provisioned->owner, false);
    }
}

static void on_pace_over(void *arg) {
    struct pool *pool = arg;
    pool->is_pacing = false;
    pool->paced = 0;
    pool->pace_round++;
    aid_waiting(pool, count_returning(pool));
    tell_changed(pool);
    pool_free_if_empty(pool);
}

/* The newest idle environment that can still be used, out of its lists; NULL for none. */
static struct environment *take_idle(struct list *idle) {
    while (!list_is_empty(idle)) {
        struct environment *environment = list_item(idle->next, struct environment, idle_link);
        if (environment_is_expired(environment)) {
            life_dismiss(environment, TOTALS_END_EXPIRED);
            continue;
        }
        list_remove(&environment->idle_link);
        list_remove(&environment->age_link);
        return environment;
    }
    return NULL;
}

struct provisioned *pool_find_provisioned(const struct pool *pool, const char *qualifier) {
    list_each (link, &pool->provisioned) {
        struct provisioned *provisioned = list_item(link, struct provisioned, link);
        if (provisioned->owner && (strcmp(provisioned->qualifier, qualifier) == 0 ||
                                   strcmp(provisioned->qualifier, pool->function->version) == 0))
            return provisioned;
    }
    return NULL;
}

bool pool_run(struct pool *pool, struct provisioned *provisioned, struct invocation *invocation) {
    struct environment *environment = provisioned ? take_idle(&provisioned->idle) : NULL;
    if (!environment)
        environment = take_idle(&pool->idle);
    invocation->pool = pool;
    if (environment) {
        phases_deliver(environment, invocation);
        return true;
    }
    list_push_back(&pool->waiting, &invocation->link);
    pool->set->waiting++;
    pool->unaided++;
    invocation->provisioned = provisioned;
    if (provisioned)
        provisioned->waiting++;
    if (pool->unaided > count_returning(pool))
        return aid(pool, invocation);
    if (pool->unaided == 1)
        begin_grace(pool);
    return true;
}

/* ---- what environments tell ---- */

static bool is_unwanted(const struct environment *environment) {
    const struct provisioned *provisioned = environment->provisioned;
    return environment->pool->is_retired || environment->pool->set->is_draining ||
           (provisioned && provisioned_count(provisioned) > provisioned->wanted);
}

/* An empty one is the last to be used: it has to be initialised first. */
static void let_idle(struct environment *environment) {
    struct pool *pool = environment->pool;
    if (is_unwanted(environment)) {
        life_dismiss(environment, pool->set->is_draining ? TOTALS_END_SHUTDOWN : TOTALS_END_OUTDATED);
        return;
    }
    environment->idle_since_us = clock_mono_us(&pool->set->context.clock);
    if (environment->provisioned) {
        list_push_front(&environment->provisioned->idle, &environment->idle_link);
        return;
    }
    if (environment->state == ENVIRONMENT_EMPTY)
        list_push_back(&pool->idle, &environment->idle_link);
    else
        list_push_front(&pool->idle, &environment->idle_link);
    list_push_back(&pool->set->by_age, &environment->age_link);
}

/* Nothing runs in it. One that is kept initialised is replaced by another one. */
static bool is_useless(const struct environment *environment) {
    return environment->state == ENVIRONMENT_EMPTY && environment->provisioned;
}

static void on_ready(struct environment *environment) {
    struct pool *pool = environment->pool;
    list_remove(&environment->idle_link);
    leave_pace(environment);
    if (is_useless(environment)) {
        environment_kill(environment);
        return;
    }
    struct provisioned *provisioned = environment->provisioned;
    if (provisioned && provisioned->owner && !environment->has_served)
        pool->set->provisioned_events.changed(provisioned->owner, true);
    /* One that was only now made is used in any case: another one would not be any better. */
    bool is_expired = environment->has_served && environment_is_expired(environment);
    if (is_expired)
        life_dismiss(environment, TOTALS_END_EXPIRED);
    if (is_expired || serve_waiting(pool, environment))
        aid_waiting(pool, count_returning(pool));
    else
        let_idle(environment);
}

static void on_answered(struct environment *environment, struct invocation *invocation) {
    leave(environment->pool, invocation);
}

static void on_finished(struct environment *environment, struct invocation *invocation) {
    pool_invocation_over(environment->pool, invocation);
}

/* The sandbox was lost before the invocation began. Another one is tried, once. */
static void retry_or_answer(struct pool *pool, struct environment *lost, struct invocation *invocation) {
    lost->invocation = NULL;
    pair(pool, invocation, NULL);
    if (lost->fault.kind == FAULT_NO_SANDBOX) {
        fail_waiting(pool, invocation, lost->fault.failure);
    } else if (!invocation->is_retried) {
        invocation->is_retried = true;
        start_for(pool, invocation);
    } else {
        stop_waiting(pool, invocation);
        phases_abort(lost, invocation);
    }
}

static void tell_ended(const struct environment *environment) {
    const struct provisioned *provisioned = environment->provisioned;
    const struct provisioned_events *events = &environment->pool->set->provisioned_events;
    if (!provisioned || !provisioned->owner)
        return;
    if (environment->has_served || environment->is_dismissed)
        events->changed(provisioned->owner, false);
    else
        events->failed(provisioned->owner, environment->fault.failure);
}

static void on_ended(struct environment *environment) {
    struct pool *pool = environment->pool;
    struct pool_set *set = pool->set;
    struct provisioned *provisioned = environment->provisioned;
    set->totals.ended[environment_end_reason(environment)]++;
    tell_ended(environment);
    map_remove_bytes(&set->by_sandbox, &environment->sandbox_id, sizeof environment->sandbox_id);
    leave_pace(environment);
    if (environment->invocation)
        retry_or_answer(pool, environment, environment->invocation);
    life_free(environment);
    if (provisioned)
        provisioned_free_if_over(provisioned);
    aid_waiting(pool, count_returning(pool));
    pool_free_if_empty(pool);
    tell_over(set);
}

const struct environment_events pool_environment_events = {
    .ready = on_ready, .answered = on_answered, .finished = on_finished, .ended = on_ended};

/* ---- environments that are kept initialised ---- */

struct provisioned *pool_provision(struct pool *pool, const char *qualifier, struct admission_share *share,
                                   void *owner) {
    struct provisioned *provisioned = provisioned_new(pool, qualifier, share, owner);
    list_push_back(&pool->provisioned, &provisioned->link);
    return provisioned;
}

bool pool_start_provisioned(struct provisioned *provisioned, bool *ret_started, struct err *err) {
    struct pool *pool = provisioned->pool;
    int64_t timeout_ms = (int64_t)pool->function->timeout_s * 1000;
    *ret_started = take_pace(pool);
    if (!*ret_started)
        return true;
    struct environment *environment = start(
        pool, provisioned, timeout_ms > LIMIT_INIT_PROVISIONED_MS ? timeout_ms : LIMIT_INIT_PROVISIONED_MS,
        err);
    if (environment)
        list_push_back(&provisioned->starting, &environment->idle_link);
    return environment != NULL;
}

void pool_unprovision(struct provisioned *provisioned) {
    struct pool *pool = provisioned->pool;
    list_each (link, &pool->waiting) {
        struct invocation *invocation = list_item(link, struct invocation, link);
        if (invocation->provisioned == provisioned)
            invocation->provisioned = NULL;
    }
    provisioned->waiting = 0;
    provisioned_disown(provisioned);
    provisioned_free_if_over(provisioned);
    pool_free_if_empty(pool);
}

/* ---- retirement ---- */

void pool_retire(struct pool *pool) {
    pool->is_retired = true;
    list_each (link, &pool->idle)
        life_retire(list_item(link, struct environment, idle_link), TOTALS_END_OUTDATED);
    list_each (link, &pool->provisioned)
        provisioned_set(list_item(link, struct provisioned, link), 0);
    pool_free_if_empty(pool);
}

bool pool_set_retire_oldest(struct pool_set *set, enum totals_end reason) {
    if (list_is_empty(&set->by_age))
        return false;
    life_retire(list_item(set->by_age.next, struct environment, age_link), reason);
    return true;
}

void pool_set_retire_expired(struct pool_set *set) {
    list_each (link, &set->by_age) {
        struct environment *environment = list_item(link, struct environment, age_link);
        if (environment_is_expired(environment))
            life_retire(environment, TOTALS_END_EXPIRED);
    }
}

void pool_set_retire_idle(struct pool_set *set) {
    size_t cursor = 0;
    void *value;
    while (map_next(&set->by_sandbox, &cursor, NULL, &value)) {
        struct environment *environment = value;
        if (environment->state == ENVIRONMENT_IDLE || environment->state == ENVIRONMENT_EMPTY)
            life_dismiss(environment, TOTALS_END_SHUTDOWN);
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
        struct invocation *invocation = take_ptr(environment->invocation);
        if (invocation) {
            invocation_answer_held(invocation);
            invocation_fail(invocation, &failure);
            pool_invocation_over(environment->pool, invocation);
        }
        life_free(environment);
    }
    cursor = 0;
    while (map_next(&set->by_epoch, &cursor, NULL, &value))
        pool_free(value);
}

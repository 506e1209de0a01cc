/* The environments of one epoch of one function version, and the calls that wait for one.
 *
 * A call takes the newest idle environment; without one it waits, and an environment is started for it.
 * Whichever environment is ready first serves the oldest waiting call, and what was started for that one is
 * there for the next. An environment that has just answered comes back within microseconds: a call waits
 * RETURN_GRACE_MS for it before another one is started, so that one caller in a row never causes a second
 * cold start.
 *
 * Some environments may be kept initialised ahead, for calls through one version or alias (provisioned.h).
 * Such a call takes one of these, and any other when they are busy.
 *
 * A burst of one function initialises `starts_at_once` environments at a time, so that the cold start of
 * another function finds room on the processors and at the spawner. One that takes longer than PACE_MS holds
 * up nobody. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "invoke/admission.h"
#include "invoke/environment.h"
#include "invoke/invocation.h"
#include "invoke/provisioned.h"

/* What all pools share; belongs to struct invoke. */
struct pool_set {
    struct environment_context context;
    struct environment_counts counts;
    struct admission admission;
    struct invoke_totals totals;
    struct invocation_store invocations;
    struct provisioned_events provisioned_events;
    struct function_logs *logs;
    struct map by_epoch;   /* 8 bytes to struct pool */
    struct map by_sandbox; /* 8 bytes to struct environment */
    struct list by_age;    /* idle environments, oldest first */
    const char *code_dir;
    int64_t init_timeout_ms;
    size_t max_environments; /* past this a start ends one that is leaving, or is idle longest */
    size_t starts_at_once;   /* of one pool */
    size_t waiting;
    size_t unfinished; /* invocations that were begun and whose log is not complete */
    bool is_draining;
    void (*all_over)(void *arg); /* while draining: something has ended; see pool_set_is_over() */
    void *all_over_arg;
};

struct pool {
    struct pool_set *set;
    struct environment_counts counts;
    const struct function *function;
    struct function_log *log;
    struct admission_group *group; /* what its calls count in */
    struct code_dirs dirs;
    struct list provisioned;
    struct list idle;      /* environments started on demand, newest first */
    struct list unclaimed; /* starting environments whose invocation was served by another one meanwhile */
    struct list waiting;   /* invocations, oldest first */
    size_t unaided; /* waiting ones for which no environment is starting: they rely on a returning one */
    struct loop_timer *grace;
    bool has_grace;      /* the timer runs: some rely on a returning one */
    size_t paced;        /* environments of this round that are initialising */
    uint32_t pace_round; /* never 0 */
    bool is_pacing;      /* the timer runs: a start was put off */
    struct loop_timer *pace;
    bool is_retired;
};

/* The pool of the function's epoch; NULL when there is none. */
struct pool *pool_find(const struct pool_set *set, uint64_t epoch);

/* Makes it. The pool takes the reference to the group. ERR_NOT_FOUND, ERR_IO when its code is not on disk;
 * the reference is the caller's then. */
bool pool_new(struct pool_set *set, const struct function *function, struct admission_group *group,
              struct pool **ret_pool, struct err *err);

/* What is kept for calls through the qualifier, or NULL. */
struct provisioned *pool_find_provisioned(const struct pool *pool, const char *qualifier);

/* Runs an invocation that its group admitted, now or later; `provisioned` may be NULL. False when it could
 * not even wait: it was answered and recycled.
 */
bool pool_run(struct pool *pool, struct provisioned *provisioned, struct invocation *invocation);

/* Environments to be kept for calls through the qualifier, none at first; see provisioned.h. */
struct provisioned *pool_provision(struct pool *pool, const char *qualifier, struct admission_share *share,
                                   void *owner);

/* Starts one of them; *ret_started is false when it has to wait for others of the pool. False when it can't
 * be started. */
bool pool_start_provisioned(struct provisioned *provisioned, bool *ret_started, struct err *err);

/* Ends them all. The pool may be gone afterwards. Not from inside of an event. */
void pool_unprovision(struct provisioned *provisioned);

/* See invoke_retire(). A pool without environments and waiting invocations frees itself. */
void pool_retire(struct pool *pool);

/* Frees the pool if nothing is in it: for one that pool_new() made and pool_run() never used. */
void pool_free_if_empty(struct pool *pool);

/* An answered invocation of the pool leaves the totals, if it has not yet, and is recycled. */
void pool_invocation_over(struct pool *pool, struct invocation *invocation);

/* No invocation is under way, and no extension is being told that its environment ends. */
bool pool_set_is_over(const struct pool_set *set);

/* Retires all idle environments. */
void pool_set_retire_idle(struct pool_set *set);

/* Callbacks of the environments. */
extern const struct environment_events pool_environment_events;

/* Ends the environment that is idle longest. False when there is none. */
bool pool_set_retire_oldest(struct pool_set *set, enum totals_end reason);

/* Ends idle environments whose credentials' time is over. */
void pool_set_retire_expired(struct pool_set *set);

/* Fails all invocations and frees all environments and pools; no sandbox may be left. */
void pool_set_drop(struct pool_set *set);

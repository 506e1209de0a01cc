/* What happened to calls and environments since the start, as plain numbers for /metrics. One of them belongs
 * to struct pool_set and is reached through struct environment_context. Counting is an addition in memory of
 * the loop thread; nothing is ever counted back.
 *
 * Who counts what:
 *   answers      invocation.c, each invocation once, whether its caller is still there or not;
 *                invoke.c for calls that never became an invocation
 *   cold_starts  phases.c, when an environment that was started on demand gets its first event
 *   started      life.c, when the sandbox is asked for
 *   ended        pool.c, when the environment is over; see enum totals_end
 *   resets       phases.c, when everything in an environment is to be ended, but not its sandbox
 *   freezes      freeze.c, like thaws; one that ends frozen never thaws
 *   calls        record.c, with the duration that REPORT tells
 *   inits        record.c, with the duration that INIT_REPORT tells, also of one that failed
 *   streams      stream.c, when a response begins that is passed on as it comes; and its bytes */
#pragma once

#include <stdint.h>

enum totals_answer {
    TOTALS_DONE,
    TOTALS_FUNCTION_ERROR, /* the runtime posted it */
    TOTALS_TIMEOUT,
    TOTALS_CRASH, /* the runtime or an extension ended, or used too much memory */
    TOTALS_INIT_ERROR,
    TOTALS_THROTTLED,
    TOTALS_FAILED, /* Lamb could not run it */
    TOTALS_ANSWERS
};

/* Why an environment is over. The first reason counts: what was said before it was killed. */
enum totals_end {
    TOTALS_END_CRASH, /* by itself, or after a failure */
    TOTALS_END_TIMEOUT,
    TOTALS_END_INIT, /* its initialisation came to nothing */
    TOTALS_END_NO_SANDBOX,
    TOTALS_END_IDLE,
    TOTALS_END_MEMORY,   /* the machine had too little: setting min-available-mb */
    TOTALS_END_CAPACITY, /* another one needed its place: setting concurrency */
    TOTALS_END_OUTDATED, /* the function was changed or deleted, or fewer are to be provisioned */
    TOTALS_END_EXPIRED,  /* its credentials' time was over */
    TOTALS_END_SHUTDOWN, /* of Lamb */
    TOTALS_ENDS
};

/* How many took at most so long, in steps that are close enough for quantiles. */
#define TOTALS_BOUNDS 18
extern const int64_t totals_bounds_us[TOTALS_BOUNDS];

struct totals_durations {
    uint64_t counts[TOTALS_BOUNDS + 1]; /* of each step alone; the last is for longer ones */
    uint64_t sum_us;
};

struct invoke_totals {
    uint64_t answers[TOTALS_ANSWERS];
    uint64_t cold_starts;
    uint64_t started_on_demand;
    uint64_t started_provisioned;
    uint64_t ended[TOTALS_ENDS];
    uint64_t resets;
    uint64_t freezes;
    uint64_t thaws;
    uint64_t streams;
    uint64_t stream_bytes;
    struct totals_durations calls;
    struct totals_durations inits;
};

/* `us` below 0 counts as 0. */
void totals_observe(struct totals_durations *durations, int64_t us);

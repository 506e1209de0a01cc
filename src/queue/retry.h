/* When an asynchronous event is tried again and when it is given up. A value computed from values: no clock,
 * no state. Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous
 * invocation": a function error is tried again after one minute and then after two; a throttled event goes
 * back to the queue and is tried again after one second, and then ever later up to every five minutes, until
 * it is too old, which uses up none of its retries. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Between attempts; the daemon's settings. */
struct retry_delays {
    int64_t first_ms;         /* after the first function error */
    int64_t second_ms;        /* after the second */
    int64_t put_back_ms;      /* after the first time that it could not be run */
    int64_t put_back_most_ms; /* which doubles up to this */
};

/* What the function's settings say. */
struct retry_policy {
    uint32_t most_retries;
    int64_t most_age_ms;
};

/* What has become of the event so far. */
struct retry_history {
    int64_t accepted_us; /* wall clock, like all times here */
    uint32_t errors;     /* runs that ended in a function error */
    uint32_t put_backs;  /* times it could not be run since the last of them */
};

/* Why an event is over: as the service names it in records of results. */
enum retry_condition {
    RETRY_NOT_OVER, /* to be tried again */
    RETRY_SUCCESS,
    RETRY_EXHAUSTED,
    RETRY_TOO_OLD,
    RETRY_NO_CONCURRENCY, /* the function's reserved concurrency is zero */
    RETRY_RECURSIVE,      /* it went around in a loop of functions */
    RETRY_CONDITIONS
};

/* "RetriesExhausted". */
const char *retry_condition_name(enum retry_condition condition);

struct retry_decision {
    enum retry_condition condition;
    int64_t due_us; /* RETRY_NOT_OVER: when it is tried again */
};

/* Whether it is so old that it is not run any more. */
bool retry_is_too_old(const struct retry_policy *policy, const struct retry_history *history, int64_t now_us);

/* After a function error, which `history` has counted already. */
struct retry_decision retry_after_error(const struct retry_delays *delays, const struct retry_policy *policy,
                                        const struct retry_history *history, int64_t now_us);

/* After it could not be run, which `history` has counted already. `spread` from 0 to 65535, drawn at random,
 * spreads events that come back together: the delay is half of it to all of it. */
struct retry_decision retry_after_put_back(const struct retry_delays *delays,
                                           const struct retry_policy *policy,
                                           const struct retry_history *history, int64_t now_us,
                                           uint16_t spread);

/* One attempt to run an event that its queue has leased to us: from memory to the function, and from the
 * result to the queue, where the outcome and the end of the event (or its next time) are one transaction.
 * Made and freed by async.c. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "invoke/invoke.h"
#include "queue/async_totals.h"
#include "queue/async_upper.h"
#include "queue/courier.h"
#include "queue/event.h"
#include "queue/letter.h"
#include "queue/queue.h"
#include "queue/retry.h"

struct attempt;

/* What all attempts share. */
struct attempt_context {
    const struct clock *clock;
    const char *region;
    const struct retry_delays *delays;
    struct invoke *invoke;
    struct queues *queues;
    struct courier *courier;
    struct async_upper upper;
    struct async_totals totals;
    bool is_stopping; /* what can't be run now is left to the next start */

    /* The function has answered, or `could_run` false: could not be run now. */
    void (*ran)(struct attempt *attempt, bool could_run);

    /* It holds so much more. */
    void (*grew)(struct attempt *attempt, size_t bytes);

    /* It is over and its outcome on disk; or it was left to the next start. The owner frees it. */
    void (*settled)(struct attempt *attempt);

    /* The outcome could not be written: attempt_settle() is to be called again later. */
    void (*unsettled)(struct attempt *attempt, const struct err *err);

    /* An event was written for another function. */
    void (*passed_on)(struct attempt *attempt, const struct function_ref *function);
};

#define ATTEMPT_LETTERS 2 /* a destination and a dead letter queue */

struct attempt {
    struct list link; /* its owner's */
    struct attempt_context *context;
    void *owner;
    const char *account; /* of the function; the owner's texts */
    const char *name;
    struct queue *const
        *queue; /* the owner's; NULL in it: it was dropped, nothing is to be written any more */
    struct event event;
    struct queue_receipt receipt;
    size_t held_bytes; /* the owner's */

    /* The rest is attempt.c's. */
    const struct function *function; /* that was called; a reference, NULL at first */
    enum retry_condition condition;
    int64_t due_us; /* RETRY_NOT_OVER: the next time */
    struct letter letters[ATTEMPT_LETTERS];
    bool is_sent[ATTEMPT_LETTERS];
    size_t letter_count;
    struct function_ref passed_on[ATTEMPT_LETTERS];
    size_t passed_on_count;
};

/* Begins; ends with `settled`, perhaps before this returns. */
void attempt_run(struct attempt *attempt);

/* Writes the outcome down (again). */
void attempt_settle(struct attempt *attempt);

/* What it owns. */
void attempt_done(struct attempt *attempt);

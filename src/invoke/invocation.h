/* One call of a function, from admission to its answer. A value that pool and environment pass around; only
 * its own functions finish it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/list.h"
#include "invoke/admission.h"
#include "invoke/call.h"
#include "invoke/totals.h"

struct environment;
struct pool;
struct provisioned;
struct stream;

struct invocation {
    struct list link; /* pool's queue of waiting invocations; the free list */
    struct pool *pool;
    struct environment
        *environment; /* that runs it, or was started for it; NULL while it relies on one coming back */
    char request_id[IDENT_UUID_BYTES];
    struct buf event_head; /* header lines of the event but the deadline's */
    struct buf texts;      /* what the next two point into */
    const char *trace_id;
    const char *invoked_arn;
    struct provisioned
        *provisioned;              /* while it waits: environments that are kept for calls like it, or NULL */
    struct admission_share *share; /* it was admitted in, or NULL */
    bool has_start;                /* an environment may be started for it */
    const void *payload;
    size_t payload_len;
    void *owned_payload; /* after the caller went away */
    int64_t started_us;  /* monotonic; when START was logged, 0 before */
    bool is_retried;     /* its environment was lost before it began; it waits for another one */
    bool has_left;       /* it was answered and does not count as running any more */
    const struct invoke_stream_events *stream_events; /* NULL: its response is gathered in any case */
    struct stream *stream;                            /* once a response comes that is not; owned */
    bool wants_log_tail;
    struct invoke_totals *totals;
    bool is_counted;
    enum totals_answer error; /* how it is counted when the answer is a function error */
    struct buf log_tail;
    char *held; /* the answer of one that wants its log: given when that is complete */
    size_t held_len;
    enum invoke_outcome held_outcome;
    bool is_held;
    void (*done)(void *arg, const struct invoke_result *result); /* NULL after invocation_abandon() */
    void *arg;
};

/* Invocations are recycled, so that a call costs no allocation. */
struct invocation_store {
    struct list free;
    size_t free_count;
    struct invoke_totals *totals;
};

void invocation_store_init(struct invocation_store *store, struct invoke_totals *totals);
void invocation_store_done(struct invocation_store *store);

/* Copies texts of the request; borrows its payload. */
struct invocation *invocation_new(struct invocation_store *store, const struct invoke_request *request,
                                  void (*done)(void *arg, const struct invoke_result *result), void *arg);

/* Puts it back; it must be in no list. */
void invocation_recycle(struct invocation_store *store, struct invocation *invocation);

/* Keeps the end of the invocation's log when the caller wants it. */
void invocation_log(struct invocation *invocation, const char *line, size_t len);

/* Calls `done`, and counts, at most once. */
void invocation_answer(struct invocation *invocation, enum invoke_outcome outcome, const void *payload,
                       size_t payload_len);

/* Takes the payload, for invocation_answer_held(), which does nothing when nothing is held. */
void invocation_hold(struct invocation *invocation, enum invoke_outcome outcome, char *take_payload,
                     size_t payload_len);
void invocation_answer_held(struct invocation *invocation);

void invocation_throttle(struct invocation *invocation, const struct admission_refusal *refusal);
void invocation_fail(struct invocation *invocation, const struct err *failure);

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

struct environment;
struct pool;
struct provisioned;

struct invocation {
    struct list link; /* pool's queue of waiting invocations; the free list */
    struct pool *pool;
    struct environment
        *environment; /* that runs it, or was started for it; NULL while it relies on one coming back */
    char request_id[IDENT_UUID_BYTES];
    struct buf event_head; /* header lines of the event but the deadline's */
    struct provisioned
        *provisioned;              /* while it waits: environments that are kept for calls like it, or NULL */
    struct admission_share *share; /* it was admitted in, or NULL */
    bool has_start;                /* an environment may be started for it */
    const void *payload;
    size_t payload_len;
    void *owned_payload; /* after the caller went away */
    int64_t started_us;  /* monotonic; when START was logged, 0 before */
    bool init_retried;
    bool wants_log_tail;
    struct buf log_tail;
    void (*done)(void *arg, const struct invoke_result *result); /* NULL after invocation_abandon() */
    void *arg;
};

/* Invocations are recycled, so that a call costs no allocation. */
struct invocation_store {
    struct list free;
    size_t free_count;
};

void invocation_store_init(struct invocation_store *store);
void invocation_store_done(struct invocation_store *store);

/* Copies texts of the request; borrows its payload. */
struct invocation *invocation_new(struct invocation_store *store, const struct invoke_request *request,
                                  void (*done)(void *arg, const struct invoke_result *result), void *arg);

/* Puts it back; it must be in no list. */
void invocation_recycle(struct invocation_store *store, struct invocation *invocation);

/* Keeps the end of the invocation's log when the caller wants it. */
void invocation_log(struct invocation *invocation, const char *line, size_t len);

/* Calls `done`, at most once. */
void invocation_answer(struct invocation *invocation, enum invoke_outcome outcome, const void *payload,
                       size_t payload_len);
void invocation_throttle(struct invocation *invocation, const struct admission_refusal *refusal);
void invocation_fail(struct invocation *invocation, const struct err *failure);

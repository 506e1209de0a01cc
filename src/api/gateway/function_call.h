/* A call of a function by an HTTP API: it must exist, its resource policy must let API Gateway call it for
 * this route, and it has only so much time. Embedded in the state of whoever calls. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "api/lambda/trace.h"
#include "base/buf.h"
#include "invoke/call.h"
#include "model/function_ref.h"
#include "sys/loop.h"

enum function_call_outcome {
    FUNCTION_CALL_DONE, /* it answered */
    FUNCTION_CALL_THROTTLED,
    FUNCTION_CALL_TIMED_OUT, /* it did not answer in time; it runs to its end */
    FUNCTION_CALL_FAILED,    /* its error, or there is none to call, or it may not be called: logged */
};

struct function_call {
    struct invocation *invocation;
    struct loop_timer *timer;
    void (*done)(void *arg, enum function_call_outcome outcome, const void *answer, size_t len);
    void *arg;
};

struct function_call_request {
    const struct function_ref *function; /* NULL: the URI names none */
    const char *source_arn;              /* what it is called for */
    const char *account;                 /* of the API */
    const char *request_id;
    const char *trace_id;
    const struct buf *event; /* until `done` was called, or function_call_drop() */
    int64_t timeout_ms;
};

/* The trace that it is called in: see trace_set(). */
void function_call_trace(const struct api_call *call, const struct function_ref *function,
                         char ret_trace_id[TRACE_ID_BYTES]);

/* Calls `done` once, perhaps at once; the state may be freed in there. */
void function_call_start(
    struct function_call *state, struct api_call *call, const struct function_call_request *request,
    void (*done)(void *arg, enum function_call_outcome outcome, const void *answer, size_t len), void *arg);

/* Nobody waits any more. Fine when nothing was started, or it is over. */
void function_call_drop(struct function_call *state);

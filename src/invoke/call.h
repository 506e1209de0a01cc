/* One call of a function as a value: what goes in and what comes out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/function.h"

struct invocation;

/* For a caller that takes a streamed response as it is made. Neither comes from inside invoke_start(). After
 * the last piece, or a failure in the middle, the invocation's `done` is called as ever; a response that is
 * not streamed comes whole through `done` alone. */
struct invoke_stream_events {
    /* The function has begun its response; nothing of it is here yet. The type is what the runtime sent as
     * Content-Type, "application/octet-stream" when it sent none; valid during the call. */
    void (*begin)(void *arg, const char *content_type);

    /* Never empty; as the function wrote it, cut at most. Only to be looked at. */
    void (*piece)(void *arg, const void *data, size_t len);
};

/* One call. Texts need to live only during invoke_start(); the payload until `done` was called or
 * invocation_abandon() has returned: it is passed on without a copy. */
struct invoke_request {
    const struct function *function; /* an ACTIVE version; a reference is taken */
    const char *invoked_arn;         /* with the qualifier exactly as the caller used it */
    const char *qualifier;           /* that qualifier, "" for none */
    const char *request_id;          /* uuid: also the answer's x-amzn-RequestId */
    const char *trace_id;            /* X-Amzn-Trace-Id to pass on; never NULL */
    const char *client_context;      /* decoded JSON or NULL */
    const void *payload;             /* checked JSON; "{}" when the caller sent nothing */
    size_t payload_len;
    bool wants_log_tail;
    const struct invoke_stream_events *stream; /* with the `arg` of `done`; NULL: a streamed response is
                                                  gathered and answered like any other */
    bool is_event;                             /* asynchronous: as many may begin per second as can run */
};

enum invoke_outcome {
    INVOKE_DONE,           /* the function answered: payload is its response */
    INVOKE_FUNCTION_ERROR, /* X-Amz-Function-Error: Unhandled; payload is the error document */
    INVOKE_THROTTLED,      /* 429; reason says which limit */
    INVOKE_FAILED,         /* no environment could be made, or Lamb is shutting down; failure says why */
};

/* Valid during the callback. */
struct invoke_result {
    enum invoke_outcome outcome;
    const void *payload;
    size_t payload_len;
    bool is_streamed;       /* begin() was called: there is no payload, or the document of what went wrong
                               after that */
    const char *error_type; /* of a streamed response that failed, as the runtime named it, or of what is
                               wrong with the response itself; else NULL */
    const char *log_tail;   /* last LIMIT_LOG_TAIL_BYTES of the invocation's log; NULL unless asked for */
    size_t log_tail_len;
    const char *reason;     /* INVOKE_THROTTLED: which limit, see admission.h */
    uint32_t retry_after_s; /* INVOKE_THROTTLED */
    const struct err *failure;
};

/* The receiver of a streamed response wants no more for now, or again. What was read before may still come:
 * see http_pause(). Nothing for an invocation whose response is not being streamed. */
void invocation_pause(struct invocation *invocation, bool is_paused);

/* The caller went away. The function runs to its end, as on AWS; `done` is not called. */
void invocation_abandon(struct invocation *invocation);

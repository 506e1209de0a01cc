/* What url.c and url_answer.c share: the state of a call of a function through its URL. It lies in the call's
 * space. */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/lambda/trace.h"
#include "api/web/prelude.h"
#include "api/web/url_index.h"
#include "base/buf.h"
#include "invoke/call.h"

struct url_call {
    struct web_url *url; /* NULL: there is none with that id */
    struct invocation *invocation;
    struct buf event;
    struct web_prelude *prelude;   /* of a streamed response: its metadata, until they are whole */
    bool is_started;               /* the head of a streamed response was sent */
    bool is_paused;                /* its function waits for the client */
    char trace_id[TRACE_ID_BYTES]; /* "" before there is one */
};

static inline struct url_call *url_call_of(struct api_call *call) {
    return (struct url_call *)(void *)call->space;
}

/* Frees what the state holds, not the call. */
void url_call_done(struct api_call *call);

/* The answers that end a call. */
void url_answer(struct api_call *call, int status, const char *lines, const void *body, size_t len);
void url_refuse(struct api_call *call, enum api_exception exception, const char *text);
void url_throttle(struct api_call *call, const struct invoke_result *result);
void url_fail(struct api_call *call, const struct err *err);

/* Of an invocation; both have the call as `arg`. */
extern const struct invoke_stream_events url_stream_events;
void url_done(void *arg, const struct invoke_result *result);

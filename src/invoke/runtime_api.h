/* The Lambda Runtime API (2018-06-01) as HTTP: which call is it, for which invocation, and how is it
 * answered. Knows the protocol; what is allowed when is the environment's business. One listener per
 * environment, inside its network namespace. */
#pragma once

#include <stddef.h>

#include "base/clock.h"
#include "base/ident.h"
#include "http/server.h"

enum runtime_call { RUNTIME_NEXT, RUNTIME_RESPONSE, RUNTIME_ERROR, RUNTIME_INIT_ERROR };

struct runtime_api_handler {
    /* The handler answers the exchange, now or later. `request_id` is "" for calls without one. */
    void (*call)(void *arg, enum runtime_call call, const char *request_id, struct http_exchange *exchange);

    /* A response was larger than LIMIT_RESPONSE_BYTES; it was refused and its body never kept. */
    void (*too_large)(void *arg, const char *request_id);

    /* The client of an unanswered exchange went away. */
    void (*gone)(void *arg, struct http_exchange *exchange);
};

struct runtime_api;

/* Takes the listening socket. `handler` and `arg` must outlive it. */
struct runtime_api *runtime_api_new(struct loop *loop, const struct clock *clock, int listener_fd,
                                    const struct runtime_api_handler *handler, void *arg);
void runtime_api_free(struct runtime_api *api); /* closes all connections; NULL is fine */

/* 202 {"status":"OK"} */
void runtime_api_accept(struct http_exchange *exchange);

/* {"errorMessage":...,"errorType":...}; neither text may need escaping. */
void runtime_api_refuse(struct http_exchange *exchange, int status, const char *type, const char *message);

/* What one environment's programs can call at AWS_LAMBDA_RUNTIME_API, as HTTP: Runtime API (2018-06-01),
 * Extensions API (2020-01-01), Telemetry API (2022-07-01) and Logs API (2020-08-15). Knows which call a
 * request is and how long its body may be; what is allowed when is the environment's business. One listener
 * per environment, inside its network namespace. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/ident.h"
#include "http/server.h"

enum environment_call {
    CALL_NEXT,
    CALL_RESPONSE,
    CALL_ERROR,
    CALL_INIT_ERROR,
    CALL_EXTENSION_REGISTER,
    CALL_EXTENSION_NEXT,
    CALL_EXTENSION_INIT_ERROR,
    CALL_EXTENSION_EXIT_ERROR,
    CALL_TELEMETRY,
    CALL_LOGS,
};

struct environment_api_handler {
    /* The handler answers the exchange, now or later. `request_id` is "" for calls without one. */
    void (*call)(void *arg, enum environment_call call, const char *request_id,
                 struct http_exchange *exchange);

    /* Whether that invocation is running: only its response or error may be large. Asked once, when the head
     * of one is here. */
    bool (*takes_response)(void *arg, const char *request_id);

    /* A response that was to be taken is larger than LIMIT_RESPONSE_BYTES; it was refused and its body never
     * kept. */
    void (*too_large)(void *arg, const char *request_id);

    /* The client of an unanswered exchange went away. */
    void (*gone)(void *arg, struct http_exchange *exchange);
};

struct environment_api;

/* Takes the listening socket. `handler` and `arg` must outlive it. */
struct environment_api *environment_api_new(struct loop *loop, const struct clock *clock, int listener_fd,
                                            const struct environment_api_handler *handler, void *arg);
void environment_api_free(struct environment_api *api); /* closes all connections; NULL is fine */

/* Closes all connections, also those that wait to be accepted: nothing is heard any more of programs that are
 * gone. */
void environment_api_disconnect(struct environment_api *api);

/* 202 {"status":"OK"} */
void environment_api_accept(struct http_exchange *exchange);

/* {"errorMessage":...,"errorType":...} */
void environment_api_refuse(struct http_exchange *exchange, int status, const char *type,
                            const char *message);

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

    /* The head of a response or error is here: how large may it be? 0 when that invocation isn't running.
     * The handler may have a response in pieces: http_take_pieces(). */
    size_t (*begin_result)(void *arg, enum environment_call call, const char *request_id,
                           struct http_exchange *exchange);

    /* Of a response that comes in pieces. */
    void (*piece)(void *arg, struct http_exchange *exchange, const void *data, size_t len);

    /* A response or error is larger than begin_result() has allowed: the handler refuses it at once. */
    void (*result_too_large)(void *arg, enum environment_call call, const char *request_id,
                             struct http_exchange *exchange);

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

/* 413 RequestEntityTooLarge */
void environment_api_refuse_size(struct http_exchange *exchange, size_t limit_bytes);

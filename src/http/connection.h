/* What the files of the server call of each other; nobody else includes this. listener.c owns the listener
 * and its timers, connection.c reads requests and drives the phases, body.c reads their bodies, respond.c
 * writes responses.
 *
 * Nothing is freed under a running callback: whoever calls out to a handler holds the connection, and a
 * connection holds its listener. So a handler may answer, abort, or free the whole listener from inside its
 * callback. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/state.h"

/* listener.c */
void listener_hold(struct http_listener *listener);
void listener_release(struct http_listener *listener);
void listener_sweep_soon(struct http_listener *listener);
void listener_forget(struct http_listener *listener, struct connection *connection);
void listener_set_due(struct http_listener *listener, struct connection *connection);

/* connection.c */
struct connection *connection_new(struct http_listener *listener, int fd);
struct connection *connection_of(struct http_exchange *exchange);
void connection_hold(struct connection *connection);
void connection_release(struct connection *connection);
void connection_enter(struct connection *connection, enum connection_phase phase);
size_t connection_receive(struct connection *connection, void *place, size_t room);
void connection_touch(struct connection *connection);    /* progress was made */
void connection_watch(struct connection *connection);    /* asks the loop for what the phase needs */
void connection_answered(struct connection *connection); /* to what follows a complete response */
void connection_close(struct connection *connection);
void connection_lost(struct connection *connection); /* tells the owning handler, then closes */
void connection_run_due(struct connection *connection);
void connection_expire(struct connection *connection, int64_t now_us);

/* body.c */
void body_begin(struct connection *connection);   /* asks the handler about a complete header section */
bool body_advance(struct connection *connection); /* true when there may be more to do */
void body_read(struct connection *connection);
bool body_wants_bytes(const struct connection *connection); /* whether to wait for the client */
void body_refuse(struct connection *connection, int status, const char *reason);
void body_discharge(struct connection *connection);

/* respond.c */
bool response_is_pending(const struct connection *connection);
void response_flush(struct connection *connection);
void response_continue(struct connection *connection); /* 100 Continue */
void response_refuse(struct connection *connection, int status, const char *reason);

/* A connection of ours to a port of the loopback, over a socket that somebody else made (in another network
 * namespace). It sends bytes, and when asked waits for one HTTP response (RFC 9112), of which only the status
 * is kept. Nothing blocks. The peer is hostile: how much it may say is bounded; how long it may take is the
 * owner's business. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/request.h"
#include "sys/loop.h"

struct outgoing;

/* Each is the last thing that happens in its turn: the receiver may free the connection. Neither comes from
 * inside one of the calls below. */
struct outgoing_events {
    /* What was sent is with the kernel, and answered with this status; 0 where no answer was asked for. When
     * it does not stay, the connection is of no more use. */
    void (*done)(void *arg, int status, bool stays);

    /* The connection is over: refused, closed by the peer, or the peer said what it must not. */
    void (*failed)(void *arg);
};

/* Takes the non-blocking socket and connects it to 127.0.0.1. The rest must outlive the connection. */
struct outgoing *outgoing_new(struct loop *loop, int fd, uint16_t port, const struct outgoing_events *events,
                              void *arg);
void outgoing_free(struct outgoing *outgoing); /* NULL is fine */

/* Sends one thing: `head`, then `body`, both borrowed until `done`, `failed` or the end. Only when nothing
 * else is being sent. */
void outgoing_send(struct outgoing *outgoing, struct http_text head, struct http_text body,
                   bool expects_answer);

/* How much of what was sent last is with the kernel. */
size_t outgoing_sent_bytes(const struct outgoing *outgoing);

/* While it is paused nothing happens, also no event. */
void outgoing_pause(struct outgoing *outgoing, bool is_paused);

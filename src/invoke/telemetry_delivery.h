/* Brings the batches of one subscription to its consumer: one after another over a connection that is kept,
 * HTTP or TCP. A delivery that fails is tried again over a new connection, later and later; after the last
 * try the batch is lost and counted. Embedded in its subscription; for telemetry.c alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/outgoing.h"
#include "invoke/telemetry_queue.h"
#include "invoke/telemetry_request.h"
#include "sys/loop.h"

enum telemetry_delivery_state {
    DELIVERY_IDLE,  /* waits for the next batch to be due */
    DELIVERY_WANTS, /* a socket; told by want_socket */
    DELIVERY_SENDS, /* until the deadline */
    DELIVERY_RESTS, /* after a failure, until the deadline */
};

struct telemetry_delivery_events {
    void (*want_socket)(void *arg);

    /* A batch is gone, delivered or lost: the queue may have room again. */
    void (*relieved)(void *arg);
};

struct telemetry_delivery {
    struct loop *loop;
    const struct clock *clock;
    const struct telemetry_destination *destination;
    struct telemetry_queue *queue;
    const struct telemetry_delivery_events *events;
    void *arg;
    enum telemetry_delivery_state state;
    struct telemetry_batch *batch; /* on its way; NULL while idle */
    bool is_array;                 /* it has the form for HTTP, else for TCP */
    struct buf head;               /* of its request */
    int attempts;                  /* that failed */
    struct outgoing *outgoing;
    bool is_used; /* the connection has delivered something before */
    bool is_paused;
    int64_t paused_us;
    int64_t deadline_us;
    struct loop_timer *timer;
    int64_t timer_us; /* what it is set to; INT64_MAX when it is not */
};

/* Everything is borrowed and must outlive it. */
void telemetry_delivery_init(struct telemetry_delivery *delivery, struct loop *loop,
                             const struct clock *clock, struct telemetry_queue *queue,
                             const struct telemetry_destination *destination,
                             const struct telemetry_delivery_events *events, void *arg);
void telemetry_delivery_done(struct telemetry_delivery *delivery);

/* Does what is due. Call it when the queue has something new. */
void telemetry_delivery_advance(struct telemetry_delivery *delivery);

/* The answer to want_socket: takes it; -1 when there is none. */
void telemetry_delivery_give_socket(struct telemetry_delivery *delivery, int fd);

/* The destination has changed. What is on its way goes to the new one; between HTTP and TCP it is lost. */
void telemetry_delivery_redirect(struct telemetry_delivery *delivery);

void telemetry_delivery_pause(struct telemetry_delivery *delivery, bool is_paused);

/* Sends what waits now, also after a failure. */
void telemetry_delivery_flush(struct telemetry_delivery *delivery);

bool telemetry_delivery_is_settled(const struct telemetry_delivery *delivery);

/* See telemetry_delivery.h. Time is monotonic. */
#include "invoke/telemetry_delivery.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "sys/fd.h"

/* How long a consumer may take for one batch. */
#define PATIENCE_US INT64_C(10000000)

/* Tries in all, and the rest after the first that failed; it doubles each time. An extension that is started
 * anew finds what it missed. */
#define ATTEMPTS 10
#define REST_US INT64_C(50000)
#define REST_MOST_US INT64_C(2000000)

static int64_t now_us(const struct telemetry_delivery *delivery) {
    return clock_mono_us(delivery->clock);
}

static int64_t wake_us(const struct telemetry_delivery *delivery) {
    switch (delivery->state) {
    case DELIVERY_IDLE: return telemetry_queue_due_us(delivery->queue);
    case DELIVERY_WANTS: return INT64_MAX;
    case DELIVERY_SENDS:
    case DELIVERY_RESTS: return delivery->deadline_us;
    }
    abort();
}

static void set_timer(struct telemetry_delivery *delivery) {
    int64_t wake = delivery->is_paused ? INT64_MAX : wake_us(delivery);
    if (wake == delivery->timer_us)
        return;
    delivery->timer_us = wake;
    if (wake == INT64_MAX) {
        loop_timer_stop(delivery->timer);
        return;
    }
    int64_t delay_us = wake - now_us(delivery);
    loop_timer_start(delivery->timer, delay_us > 0 ? (delay_us + 999) / 1000 : 0);
}

static void on_timer(void *arg) {
    struct telemetry_delivery *delivery = arg;
    delivery->timer_us = INT64_MAX;
    telemetry_delivery_advance(delivery);
}

/* ---- one batch ---- */

/* Over TCP, what went out whole does not go out again. */
static void disconnect(struct telemetry_delivery *delivery) {
    if (delivery->state == DELIVERY_SENDS && !delivery->is_array)
        telemetry_batch_cut(delivery->batch, outgoing_sent_bytes(delivery->outgoing));
    outgoing_free(take_ptr(delivery->outgoing));
}

static void end_batch(struct telemetry_delivery *delivery) {
    telemetry_batch_free(take_ptr(delivery->batch));
    delivery->state = DELIVERY_IDLE;
    delivery->events->relieved(delivery->arg);
}

static void lose_batch(struct telemetry_delivery *delivery) {
    telemetry_queue_count_lost(delivery->queue, delivery->batch);
    end_batch(delivery);
}

static void send_batch(struct telemetry_delivery *delivery) {
    const struct telemetry_destination *to = delivery->destination;
    struct http_text body = {delivery->batch->text.data, delivery->batch->text.len};
    buf_clear(&delivery->head);
    if (to->is_http) {
        buf_append_format(&delivery->head, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n",
                          to->method, to->target, to->authority);
        buf_append_format(&delivery->head, "Content-Length: %zu\r\n\r\n", body.len);
    } else {
        body = (struct http_text){body.data + 1, body.len - 1};
    }
    delivery->state = DELIVERY_SENDS;
    delivery->deadline_us = now_us(delivery) + PATIENCE_US;
    outgoing_send(delivery->outgoing, (struct http_text){buf_text(&delivery->head), delivery->head.len}, body,
                  to->is_http);
}

static void try_batch(struct telemetry_delivery *delivery) {
    if (delivery->outgoing) {
        send_batch(delivery);
        return;
    }
    delivery->state = DELIVERY_WANTS;
    delivery->events->want_socket(delivery->arg);
}

/* The connection is gone. */
static void fail_batch(struct telemetry_delivery *delivery) {
    if (++delivery->attempts == ATTEMPTS) {
        lose_batch(delivery);
        return;
    }
    int64_t rest_us = REST_US << (delivery->attempts - 1);
    delivery->state = DELIVERY_RESTS;
    delivery->deadline_us = now_us(delivery) + (rest_us < REST_MOST_US ? rest_us : REST_MOST_US);
}

static void begin_batch(struct telemetry_delivery *delivery, struct telemetry_batch *batch) {
    delivery->is_array = delivery->destination->is_http;
    if (delivery->is_array)
        telemetry_batch_to_array(batch);
    delivery->batch = batch;
    delivery->attempts = 0;
    try_batch(delivery);
}

/* ---- events of the connection ---- */

static void on_done(void *arg, int status, bool stays) {
    struct telemetry_delivery *delivery = arg;
    delivery->is_used = true;
    bool is_refused = status >= 400;
    if (!stays || is_refused)
        disconnect(delivery);
    if (is_refused)
        fail_batch(delivery);
    else
        end_batch(delivery);
    telemetry_delivery_advance(delivery);
}

/* A consumer may close a connection that it has kept for a while, just when the next batch leaves: that is no
 * failure of the consumer's. */
static void on_failed(void *arg) {
    struct telemetry_delivery *delivery = arg;
    bool is_sending = delivery->state == DELIVERY_SENDS;
    bool is_stale = delivery->is_used;
    disconnect(delivery);
    if (is_sending && delivery->batch->items == 0)
        end_batch(delivery);
    else if (is_sending && is_stale)
        try_batch(delivery);
    else if (is_sending)
        fail_batch(delivery);
    telemetry_delivery_advance(delivery);
}

void telemetry_delivery_give_socket(struct telemetry_delivery *delivery, int fd) {
    static const struct outgoing_events events = {.done = on_done, .failed = on_failed};
    assert(delivery->state == DELIVERY_WANTS);
    if (!delivery->batch) { /* it was lost meanwhile */
        fd_close(&fd);
        end_batch(delivery);
    } else if (fd < 0) {
        fail_batch(delivery);
    } else {
        delivery->outgoing = outgoing_new(delivery->loop, fd, delivery->destination->port, &events, delivery);
        delivery->is_used = false;
        send_batch(delivery);
        outgoing_pause(delivery->outgoing, delivery->is_paused);
    }
    telemetry_delivery_advance(delivery);
}

/* ---- the whole ---- */

void telemetry_delivery_init(struct telemetry_delivery *delivery, struct loop *loop,
                             const struct clock *clock, struct telemetry_queue *queue,
                             const struct telemetry_destination *destination,
                             const struct telemetry_delivery_events *events, void *arg) {
    *delivery = (struct telemetry_delivery){
        .loop = loop,
        .clock = clock,
        .destination = destination,
        .queue = queue,
        .events = events,
        .arg = arg,
        .timer = loop_timer_new(loop, on_timer, delivery),
        .timer_us = INT64_MAX,
    };
    buf_init(&delivery->head, 2 * LIMIT_TELEMETRY_URI_BYTES + 256);
}

void telemetry_delivery_done(struct telemetry_delivery *delivery) {
    disconnect(delivery);
    telemetry_batch_free(take_ptr(delivery->batch));
    loop_timer_free(delivery->timer);
    buf_done(&delivery->head);
}

void telemetry_delivery_advance(struct telemetry_delivery *delivery) {
    if (!delivery->is_paused) {
        int64_t now = now_us(delivery);
        if (delivery->state == DELIVERY_SENDS && now >= delivery->deadline_us) {
            disconnect(delivery);
            fail_batch(delivery);
        }
        if (delivery->state == DELIVERY_RESTS && now >= delivery->deadline_us)
            try_batch(delivery);
        struct telemetry_batch *batch = delivery->state == DELIVERY_IDLE
                                            ? telemetry_queue_take(delivery->queue, now)
                                            : NULL;
        if (batch)
            begin_batch(delivery, batch);
    }
    set_timer(delivery);
}

void telemetry_delivery_redirect(struct telemetry_delivery *delivery) {
    disconnect(delivery);
    if (delivery->batch && delivery->is_array != delivery->destination->is_http) {
        telemetry_queue_count_lost(delivery->queue, delivery->batch);
        telemetry_batch_free(take_ptr(delivery->batch));
    }
    if (delivery->state != DELIVERY_WANTS) {
        delivery->state = delivery->batch ? DELIVERY_RESTS : DELIVERY_IDLE;
        delivery->deadline_us = now_us(delivery);
        delivery->attempts = 0;
    }
    telemetry_delivery_advance(delivery);
}

void telemetry_delivery_pause(struct telemetry_delivery *delivery, bool is_paused) {
    if (is_paused == delivery->is_paused)
        return;
    delivery->is_paused = is_paused;
    if (is_paused)
        delivery->paused_us = now_us(delivery);
    else
        delivery->deadline_us += now_us(delivery) - delivery->paused_us;
    if (delivery->outgoing)
        outgoing_pause(delivery->outgoing, is_paused);
    telemetry_delivery_advance(delivery);
}

void telemetry_delivery_flush(struct telemetry_delivery *delivery) {
    telemetry_queue_flush(delivery->queue);
    if (delivery->state == DELIVERY_RESTS)
        delivery->deadline_us = now_us(delivery);
    telemetry_delivery_advance(delivery);
}

bool telemetry_delivery_is_settled(const struct telemetry_delivery *delivery) {
    return delivery->state == DELIVERY_IDLE && telemetry_queue_is_empty(delivery->queue);
}

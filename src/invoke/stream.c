/* See stream.h. The rate is a bucket that fills all the time. It counts in millionths of a byte, so that what
 * a microsecond gives is a whole number at every rate. */
#include "invoke/stream.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/server.h"
#include "sys/loop.h"

#define MILLIONTHS 1000000

/* At least so long is nothing read when the bucket is empty: shorter rests would smooth nothing that a client
 * could see. */
#define REST_MS 20

/* How much earlier than the end of a process that of its connections may be heard: an interpreter closes them
 * first. A runtime that lives on asks for the next event long before. */
#define CUT_MS 1000

#define ERROR_TYPE_BYTES 128

struct stream {
    struct stream_means means;
    struct http_exchange *exchange; /* NULL once it is over or cut */
    const struct invoke_stream_events *events;
    void *arg;
    struct loop_timer *timer; /* for a rest, or after a cut; NULL before it is needed */
    size_t bytes;
    int64_t credit;    /* what may pass now, in millionths; it rests below 0 */
    int64_t credit_us; /* when it was reckoned */
    bool is_unwanted;  /* for now, says the receiver */
    bool is_resting;
    bool is_paused; /* the exchange is: one of the two above */
    bool is_cut;
    char error_type[ERROR_TYPE_BYTES];
};

static int64_t now_us(const struct stream *stream) {
    return clock_mono_us(stream->means.clock);
}

struct stream *stream_new(const struct stream_means *means, struct http_exchange *exchange,
                          const struct invoke_stream_events *events, void *arg) {
    struct stream *stream = mem_alloc(sizeof *stream);
    *stream = (struct stream){
        .means = *means,
        .exchange = exchange,
        .events = events,
        .arg = arg,
        .credit = means->limits->burst_bytes * MILLIONTHS,
    };
    stream->credit_us = now_us(stream);
    means->totals->streams++;
    return stream;
}

void stream_free(struct stream *stream) {
    if (!stream)
        return;
    loop_timer_free(stream->timer);
    free(stream);
}

/* ---- pauses ---- */

/* Last in every function: what waits may come from inside. */
static void apply_pause(struct stream *stream) {
    bool is_paused = stream->is_unwanted || stream->is_resting;
    if (!stream->exchange || is_paused == stream->is_paused)
        return;
    stream->is_paused = is_paused;
    http_pause(stream->exchange, is_paused);
}

static void add_credit(struct stream *stream) {
    const struct stream_limits *limits = stream->means.limits;
    int64_t now = now_us(stream);
    int64_t most = limits->burst_bytes * MILLIONTHS;
    stream->credit += (now - stream->credit_us) * limits->rate_bytes;
    stream->credit_us = now;
    if (stream->credit > most)
        stream->credit = most;
}

static void on_timer(void *arg);

static void start_timer(struct stream *stream, int64_t delay_ms) {
    if (!stream->timer)
        stream->timer = loop_timer_new(stream->means.loop, on_timer, stream);
    loop_timer_start(stream->timer, delay_ms);
}

/* Rests until the bucket has what it lacks. */
static void rest_if_empty(struct stream *stream) {
    stream->is_resting = stream->credit < 0;
    if (!stream->is_resting)
        return;
    int64_t in_ms = stream->means.limits->rate_bytes * 1000;
    int64_t delay_ms = (-stream->credit + in_ms - 1) / in_ms;
    start_timer(stream, delay_ms > REST_MS ? delay_ms : REST_MS);
}

static void on_timer(void *arg) {
    struct stream *stream = arg;
    if (stream->is_cut) {
        stream->means.lost(stream->means.lost_arg);
        return;
    }
    add_credit(stream);
    rest_if_empty(stream);
    apply_pause(stream);
}

/* What was on its way when the rest began is owed as well. */
static void spend(struct stream *stream, size_t len) {
    if (stream->means.limits->rate_bytes == 0)
        return;
    add_credit(stream);
    stream->credit -= (int64_t)len * MILLIONTHS;
    if (!stream->is_resting)
        rest_if_empty(stream);
    apply_pause(stream);
}

/* ---- the response ---- */

void stream_begin(struct stream *stream) {
    static const char unnamed[] = "application/octet-stream";
    if (!stream->events)
        return;
    const struct http_text *sent = http_header_get(http_exchange_request(stream->exchange), "content-type");
    OWN_MEM char *type = sent && sent->len > 0 ? mem_copy_text(sent->data, sent->len) : mem_text(unnamed);
    stream->events->begin(stream->arg, type);
}

void stream_take(struct stream *stream, const void *data, size_t len) {
    stream->bytes += len;
    stream->means.totals->stream_bytes += len;
    if (!stream->events)
        return;
    spend(stream, len);
    stream->events->piece(stream->arg, data, len);
}

void stream_pause(struct stream *stream, bool is_paused) {
    if (!stream->events)
        return;
    stream->is_unwanted = is_paused;
    apply_pause(stream);
}

void stream_abandon(struct stream *stream) {
    stream->events = NULL;
    stream->is_unwanted = false;
    stream->is_resting = false;
    if (stream->timer && !stream->is_cut)
        loop_timer_stop(stream->timer);
    apply_pause(stream);
}

void stream_cut(struct stream *stream) {
    stream->exchange = NULL;
    stream->is_cut = true;
    start_timer(stream, CUT_MS);
}

bool stream_is_cut(const struct stream *stream) {
    return stream->is_cut;
}

void stream_close(struct stream *stream) {
    stream->exchange = NULL;
    stream->events = NULL;
    if (stream->timer)
        loop_timer_stop(stream->timer);
}

bool stream_is_of(const struct stream *stream, const struct http_exchange *exchange) {
    return exchange == stream->exchange;
}

void stream_set_error(struct stream *stream, const char *error_type) {
    snprintf(stream->error_type, sizeof stream->error_type, "%s", error_type);
}

void stream_describe(const struct stream *stream, struct invoke_result *result) {
    result->is_streamed = true;
    result->error_type = stream->error_type[0] ? stream->error_type : NULL;
}

size_t stream_bytes(const struct stream *stream) {
    return stream->bytes;
}

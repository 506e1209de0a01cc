/* A response that is passed on as the runtime writes it: counted, held to a rate, and stopped while its
 * receiver wants no more; nothing of it is kept. Belongs to its invocation, from the head of the response on.
 * Source of the limits: Lambda Developer Guide, "Response streaming for Lambda functions". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "invoke/call.h"
#include "invoke/totals.h"

struct clock;
struct http_exchange;
struct loop;
struct stream;

struct stream_limits {
    size_t size_bytes;   /* of one response; the environment's business */
    int64_t burst_bytes; /* may come at any speed; a slower response saves up so much again */
    int64_t rate_bytes;  /* per second, after that; 0 for any */
};

/* What a stream needs of its environment; all of it must outlive stream_close() or stream_free(). */
struct stream_means {
    struct loop *loop;
    const struct clock *clock;
    const struct stream_limits *limits;
    struct invoke_totals *totals;
    void (*lost)(void *arg); /* see stream_cut() */
    void *lost_arg;
};

/* `exchange` comes in pieces: http_take_pieces(). `events` with `arg` is the receiver; NULL when it has left
 * before this. */
struct stream *stream_new(const struct stream_means *means, struct http_exchange *exchange,
                          const struct invoke_stream_events *events, void *arg);
void stream_free(struct stream *stream); /* NULL is fine */

/* Tells the receiver, which may pause the stream at once. */
void stream_begin(struct stream *stream);

/* A piece is here. */
void stream_take(struct stream *stream, const void *data, size_t len);

/* The receiver wants no more for now, or again. */
void stream_pause(struct stream *stream, bool is_paused);

/* It has left: from now on pieces are counted and dropped, as fast as they come. */
void stream_abandon(struct stream *stream);

/* The runtime's connection is gone, perhaps because its process is ending: unless the stream
 * is closed or freed for that, `lost` is called a moment later. */
void stream_cut(struct stream *stream);
bool stream_is_cut(const struct stream *stream);

/* It is over: the exchange is not touched any more. */
void stream_close(struct stream *stream);

/* Whether this exchange is its one; false once it is over. */
bool stream_is_of(const struct stream *stream, const struct http_exchange *exchange);

/* Why it failed; copied, and cut. */
void stream_set_error(struct stream *stream, const char *error_type);

/* is_streamed and error_type, which is valid as long as the stream is. */
void stream_describe(const struct stream *stream, struct invoke_result *result);

size_t stream_bytes(const struct stream *stream);

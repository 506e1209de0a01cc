/* Messages of application/vnd.amazon.eventstream, as a server sends them: what stands before and behind a
 * payload, so that the payload itself is sent from where it lies (Smithy specification, "Event Stream
 * Specification"). Any thread; allocates nothing. */
#pragma once

#include <stddef.h>

#define EVENT_STREAM_CONTENT_TYPE "application/vnd.amazon.eventstream"

/* The most that decoders of SDKs take. */
#define EVENT_STREAM_PAYLOAD_BYTES (16u * 1024 * 1024)

/* Room for the three header fields of an event, whose values have EVENT_STREAM_VALUE_BYTES each at most. */
#define EVENT_STREAM_VALUE_BYTES 64
#define EVENT_STREAM_HEAD_BYTES (12 + 3 * (1 + 13 + 1 + 2 + EVENT_STREAM_VALUE_BYTES))
#define EVENT_STREAM_TAIL_BYTES 4

struct event_stream_frame {
    size_t head_len;
    unsigned char head[EVENT_STREAM_HEAD_BYTES]; /* goes before the payload */
    unsigned char tail[EVENT_STREAM_TAIL_BYTES]; /* and behind it */
};

/* Around one event. The name and the type of its content are short texts of ours, the payload has
 * EVENT_STREAM_PAYLOAD_BYTES at most. */
void event_stream_frame(struct event_stream_frame *ret_frame, const char *event, const char *content_type,
                        const void *payload, size_t len);

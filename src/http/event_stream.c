/* See event_stream.h. A message is, in network byte order: its length, the length of its header fields, the
 * CRC-32 of these eight bytes, the header fields, the payload, and the CRC-32 of all that. */
#include "http/event_stream.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

/* The two lengths and their checksum. */
#define LENGTHS_BYTES 8
#define PRELUDE_BYTES (LENGTHS_BYTES + 4)

#define TYPE_STRING 7

static void put_u32(unsigned char *place, uint32_t number) {
    for (int i = 3; i >= 0; i--, number >>= 8)
        place[i] = (unsigned char)number;
}

/* The length of the name, the name, the type of the value, its length, the value. */
static void put_field(struct event_stream_frame *frame, const char *name, const char *value) {
    size_t name_len = strlen(name);
    size_t value_len = strlen(value);
    assert(value_len <= EVENT_STREAM_VALUE_BYTES);
    assert(frame->head_len + 1 + name_len + 3 + value_len <= EVENT_STREAM_HEAD_BYTES);
    unsigned char *place = frame->head + frame->head_len;
    *place++ = (unsigned char)name_len;
    memcpy(place, name, name_len);
    place += name_len;
    *place++ = TYPE_STRING;
    *place++ = 0;
    *place++ = (unsigned char)value_len;
    memcpy(place, value, value_len);
    frame->head_len += 1 + name_len + 3 + value_len;
}

void event_stream_frame(struct event_stream_frame *ret_frame, const char *event, const char *content_type,
                        const void *payload, size_t len) {
    unsigned char *head = ret_frame->head;
    assert(len <= EVENT_STREAM_PAYLOAD_BYTES);
    ret_frame->head_len = PRELUDE_BYTES;
    put_field(ret_frame, ":event-type", event);
    put_field(ret_frame, ":content-type", content_type);
    put_field(ret_frame, ":message-type", "event");
    put_u32(head, (uint32_t)(ret_frame->head_len + len + EVENT_STREAM_TAIL_BYTES));
    put_u32(head + 4, (uint32_t)(ret_frame->head_len - PRELUDE_BYTES));
    put_u32(head + LENGTHS_BYTES, (uint32_t)crc32(0, head, LENGTHS_BYTES));
    uLong sum = crc32(0, head, (uInt)ret_frame->head_len);
    if (len > 0)
        sum = crc32(sum, payload, (uInt)len);
    put_u32(ret_frame->tail, (uint32_t)sum);
}

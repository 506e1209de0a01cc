/* Messages of the event stream, byte for byte: vectors that botocore's decoder reads. */
#include "http/event_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

static void put_message(struct buf *message, const char *event, const char *type, const void *payload,
                        size_t len) {
    struct event_stream_frame frame;
    event_stream_frame(&frame, event, type, payload, len);
    buf_append(message, frame.head, frame.head_len);
    buf_append(message, payload, len);
    buf_append(message, frame.tail, sizeof frame.tail);
    assert_true(buf_ok(message));
}

static void expect_hex(const struct buf *message, const char *hex) {
    assert_int_equal(message->len * 2, strlen(hex));
    for (size_t i = 0; i < message->len; i++) {
        static const char digits[] = "0123456789abcdef";
        unsigned char byte = (unsigned char)message->data[i];
        assert_int_equal(digits[byte >> 4], hex[2 * i]);
        assert_int_equal(digits[byte & 15], hex[2 * i + 1]);
    }
}

static uint32_t read_u32(const char *data) {
    uint32_t number = 0;
    for (int i = 0; i < 4; i++)
        number = number << 8 | (unsigned char)data[i];
    return number;
}

static void frames_a_piece_of_the_payload(void **state) {
    (void)state;
    OWN(buf) struct buf message;
    buf_init(&message, 1024);
    put_message(&message, "PayloadChunk", "application/octet-stream", "hi", 2);
    expect_hex(
        &message,
        "0000006c0000005ab25efdcf0b3a6576656e742d7479706507000c5061796c6f61644368756e6b0d3a636f6e74656e74"
        "2d747970650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d747970650700"
        "056576656e7468691162e469");
}

static void frames_the_end(void **state) {
    (void)state;
    OWN(buf) struct buf message;
    buf_init(&message, 1024);
    put_message(&message, "InvokeComplete", "application/json", "{}", 2);
    expect_hex(
        &message,
        "00000066000000541f56c8690b3a6576656e742d7479706507000e496e766f6b65436f6d706c6574650d3a636f6e7465"
        "6e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e74"
        "7b7d7006d467");
}

static void expect_sound(const struct buf *message, size_t payload_len) {
    size_t len = message->len;
    const char *data = message->data;
    assert_int_equal(read_u32(data), len);
    assert_int_equal(read_u32(data + 4), len - payload_len - 16);
    assert_int_equal(read_u32(data + 8), crc32(0, (const Bytef *)data, 8));
    assert_int_equal(read_u32(data + len - 4), crc32(0, (const Bytef *)data, (uInt)len - 4));
}

static void frames_any_length(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 255, 256, 65536, EVENT_STREAM_PAYLOAD_BYTES};
    OWN_MEM char *payload = mem_alloc(EVENT_STREAM_PAYLOAD_BYTES);
    memset(payload, 0xa7, EVENT_STREAM_PAYLOAD_BYTES);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        OWN(buf) struct buf message;
        buf_init(&message, EVENT_STREAM_PAYLOAD_BYTES + 1024);
        put_message(&message, "PayloadChunk", "application/octet-stream", payload, lengths[i]);
        expect_sound(&message, lengths[i]);
    }
}

static void has_room_for_the_longest_texts(void **state) {
    (void)state;
    char text[EVENT_STREAM_VALUE_BYTES + 1];
    memset(text, 'x', EVENT_STREAM_VALUE_BYTES);
    text[EVENT_STREAM_VALUE_BYTES] = '\0';
    OWN(buf) struct buf message;
    buf_init(&message, 1024);
    put_message(&message, text, text, "", 0);
    expect_sound(&message, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_a_piece_of_the_payload),
        cmocka_unit_test(frames_the_end),
        cmocka_unit_test(frames_any_length),
        cmocka_unit_test(has_room_for_the_longest_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

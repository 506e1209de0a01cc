/* base/json: the writer, and that what it writes is JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/json.h"
#include "base/mem.h"

static void test_structure(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 1000);
    struct json_writer writer;
    json_writer_init(&writer, &buf);
    json_open_object(&writer);
    json_put_member(&writer, "Name", "f");
    json_put_member(&writer, "Nothing", NULL);
    json_put_member_integer(&writer, "Size", -5);
    json_key(&writer, "List");
    json_open_array(&writer);
    json_put_integer(&writer, 1);
    json_open_object(&writer);
    json_close_object(&writer);
    json_open_array(&writer);
    json_close_array(&writer);
    json_put_bool(&writer, true);
    json_put_bool(&writer, false);
    json_put_null(&writer);
    json_put_raw(&writer, "{\"raw\":1}", 9);
    json_put_string(&writer, "s");
    json_close_array(&writer);
    json_key(&writer, "Last");
    json_put_string_bytes(&writer, "abc", 2);
    json_close_object(&writer);
    assert_string_equal(buf_text(&buf),
                        "{\"Name\":\"f\",\"Size\":-5,\"List\":[1,{},[],true,false,null,{\"raw\":1},"
                        "\"s\"],\"Last\":\"ab\"}");
    assert_true(json_check(buf.data, buf.len, NULL));
}

static void assert_written(const char *text, size_t len, const char *expected) {
    OWN(buf) struct buf buf;
    buf_init(&buf, 1000);
    struct json_writer writer;
    json_writer_init(&writer, &buf);
    json_put_string_bytes(&writer, text, len);
    assert_string_equal(buf_text(&buf), expected);
    assert_true(json_check(buf.data, buf.len, NULL));
}

static void test_escapes(void **state) {
    (void)state;
    assert_written("", 0, "\"\"");
    assert_written("a\"b\\c", 5, "\"a\\\"b\\\\c\"");
    assert_written("\n\t\r\b\f", 5, "\"\\n\\t\\r\\b\\f\"");
    assert_written("\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001F\x7f\"");
    assert_written("a/\xc3\xa9\xf0\x9f\x98\x80", 8, "\"a/\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void test_bad_utf8_is_replaced(void **state) {
    (void)state;
    assert_written("a\xff"
                   "b",
                   3,
                   "\"a\xef\xbf\xbd"
                   "b\"");
    assert_written("\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_written("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void test_every_string_of_two_bytes_round_trips(void **state) {
    (void)state;
    OWN(buf) struct buf json;
    OWN(buf) struct buf back;
    buf_init(&json, 100);
    buf_init(&back, 100);
    for (unsigned pair = 0; pair < 0x8000; pair++) {
        char text[2] = {(char)(pair & 0x7f), (char)(pair >> 8)};
        buf_clear(&json);
        buf_clear(&back);
        struct json_writer writer;
        json_writer_init(&writer, &json);
        json_put_string_bytes(&writer, text, 2);
        struct json_doc doc;
        assert_true(json_parse(&doc, json.data, json.len, 1, NULL));
        assert_true(json_append_string(json_root(&doc), &back));
        if (back.len != 2 || memcmp(back.data, text, 2) != 0)
            fail_msg("%02x %02x", (unsigned)text[0], (unsigned)text[1]);
        json_doc_done(&doc);
    }
}

static void test_overflow_is_the_buffers(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 8);
    struct json_writer writer;
    json_writer_init(&writer, &buf);
    json_open_object(&writer);
    json_put_member(&writer, "Name", "far too long");
    json_close_object(&writer);
    assert_false(buf_ok(&buf));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_bad_utf8_is_replaced),
        cmocka_unit_test(test_every_string_of_two_bytes_round_trips),
        cmocka_unit_test(test_overflow_is_the_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

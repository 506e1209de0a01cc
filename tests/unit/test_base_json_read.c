/* base/json: the token reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

static struct json_doc parse(const char *text) {
    struct json_doc doc;
    struct err err = {0};
    if (!json_parse(&doc, text, strlen(text), 1000, &err))
        fail_msg("%s", err.text);
    return doc;
}

static void test_members(void **state) {
    (void)state;
    struct json_doc doc = parse(
        " { \"name\" : \"f\", \"list\":[1,[2],{\"x\":3}], \"on\":true, \"off\":false, \"no\":null } ");
    struct json_value root = json_root(&doc);
    assert_int_equal(json_type_of(root), JSON_OBJECT);
    assert_int_equal(json_size(root), 5);
    assert_true(json_string_is(json_member(root, "name"), "f"));
    assert_int_equal(json_type_of(json_member(root, "on")), JSON_TRUE);
    assert_int_equal(json_type_of(json_member(root, "off")), JSON_FALSE);
    assert_int_equal(json_type_of(json_member(root, "no")), JSON_NULL);
    struct json_value list = json_member(root, "list");
    assert_int_equal(json_type_of(list), JSON_ARRAY);
    assert_int_equal(json_size(list), 3);
    size_t len;
    const char *raw = json_raw(list, &len);
    assert_int_equal(len, strlen("[1,[2],{\"x\":3}]"));
    assert_memory_equal(raw, "[1,[2],{\"x\":3}]", len);
    raw = json_raw(json_member(root, "name"), &len);
    assert_int_equal(len, 3);
    assert_memory_equal(raw, "\"f\"", 3);
    assert_false(json_is_present(json_member(root, "nam")));
    assert_false(json_is_present(json_member(root, "x")));
    json_doc_done(&doc);
}

static void test_absent_is_taken_everywhere(void **state) {
    (void)state;
    struct json_value absent = {0};
    int64_t number = 7;
    uint32_t cursor = 0;
    struct json_value value;
    OWN(buf) struct buf buf;
    buf_init(&buf, 10);
    assert_false(json_is_present(absent));
    assert_false(json_is_present(json_member(absent, "a")));
    assert_false(json_each(absent, &cursor, NULL, &value));
    assert_int_equal(json_size(absent), 0);
    assert_false(json_append_string(absent, &buf));
    assert_null(json_string(absent));
    assert_false(json_string_is(absent, ""));
    assert_false(json_integer(absent, &number));
    assert_int_equal(number, 7);
    struct json_doc empty = {0};
    assert_false(json_is_present(json_root(&empty)));
    json_doc_done(&empty);
}

static void test_wrong_types_are_no_values(void **state) {
    (void)state;
    struct json_doc doc = parse("[1,\"2\",{}]");
    struct json_value root = json_root(&doc);
    assert_false(json_is_present(json_member(root, "1")));
    uint32_t cursor = 0;
    struct json_value item, inner;
    int64_t number;
    assert_true(json_each(root, &cursor, NULL, &item));
    assert_null(json_string(item));
    uint32_t inner_cursor = 0;
    assert_false(json_each(item, &inner_cursor, NULL, &inner));
    assert_true(json_each(root, &cursor, NULL, &item));
    assert_false(json_integer(item, &number));
    json_doc_done(&doc);
}

static void test_the_last_duplicate_counts(void **state) {
    (void)state;
    struct json_doc doc = parse("{\"a\":1,\"b\":2,\"\\u0061\":3}");
    int64_t number;
    assert_true(json_integer(json_member(json_root(&doc), "a"), &number));
    assert_int_equal(number, 3);
    assert_int_equal(json_size(json_root(&doc)), 3);
    json_doc_done(&doc);
}

static void test_each(void **state) {
    (void)state;
    struct json_doc doc = parse("{\"k1\":[10,20,[30]],\"k2\":{},\"k3\":[]}");
    uint32_t cursor = 0;
    struct json_value key, value;
    assert_true(json_each(json_root(&doc), &cursor, &key, &value));
    assert_true(json_string_is(key, "k1"));
    uint32_t inner = 0;
    int64_t sum = 0;
    struct json_value item;
    while (json_each(value, &inner, &key, &item)) {
        int64_t number;
        assert_false(json_is_present(key));
        sum += json_integer(item, &number) ? number : 1000;
    }
    assert_int_equal(sum, 1030);
    for (const char *name = "k2";; name = "k3") {
        assert_true(json_each(json_root(&doc), &cursor, &key, &value));
        assert_true(json_string_is(key, name));
        inner = 0;
        assert_false(json_each(value, &inner, NULL, &item));
        if (strcmp(name, "k3") == 0)
            break;
    }
    assert_false(json_each(json_root(&doc), &cursor, &key, &value));
    assert_false(json_each(json_root(&doc), &cursor, &key, &value));
    json_doc_done(&doc);
}

static void assert_decodes(const char *json, const char *expected) {
    struct json_doc doc = parse(json);
    OWN_MEM char *text = json_string(json_root(&doc));
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_true(json_string_is(json_root(&doc), expected));
    OWN_MEM char *longer = mem_format("%sx", expected);
    assert_false(json_string_is(json_root(&doc), longer));
    if (*expected) {
        longer[strlen(expected) - 1] = '\0';
        assert_false(json_string_is(json_root(&doc), longer));
    }
    json_doc_done(&doc);
}

static void test_strings(void **state) {
    (void)state;
    assert_decodes("\"\"", "");
    assert_decodes("\"plain\"", "plain");
    assert_decodes("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    assert_decodes("\"a\\\\\"", "a\\");
    assert_decodes("\"\\u0041\\u00e9\\u20ac\\uD83D\\uDE00!\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!");
    assert_decodes("\"\xc3\xa9\"", "\xc3\xa9");
    /* Lone surrogates. */
    assert_decodes("\"\\ud83d\"", "\xef\xbf\xbd");
    assert_decodes("\"\\ud83dx\"", "\xef\xbf\xbdx");
    assert_decodes("\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd");
    assert_decodes("\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                                         "A");
    assert_decodes("\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80");
    assert_decodes("\"\\ud83d\\n\"", "\xef\xbf\xbd\n");
}

static void test_nul_in_strings(void **state) {
    (void)state;
    struct json_doc doc = parse("\"a\\u0000b\"");
    assert_null(json_string(json_root(&doc)));
    assert_false(json_string_is(json_root(&doc), "a"));
    OWN(buf) struct buf buf;
    buf_init(&buf, 3);
    assert_true(json_append_string(json_root(&doc), &buf));
    assert_memory_equal(buf.data, "a\0b", 3);
    assert_false(json_append_string(json_root(&doc), &buf));
    json_doc_done(&doc);
}

static void test_integers(void **state) {
    (void)state;
    static const struct {
        const char *json;
        int64_t number;
    } whole[] = {
        {"0", 0},
        {"-0", 0},
        {"0.000", 0},
        {"0e99999999999999999999", 0},
        {"0e-5", 0},
        {"7", 7},
        {"-7", -7},
        {"1e3", 1000},
        {"1.0", 1},
        {"1.50e1", 15},
        {"120e-1", 12},
        {"100", 100},
        {"1000000e-6", 1},
        {"0.5e1", 5},
        {"0.0001e4", 1},
        {"-1.2E+1", -12},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"922337203685477580.7e1", INT64_MAX},
        {"1000000000000000000", 1000000000000000000},
        {"1000000000000000000000000000000e-12", 1000000000000000000},
        {"10.10e1", 101},
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct json_doc doc = parse(whole[i].json);
        int64_t number;
        if (!json_integer(json_root(&doc), &number) || number != whole[i].number)
            fail_msg("%s", whole[i].json);
        json_doc_done(&doc);
    }
    static const char *const other[] = {
        "1.5",
        "0.1",
        "1e-1",
        "9223372036854775808",
        "-9223372036854775809",
        "1e19",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "123456789012345678901234567890",
        "12.01",
    };
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        struct json_doc doc = parse(other[i]);
        int64_t number = 99;
        assert_false(json_integer(json_root(&doc), &number));
        assert_int_equal(number, 99);
        json_doc_done(&doc);
    }
}

static void test_failures(void **state) {
    (void)state;
    struct json_doc doc = {.count = 77};
    struct err err;
    assert_false(json_parse(&doc, "{\"a\":", 5, 10, &err));
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_string_equal(err.text,
                        "Unexpected end-of-input within/between Object entries\n at [Source: REDACTED "
                        "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 6]");
    assert_false(json_parse(&doc, "[1,2,3]", 7, 3, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(doc.count, 77);
    assert_true(json_parse(&doc, "[1,2,3]", 7, 4, &err));
    assert_int_equal(doc.count, 4);
    json_doc_done(&doc);
    json_doc_done(&doc);
}

static void test_many_tokens(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 1000000);
    buf_append_byte(&buf, '[');
    for (int i = 0; i < 5000; i++)
        buf_append_format(&buf, "%s{\"n\":[%d]}", i ? "," : "", i);
    buf_append_byte(&buf, ']');
    struct json_doc doc;
    assert_true(json_parse(&doc, buf.data, buf.len, 20001, NULL));
    assert_int_equal(doc.count, 20001);
    uint32_t cursor = 0;
    struct json_value item;
    int64_t expected = 0;
    while (json_each(json_root(&doc), &cursor, NULL, &item)) {
        struct json_value list = json_member(item, "n"), inner;
        uint32_t inner_cursor = 0;
        int64_t number = -1;
        assert_true(json_each(list, &inner_cursor, NULL, &inner));
        assert_true(json_integer(inner, &number));
        assert_int_equal(number, expected);
        expected++;
    }
    assert_int_equal(expected, 5000);
    json_doc_done(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_absent_is_taken_everywhere),
        cmocka_unit_test(test_wrong_types_are_no_values),
        cmocka_unit_test(test_the_last_duplicate_counts),
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_nul_in_strings),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_many_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

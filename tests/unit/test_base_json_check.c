/* base/json: what is JSON and what is not. The words for what is not are in test_base_json_fault.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

/* The text is checked at the end of a block of just its size, so that a sanitizer sees every byte read too
 * far. */
static bool check(const char *text, size_t len) {
    OWN_MEM char *copy = mem_copy(text, len);
    struct json_fault fault;
    bool with_fault = json_check(copy, len, &fault);
    assert_int_equal(json_check(copy, len, NULL), with_fault);
    return with_fault;
}

/* Texts one a line, since none of these holds a line end. */
static void check_lines(const char *lines, bool expected) {
    for (const char *line = lines; *line;) {
        size_t len = strcspn(line, "\n");
        if (check(line, len) != expected)
            fail_msg("%s: %.*s", expected ? "refused" : "accepted", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void test_valid_structure(void **state) {
    (void)state;
    check_lines("{}\n[]\n[1]\n[1,2]\n[1 , 2]\n{\"a\":1}\n"
                "{ \"a\" : 1 , \"b\" : [ ] }\n{\"a\":1,\"a\":2}\n{\"\":\"\"}\n"
                "[[],[{}],{}]\n[null,true,false,0,\"s\",[],{}]\n \t\r[ ] \n",
                true);
    assert_true(check("\n[\n1\n,\n2\n]\n", 11));
}

static void test_valid_scalars(void **state) {
    (void)state;
    check_lines("null\ntrue\nfalse\n0\n-0\n1\n-1\n10\n1.5\n0.0\n1e1\n1E+2\n1.0e-10\n1e99999\n"
                "123456789012345678901234567890\n",
                true);
}

static void test_valid_strings(void **state) {
    (void)state;
    check_lines(
        "\"\"\n\"a\"\n\"/\"\n\"\\\\\"\n"
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aF\"\n\"\\ud800\"\n\"\\u0000\"\n\"\x7f\"\n"
        "\"\xc3\xa9\"\n\"\xe2\x82\xac\"\n\"\xf0\x9f\x98\x80\"\n\"\xed\x9f\xbf\"\n\"\xf4\x8f\xbf\xbf\"\n"
        "\"1234567\xc3\xa9"
        "12345678\"\n\"12345678\"\n",
        true);
}

static void test_invalid_structure(void **state) {
    (void)state;
    check_lines(" \n{\n}\n[\n]\n[1\n[1,\n[1,]\n[,1]\n[1 2]\n[1]]\n"
                "[}\n{]\n{\"a\"\n{\"a\":\n{\"a\":1\n{\"a\":1,\n{\"a\":1,}\n"
                "{,}\n{\"a\"}\n{\"a\" 1}\n{a:1}\n{1:1}\n{'a':1}\n"
                "{\"a\":1 \"b\":2}\n{} {}\n1 2\n1,\n//c\n/**/1\n1/**/\n"
                "#1\n\xef\xbb\xbf{}\n\x0b"
                "1\n\xc2\xa0"
                "1\n[1,\f2]\n",
                false);
    assert_false(check("", 0));
    assert_false(check("\n", 1));
}

static void test_invalid_scalars(void **state) {
    (void)state;
    check_lines("nul\nnulll\nTrue\nNaN\nInfinity\n-Infinity\n+1\n"
                "-\n--1\n01\n-01\n00\n1.\n.1\n1.e1\n1e\n1e+\n1e-\n1.5.5\n"
                "0x10\n1a\n'a'\n",
                false);
}

static void test_invalid_strings(void **state) {
    (void)state;
    check_lines("\"\n\"a\n\"\\\n\"\\\"\n\"\\x\"\n\"\\u\"\n\"\\u12\"\n"
                "\"\\u123g\"\n\"\\u123\n\"\\U1234\"\n\"\t\"\n\"\x01\"\n"
                "\"\x1f\"\n\"1234567\x01\"\n\"12345678\xff\"\n{\"\x80\":1}\n{\"a\\q\":1}\n{\"a\t\":1}\n",
                false);
    check_lines(
        "\"\x80\"\n\"\xc0\xaf\"\n\"\xc3\"\n\"\xc3(\"\n\"\xe2\x82\"\n\"\xe0\x80\xaf\"\n\"\xed\xa0\x80\"\n"
        "\"\xf0\x80\x80\x80\"\n\"\xf4\x90\x80\x80\"\n"
        "\"\xf8\x88\x80\x80\x80\"\n\"\xff\"\n[\"a\",\"\xc3\"]\n",
        false);
    assert_false(check("\"\n\"", 3));
}

static void test_nul_is_no_end(void **state) {
    (void)state;
    assert_false(check("1\0", 2));
    assert_false(check("\"a\0b\"", 5));
    assert_false(check("\0", 1));
    assert_false(check("\"\\\0\"", 4));
}

/* Every byte in a string, at every place of a block of eight. */
static void test_every_byte_at_every_place(void **state) {
    (void)state;
    for (size_t place = 0; place < 24; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[26];
            memset(text, 'x', sizeof text);
            text[0] = text[25] = '"';
            text[1 + place] = (char)byte;
            bool is_plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            if (check(text, sizeof text) != is_plain)
                fail_msg("byte 0x%02x at %zu", (unsigned)byte, place);
        }
    }
}

static void test_every_truncation_is_a_fault(void **state) {
    (void)state;
    static const char text[] =
        "{\"a\": [1, -2.5e+3, true, null, \"x\\u00e9\\n\xc3\xa9\xf0\x9f\x98\x80\"], \"b\": {}}";
    assert_true(check(text, sizeof text - 1));
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_false(check(text, len));
}

static void test_depth(void **state) {
    (void)state;
    char text[2 * JSON_MAX_DEPTH + 2];
    memset(text, '[', JSON_MAX_DEPTH);
    memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    assert_true(check(text, 2 * JSON_MAX_DEPTH));
    memset(text, '[', JSON_MAX_DEPTH + 1);
    memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
    assert_false(check(text, sizeof text));
}

static void test_many_siblings_are_not_deep(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000000);
    buf_append_byte(&buf, '[');
    for (int i = 0; i < 3 * JSON_MAX_DEPTH; i++)
        buf_append_text(&buf, i ? ",[{}]" : "[{}]");
    buf_append_byte(&buf, ']');
    assert_true(check(buf.data, buf.len));
    buf_done(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_structure),
        cmocka_unit_test(test_valid_scalars),
        cmocka_unit_test(test_valid_strings),
        cmocka_unit_test(test_invalid_structure),
        cmocka_unit_test(test_invalid_scalars),
        cmocka_unit_test(test_invalid_strings),
        cmocka_unit_test(test_nul_is_no_end),
        cmocka_unit_test(test_every_byte_at_every_place),
        cmocka_unit_test(test_every_truncation_is_a_fault),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_siblings_are_not_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

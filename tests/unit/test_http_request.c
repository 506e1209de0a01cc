/* Requests as values, and how bytes become them: queries, percent-encoding, and what of HTTP/1.1 is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/parse.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static struct parse parse;

static struct http_text text_of(const char *text) {
    return (struct http_text){text, strlen(text)};
}

static void assert_text(struct http_text text, const char *expected) {
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static enum parse_result read_head(const char *text, size_t *ret_used) {
    parse_reset(&parse);
    return parse_head(&parse, text, strlen(text), ret_used);
}

static void finds_headers_without_case(void **state) {
    (void)state;
    static const struct http_request request = {
        .headers = {{{"Content-Type", 12}, {"a", 1}}, {{"X-A", 3}, {"1", 1}}, {{"x-a", 3}, {"2", 1}}},
        .header_count = 3,
    };
    assert_text(*http_header_get(&request, "content-type"), "a");
    assert_text(*http_header_get(&request, "x-a"), "1");
    assert_null(http_header_get(&request, "x-b"));
    assert_null(http_header_get(&request, "x-"));
    assert_int_equal(http_header_count(&request, "x-a"), 2);
    assert_int_equal(http_header_count(&request, "x-b"), 0);
    assert_true(http_text_is_nocase(text_of("ChUnKeD"), "chunked"));
    assert_false(http_text_is_nocase(text_of("chunke"), "chunked"));
    assert_false(http_text_is_nocase(text_of("@"), "`"));
    assert_true(http_text_is((struct http_text){0}, ""));
    assert_false(http_text_is(text_of("A"), "a"));
    assert_true(http_text_is_same((struct http_text){0}, text_of("")));
    assert_true(http_text_is_same((struct http_text){"abc", 2}, text_of("ab")));
    assert_false(http_text_is_same(text_of("ab"), text_of("abc")));
    assert_false(http_text_is_same(text_of("ab"), text_of("aB")));
    assert_true(http_text_is_same_nocase((struct http_text){"aBc", 2}, text_of("Ab")));
    assert_false(http_text_is_same_nocase(text_of("ab"), text_of("abc")));
}

static void decodes_percent(void **state) {
    (void)state;
    char value[8];
    assert_true(http_percent_decode(text_of("a%2fb%C3%a4"), value, sizeof value));
    assert_string_equal(value, "a/b\xc3\xa4");
    assert_true(http_percent_decode(text_of("a+b"), value, sizeof value));
    assert_string_equal(value, "a+b");
    assert_true(http_percent_decode(text_of(""), value, sizeof value));
    assert_string_equal(value, "");
    assert_true(http_percent_decode(text_of("1234567"), value, sizeof value));
    assert_false(http_percent_decode(text_of("12345678"), value, sizeof value));
    assert_false(http_percent_decode(text_of("%"), value, sizeof value));
    assert_false(http_percent_decode(text_of("%4"), value, sizeof value));
    assert_false(http_percent_decode(text_of("%4g"), value, sizeof value));
    assert_false(http_percent_decode(text_of("a%00b"), value, sizeof value));
    assert_false(http_percent_decode(text_of(""), value, 0));
}

static void reads_query_parameters(void **state) {
    (void)state;
    struct http_text query = text_of("a=1&&b&c=x%20y&a=2&%64=4&e=%zz&f=a=b");
    char value[8];
    bool is_present;
    static const char *const expected[][2] = {{"a", "1"}, {"b", ""}, {"c", "x y"}, {"d", "4"}, {"f", "a=b"}};
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(http_query_get(query, expected[i][0], value, sizeof value, &is_present));
        assert_true(is_present);
        assert_string_equal(value, expected[i][1]);
    }
    assert_true(http_query_get(query, "g", value, sizeof value, &is_present));
    assert_false(is_present);
    assert_false(http_query_get(query, "e", value, sizeof value, &is_present));
    assert_false(http_query_get(query, "c", value, 3, &is_present));
    assert_true(http_query_get((struct http_text){0}, "a", value, sizeof value, &is_present));
    assert_false(is_present);
}

static void reads_a_head(void **state) {
    (void)state;
    static const char text[] =
        "\r\nPOST /a/b%20c?x=y?z HTTP/1.1\r\nHost: h:1\r\nEmpty:\r\nTabs:\t a b \t\r\nExpect: "
        "100-Continue\r\nContent-Length: 007\r\n\r\nrest";
    size_t used;
    assert_int_equal(read_head(text, &used), PARSE_COMPLETE);
    assert_int_equal(used, strlen(text) - 4);
    const struct http_request *request = &parse.request;
    assert_text(request->method, "POST");
    assert_text(request->path, "/a/b%20c");
    assert_text(request->query, "x=y?z");
    assert_int_equal(request->header_count, 5);
    assert_text(request->headers[1].name, "Empty");
    assert_text(request->headers[1].value, "");
    assert_text(request->headers[2].value, "a b");
    assert_true(request->keep_alive);
    assert_true(parse.expects_continue);
    assert_false(parse.is_chunked);
    assert_int_equal(parse.content_length, 7);
}

static void reads_forms_of_targets(void **state) {
    (void)state;
    static const char *const rows[][3] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "/", ""},
        {"GET /? HTTP/1.1\r\nHost: h\r\n\r\n", "/", ""},
        {"GET http://h:80/a?b HTTP/1.1\r\nHost: h:80\r\n\r\n", "/a", "b"},
        {"GET https://h HTTP/1.1\r\nHost: h\r\n\r\n", "/", ""},
        {"GET http://h?b HTTP/1.1\r\nHost: h\r\n\r\n", "/", "b"},
        {"GET /a HTTP/1.0\r\n\r\n", "/a", ""},
    };
    size_t used;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_head(rows[i][0], &used), PARSE_COMPLETE);
        assert_text(parse.request.path, rows[i][1]);
        assert_text(parse.request.query, rows[i][2]);
    }
}

static void knows_when_connections_stay(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool stays;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    };
    size_t used;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_head(rows[i].text, &used), PARSE_COMPLETE);
        assert_int_equal(parse.request.keep_alive, rows[i].stays);
    }
}

#define GET "GET / HTTP/1.1\r\nHost: h\r\n"
#define POST "POST / HTTP/1.1\r\nHost: h\r\n"

static const struct {
    int status;
    const char *text;
} refused[] = {
    {400, "\x16\x03\x01\x02\x01"},
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, GET "Host: h\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
    {400, GET "A B: c\r\n\r\n"},
    {400, GET "A: b\r\n c\r\n\r\n"},
    {400, GET "A:\r\n\tc\r\n\r\n"},
    {400, GET "A: b\nB: c\r\n\r\n"},
    {400, GET "A: b\rB: c\r\n\r\n"},
    {400, GET "A: b\x01\r\n\r\n"},
    {400, GET ": b\r\n\r\n"},
    {400, GET "A\r\n\r\n"},
    {400, "GET / HTTP/1.1\nHost: h\n\n"},
    {400, "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, "GET a HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, "GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
    {400, POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"},
    {400, POST "Content-Length: 1, 1\r\n\r\nx"},
    {400, POST "Content-Length: +1\r\n\r\nx"},
    {400, POST "Content-Length: -1\r\n\r\nx"},
    {400, POST "Content-Length: 0x1\r\n\r\nx"},
    {400, POST "Content-Length:\r\n\r\nx"},
    {400, POST "Content-Length: 18446744073709551616\r\n\r\nx"},
    {400, POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"},
    {400, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {400, POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
    {501, POST "Transfer-Encoding: identity\r\n\r\n"},
    {501, POST "Transfer-Encoding: xchunked\r\n\r\n"},
    {501, POST "Transfer-Encoding:\r\n\r\n"},
    {501, "BREW / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {501, "get / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {501, "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {505, "GET / HTTP/1.2\r\nHost: h\r\n\r\n"},
    {505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
    {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {505, "GET /\r\n\r\n"},
};

static void refuses_what_is_not_http(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        size_t used;
        enum parse_result result = read_head(refused[i].text, &used);
        if (result != PARSE_REFUSED || parse.refusal_status != refused[i].status)
            fail_msg("result %d status %d for %s", result, parse.refusal_status, refused[i].text);
        assert_non_null(parse.refusal_reason);
    }
}

/* The verdict must not depend on how the bytes were cut. */
static void refuses_the_same_byte_by_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        parse_reset(&parse);
        enum parse_result result = PARSE_NEEDS_MORE;
        for (const char *at = refused[i].text; *at && result == PARSE_NEEDS_MORE; at++) {
            size_t used;
            result = parse_head(&parse, at, 1, &used);
            assert_int_equal(used, 1);
        }
        if (result != PARSE_REFUSED || parse.refusal_status != refused[i].status)
            fail_msg("result %d status %d for %s", result, parse.refusal_status, refused[i].text);
    }
}

static void bounds_targets_and_headers(void **state) {
    (void)state;
    OWN_MEM char *path = mem_alloc(LIMIT_HTTP_TARGET_BYTES + 1);
    memset(path, 'a', LIMIT_HTTP_TARGET_BYTES);
    path[0] = '/';
    size_t used;
    OWN_MEM char *longest = mem_format("GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    assert_int_equal(read_head(longest, &used), PARSE_COMPLETE);
    OWN_MEM char *too_long = mem_format("GET %sa HTTP/1.1\r\nHost: h\r\n\r\n", path);
    assert_int_equal(read_head(too_long, &used), PARSE_REFUSED);
    assert_int_equal(parse.refusal_status, 414);

    OWN(buf) struct buf many;
    buf_init(&many, 10000);
    buf_append_text(&many, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 1; i < LIMIT_HTTP_HEADERS; i++)
        buf_append_text(&many, "A: b\r\n");
    OWN_MEM char *most = mem_format("%s\r\n", buf_text(&many));
    assert_int_equal(read_head(most, &used), PARSE_COMPLETE);
    assert_int_equal(parse.request.header_count, LIMIT_HTTP_HEADERS);
    OWN_MEM char *too_many = mem_format("%sA: b\r\n\r\n", buf_text(&many));
    assert_int_equal(read_head(too_many, &used), PARSE_REFUSED);
    assert_int_equal(parse.refusal_status, 431);
}

#define CHUNKED POST "Transfer-Encoding: Chunked\r\n\r\n"

static bool append_all(void *arg, const char *data, size_t len) {
    return buf_append(arg, data, len);
}

/* Reads a chunked body in steps of `step` bytes. */
static enum parse_result read_chunks(const char *chunks, size_t step, struct buf *body, size_t *ret_used) {
    size_t used;
    parse_done(&parse);
    assert_int_equal(read_head(CHUNKED, &used), PARSE_COMPLETE);
    assert_true(parse.is_chunked);
    const struct parse_sink sink = {append_all, body, body->limit};
    enum parse_result result = PARSE_NEEDS_MORE;
    size_t len = strlen(chunks);
    *ret_used = 0;
    while (*ret_used < len && result == PARSE_NEEDS_MORE) {
        size_t part = len - *ret_used < step ? len - *ret_used : step;
        result = parse_chunks(&parse, &sink, chunks + *ret_used, part, &used);
        *ret_used += used;
    }
    return result;
}

static void reads_chunked_bodies(void **state) {
    (void)state;
    static const char chunks[] =
        "5\r\nhello\r\n00a;ext=\"1\";b\r\n 123456789\r\n0\r\nTrailer: x\r\nHost: evil\r\n\r\nGET /";
    for (size_t step = 1; step <= sizeof chunks; step++) {
        OWN(buf) struct buf body;
        buf_init(&body, 100);
        size_t used;
        assert_int_equal(read_chunks(chunks, step, &body, &used), PARSE_COMPLETE);
        assert_int_equal(used, strlen(chunks) - 5);
        assert_string_equal(buf_text(&body), "hello 123456789");
        assert_int_equal(parse.request.header_count, 2);
    }
}

static void refuses_broken_chunks(void **state) {
    (void)state;
    static const struct {
        int status;
        const char *chunks;
    } rows[] = {
        {400, "5\r\nhelloxx0\r\n\r\n"},
        {400, "5\nhello\r\n0\r\n\r\n"},
        {400, "x\r\n"},
        {400, "-1\r\n"},
        {400, "\r\n"},
        {400, "fffffffffffffffff\r\n"},
        {400, "5 \r\nhello\r\n"},
        {413, "65\r\n01234567890123456789012345678901234567890123456789012345678901234567"
              "890123456789012345678901234567890\r\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t step = 1; step < 200; step += 66) {
            OWN(buf) struct buf body;
            buf_init(&body, 100);
            size_t used;
            enum parse_result result = read_chunks(rows[i].chunks, step, &body, &used);
            if (result != PARSE_REFUSED || parse.refusal_status != rows[i].status)
                fail_msg("result %d status %d for %s", result, parse.refusal_status, rows[i].chunks);
        }
    }
}

/* Extensions without end cost memory nowhere, but they do cost time. */
static void bounds_the_framing_of_chunks(void **state) {
    (void)state;
    OWN(buf) struct buf body;
    buf_init(&body, 100);
    size_t used;
    assert_int_equal(read_head(CHUNKED, &used), PARSE_COMPLETE);
    const struct parse_sink sink = {append_all, &body, 100};
    enum parse_result result = parse_chunks(&parse, &sink, "1;a", 3, &used);
    size_t sent = 0;
    while (result == PARSE_NEEDS_MORE && sent < 1024 * 1024) {
        result = parse_chunks(&parse, &sink, "xxxxxxxxxxxxxxxx", 16, &used);
        sent += 16;
    }
    assert_int_equal(result, PARSE_REFUSED);
    assert_int_equal(parse.refusal_status, 400);
    assert_in_range(sent, 60 * 1024, 70 * 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_headers_without_case), cmocka_unit_test(decodes_percent),
        cmocka_unit_test(reads_query_parameters),     cmocka_unit_test(reads_a_head),
        cmocka_unit_test(reads_forms_of_targets),     cmocka_unit_test(knows_when_connections_stay),
        cmocka_unit_test(refuses_what_is_not_http),   cmocka_unit_test(refuses_the_same_byte_by_byte),
        cmocka_unit_test(bounds_targets_and_headers), cmocka_unit_test(reads_chunked_bodies),
        cmocka_unit_test(refuses_broken_chunks),      cmocka_unit_test(bounds_the_framing_of_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* From a function's answer to a response, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/web/response.h"

#define JSON "Content-Type: application/json\r\n"

struct row {
    const char *document;
    int status;
    const char *headers;
    const char *body;
};

static const struct web_response_rules second = {.format = WEB_FORMAT_2};
static const struct web_response_rules first = {.format = WEB_FORMAT_1};
static const struct web_response_rules without_cors = {.format = WEB_FORMAT_2, .omits_cors = true};

static void becomes(const struct web_response_rules *rules, const struct row *row) {
    struct web_response response;
    struct err err = {0};
    if (!web_response_parse(&response, rules, row->document, strlen(row->document), &err))
        fail_msg("%s: %s", row->document, err.text);
    if (response.status != row->status || strcmp(buf_text(&response.headers), row->headers) != 0 ||
        response.body_len != strlen(row->body) || memcmp(response.body, row->body, response.body_len) != 0)
        fail_msg("%s became %d %s %.*s", row->document, response.status, buf_text(&response.headers),
                 (int)response.body_len, response.body);
    web_response_done(&response);
}

static void all_become(const struct web_response_rules *rules, const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        becomes(rules, &rows[i]);
}

#define ALL_BECOME(rules, rows) all_become(rules, rows, sizeof(rows) / sizeof *(rows))

static void is_malformed(const struct web_response_rules *rules, const char *document) {
    struct web_response response;
    struct err err;
    if (web_response_parse(&response, rules, document, strlen(document), &err))
        fail_msg("%s", document);
    web_response_done(&response);
}

static void any_value(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"hello\": \"world\"}", 200, JSON, "{\"hello\":\"world\"}"},
        {"[\"hello\", 3, true]", 200, JSON, "[\"hello\",3,true]"},
        {" 3 ", 200, JSON, "3"},
        {"3.10", 200, JSON, "3.10"},
        {"true", 200, JSON, "true"},
        {"null", 200, JSON, "null"},
        {"\"hello\"", 200, JSON, "hello"},
        {"\"a\\n\\u00fc \\\"b\\\"\"", 200, JSON, "a\n\xc3\xbc \"b\""},
        {"\"\"", 200, JSON, ""},
        {"{}", 200, JSON, "{}"},
        {"{\"body\" : \"x\", \"statusCode\": null}", 200, JSON, "{\"body\":\"x\",\"statusCode\":null}"},
        {"{\"a\": {\"statusCode\": 500, \"b\" : [ ]}}", 200, JSON, "{\"a\":{\"statusCode\":500,\"b\":[]}}"},
        {"{ \"a b\" : \" c { \\\" \" }", 200, JSON, "{\"a b\":\" c { \\\" \"}"},
    };
    ALL_BECOME(&second, rows);
}

static void responses(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"statusCode\":201}", 201, JSON, ""},
        {"{\"statusCode\":\"404\",\"body\":null}", 404, JSON, ""},
        {"{\"statusCode\":200.0,\"body\":\"text\"}", 200, JSON, "text"},
        {"{\"statusCode\":200,\"body\":{\"a\": [1, 2]}}", 200, JSON, "{\"a\":[1,2]}"},
        {"{\"statusCode\":200,\"body\":7}", 200, JSON, "7"},
        {"{\"statusCode\":200,\"body\":\"aGVsbG8=\",\"isBase64Encoded\":true}", 200, JSON, "hello"},
        {"{\"isBase64Encoded\":true,\"body\":\"aGVs\\u0062G8\\u003d\",\"statusCode\":200}", 200, JSON,
         "hello"},
        {"{\"statusCode\":200,\"body\":\"aGVsbG8=\",\"isBase64Encoded\":false}", 200, JSON, "aGVsbG8="},
        {"{\"statusCode\":200,\"headers\":{\"content-type\":\"text/html\",\"Content-Type\":\"no\"}}", 200,
         "content-type: text/html\r\n", ""},
        {"{\"statusCode\":200,\"headers\":{\"X-A\":\"1\",\"X-N\":2.50,\"X-B\":true,\"X-0\":null}}", 200,
         "X-A: 1\r\nX-N: 2.50\r\nX-B: true\r\n" JSON, ""},
        {"{\"statusCode\":200,\"cookies\":[\"a=b; Path=/\",\"c=d\"]}", 200,
         "Set-Cookie: a=b; Path=/\r\nSet-Cookie: c=d\r\n" JSON, ""},
        {"{\"statusCode\":200,\"multiValueHeaders\":{\"A\":[\"b\"]}}", 200, JSON, ""},
        {"{\"statusCode\":302,\"headers\":{\"Location\":\"/x\",\"Connection\":\"close\","
         "\"content-length\":\"9\","
         "\"Transfer-Encoding\":\"chunked\",\"Keep-Alive\":\"1\",\"Upgrade\":\"x\",\"Trailer\":\"x\","
         "\"Date\":\"now\",\"X-Amzn-RequestId\":\"1\",\"x-amzn-trace-id\":\"2\",\"TE\":\"x\"}}",
         302, "Location: /x\r\n" JSON, ""},
        {"{\"statusCode\":200,\"headers\":{\"Access-Control-Allow-Origin\":\"*\"}}", 200,
         "Access-Control-Allow-Origin: *\r\n" JSON, ""},
        {"{\"statusCode\":200,\"headers\":{}, \"unknown\":[{\"body\":\"no\"}]}", 200, JSON, ""},
    };
    ALL_BECOME(&second, rows);
    static const struct row cors = {
        "{\"statusCode\":200,\"headers\":{\"access-control-allow-origin\":\"*\"}}", 200, JSON, ""};
    becomes(&without_cors, &cors);
}

static void bodies_with_nul(void **state) {
    (void)state;
    static const char document[] = "{\"statusCode\":200,\"body\":\"a\\u0000b\\/\"}";
    struct web_response response;
    struct err err;
    assert_true(web_response_parse(&response, &second, document, sizeof document - 1, &err));
    assert_int_equal(response.body_len, 4);
    assert_memory_equal(response.body, "a\0b/", 4);
    web_response_done(&response);
}

static void malformed(void **state) {
    (void)state;
    static const char *const documents[] = {
        "",
        " ",
        "{",
        "hello",
        "{\"statusCode\":200}x",
        "{\"statusCode\":199}",
        "{\"statusCode\":600}",
        "{\"statusCode\":-200}",
        "{\"statusCode\":\"abc\"}",
        "{\"statusCode\":200.5}",
        "{\"statusCode\":true}",
        "{\"statusCode\":[200]}",
        "{\"statusCode\":{}}",
        "{\"statusCode\":200,\"headers\":[]}",
        "{\"statusCode\":200,\"headers\":\"a\"}",
        "{\"statusCode\":200,\"headers\":{\"A\":[\"b\"]}}",
        "{\"statusCode\":200,\"headers\":{\"A\":{}}}",
        "{\"statusCode\":200,\"headers\":{\"A\":\"b\\r\\nC: d\"}}",
        "{\"statusCode\":200,\"headers\":{\"A\":\"b\\nC\"}}",
        "{\"statusCode\":200,\"headers\":{\"A\":\"b\\u0000\"}}",
        "{\"statusCode\":200,\"headers\":{\"A\":\"b\\u007f\"}}",
        "{\"statusCode\":200,\"headers\":{\"A B\":\"b\"}}",
        "{\"statusCode\":200,\"headers\":{\"A\\r\\nB\":\"b\"}}",
        "{\"statusCode\":200,\"headers\":{\"A:\":\"b\"}}",
        "{\"statusCode\":200,\"headers\":{\"\":\"b\"}}",
        "{\"statusCode\":200,\"headers\":{\"\\u00fc\":\"b\"}}",
        "{\"statusCode\":200,\"headers\":{\"A\\u0000\":\"b\"}}",
        "{\"statusCode\":200,\"cookies\":\"a=b\"}",
        "{\"statusCode\":200,\"cookies\":[[]]}",
        "{\"statusCode\":200,\"cookies\":[\"a\\r\\nB: c\"]}",
        "{\"statusCode\":200,\"body\":\"a\",\"isBase64Encoded\":true}",
        "{\"statusCode\":200,\"body\":\"a b=\",\"isBase64Encoded\":true}",
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        is_malformed(&second, documents[i]);
}

static void headers_are_bounded(void **state) {
    (void)state;
    static const char begin[] = "{\"statusCode\":200,\"headers\":{\"A\":\"";
    enum { BYTES = 66000 };
    char *document = malloc(BYTES + sizeof begin + 4);
    memcpy(document, begin, sizeof begin - 1);
    memset(document + sizeof begin - 1, 'x', BYTES);
    memcpy(document + sizeof begin - 1 + BYTES, "\"}}", sizeof "\"}}");
    is_malformed(&second, document);
    free(document);
}

static void format_one(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"{\"statusCode\":200,\"body\":\"a\"}", 200, JSON, "a"},
        {"{\"statusCode\":200,\"headers\":{\"A\":\"1\",\"b\":\"2\"},"
         "\"multiValueHeaders\":{\"B\":[\"3\",\"4\"],\"Set-Cookie\":[\"x\",\"y\"]}}",
         200, "B: 3\r\nB: 4\r\nSet-Cookie: x\r\nSet-Cookie: y\r\nA: 1\r\n" JSON, ""},
        {"{\"statusCode\":200,\"cookies\":[\"a=b\"]}", 200, JSON, ""},
    };
    ALL_BECOME(&first, rows);
    is_malformed(&first, "{\"a\":1}");
    is_malformed(&first, "\"hello\"");
    is_malformed(&first, "{\"statusCode\":200,\"multiValueHeaders\":{\"A\":\"b\"}}");
    is_malformed(&first, "{\"statusCode\":200,\"multiValueHeaders\":{\"A\":[\"b\\nc\"]}}");
}

static void metadata(void **state) {
    (void)state;
    static const char text[] =
        "{\"statusCode\":203,\"headers\":{\"X\":\"y\"},\"cookies\":[\"a=b\"],\"body\":\"no\"}";
    struct web_response response;
    struct err err;
    assert_true(web_response_parse_metadata(&response, &second, text, sizeof text - 1, &err));
    assert_int_equal(response.status, 203);
    assert_string_equal(buf_text(&response.headers), "X: y\r\nSet-Cookie: a=b\r\n" JSON);
    assert_int_equal(response.body_len, 0);
    web_response_done(&response);
    assert_true(web_response_parse_metadata(&response, &second, "{}", 2, &err));
    assert_int_equal(response.status, 200);
    web_response_done(&response);
    static const char *const wrong[] = {
        "", "[]", "3", "{\"statusCode\":1}", "{", "{\"headers\":{\"A\":\"\\n\"}}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(web_response_parse_metadata(&response, &second, wrong[i], strlen(wrong[i]), &err));
        web_response_done(&response);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_value), cmocka_unit_test(responses),           cmocka_unit_test(bodies_with_nul),
        cmocka_unit_test(malformed), cmocka_unit_test(headers_are_bounded), cmocka_unit_test(format_one),
        cmocka_unit_test(metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

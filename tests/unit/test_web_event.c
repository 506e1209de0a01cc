/* Events in format 2.0: recorded shapes to the byte, and the parts they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/web/event.h"
#include "web_fixture.h"

#define DOMAIN "abc.lambda-url.us-west-2.on.aws"
#define HOST "Host: " DOMAIN "\r\n"
#define CONTEXT_BEGIN "\"requestContext\":{\"accountId\":\"anonymous\",\"apiId\":\"abc\","
#define CONTEXT_MIDDLE "\"domainName\":\"" DOMAIN "\",\"domainPrefix\":\"abc\","
#define CONTEXT_END                                                                                          \
    "\"requestId\":\"id\",\"routeKey\":\"$default\",\"stage\":\"$default\","                                 \
    "\"time\":\"12/Mar/2020:19:03:58 +0000\",\"timeEpoch\":1584039838390}"
#define OWN_HEADERS                                                                                          \
    "\"x-amzn-trace-id\":\"Root=1-5e6\",\"x-forwarded-for\":\"1.2.3.4\",\"x-forwarded-port\":\"443\","       \
    "\"x-forwarded-proto\":\"https\""
#define HTTP(method, path)                                                                                   \
    "\"http\":{\"method\":\"" method "\",\"path\":\"" path                                                   \
    "\",\"protocol\":\"HTTP/1.1\",\"sourceIp\":\"1.2.3.4\",\"userAgent\":\"\"},"
#define EVENT(path, query)                                                                                   \
    "{\"version\":\"2.0\",\"routeKey\":\"$default\",\"rawPath\":\"" path "\",\"rawQueryString\":\"" query    \
    "\","
#define HOST_MEMBER "\"host\":\"" DOMAIN "\","

#define TIME_US 1584039838390000

static struct web_request describe(const struct http_request *http) {
    return (struct web_request){
        .http = http,
        .body = http->body,
        .source_ip = "1.2.3.4",
        .domain_name = {DOMAIN, strlen(DOMAIN)},
        .domain_prefix = {"abc", 3},
        .scheme = "https",
        .port = 443,
        .request_id = "id",
        .time_us = TIME_US,
        .account_id = "anonymous",
        .api_id = "abc",
        .route_key = "$default",
        .stage = "$default",
        .path = http->path,
        .trace_id = "Root=1-5e6",
        .has_cookie_header = true,
    };
}

/* The event of a request; the caller frees. */
static char *event_of(const struct web_request *request) {
    struct buf buf;
    struct json_writer writer;
    buf_init(&buf, WEB_EVENT_BYTES);
    json_writer_init(&writer, &buf);
    web_event_write(&writer, request);
    assert_true(buf_ok(&buf) && json_check(buf_text(&buf), buf.len, NULL));
    return buf_take(&buf);
}

static void becomes(const char *text, const char *expected) {
    struct parse parse;
    web_fixture_parse(&parse, text);
    struct web_request request = describe(&parse.request);
    char *event = event_of(&request);
    assert_string_equal(event, expected);
    free(event);
    parse_done(&parse);
}

static void recorded_shapes(void **state) {
    (void)state;
    becomes("GET / HTTP/1.1\r\n" HOST "\r\n",
            EVENT("/", "") "\"headers\":{" HOST_MEMBER OWN_HEADERS
                           "}," CONTEXT_BEGIN CONTEXT_MIDDLE HTTP("GET", "/") CONTEXT_END
            ",\"isBase64Encoded\":false}");
    becomes("POST /my/path?p=a&p=b&q=c HTTP/1.1\r\n" HOST "Cookie: c1=v1; c2=v2\r\nH2: v1\r\nh2: v2\r\n"
            "Content-Type: text/plain\r\n\r\nHello \"you\"",
            EVENT("/my/path",
                  "p=a&p=b&q=c") "\"cookies\":[\"c1=v1\",\"c2=v2\"],\"headers\":{" HOST_MEMBER
                                 "\"cookie\":\"c1=v1; c2=v2\","
                                 "\"h2\":\"v1,v2\",\"content-type\":\"text/plain\"," OWN_HEADERS "},"
                                 "\"queryStringParameters\":{\"p\":\"a,b\",\"q\":\"c\"}," CONTEXT_BEGIN
                                     CONTEXT_MIDDLE HTTP("POST", "/my/path") CONTEXT_END
            ",\"body\":\"Hello \\\"you\\\"\",\"isBase64Encoded\":false}");
    becomes("PUT /pa2%Fth/1?a=%FF%zz%41 HTTP/1.1\r\n" HOST "\r\n\xff",
            EVENT("/pa2%Fth/1",
                  "a=%FF%zz%41") "\"headers\":{" HOST_MEMBER OWN_HEADERS "},"
                                 "\"queryStringParameters\":{\"a\":\"\xef\xbf\xbd%zzA\"}," CONTEXT_BEGIN
                                     CONTEXT_MIDDLE HTTP("PUT", "/pa2%Fth/1") CONTEXT_END
            ",\"body\":\"/w==\",\"isBase64Encoded\":true}");
}

static void what_the_client_says_of_the_way_is_not_believed(void **state) {
    (void)state;
    becomes("GET / HTTP/1.1\r\n" HOST "Connection: close, x\r\nKeep-Alive: 1\r\nTE: trailers\r\n"
            "X-Amzn-Trace-Id: no\r\nX-Forwarded-Proto: no\r\nX-Forwarded-Port: no\r\n"
            "X-Amzn-Tls-Version: no\r\nX-Amzn-Tls-Cipher-Suite: no\r\n\r\n",
            EVENT("/", "") "\"headers\":{" HOST_MEMBER OWN_HEADERS
                           "}," CONTEXT_BEGIN CONTEXT_MIDDLE HTTP("GET", "/") CONTEXT_END
            ",\"isBase64Encoded\":false}");
}

static void has(const struct web_request *request, const char *part) {
    char *event = event_of(request);
    if (!strstr(event, part))
        fail_msg("no %s in %s", part, event);
    free(event);
}

static void has_not(const struct web_request *request, const char *part) {
    char *event = event_of(request);
    if (strstr(event, part))
        fail_msg("%s in %s", part, event);
    free(event);
}

static void members_that_not_all_have(void **state) {
    (void)state;
    struct parse parse;
    web_fixture_parse(&parse,
                      "GET / HTTP/1.0\r\nX-Forwarded-For: 9.9.9.9\r\nUser-Agent: agent\r\nCookie: a\r\n\r\n");
    struct web_request request = describe(&parse.request);
    has(&request, "\"x-forwarded-for\":\"9.9.9.9, 1.2.3.4\"");
    has(&request, "\"protocol\":\"HTTP/1.0\",\"sourceIp\":\"1.2.3.4\",\"userAgent\":\"agent\"}");
    has_not(&request, "authorizer");
    const struct web_iam iam = {
        .access_key = "AKIA", .account = "1", .caller_id = "AIDA", .user_arn = "arn:aws:iam::1:user/u"};
    request.iam = &iam;
    has(&request, "\"apiId\":\"abc\",\"authorizer\":{\"iam\":{\"accessKey\":\"AKIA\",\"accountId\":\"1\","
                  "\"callerId\":\"AIDA\",\"cognitoIdentity\":null,\"principalOrgId\":null,"
                  "\"userArn\":\"arn:aws:iam::1:user/u\",\"userId\":\"AIDA\"}},\"domainName\"");
    request.authorizer = "{\"lambda\":null}";
    has(&request, "\"authorizer\":{\"lambda\":null},");
    request.tls_version = "TLSv1.3";
    request.tls_cipher = "TLS_AES_128_GCM_SHA256";
    has(&request,
        "\"x-amzn-tls-cipher-suite\":\"TLS_AES_128_GCM_SHA256\",\"x-amzn-tls-version\":\"TLSv1.3\"");
    request.has_cookie_header = false;
    has_not(&request, "\"cookie\":");
    has(&request, "\"cookies\":[\"a\"]");
    const struct web_pair pair = {{"id", 2}, {"a\"b", 3}};
    const struct web_pairs pairs = {&pair, 1}, none = {NULL, 0};
    request.path_parameters = &pairs;
    request.stage_variables = &none;
    has(&request, ",\"pathParameters\":{\"id\":\"a\\\"b\"},\"stageVariables\":{},\"isBase64Encoded\":false}");
    parse_done(&parse);
}

static void cookies_are(const char *header, const char *expected) {
    struct http_text rest = {header, strlen(header)}, cookie;
    struct buf found;
    buf_init(&found, 256);
    while (web_cookie_next(&rest, &cookie)) {
        buf_append_byte(&found, '|');
        buf_append(&found, cookie.data, cookie.len);
    }
    assert_string_equal(buf_text(&found), expected);
    buf_done(&found);
}

static void cookies(void **state) {
    (void)state;
    cookies_are("", "");
    cookies_are(";; ;", "");
    cookies_are("a=b", "|a=b");
    cookies_are("a=b; c=d", "|a=b|c=d");
    cookies_are(" a=b;c=\"d e\" ;; f", "|a=b|c=\"d e\"|f");
    cookies_are("a=b;", "|a=b");
}

static void query_is(const char *query, const char *expected) {
    struct buf buf;
    struct json_writer writer;
    buf_init(&buf, 4096);
    json_writer_init(&writer, &buf);
    web_query_write(&writer, (struct http_text){query, strlen(query)});
    assert_string_equal(buf_text(&buf), expected);
    buf_done(&buf);
}

static void queries(void **state) {
    (void)state;
    query_is("", "{}");
    query_is("a=1", "{\"a\":\"1\"}");
    query_is("a", "{\"a\":\"\"}");
    query_is("=b", "{\"\":\"b\"}");
    query_is("&&a=1&&", "{\"a\":\"1\"}");
    query_is("b=2&a=1&b=3&B=4", "{\"B\":\"4\",\"a\":\"1\",\"b\":\"2,3\"}");
    query_is("a=x+y%20z&%61=", "{\"a\":\"x y z,\"}");
    query_is("a=b=c", "{\"a\":\"b=c\"}");
    query_is("a=%", "{\"a\":\"%\"}");
    query_is("a=%4&b=%4g", "{\"a\":\"%4\",\"b\":\"%4g\"}");
    query_is("%00=%00", "{\"\\u0000\":\"\\u0000\"}");
    query_is("%e2%82%ac=1", "{\"\xe2\x82\xac\":\"1\"}");
}

static bool is_binary(const char *type, const char *body) {
    char text[256];
    snprintf(text, sizeof text, "POST / HTTP/1.1\r\n" HOST "%s%s%s\r\n%s", type ? "Content-Type: " : "",
             type ? type : "", type ? "\r\n" : "", body);
    struct parse parse;
    web_fixture_parse(&parse, text);
    bool binary = web_body_is_binary(&parse.request, parse.request.body);
    parse_done(&parse);
    return binary;
}

static void bodies(void **state) {
    (void)state;
    static const char *const texts[] = {"text/plain",         "text/html; charset=utf-8",
                                        "TEXT/CSS",           "application/json",
                                        "application/xml",    "application/javascript",
                                        "Application/JSON",   "application/json ; a=b",
                                        "application/a+json", "image/svg+xml"};
    static const char *const binaries[] = {"application/octet-stream",
                                           "application/x-www-form-urlencoded",
                                           "multipart/form-data; boundary=text/x",
                                           "image/png",
                                           "application/jsonx",
                                           "textile",
                                           "text/",
                                           "application/graphql"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is_binary(texts[i], "abc"))
            fail_msg("%s", texts[i]);
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
        if (!is_binary(binaries[i], "abc"))
            fail_msg("%s", binaries[i]);
    assert_true(is_binary(NULL, "abc"));
    assert_true(is_binary("text/plain", "\xc3"));
    assert_false(is_binary("text/plain", "\xc3\xbc"));
}

static void count_header(void *arg, struct http_text lower_name, struct http_text value) {
    char *found = arg;
    snprintf(found + strlen(found), 512 - strlen(found), "%.*s=%.*s;", (int)lower_name.len, lower_name.data,
             (int)value.len, value.data);
}

static void headers_one_by_one(void **state) {
    (void)state;
    struct parse parse;
    char found[512] = "";
    web_fixture_parse(&parse, "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\na: 3\r\nCookie: c\r\n\r\n");
    struct web_request request = describe(&parse.request);
    const struct web_headers_reader reader = {.each = count_header, .arg = found, .omits_cookie = true};
    web_headers_read(&request, &reader);
    assert_string_equal(found, "host=h;a=1;a=3;b=2;x-amzn-trace-id=Root=1-5e6;x-forwarded-for=1.2.3.4;"
                               "x-forwarded-port=443;x-forwarded-proto=https;");
    parse_done(&parse);
}

static void too_long_overflows(void **state) {
    (void)state;
    struct parse parse;
    struct buf buf;
    struct json_writer writer;
    web_fixture_parse(&parse, "POST / HTTP/1.1\r\n" HOST "\r\n0123456789");
    struct web_request request = describe(&parse.request);
    buf_init(&buf, 200);
    json_writer_init(&writer, &buf);
    web_event_write(&writer, &request);
    assert_false(buf_ok(&buf));
    buf_done(&buf);
    parse_done(&parse);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_shapes),
        cmocka_unit_test(what_the_client_says_of_the_way_is_not_believed),
        cmocka_unit_test(members_that_not_all_have),
        cmocka_unit_test(cookies),
        cmocka_unit_test(queries),
        cmocka_unit_test(bodies),
        cmocka_unit_test(headers_one_by_one),
        cmocka_unit_test(too_long_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

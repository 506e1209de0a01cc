/* Events of HTTP APIs in format 1.0, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/gateway/event_v1.h"
#include "web_fixture.h"

#define HEAD                                                                                                 \
    "GET /dev/my/a%20b?p=1&p=2&q= HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nUser-Agent: me\r\nx-a: 2\r\n"             \
    "Cookie: c=d\r\n\r\n"
#define OWN_SINGLE                                                                                           \
    "\"X-Amzn-Trace-Id\":\"Root=1\",\"X-Forwarded-For\":\"1.2.3.4\",\"X-Forwarded-Port\":\"80\","            \
    "\"X-Forwarded-Proto\":\"http\"}"
#define SINGLE                                                                                               \
    "\"headers\":{\"Host\":\"h\",\"x-a\":\"2\",\"User-Agent\":\"me\",\"cookie\":\"c=d\"," OWN_SINGLE
#define MULTI                                                                                                \
    "\"multiValueHeaders\":{\"Host\":[\"h\"],\"x-a\":[\"1\",\"2\"],\"User-Agent\":[\"me\"],"                 \
    "\"cookie\":[\"c=d\"],\"X-Amzn-Trace-Id\":[\"Root=1\"],\"X-Forwarded-For\":[\"1.2.3.4\"],"               \
    "\"X-Forwarded-Port\":[\"80\"],\"X-Forwarded-Proto\":[\"http\"]}"
#define PLACE "\"resource\":\"/my/{x}\",\"path\":\"/dev/my/a%20b\",\"httpMethod\":\"GET\","
#define CONTEXT(authorizer, identity)                                                                        \
    "\"requestContext\":{\"accountId\":\"1\",\"apiId\":\"abc\"," authorizer "\"domainName\":\"abc.h\","      \
    "\"domainPrefix\":\"abc\",\"extendedRequestId\":\"id=\",\"httpMethod\":\"GET\",\"identity\":{" identity  \
    "\"cognitoAuthenticationProvider\":null,\"cognitoAuthenticationType\":null,"                             \
    "\"cognitoIdentityId\":null,\"cognitoIdentityPoolId\":null,\"principalOrgId\":null,"                     \
    "\"sourceIp\":\"1.2.3.4\",\"userAgent\":\"me\"},\"path\":\"/dev/my/a%20b\","                             \
    "\"protocol\":\"HTTP/1.1\",\"requestId\":\"id=\",\"requestTime\":\"12/Mar/2020:19:03:58 +0000\","        \
    "\"requestTimeEpoch\":1584039838390,\"resourceId\":null,\"resourcePath\":\"/my/{x}\","                   \
    "\"stage\":\"dev\"}"
#define NOBODY "\"accessKey\":null,\"accountId\":null,\"caller\":null,\"user\":null,\"userArn\":null,"

static const struct web_pair parameter = {{"x", 1}, {"a b", 3}};
static const struct web_pairs parameters = {&parameter, 1};

static void expect(const char *text, const struct event_v1 *template,
                   void (*write)(struct json_writer *writer, const struct event_v1 *event),
                   const char *expected) {
    struct parse parse;
    web_fixture_parse(&parse, text);
    struct web_request request = {
        .http = &parse.request,
        .body = parse.request.body,
        .source_ip = "1.2.3.4",
        .domain_name = {"abc.h", 5},
        .domain_prefix = {"abc", 3},
        .scheme = "http",
        .port = 80,
        .request_id = "id=",
        .time_us = 1584039838390000,
        .account_id = "1",
        .api_id = "abc",
        .route_key = "GET /my/{x}",
        .stage = "dev",
        .path = parse.request.path,
        .trace_id = "Root=1",
    };
    struct event_v1 event = *template;
    struct json_writer writer;
    struct buf buf;
    if (template->request) {
        request.iam = template->request->iam;
        request.path_parameters = template->request->path_parameters;
        request.stage_variables = template->request->stage_variables;
    }
    event.request = &request;
    event.resource = "/my/{x}";
    buf_init(&buf, WEB_EVENT_BYTES);
    json_writer_init(&writer, &buf);
    write(&writer, &event);
    assert_string_equal(buf_text(&buf), expected);
    buf_done(&buf);
    parse_done(&parse);
}

static void test_event(void **state) {
    (void)state;
    const struct web_request request = {.path_parameters = &parameters, .stage_variables = &parameters};
    const struct event_v1 event = {.request = &request};
    expect(HEAD, &event, event_v1_write,
           "{\"version\":\"1.0\"," PLACE SINGLE "," MULTI ","
           "\"queryStringParameters\":{\"p\":\"2\",\"q\":\"\"},"
           "\"multiValueQueryStringParameters\":{\"p\":[\"1\",\"2\"],\"q\":[\"\"]}," CONTEXT(
               "", NOBODY) ",\"pathParameters\":{\"x\":\"a b\"},\"stageVariables\":{\"x\":\"a b\"},"
                           "\"body\":null,\"isBase64Encoded\":false}");
}

static void test_nothing(void **state) {
    (void)state;
    const struct event_v1 event = {.authorizer = "{\"principalId\":\"p\"}"};
    expect(
        "GET /dev/my/a%20b HTTP/1.1\r\nHost: h\r\nUser-Agent: me\r\nContent-Type: text/plain\r\n\r\nbody",
        &event, event_v1_write,
        "{\"version\":\"1.0\"," PLACE
        "\"headers\":{\"Host\":\"h\",\"User-Agent\":\"me\",\"content-type\":\"text/plain\"," OWN_SINGLE
        ",\"multiValueHeaders\":{\"Host\":[\"h\"],\"User-Agent\":[\"me\"],"
        "\"content-type\":[\"text/plain\"],\"X-Amzn-Trace-Id\":[\"Root=1\"],"
        "\"X-Forwarded-For\":[\"1.2.3.4\"],\"X-Forwarded-Port\":[\"80\"],\"X-Forwarded-Proto\":[\"http\"]},"
        "\"queryStringParameters\":null,\"multiValueQueryStringParameters\":null," CONTEXT(
            "\"authorizer\":{\"principalId\":\"p\"},",
            NOBODY) ",\"pathParameters\":null,\"stageVariables\":null,"
                    "\"body\":\"body\",\"isBase64Encoded\":false}");
}

static void test_authorizer(void **state) {
    (void)state;
    const struct web_request request = {.path_parameters = &parameters};
    const struct event_v1 event = {
        .request = &request, .method_arn = "arn:aws:execute-api:r:1:abc/dev/GET/my/a", .identity = "t,u"};
    expect(HEAD, &event, event_v1_write_authorizer,
           "{\"version\":\"1.0\",\"type\":\"REQUEST\","
           "\"methodArn\":\"arn:aws:execute-api:r:1:abc/dev/GET/my/a\",\"identitySource\":\"t,u\","
           "\"authorizationToken\":\"t,u\"," PLACE SINGLE
           ",\"queryStringParameters\":{\"p\":\"2\",\"q\":\"\"},\"pathParameters\":{\"x\":\"a b\"},"
           "\"stageVariables\":null," CONTEXT("", NOBODY) "}");
}

static void test_signed(void **state) {
    (void)state;
    const struct web_iam iam = {"AK", "2", "AIDA", "arn:u"};
    const struct web_request request = {.path_parameters = &parameters, .iam = &iam};
    const struct event_v1 event = {.request = &request};
    expect(HEAD, &event, event_v1_write,
           "{\"version\":\"1.0\"," PLACE SINGLE "," MULTI ","
           "\"queryStringParameters\":{\"p\":\"2\",\"q\":\"\"},"
           "\"multiValueQueryStringParameters\":{\"p\":[\"1\",\"2\"],\"q\":[\"\"]}," CONTEXT(
               "", "\"accessKey\":\"AK\",\"accountId\":\"2\",\"caller\":\"AIDA\",\"user\":\"AIDA\","
                   "\"userArn\":\"arn:u\",") ",\"pathParameters\":{\"x\":\"a b\"},\"stageVariables\":null,"
                                             "\"body\":null,\"isBase64Encoded\":false}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_authorizer),
        cmocka_unit_test(test_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Authorizers of HTTP APIs: identity sources, what an answer means, and the cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/gateway/authorizer.h"
#include "api/gateway/function_uri.h"
#include "web_fixture.h"

#define ARN "arn:aws:execute-api:us-east-1:000000000000:abc/dev/GET/x"
#define POLICY(effect, resource)                                                                             \
    "{\"principalId\":\"me\",\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{"                \
    "\"Action\":\"execute-api:Invoke\",\"Effect\":\"" effect "\",\"Resource\":\"" resource "\"}]}"

static const struct gateway_authorizer simple = {.is_simple = true};
static const struct gateway_authorizer full = {.is_simple = false};

/* ---- answers ---- */

/* 1: allowed, 0: not, -1: no answer. */
static int ask(const struct gateway_authorizer *authorizer, const char *answer) {
    struct err err;
    struct authorization *authorization = authorizer_answer_parse(authorizer, answer, strlen(answer), &err);
    int is_allowed = authorization ? authorization_allows(authorization, ARN, "10.0.0.1") : -1;
    authorization_unref(authorization);
    return is_allowed;
}

static void test_simple_answers(void **state) {
    (void)state;
    assert_int_equal(ask(&simple, "{\"isAuthorized\":true}"), 1);
    assert_int_equal(ask(&simple, "{\"isAuthorized\":false}"), 0);
    assert_int_equal(ask(&simple, "{\"isAuthorized\":true,\"context\":{\"a\":1}}"), 1);
    static const char *const broken[] = {"{}",
                                         "{\"isAuthorized\":1}",
                                         "{\"isAuthorized\":\"true\"}",
                                         "{\"isAuthorized\":null}",
                                         "{\"isAuthorized\":true,\"context\":5}",
                                         "true",
                                         "null",
                                         "[]",
                                         "{",
                                         "",
                                         POLICY("Allow", "*") "}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(ask(&simple, broken[i]), -1);
}

static void test_policies(void **state) {
    (void)state;
    assert_int_equal(ask(&full, POLICY("Allow", ARN) "}"), 1);
    assert_int_equal(ask(&full, POLICY("Allow", "*") "}"), 1);
    assert_int_equal(ask(&full, POLICY("Deny", "*") "}"), 0);
    assert_int_equal(ask(&full, POLICY("Allow", ARN "/y") "}"), 0);
    static const char *const broken[] = {"{\"isAuthorized\":true}",
                                         "{\"principalId\":\"me\"}",
                                         "{\"principalId\":5,\"policyDocument\":{}}",
                                         "{\"principalId\":\"me\",\"policyDocument\":\"x\"}",
                                         POLICY("Maybe", "*") "}",
                                         POLICY("Allow", "*") ",\"context\":\"x\"}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(ask(&full, broken[i]), -1);
}

/* A policy may look at where the request comes from. */
static void test_conditions_of_policies(void **state) {
    (void)state;
#define FROM(effect, address)                                                                                \
    "{\"Effect\":\"" effect                                                                                  \
    "\",\"Action\":\"execute-api:Invoke\",\"Resource\":\"*\",\"Condition\":{\"IpAddress\":"                  \
    "{\"aws:SourceIp\":\"" address "\"}}}"
#define ANSWER(statements)                                                                                   \
    "{\"principalId\":\"me\",\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[" statements "]}}"
    assert_int_equal(ask(&full, ANSWER(FROM("Allow", "10.0.0.0/8"))), 1);
    assert_int_equal(ask(&full, ANSWER(FROM("Allow", "11.0.0.0/8"))), 0);
    assert_int_equal(ask(&full, ANSWER("{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}," FROM(
                                    "Deny", "10.0.0.0/8"))),
                     0);
}

static void expect_context(const struct gateway_authorizer *authorizer, const char *answer, bool is_format_1,
                           const char *expected) {
    struct err err;
    struct buf buf;
    struct json_writer writer;
    struct authorization *authorization = authorizer_answer_parse(authorizer, answer, strlen(answer), &err);
    assert_non_null(authorization);
    buf_init(&buf, 1024);
    json_writer_init(&writer, &buf);
    authorization_write(&writer, authorization, is_format_1);
    assert_string_equal(buf_text(&buf), expected);
    authorization_unref(authorization);
    buf_done(&buf);
}

static void test_contexts(void **state) {
    (void)state;
    expect_context(&simple, "{\"isAuthorized\":true}", false, "{\"lambda\":null}");
    expect_context(&simple, "{\"isAuthorized\":true}", true, "{}");
    expect_context(&simple, "{\"isAuthorized\":true,\"context\":{\"a\":[1]}}", false,
                   "{\"lambda\":{\"a\":[1]}}");
    expect_context(&full, POLICY("Allow", "*") ",\"context\":{\"a\":\"b\"}}", true,
                   "{\"a\":\"b\",\"principalId\":\"me\"}");
    expect_context(&full, POLICY("Allow", "*") "}", false, "{\"lambda\":null}");
    expect_context(&full, POLICY("Allow", "*") ",\"context\":{\"principalId\":\"other\"}}", true,
                   "{\"principalId\":\"me\"}");
    expect_context(&simple, "{\"isAuthorized\":true,\"context\":{\"principalId\":\"p\"}}", true,
                   "{\"principalId\":\"p\"}");
}

/* ---- identity ---- */

/* Whether all are there, and the key for the cache. */
static bool read(const char *head, struct gateway_source *sources, size_t count, char key[256]) {
    static const struct web_pair variable = {{"v", 1}, {"one", 3}};
    static const struct web_pairs variables = {&variable, 1};
    const struct gateway_authorizer authorizer = {.sources = sources, .source_count = count};
    struct parse parse;
    struct identity_values values;
    web_fixture_parse(&parse, head);
    const struct web_request request = {
        .http = &parse.request,
        .source_ip = "1.2.3.4",
        .request_id = "id",
        .account_id = "1",
        .api_id = "abc",
        .route_key = "GET /x",
        .stage = "dev",
        .path = parse.request.path,
        .stage_variables = &variables,
    };
    bool ok = identity_read(&authorizer, &request, &values);
    snprintf(key, 256, "%s", buf_text(&values.key));
    identity_values_done(&values);
    parse_done(&parse);
    return ok;
}

static void test_sources(void **state) {
    (void)state;
    struct gateway_source sources[] = {{GATEWAY_HEADER, (char *)"authorization"},
                                       {GATEWAY_QUERY, (char *)"q"},
                                       {GATEWAY_VARIABLE, (char *)"v"},
                                       {GATEWAY_CONTEXT, (char *)"routeKey"}};
    char key[256];
    assert_true(read("GET /x?q=a%20b&q=c HTTP/1.1\r\nHost: h\r\nAuthorization: t\r\n\r\n", sources, 4, key));
    assert_string_equal(key, "1:t5:a b,c3:one6:GET /x");
    assert_false(read("GET /x?q=1 HTTP/1.1\r\nHost: h\r\n\r\n", sources, 4, key));
    assert_false(read("GET /x?q= HTTP/1.1\r\nHost: h\r\nAuthorization: t\r\n\r\n", sources, 4, key));
    assert_true(read("GET /x HTTP/1.1\r\nHost: h\r\n\r\n", sources, 0, key));
    sources[2].name = (char *)"w";
    assert_false(read("GET /x?q=1 HTTP/1.1\r\nHost: h\r\nAuthorization: t\r\n\r\n", sources, 4, key));
}

static void test_source_names(void **state) {
    (void)state;
    enum gateway_source_place place;
    const char *name;
    assert_true(gateway_source_parse("$request.header.X-A", &place, &name));
    assert_int_equal(place, GATEWAY_HEADER);
    assert_string_equal(name, "X-A");
    assert_true(gateway_source_parse("$stageVariables.a", &place, &name));
    static const char *const bad[] = {"", "Authorization", "$request.header.", "$request.body.a",
                                      "request.header.a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(gateway_source_parse(bad[i], &place, &name));
}

/* ---- the cache ---- */

static void put_number(struct authorizer_cache *cache, int number, int64_t until_us) {
    struct authorization *authorization = calloc(1, sizeof *authorization);
    struct buf identity;
    authorization->references = 1;
    authorization->is_allowed = number % 2;
    buf_init(&identity, 64);
    buf_append_number(&identity, number);
    authorizer_cache_put(cache, &identity, authorization, until_us);
    authorization_unref(authorization);
    buf_done(&identity);
}

static int find_number(struct authorizer_cache *cache, int number, int64_t now_us) {
    struct buf identity;
    buf_init(&identity, 64);
    buf_append_number(&identity, number);
    const struct authorization *found = authorizer_cache_find(cache, &identity, now_us);
    buf_done(&identity);
    return found ? found->is_allowed : -1;
}

static void test_cache(void **state) {
    (void)state;
    struct authorizer_cache cache;
    authorizer_cache_init(&cache);
    put_number(&cache, 1, 100);
    put_number(&cache, 2, 100);
    assert_int_equal(find_number(&cache, 1, 99), 1);
    assert_int_equal(find_number(&cache, 2, 99), 0);
    assert_int_equal(find_number(&cache, 3, 99), -1);
    assert_int_equal(find_number(&cache, 1, 100), -1);
    put_number(&cache, 1, 200);
    assert_int_equal(find_number(&cache, 1, 100), 1);
    for (int i = 0; i < 3 * AUTHORIZER_CACHE_ENTRIES; i++)
        put_number(&cache, i, 300);
    assert_true(cache.entries.count <= AUTHORIZER_CACHE_ENTRIES);
    assert_int_equal(find_number(&cache, 3 * AUTHORIZER_CACHE_ENTRIES - 1, 0), 1);
    authorizer_cache_clear(&cache);
    assert_int_equal(find_number(&cache, 3 * AUTHORIZER_CACHE_ENTRIES - 1, 0), -1);
    authorizer_cache_done(&cache);
}

/* Long answers take no more room than short ones. */
static void test_cache_bytes(void **state) {
    (void)state;
    struct authorizer_cache cache;
    struct authorization long_one = {.references = 1, .size_bytes = AUTHORIZER_CACHE_BYTES / 4};
    struct buf identity;
    buf_init(&identity, 64);
    authorizer_cache_init(&cache);
    for (int i = 0; i < 8; i++) {
        buf_clear(&identity);
        buf_append_number(&identity, i);
        authorizer_cache_put(&cache, &identity, &long_one, 100);
        assert_ptr_equal(authorizer_cache_find(&cache, &identity, 0), &long_one);
        assert_true(cache.entries.count <= 3);
    }
    buf_append_text(&identity, "too long");
    struct authorization too_long = {.references = 1, .size_bytes = AUTHORIZER_CACHE_BYTES};
    authorizer_cache_put(&cache, &identity, &too_long, 100);
    assert_null(authorizer_cache_find(&cache, &identity, 0));
    assert_true(cache.entries.count > 0);
    authorizer_cache_done(&cache);
    assert_int_equal(long_one.references, 1);
    buf_done(&identity);
}

/* Values that come after one another are told apart, NULs in them too. */
static void test_cache_keys(void **state) {
    (void)state;
    struct gateway_source sources[] = {{GATEWAY_QUERY, (char *)"a"}, {GATEWAY_QUERY, (char *)"b"}};
    char one[256], other[256];
    assert_true(read("GET /x?a=1&b=23 HTTP/1.1\r\nHost: h\r\n\r\n", sources, 2, one));
    assert_true(read("GET /x?a=12&b=3 HTTP/1.1\r\nHost: h\r\n\r\n", sources, 2, other));
    assert_string_not_equal(one, other);
    struct authorizer_cache cache;
    struct buf identity;
    struct authorization *authorization = calloc(1, sizeof *authorization);
    authorization->references = 1;
    authorizer_cache_init(&cache);
    buf_init(&identity, 64);
    buf_append(&identity, "a\0b", 3);
    authorizer_cache_put(&cache, &identity, authorization, 10);
    buf_clear(&identity);
    buf_append(&identity, "a\0c", 3);
    assert_null(authorizer_cache_find(&cache, &identity, 0));
    authorization_unref(authorization);
    authorizer_cache_done(&cache);
    buf_done(&identity);
}

/* ---- URIs ---- */

static void test_uris(void **state) {
    (void)state;
#define FUNCTION "arn:aws:lambda:us-east-1:000000000000:function:f"
    static const struct {
        const char *uri;
        const char *name; /* NULL: refused */
        const char *qualifier;
    } rows[] = {
        {FUNCTION, "f", ""},
        {FUNCTION ":live", "f", "live"},
        {"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" FUNCTION ":2/invocations", "f",
         "2"},
        {"f", NULL, NULL},
        {"function:f", NULL, NULL},
        {"000000000000:function:f", NULL, NULL},
        {"arn:aws:s3:::b", NULL, NULL},
        {FUNCTION "/invocations", NULL, NULL},
        {"", NULL, NULL},
    };
    struct function_ref ref;
    struct err err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(function_uri_parse(rows[i].uri, &ref, &err), rows[i].name != NULL);
        if (!rows[i].name)
            continue;
        assert_string_equal(ref.name, rows[i].name);
        assert_string_equal(ref.qualifier, rows[i].qualifier);
    }
}

static void expand(const char *uri, const char *expected) {
    static const char variables[] = "{\"a\":\"1\",\"b\":\"22\"}";
    struct json_doc doc;
    struct buf buf;
    struct err err;
    assert_true(json_parse(&doc, variables, strlen(variables), 16, &err));
    buf_init(&buf, 64);
    assert_int_equal(function_uri_expand(uri, json_root(&doc), &buf), expected != NULL);
    if (expected)
        assert_string_equal(buf_text(&buf), expected);
    buf_done(&buf);
    json_doc_done(&doc);
}

static void test_variables_in_uris(void **state) {
    (void)state;
    expand("f", "f");
    expand("x${stageVariables.a}y${stageVariables.b}", "x1y22");
    expand("${stageVariables.c}", NULL);
    expand("${stageVariables.a", NULL);
    expand("${a}", "${a}");
    expand("${stageVariables.b}${stageVariables.b}${stageVariables.b}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
           NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple_answers),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_source_names),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_cache_keys),
        cmocka_unit_test(test_uris),
        cmocka_unit_test(test_variables_in_uris),
        cmocka_unit_test(test_cache_bytes),
        cmocka_unit_test(test_conditions_of_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Hosts of functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/web/host.h"
#include "web_fixture.h"

static void is(const char *authority, enum web_host_kind kind, const char *id) {
    struct parse parse;
    struct web_host host;
    char text[512];
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", authority);
    web_fixture_parse(&parse, text);
    if (web_host_split(&parse.request, "us-east-1", "fn.example.org", &host) != kind)
        fail_msg("%s", authority);
    if (kind != WEB_HOST_OTHER && !http_text_is(host.id, id))
        fail_msg("%s has the id %.*s", authority, (int)host.id.len, host.id.data);
    parse_done(&parse);
}

static void has_port(const char *authority, const char *port) {
    struct parse parse;
    struct web_host host;
    char text[512];
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", authority);
    web_fixture_parse(&parse, text);
    assert_int_equal(web_host_split(&parse.request, "us-east-1", "localhost", &host), WEB_HOST_URL);
    if (!http_text_is(host.port, port))
        fail_msg("%s has the port %.*s", authority, (int)host.port.len, host.port.data);
    parse_done(&parse);
}

static void functions(void **state) {
    (void)state;
    is("abc.lambda-url.us-east-1.localhost", WEB_HOST_URL, "abc");
    is("abc.lambda-url.us-east-1.localhost:4566", WEB_HOST_URL, "abc");
    is("abc.lambda-url.us-east-1.fn.example.org:443", WEB_HOST_URL, "abc");
    is("ABC.Lambda-URL.US-east-1.LocalHost", WEB_HOST_URL, "ABC");
    is("abc.execute-api.us-east-1.localhost", WEB_HOST_API, "abc");
    is("abc.lambda-url.eu-west-1.localhost", WEB_HOST_URL, "");
    is(".lambda-url.us-east-1.localhost", WEB_HOST_URL, "");
}

static void ports(void **state) {
    (void)state;
    has_port("abc.lambda-url.us-east-1.localhost", "");
    has_port("abc.lambda-url.us-east-1.localhost:", "");
    has_port("abc.lambda-url.us-east-1.localhost:4566", "4566");
    has_port("abc.lambda-url.us-east-1.localhost:99999", "99999");
}

static void others(void **state) {
    (void)state;
    static const char *const hosts[] = {
        "localhost",
        "localhost:4566",
        "127.0.0.1:4566",
        "[::1]:4566",
        "lambda-url.us-east-1.localhost",
        "abc.lambda-url.localhost",
        "abc.lambda-url.us-east-1.example.org",
        "abc.lambda-url.us-east-1.localhost.evil.example",
        "abc.lambda-url.us-east-1.evil.example",
        "a.abc.lambda-url.us-east-1.localhost",
        "abc.lambda-urls.us-east-1.localhost",
        "abc.lambda-url.us-east-1.localhost:x",
        "abc.lambda-url.us-east-1.localhost:123456",
        "abc.lambda-url.us-east-1.localhost.",
        "fn.example.org",
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        is(hosts[i], WEB_HOST_OTHER, "");
}

static void no_host(void **state) {
    (void)state;
    struct parse parse;
    struct web_host host;
    web_fixture_parse(&parse, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(web_host_split(&parse.request, "us-east-1", "localhost", &host), WEB_HOST_OTHER);
    parse_done(&parse);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(functions), cmocka_unit_test(ports),
                                       cmocka_unit_test(others), cmocka_unit_test(no_host)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

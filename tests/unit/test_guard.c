/* api/guard: which Host and Origin are let in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/guard.h"

static const char *const configured[] = {"lamb.internal", "10.1.2.3", NULL};

static bool check(const char *host, const char *origin, const char *const *hosts, struct err *err) {
    struct http_request request = {0};
    if (host)
        request.headers[request.header_count++] = (struct http_header){{"Host", 4}, {host, strlen(host)}};
    if (origin)
        request.headers[request.header_count++] = (struct http_header){{"Origin", 6},
                                                                       {origin, strlen(origin)}};
    return guard_check(&request, hosts, err);
}

static void loopback_names_are_let_in(void **state) {
    (void)state;
    static const char *const hosts[] = {
        "localhost",
        "localhost:4566",
        "LocalHost:1",
        "127.0.0.1",
        "127.0.0.1:4566",
        "127.255.0.9:80",
        "[::1]",
        "[::1]:4566",
        "a.localhost",
        "a.b.localhost:4566",
        "[0:0::1]:1",
        "localhost:",
        "abc.lambda-url.us-east-1.localhost:4566",
    };
    struct err err;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (!check(hosts[i], NULL, NULL, &err))
            fail_msg("%s: %s", hosts[i], err.text);
}

static void foreign_names_are_refused(void **state) {
    (void)state;
    static const char *const hosts[] = {
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "127.0.0.1.",
        "127.1",
        "128.0.0.1",
        "1",
        "0.0.0.0",
        "169.254.169.254",
        "[::2]",
        "[::1",
        "[::1]4566",
        "[]",
        "[127.0.0.1]",
        "[::1%lo]",
        ".localhost",
        "notlocalhost",
        "localhost.",
        "",
        ":4566",
        "localhost:45x6",
        "localhost:4566:1",
        "localhost:123456",
        "localhost@evil.example",
        "lamb.internal",
    };
    struct err err;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (check(hosts[i], NULL, NULL, &err))
            fail_msg("%s was let in", hosts[i]);
        assert_int_equal(err.code, ERR_DENIED);
    }
    assert_false(check(NULL, NULL, NULL, &err));
}

static void refusal_names_host_and_setting(void **state) {
    (void)state;
    struct err err;
    assert_false(check("evil.example:80", NULL, configured, &err));
    assert_non_null(strstr(err.text, "\"evil.example\""));
    assert_non_null(strstr(err.text, "`hosts`"));
}

static void very_long_host_is_refused(void **state) {
    (void)state;
    char host[4096];
    memset(host, '1', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    struct err err;
    assert_false(check(host, NULL, configured, &err));
}

static void configured_names_are_let_in(void **state) {
    (void)state;
    struct err err;
    assert_true(check("lamb.internal:4566", NULL, configured, &err));
    assert_true(check("LAMB.internal", NULL, configured, &err));
    assert_true(check("10.1.2.3:4566", NULL, configured, &err));
    assert_false(check("x.lamb.internal", NULL, configured, &err));
    assert_false(check("10.1.2.33", NULL, configured, &err));
}

static void origin_of_the_same_authority_alone(void **state) {
    (void)state;
    struct err err;
    assert_true(check("localhost:4566", "http://localhost:4566", NULL, &err));
    assert_true(check("localhost:4566", "https://LOCALHOST:4566", NULL, &err));
    static const char *const origins[] = {
        "http://localhost:3000",
        "http://localhost",
        "http://127.0.0.1:4566",
        "null",
        "",
        "file://",
        "https://evil.example",
        "localhost:4566",
        "http://localhost:45666",
        "ftp://localhost:4566",
        "http://localhost:4566/",
        "http://localhost:456",
    };
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++)
        if (check("localhost:4566", origins[i], NULL, &err))
            fail_msg("%s was let in", origins[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_names_are_let_in),
        cmocka_unit_test(foreign_names_are_refused),
        cmocka_unit_test(refusal_names_host_and_setting),
        cmocka_unit_test(very_long_host_is_refused),
        cmocka_unit_test(configured_names_are_let_in),
        cmocka_unit_test(origin_of_the_same_authority_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

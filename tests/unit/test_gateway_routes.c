/* Route keys of HTTP APIs, and which route a request goes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/gateway/routes.h"

#define MAX_ROUTES 16
#define FOUND_BYTES 2048

static struct http_text text_of(const char *text) {
    return (struct http_text){text, strlen(text)};
}

static void parse(const char *text, struct route_key *key) {
    struct err err;
    if (!route_key_parse(text, key, &err))
        fail_msg("%s", err.text);
}

static void test_good_keys(void **state) {
    (void)state;
    static const char *const good[] = {"GET /",    "ANY /a/{b}/c", "PUT /{a+}",
                                       "$default", "PATCH /a/b/",  "HEAD /{a}/{b}/{c+}"};
    struct route_key key;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        parse(good[i], &key);
    parse("HEAD /{a}/{b}/{c+}", &key);
    assert_true(key.is_greedy);
    assert_int_equal(key.parameter_count, 3);
    assert_true(http_text_is(key.parameters[2], "c"));
    assert_true(http_text_is(key.method, "HEAD"));
}

static void test_bad_keys(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",         "GET",          "GET x",     "get /x",    "$defaults",  "BREW /x",     "GET /{",
        "GET /{}",  "GET /{+}",     "GET /a{b}", "GET /{a}b", "GET /{a b}", "GET /{a+}/b", "GET //x",
        "GET /x?y", "GET /{a}/{a}", "GET /x y",  "GET /a}",   "GET /{a+}/"};
    struct route_key key;
    struct err err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (route_key_parse(bad[i], &key, &err))
            fail_msg("accepted: %s", bad[i]);
}

static void test_same_keys(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_same;
    } rows[] = {
        {"GET /a/{b}", "GET /a/{c}", true},   {"GET /a/{b}", "POST /a/{b}", false},
        {"GET /a/{b}", "GET /a/{b+}", false}, {"GET /a", "GET /a/", false},
        {"$default", "$default", true},       {"$default", "GET /a", false},
        {"GET /a/b", "GET /a/{b}", false},    {"GET /{a+}", "GET /{b+}", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct route_key a, b;
        parse(rows[i].a, &a);
        parse(rows[i].b, &b);
        assert_int_equal(route_key_is_same(&a, &b), rows[i].is_same);
        assert_int_equal(route_key_is_same(&b, &a), rows[i].is_same);
    }
}

/* The key of the route that the request goes to, and the values of its parameters: "GET /a/{b} x". */
static void find(const char *const *keys, const char *method, const char *path, char found[FOUND_BYTES]) {
    struct route_key parsed[MAX_ROUTES];
    struct routes *routes = routes_new();
    for (size_t i = 0; keys[i]; i++) {
        parse(keys[i], &parsed[i]);
        routes_add(routes, &parsed[i], keys[i]);
    }
    struct route_match match;
    found[0] = '\0';
    if (routes_find(routes, text_of(method), text_of(path), &match)) {
        int len = snprintf(found, FOUND_BYTES, "%s", (const char *)match.value);
        for (size_t i = 0; i < match.key->parameter_count; i++)
            len += snprintf(found + len, FOUND_BYTES - (size_t)len, " %.*s", (int)match.values[i].len,
                            match.values[i].data);
    }
    routes_free(routes);
}

/* The example of the API Gateway Developer Guide, and what it leaves open. */
static void test_precedence(void **state) {
    (void)state;
    static const char *const keys[] = {"GET /pets/dog/1",
                                       "GET /pets/dog/{id}",
                                       "GET /pets/{proxy+}",
                                       "ANY /{proxy+}",
                                       "ANY /pets/dog/{any}",
                                       "POST /pets/{x}/1",
                                       "GET /a/{b}/c",
                                       "GET /a/{b+}",
                                       "ANY /a/x/{y}",
                                       "GET /end/",
                                       NULL};
    static const char *const rows[][3] = {
        {"GET", "/pets/dog/1", "GET /pets/dog/1"},
        {"GET", "/pets/dog/2", "GET /pets/dog/{id} 2"},
        {"GET", "/pets/cat/1", "GET /pets/{proxy+} cat/1"},
        {"POST", "/test/5", "ANY /{proxy+} test/5"},
        {"DELETE", "/pets/dog/1", "ANY /pets/dog/{any} 1"}, /* the literal path has no such method */
        {"POST", "/pets/cat/1", "POST /pets/{x}/1 cat"},
        {"POST", "/pets/dog/1", "ANY /pets/dog/{any} 1"}, /* the earlier literal wins */
        {"GET", "/a/x/c", "ANY /a/x/{y} c"},
        {"GET", "/a/y/c", "GET /a/{b}/c y"},
        {"GET", "/a/y/d", "GET /a/{b+} y/d"},
        {"GET", "/a/y/c/", "GET /a/{b+} y/c/"},
        {"PUT", "/a/y/c", "ANY /{proxy+} a/y/c"},
        {"GET", "/pets", "ANY /{proxy+} pets"},
        {"GET", "/pets/", "ANY /{proxy+} pets/"}, /* greedy parameters are never empty */
        {"GET", "/", ""},
        {"GET", "/pets/dog/%31", "GET /pets/dog/1"},
        {"GET", "/pets/dog/", "GET /pets/{proxy+} dog/"},
        {"GET", "/end/", "GET /end/"},
        {"GET", "/end", "ANY /{proxy+} end"},
        {"GET", "//", "ANY /{proxy+} /"},
        {"OPTIONS", "*", ""},
    };
    char found[FOUND_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        find(keys, rows[i][0], rows[i][1], found);
        if (strcmp(found, rows[i][2]) != 0)
            fail_msg("%s %s: %s, not %s", rows[i][0], rows[i][1], found, rows[i][2]);
    }
}

static void test_default(void **state) {
    (void)state;
    static const char *const keys[] = {"$default", "GET /a", NULL};
    char found[FOUND_BYTES];
    find(keys, "GET", "/a", found);
    assert_string_equal(found, "GET /a");
    find(keys, "POST", "/a", found);
    assert_string_equal(found, "$default");
    find(keys, "OPTIONS", "*", found);
    assert_string_equal(found, "$default");
}

/* As many parameters as there may be. */
static void test_many_parameters(void **state) {
    (void)state;
    char key[ROUTES_MAX_KEY_CHARS] = "GET ";
    char path[ROUTES_MAX_KEY_CHARS] = "";
    size_t key_len = 4, path_len = 0;
    for (int i = 0; i < ROUTES_MAX_PARAMETERS; i++) {
        key_len += (size_t)snprintf(key + key_len, sizeof key - key_len, "/{p%d}", i);
        path_len += (size_t)snprintf(path + path_len, sizeof path - path_len, "/%d", i);
    }
    const char *keys[] = {key, "GET /{all+}", NULL};
    char found[FOUND_BYTES];
    find(keys, "GET", path, found);
    assert_memory_equal(found, key, strlen("GET /{p0}"));
    snprintf(path + path_len, sizeof path - path_len, "/x");
    find(keys, "GET", path, found);
    assert_memory_equal(found, "GET /{all+} 0/1/2", strlen("GET /{all+} 0/1/2"));
    snprintf(key + key_len, sizeof key - key_len, "/{x}");
    struct route_key parsed;
    struct err err;
    assert_false(route_key_parse(key, &parsed, &err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_keys), cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_same_keys), cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_default),   cmocka_unit_test(test_many_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

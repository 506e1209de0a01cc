/* What the front says to pages of other origins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/web/cors.h"
#include "web_fixture.h"

static struct web_cors *read(const char *text) {
    struct json_doc doc;
    assert_true(json_parse(&doc, text, strlen(text), 1000, NULL));
    struct web_cors *cors = web_cors_new(json_root(&doc));
    json_doc_done(&doc);
    return cors;
}

/* The lines for a request with these header lines; its method is OPTIONS for a preflight. */
static void says(const char *configuration, bool is_preflight, const char *headers, const char *expected) {
    struct web_cors *cors = read(configuration);
    struct parse parse;
    struct buf lines;
    char text[512];
    snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: h\r\n%s\r\n", is_preflight ? "OPTIONS" : "GET",
             headers);
    web_fixture_parse(&parse, text);
    buf_init(&lines, 4096);
    web_cors_write(cors, &parse.request, is_preflight, &lines);
    assert_string_equal(buf_text(&lines), expected);
    buf_done(&lines);
    parse_done(&parse);
    web_cors_free(cors);
}

#define ONE "Origin: https://one.example\r\n"
#define ONE_ALLOWED "Access-Control-Allow-Origin: https://one.example\r\nVary: Origin\r\n"
#define LIST                                                                                                 \
    "{\"AllowOrigins\":[\"https://one.example\",\"https://two.example\"],"                                   \
    "\"AllowMethods\":[\"GET\",\"POST\"],\"AllowHeaders\":[\"authorization\",\"x-own\"],"                    \
    "\"ExposeHeaders\":[\"x-shown\",\"date\"],\"MaxAge\":60}"
#define ANY "{\"AllowOrigins\":[\"*\"],\"AllowMethods\":[\"*\"],\"AllowHeaders\":[\"*\"]}"

static void answers(void **state) {
    (void)state;
    says(LIST, false, "", "");
    says(LIST, false, "Origin: https://three.example\r\n", "");
    says(LIST, false, "Origin: https://one.example.evil\r\n", "");
    says(LIST, false, ONE, ONE_ALLOWED "Access-Control-Expose-Headers: x-shown,date\r\n");
    says(ANY, false, ONE, "Access-Control-Allow-Origin: *\r\n");
    says("{\"AllowOrigins\":[\"*\"],\"AllowCredentials\":true}", false, ONE,
         ONE_ALLOWED "Access-Control-Allow-Credentials: true\r\n");
    says("{\"AllowOrigins\":[\"https://*\"]}", false, ONE, ONE_ALLOWED);
    says("{\"AllowOrigins\":[\"http://*\"]}", false, ONE, "");
    says("{\"AllowMethods\":[\"GET\"]}", false, ONE, "");
    says("{\"allowOrigins\":[\"https://one.example\"],\"allowCredentials\":true}", false, ONE,
         ONE_ALLOWED "Access-Control-Allow-Credentials: true\r\n");
}

static void preflights(void **state) {
    (void)state;
    static const char allowed[] = ONE_ALLOWED "Access-Control-Expose-Headers: x-shown,date\r\n"
                                              "Access-Control-Allow-Methods: GET,POST\r\n"
                                              "Access-Control-Allow-Headers: authorization,x-own\r\n"
                                              "Access-Control-Max-Age: 60\r\n";
    says(LIST, true, ONE "Access-Control-Request-Method: POST\r\n", allowed);
    says(LIST, true,
         ONE "Access-Control-Request-Method: POST\r\n"
             "Access-Control-Request-Headers: X-Own, Authorization\r\n",
         allowed);
    says(LIST, true, ONE "Access-Control-Request-Method: PUT\r\n", "");
    says(LIST, true, ONE "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-other\r\n",
         "");
    says(LIST, true, "Access-Control-Request-Method: GET\r\n", "");
    says(ANY, true, ONE "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: a,b\r\n",
         "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: PUT\r\n"
         "Access-Control-Allow-Headers: a,b\r\n");
}

/* As it is configured, 0 too: without the header a browser caches for five seconds (Fetch standard). */
static void caching(void **state) {
    (void)state;
    static const struct {
        const char *member;
        const char *line;
    } rows[] = {
        {"", ""},
        {",\"MaxAge\":0", "Access-Control-Max-Age: 0\r\n"},
        {",\"maxAge\":0", "Access-Control-Max-Age: 0\r\n"},
        {",\"maxAge\":-1", "Access-Control-Max-Age: -1\r\n"},
        {",\"MaxAge\":86400", "Access-Control-Max-Age: 86400\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char configuration[128], expected[256];
        snprintf(configuration, sizeof configuration,
                 "{\"AllowOrigins\":[\"*\"],\"AllowMethods\":[\"PUT\"]%s}", rows[i].member);
        snprintf(expected, sizeof expected,
                 "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: PUT\r\n%s", rows[i].line);
        says(configuration, true, ONE "Access-Control-Request-Method: PUT\r\n", expected);
        says(configuration, false, ONE, "Access-Control-Allow-Origin: *\r\n");
    }
}

static void what_is_a_preflight(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
    } rows[] = {
        {"OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: a\r\nAccess-Control-Request-Method: GET\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nOrigin: a\r\nAccess-Control-Request-Method: GET\r\n\r\n", false},
        {"OPTIONS / HTTP/1.1\r\nHost: h\r\nAccess-Control-Request-Method: GET\r\n\r\n", false},
        {"OPTIONS / HTTP/1.1\r\nHost: h\r\nOrigin: a\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parse parse;
        web_fixture_parse(&parse, rows[i].text);
        assert_int_equal(web_cors_is_preflight(&parse.request), rows[i].is_one);
        parse_done(&parse);
    }
}

static void odd_configurations(void **state) {
    (void)state;
    assert_null(web_cors_new((struct json_value){0}));
    assert_null(read("{}"));
    assert_null(read("[]"));
    says("{\"AllowOrigins\":\"*\",\"MaxAge\":\"x\"}", false, ONE, "");
    says("{\"AllowOrigins\":[\"https://one.example\"],\"ExposeHeaders\":[\"a\\r\\nb: c\",\"d\",\"\",7]}",
         false, ONE, ONE_ALLOWED "Access-Control-Expose-Headers: d\r\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(preflights),
        cmocka_unit_test(caching),
        cmocka_unit_test(what_is_a_preflight),
        cmocka_unit_test(odd_configurations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

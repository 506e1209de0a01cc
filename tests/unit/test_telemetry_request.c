/* Bodies of subscriptions: what is understood, and in which words the rest is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "invoke/telemetry_request.h"

#define VERSION "\"schemaVersion\":\"2022-12-13\""
#define TYPES "\"types\":[\"platform\"]"
#define URI(uri) "\"destination\":{\"protocol\":\"HTTP\",\"URI\":\"" uri "\"}"
#define OWN_URI URI("http://sandbox.localdomain:8080")
#define PORT(port) "{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"TCP\",\"port\":" port "}}"
#define WITH(members) "{" VERSION "," TYPES "," OWN_URI members "}"
#define BUFFERING(members) WITH(",\"buffering\":{" members "}")

static struct telemetry_request request;
static struct telemetry_refusal refusal;

static bool parse(enum telemetry_api api, const char *body) {
    return telemetry_request_parse(api, body, strlen(body), &request, &refusal);
}

static void must_parse(enum telemetry_api api, const char *body) {
    if (!parse(api, body))
        fail_msg("%s: %s", body, refusal.message);
}

static void the_example_of_the_guide(void **state) {
    (void)state;
    must_parse(TELEMETRY_API,
               "{\"schemaVersion\":\"2025-01-29\",\"types\":[\"platform\",\"function\",\"extension\"],"
               "\"buffering\":{\"maxItems\":1000,\"maxBytes\":262144,\"timeoutMs\":100}," OWN_URI "}");
    assert_int_equal(request.schema, NOTICE_TELEMETRY_2025_01_29);
    assert_int_equal(request.sources, 7);
    assert_int_equal(request.word_count, 3);
    assert_string_equal(request.words[2], "extension");
    assert_int_equal(request.limits.max_items, 1000);
    assert_int_equal(request.limits.max_bytes, 262144);
    assert_int_equal(request.limits.timeout_ms, 100);
    assert_true(request.destination.is_http);
    assert_int_equal(request.destination.port, 8080);
    assert_string_equal(request.destination.authority, "sandbox.localdomain:8080");
    assert_string_equal(request.destination.target, "/");
    assert_string_equal(request.destination.method, "POST");
    telemetry_request_done(&request);
}

static void what_may_be_left_out(void **state) {
    (void)state;
    must_parse(LOGS_API,
               "{\"types\":[\"function\",\"platform\"],\"destination\":{\"protocol\":\"TCP\",\"port\":1}}");
    assert_int_equal(request.schema, NOTICE_LOGS_2020_08_15);
    assert_string_equal(request.words[0], "function");
    assert_int_equal(request.limits.max_items, 10000);
    assert_int_equal(request.limits.max_bytes, 262144);
    assert_int_equal(request.limits.timeout_ms, 1000);
    assert_false(request.destination.is_http);
    assert_int_equal(request.destination.port, 1);
    telemetry_request_done(&request);
}

static void each_version_belongs_to_one_api(void **state) {
    (void)state;
    static const char *const versions[] = {"2020-08-15", "2021-03-18", "2022-07-01", "2022-12-13",
                                           "2025-01-29"};
    for (int i = 0; i < NOTICE_SCHEMAS; i++) {
        OWN_MEM char *body = mem_format("{\"schemaVersion\":\"%s\"," TYPES "," OWN_URI "}", versions[i]);
        assert_int_equal(parse(LOGS_API, body), i < 2);
        if (i < 2)
            telemetry_request_done(&request);
        else
            assert_string_equal(refusal.message,
                                "LogsAPI only supports the following SchemaVersion: 2020-08-15, 2021-03-18");
        assert_int_equal(parse(TELEMETRY_API, body), i >= 2);
        if (i >= 2) {
            assert_int_equal(request.schema, i);
            telemetry_request_done(&request);
        }
    }
}

static void destinations(void **state) {
    (void)state;
    static const struct {
        const char *uri;
        const char *authority;
        const char *target;
        int port;
    } rows[] = {
        {"http://sandbox.localdomain:8080/", "sandbox.localdomain:8080", "/", 8080},
        {"http://sandbox:65535/a/b?c=d#e", "sandbox:65535", "/a/b?c=d", 65535},
        {"HTTP://SANDBOX.localdomain:00080?q", "SANDBOX.localdomain:00080", "/?q", 80},
        {"http://sandbox:1#f/g", "sandbox:1", "/", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWN_MEM char *body = mem_format("{" VERSION "," TYPES "," URI("%s") "}", rows[i].uri);
        must_parse(TELEMETRY_API, body);
        assert_string_equal(request.destination.authority, rows[i].authority);
        assert_string_equal(request.destination.target, rows[i].target);
        assert_int_equal(request.destination.port, rows[i].port);
        telemetry_request_done(&request);
    }
    must_parse(TELEMETRY_API,
               "{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"HTTP\",\"method\":\"PUT\","
               "\"encoding\":\"JSON\",\"URI\":\"http://sandbox:1\"}}");
    assert_string_equal(request.destination.method, "PUT");
    telemetry_request_done(&request);
}

static const struct {
    const char *body;
    int status;
    const char *kind; /* behind "Telemetry."; NULL: ValidationError */
    const char *message;
} refused[] = {
    /* two of the guide */
    {"{" VERSION ",\"types\":[]," URI("http://sandbox.localdomain") "}", 400, NULL,
     "URI port is not provided; types should not be empty"},
    {WITH(",\"extensionName\":\"x\""), 400, "DeserializationError",
     "unknown field `extensionName`, expected one of `schemaVersion`, `types`, `buffering`, `destination`"},

    {"[]", 400, "DeserializationError", "invalid type: sequence, expected a map"},
    {"{}", 400, "DeserializationError", "missing field `destination`"},
    {"{" OWN_URI "}", 400, "DeserializationError", "missing field `types`"},
    {"{\"types\":null," OWN_URI "}", 400, "DeserializationError", "invalid type: null, expected a sequence"},
    {"{\"types\":[7]," OWN_URI "}", 400, "DeserializationError", "invalid type: number, expected a string"},
    {"{\"types\":[\"logs\"]," OWN_URI "}", 400, "DeserializationError",
     "unknown variant `logs`, expected one of `platform`, `function`, `extension`"},
    {"{\"schemaVersion\":\"2020-01-01\"," TYPES "," OWN_URI "}", 400, "DeserializationError",
     "unknown variant `2020-01-01`, expected one of `2020-08-15`, `2021-03-18`, `2022-07-01`, `2022-12-13`, "
     "`2025-01-29`"},
    {"{\"schemaVersion\":true," TYPES "," OWN_URI "}", 400, "DeserializationError",
     "invalid type: boolean, expected a string"},
    {"{" TYPES "," OWN_URI "}", 400, NULL,
     "TelemetryAPI only supports the SchemaVersion released after 2021-03-18"},
    {"{" VERSION "," TYPES ",\"destination\":{}}", 400, "DeserializationError", "missing field `protocol`"},
    {"{" VERSION "," TYPES ",\"destination\":[]}", 400, "DeserializationError",
     "invalid type: sequence, expected a map"},
    {"{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"UDP\"}}", 400, "DeserializationError",
     "unknown variant `UDP`, expected `HTTP` or `TCP`"},
    {"{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"HTTP\"}}", 400, "DeserializationError",
     "missing field `URI`"},
    {"{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"HTTP\",\"URI\":1}}", 400, "DeserializationError",
     "invalid type: number, expected a string"},
    {"{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"HTTP\",\"method\":\"GET\",\"URI\":\"x\"}}", 400,
     "DeserializationError", "unknown variant `GET`, expected `POST` or `PUT`"},
    {"{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"HTTP\",\"encoding\":\"XML\",\"URI\":\"x\"}}",
     400, "DeserializationError", "unknown variant `XML`, expected `JSON`"},
    {"{" VERSION "," TYPES ",\"destination\":{\"protocol\":\"TCP\"}}", 400, "DeserializationError",
     "missing field `port`"},
    {PORT("\"1\""), 400, "DeserializationError", "invalid type: string, expected an integer"},
    {PORT("0"), 400, NULL, "port should be between 1 and 65535"},
    {PORT("65536"), 400, NULL, "port should be between 1 and 65535"},
    {PORT("1.5"), 400, NULL, "port should be between 1 and 65535"},
    {PORT("1e99"), 400, NULL, "port should be between 1 and 65535"},
    {PORT("9001"), 400, NULL, "port 9001 is reserved"},
    {PORT("9002"), 400, NULL, "port 9002 is reserved"},
    {"{" VERSION "," TYPES "," URI("http://sandbox:9001") "}", 400, NULL, "port 9001 is reserved"},
    {"{" VERSION "," TYPES "," URI("http://sandbox:") "}", 400, NULL, "port should be between 1 and 65535"},
    {"{" VERSION "," TYPES "," URI("http://sandbox:8o") "}", 400, NULL, "port should be between 1 and 65535"},
    {"{" VERSION "," TYPES "," URI("http://sandbox:99999999999999999999") "}", 400, NULL,
     "port should be between 1 and 65535"},
    {"{" VERSION "," TYPES "," URI("http://sandbox:80/\\r\\nX-A: b") "}", 400, NULL,
     "invalid destination URI"},
    {"{" VERSION "," TYPES "," URI("http://sandbox:80/\xc3\xa9") "}", 400, NULL, "invalid destination URI"},
    {"{" VERSION "," TYPES "," URI("https://sandbox:80") "}", 403, "AccessDenied",
     "Only 'http' scheme is supported."},
    {"{" VERSION "," TYPES "," URI("") "}", 403, "AccessDenied", "Only 'http' scheme is supported."},
    {"{" VERSION "," TYPES "," URI("http://localhost:80") "}", 403, "AccessDenied",
     "Only 'sandbox.localdomain' hostname is supported."},
    {"{" VERSION "," TYPES "," URI("http://sandbox@evil:80") "}", 403, "AccessDenied",
     "Only 'sandbox.localdomain' hostname is supported."},
    {"{" VERSION "," TYPES "," URI("http://sandbox:80@evil:81") "}", 400, NULL,
     "port should be between 1 and 65535"},
    {"{" VERSION "," TYPES "," URI("http://") "}", 403, "AccessDenied",
     "Only 'sandbox.localdomain' hostname is supported."},
    {"{" VERSION ",\"types\":[\"platform\",\"platform\"]," OWN_URI "}", 400, NULL, "types should be unique"},
    {WITH(",\"buffering\":7"), 400, "DeserializationError", "invalid type: number, expected a map"},
    {BUFFERING("\"maxItems\":\"1\""), 400, "DeserializationError",
     "invalid type: string, expected an integer"},
    {BUFFERING("\"maxItems\":999"), 400, NULL, "maxItems should be between 1000 and 10000"},
    {BUFFERING("\"maxItems\":10001"), 400, NULL, "maxItems should be between 1000 and 10000"},
    {BUFFERING("\"maxBytes\":262143"), 400, NULL, "maxBytes should be between 262144 and 1048576"},
    {BUFFERING("\"maxBytes\":1048577"), 400, NULL, "maxBytes should be between 262144 and 1048576"},
    {BUFFERING("\"timeoutMs\":24,\"maxBytes\":1"), 400, NULL,
     "maxBytes should be between 262144 and 1048576; timeoutMs should be between 25 and 30000"},
    {BUFFERING("\"timeoutMs\":30001"), 400, NULL, "timeoutMs should be between 25 and 30000"},
};

static void refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (parse(TELEMETRY_API, refused[i].body))
            fail_msg("accepted: %s", refused[i].body);
        assert_string_equal(refusal.message, refused[i].message);
        assert_int_equal(refusal.status, refused[i].status);
        OWN_MEM char *type = refused[i].kind ? mem_format("Telemetry.%s", refused[i].kind)
                                             : mem_text("ValidationError");
        assert_string_equal(refusal.type, type);
        assert_null(request.destination.authority);
        assert_null(request.destination.target);
    }
}

static void types_have_the_name_of_their_api(void **state) {
    (void)state;
    assert_false(parse(LOGS_API, "{\"types\":[]," OWN_URI "}"));
    assert_string_equal(refusal.type, "Logs.ValidationError");
    assert_false(parse(LOGS_API, "x"));
    assert_string_equal(refusal.type, "Logs.DeserializationError");
}

static void limits_themselves_are_fine(void **state) {
    (void)state;
    must_parse(TELEMETRY_API, BUFFERING("\"maxItems\":1000,\"maxBytes\":262144,\"timeoutMs\":25"));
    telemetry_request_done(&request);
    must_parse(TELEMETRY_API, BUFFERING("\"maxItems\":10000,\"maxBytes\":1048576,\"timeoutMs\":30000"));
    telemetry_request_done(&request);
}

static void long_values_are_cut(void **state) {
    (void)state;
    char name[2000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    OWN_MEM char *field = mem_format("{\"%s\":1}", name);
    assert_false(parse(TELEMETRY_API, field));
    assert_in_range(strlen(refusal.message), 100, 200);
    OWN_MEM char *uri = mem_format("{" VERSION "," TYPES "," URI("http://sandbox:80/%s") "}", name);
    assert_false(parse(TELEMETRY_API, uri));
    assert_string_equal(refusal.message, "invalid destination URI");
}

static void equal_requests(void **state) {
    (void)state;
    struct telemetry_request first;
    must_parse(TELEMETRY_API, WITH(""));
    first = request;
    static const char *const others[] = {
        BUFFERING("\"timeoutMs\":26"),
        PORT("8080"),
        "{" VERSION "," TYPES "," URI("http://sandbox.localdomain:8081") "}",
        "{" VERSION "," TYPES "," URI("http://sandbox.localdomain:8080/x") "}",
        "{" VERSION ",\"types\":[\"function\"]," OWN_URI "}",
        "{\"schemaVersion\":\"2022-07-01\"," TYPES "," OWN_URI "}",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        must_parse(TELEMETRY_API, others[i]);
        assert_false(telemetry_request_equals(&first, &request));
        telemetry_request_done(&request);
    }
    must_parse(TELEMETRY_API, BUFFERING("\"timeoutMs\":1000"));
    assert_true(telemetry_request_equals(&first, &request));
    telemetry_request_done(&request);
    telemetry_request_done(&first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_guide),
        cmocka_unit_test(what_may_be_left_out),
        cmocka_unit_test(each_version_belongs_to_one_api),
        cmocka_unit_test(destinations),
        cmocka_unit_test(refusals),
        cmocka_unit_test(types_have_the_name_of_their_api),
        cmocka_unit_test(limits_themselves_are_fine),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(equal_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The platform's own log lines, as text and as JSON, word for word as recorded from the service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "invoke/notice.h"

#define ID "5f3a9c1e-0000-4000-8000-000000000001"
#define TIME_US INT64_C(1769862896123000)
#define TIME "{\"time\":\"2026-01-31T12:34:56.123Z\",\"type\":\"platform."

static struct function *function;
static struct notice_origin origin;
static struct buf text;

static int set_up(void **state) {
    (void)state;
    function = function_new();
    function_set_text(&function->name, "f");
    function_set_text(&function->runtime, "python3.12");
    snprintf(function->account, sizeof function->account, "123456789012");
    snprintf(function->version, sizeof function->version, "$LATEST");
    function->memory_mb = 256;
    origin = (struct notice_origin){
        .function = function, .region = "eu-central-1", .stream = "2026/01/31/[$LATEST]0123"};
    buf_init(&text, 4096);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    buf_done(&text);
    function_unref(function);
    return 0;
}

static void is_text(struct notice notice, const char *expected) {
    buf_clear(&text);
    notice_append_text(&notice, &origin, &text);
    assert_string_equal(buf_text(&text), expected);
}

static void is_json(struct notice notice, const char *expected) {
    buf_clear(&text);
    notice_append_json(&notice, &origin, TIME_US, &text);
    assert_string_equal(buf_text(&text), expected);
    assert_true(json_check(text.data, text.len, NULL));
}

static void start_and_end_name_the_request(void **state) {
    (void)state;
    struct notice start = {.kind = NOTICE_START, .request_id = ID};
    is_text(start, "START RequestId: " ID " Version: $LATEST");
    is_json(start, TIME "start\",\"record\":{\"requestId\":\"" ID
                        "\",\"functionArn\":\"arn:aws:lambda:eu-central-1:123456789012:function:f\","
                        "\"version\":\"$LATEST\"}}");
    struct notice done = {
        .kind = NOTICE_RUNTIME_DONE, .request_id = ID, .duration_us = 11185, .produced_bytes = 40};
    is_text(done, "");
    is_json(done, TIME "runtimeDone\",\"record\":{\"requestId\":\"" ID "\",\"status\":\"success\","
                       "\"metrics\":{\"durationMs\":11.185,\"producedBytes\":40}}}");
}

static void the_end_is_a_line_of_text_alone(void **state) {
    (void)state;
    struct notice end = {.kind = NOTICE_END, .request_id = ID};
    is_text(end, "END RequestId: " ID);
    buf_clear(&text);
    notice_append_json(&end, &origin, TIME_US, &text);
    assert_string_equal(buf_text(&text), "");
}

static void extensions_and_subscriptions_have_lines(void **state) {
    (void)state;
    struct notice notice = {.kind = NOTICE_EXTENSION,
                            .name = "agent",
                            .state = "Ready",
                            .words = {"INVOKE", "SHUTDOWN"},
                            .word_count = 2};
    is_text(notice, "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE, SHUTDOWN]");
    is_json(notice, TIME "extension\",\"record\":{\"name\":\"agent\",\"state\":\"Ready\","
                         "\"events\":[\"INVOKE\",\"SHUTDOWN\"]}}");
    notice.word_count = 0;
    notice.error_type = "Extension.Crash";
    is_text(notice, "EXTENSION\tName: agent\tState: Ready\tEvents: []\tError Type: Extension.Crash");
    assert_int_equal(notice_level(&notice, &origin), FUNCTION_LOG_WARN);
    notice = (struct notice){.kind = NOTICE_TELEMETRY_SUBSCRIPTION,
                             .name = "agent",
                             .state = "Subscribed",
                             .words = {"platform", "function", "extension"},
                             .word_count = 3};
    is_text(notice, "TELEMETRY\tName: agent\tState: Subscribed\tTypes: [Platform, Function, Extension]");
    is_json(notice, TIME "telemetrySubscription\",\"record\":{\"name\":\"agent\",\"state\":\"Subscribed\","
                         "\"types\":[\"platform\",\"function\",\"extension\"]}}");
    notice.kind = NOTICE_LOGS_SUBSCRIPTION;
    notice.word_count = 1;
    is_text(notice, "LOGS\tName: agent\tState: Subscribed\tTypes: [Platform]");
}

static void report_of_a_warm_call(void **state) {
    (void)state;
    struct notice notice = {.kind = NOTICE_REPORT,
                            .request_id = ID,
                            .duration_us = 3014,
                            .init_us = -1,
                            .memory_peak_bytes = 36 * 1024 * 1024};
    is_text(notice,
            "REPORT RequestId: " ID "\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 256 MB\t"
            "Max Memory Used: 36 MB\t");
    notice.duration_us = 10000;
    is_json(notice, TIME "report\",\"record\":{\"requestId\":\"" ID
                         "\",\"metrics\":{\"durationMs\":10,\"billedDurationMs\":10,\"memorySizeMB\":256,"
                         "\"maxMemoryUsedMB\":36},\"status\":\"success\"}}");
}

static void report_of_a_cold_call_bills_the_initialisation(void **state) {
    (void)state;
    struct notice notice = {.kind = NOTICE_REPORT,
                            .request_id = ID,
                            .duration_us = 1233960,
                            .init_us = 463512,
                            .memory_peak_bytes = 122 * 1024 * 1024 + 1};
    is_text(notice, "REPORT RequestId: " ID "\tDuration: 1233.96 ms\tBilled Duration: 1698 ms\t"
                    "Memory Size: 256 MB\tMax Memory Used: 123 MB\tInit Duration: 463.51 ms\t");
    is_json(notice, TIME "report\",\"record\":{\"requestId\":\"" ID
                         "\",\"metrics\":{\"durationMs\":1233.96,\"billedDurationMs\":1698,"
                         "\"memorySizeMB\":256,\"maxMemoryUsedMB\":123,\"initDurationMs\":463.512},"
                         "\"status\":\"success\"}}");
}

static void report_of_failures_has_a_status(void **state) {
    (void)state;
    struct notice notice = {.kind = NOTICE_REPORT, .request_id = ID, .init_us = -1, .status = "timeout"};
    buf_clear(&text);
    notice_append_text(&notice, &origin, &text);
    assert_non_null(strstr(buf_text(&text), "\tStatus: timeout\t"));
    assert_null(strstr(buf_text(&text), "Error Type"));
    notice.status = "error";
    notice.error_type = "Runtime.OutOfMemory";
    buf_clear(&text);
    notice_append_text(&notice, &origin, &text);
    assert_non_null(strstr(buf_text(&text), "\tStatus: error\tError Type: Runtime.OutOfMemory\t"));
    notice.kind = NOTICE_RUNTIME_DONE;
    is_json(notice, TIME "runtimeDone\",\"record\":{\"requestId\":\"" ID
                         "\",\"status\":\"error\",\"errorType\":\"Runtime.OutOfMemory\","
                         "\"metrics\":{\"durationMs\":0,\"producedBytes\":0}}}");
}

static void init_start_names_the_runtime(void **state) {
    (void)state;
    struct notice notice = {.kind = NOTICE_INIT_START, .phase = "init"};
    buf_clear(&text);
    notice_append_text(&notice, &origin, &text);
    const char *hash = strstr(buf_text(&text), "::runtime:");
    assert_non_null(hash);
    hash += strlen("::runtime:");
    assert_int_equal(strspn(hash, "0123456789abcdef"), 64);
    assert_int_equal(strlen(hash), 64);
    static const char head[] = "INIT_START Runtime Version: python:3.12.v1\t"
                               "Runtime Version ARN: arn:aws:lambda:eu-central-1::runtime:";
    assert_memory_equal(buf_text(&text), head, sizeof head - 1);
    OWN(buf) struct buf json;
    buf_init(&json, 4096);
    buf_append_format(&json,
                      TIME "initStart\",\"record\":{\"initializationType\":\"on-demand\",\"phase\":\"init\","
                           "\"runtimeVersion\":\"python:3.12.v1\",\"runtimeVersionArn\":"
                           "\"arn:aws:lambda:eu-central-1::runtime:%s\",\"functionName\":\"f\","
                           "\"functionVersion\":\"$LATEST\",\"instanceId\":\"2026/01/31/f[$LATEST]0123\","
                           "\"instanceMaxMemory\":268435456}}",
                      hash);
    is_json(notice, buf_text(&json));
    function_set_text(&function->log_group, "/team/own");
    origin.stream = "2026/01/31/f[$LATEST]0123";
    is_json(notice, buf_text(&json));
}

static void the_end_of_an_initialisation(void **state) {
    (void)state;
    struct notice notice = {.kind = NOTICE_INIT_REPORT, .phase = "init", .duration_us = 173778};
    is_text(notice, "");
    is_json(notice, TIME "initReport\",\"record\":{\"initializationType\":\"on-demand\",\"phase\":\"init\","
                         "\"status\":\"success\",\"metrics\":{\"durationMs\":173.778}}}");
    notice.kind = NOTICE_INIT_RUNTIME_DONE;
    is_text(notice, "");
    is_json(notice, TIME "initRuntimeDone\",\"record\":{\"initializationType\":\"on-demand\","
                         "\"phase\":\"init\",\"status\":\"success\"}}");
    origin.is_provisioned = true;
    notice.kind = NOTICE_INIT_REPORT;
    is_text(notice, "INIT_REPORT Init Duration: 173.78 ms");
    buf_clear(&text);
    notice_append_json(&notice, &origin, TIME_US, &text);
    assert_non_null(strstr(buf_text(&text), "\"initializationType\":\"provisioned-concurrency\""));
}

static void a_failed_initialisation_has_phase_and_status(void **state) {
    (void)state;
    struct notice notice = {
        .kind = NOTICE_INIT_REPORT, .phase = "init", .status = "timeout", .duration_us = 10007330};
    is_text(notice, "INIT_REPORT Init Duration: 10007.33 ms\tPhase: init\tStatus: timeout");
    notice.phase = "invoke";
    notice.status = "error";
    notice.error_type = "Runtime.ExitError";
    notice.duration_us = 1500;
    is_text(
        notice,
        "INIT_REPORT Init Duration: 1.50 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError");
    is_json(notice, TIME "initReport\",\"record\":{\"initializationType\":\"on-demand\",\"phase\":\"invoke\","
                         "\"status\":\"error\",\"errorType\":\"Runtime.ExitError\","
                         "\"metrics\":{\"durationMs\":1.5}}}");
}

static void levels_are_the_services(void **state) {
    (void)state;
    static const struct {
        enum notice_kind kind;
        enum function_log_level level;
    } cases[] = {
        {NOTICE_INIT_START, FUNCTION_LOG_INFO},        {NOTICE_INIT_RUNTIME_DONE, FUNCTION_LOG_DEBUG},
        {NOTICE_INIT_REPORT, FUNCTION_LOG_DEBUG},      {NOTICE_START, FUNCTION_LOG_INFO},
        {NOTICE_RUNTIME_DONE, FUNCTION_LOG_DEBUG},     {NOTICE_REPORT, FUNCTION_LOG_INFO},
        {NOTICE_EXTENSION, FUNCTION_LOG_INFO},         {NOTICE_TELEMETRY_SUBSCRIPTION, FUNCTION_LOG_INFO},
        {NOTICE_LOGS_SUBSCRIPTION, FUNCTION_LOG_INFO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct notice notice = {.kind = cases[i].kind};
        assert_int_equal(notice_level(&notice, &origin), cases[i].level);
        notice.status = "timeout";
        assert_int_equal(notice_level(&notice, &origin), FUNCTION_LOG_WARN);
    }
    origin.is_provisioned = true;
    struct notice ahead = {.kind = NOTICE_INIT_REPORT};
    assert_int_equal(notice_level(&ahead, &origin), FUNCTION_LOG_INFO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(start_and_end_name_the_request),
        TEST(the_end_is_a_line_of_text_alone),
        TEST(extensions_and_subscriptions_have_lines),
        TEST(report_of_a_warm_call),
        TEST(report_of_a_cold_call_bills_the_initialisation),
        TEST(report_of_failures_has_a_status),
        TEST(init_start_names_the_runtime),
        TEST(the_end_of_an_initialisation),
        TEST(a_failed_initialisation_has_phase_and_status),
        TEST(levels_are_the_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

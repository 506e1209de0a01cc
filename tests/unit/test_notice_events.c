/* Each event of the platform in each schema, byte for byte. */
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
#define TRACE "Root=1-5f3a9c1e-000000000000000000000001;Parent=0000000000000001;Sampled=1"
#define TRACING ",\"tracing\":{\"type\":\"X-Amzn-Trace-Id\",\"value\":\"" TRACE "\"}"
#define SPANS                                                                                                \
    ",\"spans\":[{\"name\":\"responseLatency\",\"start\":\"2026-01-31T12:34:56.000Z\","                      \
    "\"durationMs\":2.215},{\"name\":\"responseDuration\",\"start\":\"2026-01-31T12:34:56.002Z\","           \
    "\"durationMs\":0.056}]"
#define METRICS                                                                                              \
    "\"metrics\":{\"durationMs\":101.51,\"billedDurationMs\":219,\"memorySizeMB\":256,"                      \
    "\"maxMemoryUsedMB\":33,\"initDurationMs\":116.67}"
#define INIT "\"initializationType\":\"on-demand\",\"phase\":\"init\""
#define RUNTIME                                                                                              \
    ",\"runtimeVersion\":\"python:3.12.v1\","                                                                \
    "\"runtimeVersionArn\":\"arn:aws:lambda:eu-central-1::runtime:HASH\""
#define INSTANCE                                                                                             \
    ",\"functionName\":\"f\",\"functionVersion\":\"$LATEST\","                                               \
    "\"instanceId\":\"2026/01/31/f[$LATEST]0123\",\"instanceMaxMemory\":268435456"
#define ARN "\"functionArn\":\"arn:aws:lambda:eu-central-1:123456789012:function:f\","

#define START_US INT64_C(1769862896000000)

/* What the two schemas of the Logs API and the three of the Telemetry API have as record; NULL: no event. */
static const struct {
    struct notice notice;
    const char *type;
    const char *records[NOTICE_SCHEMAS];
} cases[] = {
    {{.kind = NOTICE_INIT_START, .phase = "init"},
     "platform.initStart",
     {NULL, NULL, "{" INIT RUNTIME "}", "{" INIT RUNTIME INSTANCE "}", "{" INIT RUNTIME INSTANCE "}"}},
    {{.kind = NOTICE_INIT_RUNTIME_DONE,
      .phase = "init",
      .status = "error",
      .error_type = "Runtime.ExitError"},
     "platform.initRuntimeDone",
     {NULL, NULL, "{" INIT ",\"status\":\"error\",\"errorType\":\"Runtime.ExitError\"}",
      "{" INIT ",\"status\":\"error\",\"errorType\":\"Runtime.ExitError\"}",
      "{" INIT ",\"status\":\"error\",\"errorType\":\"Runtime.ExitError\"}"}},
    {{.kind = NOTICE_INIT_REPORT, .phase = "init", .duration_us = 125330},
     "platform.initReport",
     {NULL, NULL, "{" INIT ",\"metrics\":{\"durationMs\":125.33}}",
      "{" INIT ",\"status\":\"success\",\"metrics\":{\"durationMs\":125.33}}",
      "{" INIT ",\"status\":\"success\",\"metrics\":{\"durationMs\":125.33}}"}},
    {{.kind = NOTICE_START, .request_id = ID, .trace_value = TRACE},
     "platform.start",
     {"{\"requestId\":\"" ID "\",\"version\":\"$LATEST\"" TRACING "}",
      "{\"requestId\":\"" ID "\",\"version\":\"$LATEST\"" TRACING "}",
      "{\"requestId\":\"" ID "\",\"version\":\"$LATEST\"" TRACING "}",
      "{\"requestId\":\"" ID "\",\"version\":\"$LATEST\"" TRACING "}",
      "{\"requestId\":\"" ID "\"," ARN "\"version\":\"$LATEST\"" TRACING "}"}},
    {{.kind = NOTICE_RUNTIME_DONE,
      .request_id = ID,
      .duration_us = 2599000,
      .produced_bytes = 8,
      .trace_value = TRACE,
      .spans = {{"responseLatency", START_US, 2215}, {"responseDuration", START_US + 2215, 56}}},
     "platform.runtimeDone",
     {NULL, "{\"requestId\":\"" ID "\",\"status\":\"success\"}",
      "{\"requestId\":\"" ID
      "\",\"status\":\"success\",\"metrics\":{\"durationMs\":2599,\"producedBytes\":8}" SPANS TRACING "}",
      "{\"requestId\":\"" ID
      "\",\"status\":\"success\",\"metrics\":{\"durationMs\":2599,\"producedBytes\":8}" SPANS TRACING "}",
      "{\"requestId\":\"" ID
      "\",\"status\":\"success\",\"metrics\":{\"durationMs\":2599,\"producedBytes\":8}" SPANS TRACING "}"}},
    {{.kind = NOTICE_RUNTIME_DONE, .request_id = ID, .status = "timeout", .duration_us = 3000000},
     "platform.runtimeDone",
     {NULL, "{\"requestId\":\"" ID "\",\"status\":\"timeout\"}",
      "{\"requestId\":\"" ID
      "\",\"status\":\"timeout\",\"metrics\":{\"durationMs\":3000,\"producedBytes\":0}}",
      "{\"requestId\":\"" ID
      "\",\"status\":\"timeout\",\"metrics\":{\"durationMs\":3000,\"producedBytes\":0}}",
      "{\"requestId\":\"" ID
      "\",\"status\":\"timeout\",\"metrics\":{\"durationMs\":3000,\"producedBytes\":0}}"}},
    {{.kind = NOTICE_END, .request_id = ID},
     "platform.end",
     {"{\"requestId\":\"" ID "\"}", "{\"requestId\":\"" ID "\"}"}},
    {{.kind = NOTICE_REPORT,
      .request_id = ID,
      .duration_us = 101510,
      .init_us = 116670,
      .memory_peak_bytes = 33 << 20,
      .spans = {{"extensionOverhead", START_US, 4000}}},
     "platform.report",
     {"{\"requestId\":\"" ID "\"," METRICS "}", "{\"requestId\":\"" ID "\"," METRICS "}",
#define REPORT                                                                                               \
    "{\"requestId\":\"" ID "\"," METRICS                                                                     \
    ",\"status\":\"success\",\"spans\":[{\"name\":\"extensionOverhead\","                                    \
    "\"start\":\"2026-01-31T12:34:56.000Z\",\"durationMs\":4}]}"
      REPORT, REPORT, REPORT}},
#define EXTENSION "{\"name\":\"agent\",\"state\":\"Ready\",\"events\":[\"INVOKE\",\"SHUTDOWN\"]}"
    {{.kind = NOTICE_EXTENSION,
      .name = "agent",
      .state = "Ready",
      .words = {"INVOKE", "SHUTDOWN"},
      .word_count = 2},
     "platform.extension",
     {EXTENSION, EXTENSION, EXTENSION, EXTENSION, EXTENSION}},
#define FAILED                                                                                               \
    "{\"name\":\"agent\",\"state\":\"InitError\",\"events\":[],\"errorType\":\"Extension.InitError\"}"
    {{.kind = NOTICE_EXTENSION, .name = "agent", .state = "InitError", .error_type = "Extension.InitError"},
     "platform.extension",
     {FAILED, FAILED, FAILED, FAILED, FAILED}},
#define SUBSCRIBED "{\"name\":\"agent\",\"state\":\"Subscribed\",\"types\":[\"function\",\"platform\"]}"
    {{.kind = NOTICE_TELEMETRY_SUBSCRIPTION,
      .name = "agent",
      .state = "Subscribed",
      .words = {"function", "platform"},
      .word_count = 2},
     "platform.telemetrySubscription",
     {NULL, NULL, SUBSCRIBED, SUBSCRIBED, SUBSCRIBED}},
    {{.kind = NOTICE_LOGS_SUBSCRIPTION,
      .name = "agent",
      .state = "Subscribed",
      .words = {"function", "platform"},
      .word_count = 2},
     "platform.logsSubscription",
     {SUBSCRIBED, SUBSCRIBED, SUBSCRIBED, SUBSCRIBED, SUBSCRIBED}},
#define DROPPED "{\"droppedBytes\":12345,\"droppedRecords\":123,\"reason\":\"too slow\"}"
    {{.kind = NOTICE_LOGS_DROPPED, .dropped_bytes = 12345, .dropped_records = 123, .reason = "too slow"},
     "platform.logsDropped",
     {DROPPED, DROPPED, DROPPED, DROPPED, DROPPED}},
#define FAULT(rest) "\"RequestId: " ID "\\tStatus: " rest "\\n\""
    {{.kind = NOTICE_FAULT, .request_id = ID, .status = "error", .error_type = "Runtime.ExitError"},
     "platform.fault",
     {FAULT("error\\tErrorType: Runtime.ExitError"), FAULT("error\\tErrorType: Runtime.ExitError")}},
    {{.kind = NOTICE_FAULT, .request_id = ID, .status = "timeout"},
     "platform.fault",
     {FAULT("timeout"), FAULT("timeout")}},
};

/* The hash of a runtime's ARN is of no interest here. */
static void hide_hash(char *text) {
    char *hash = strstr(text, "::runtime:");
    if (!hash)
        return;
    hash += strlen("::runtime:");
    assert_int_equal(strspn(hash, "0123456789abcdef"), 64);
    memmove(hash + 4, hash + 64, strlen(hash + 64) + 1);
    memcpy(hash, "HASH", 4);
}

static void each_event_in_each_schema(void **state) {
    (void)state;
    struct function *function = function_new();
    function_set_text(&function->name, "f");
    function_set_text(&function->runtime, "python3.12");
    snprintf(function->account, sizeof function->account, "123456789012");
    snprintf(function->version, sizeof function->version, "$LATEST");
    function->memory_mb = 256;
    struct notice_origin origin = {
        .function = function, .region = "eu-central-1", .stream = "2026/01/31/[$LATEST]0123"};
    OWN(buf) struct buf text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (enum notice_schema schema = 0; schema < NOTICE_SCHEMAS; schema++) {
            buf_clear(&text);
            notice_append_event(&cases[i].notice, &origin, schema, START_US + 123000, &text);
            OWN_MEM char *got = mem_text(buf_text(&text));
            assert_true(!*got || json_check(got, text.len, NULL));
            hide_hash(got);
            OWN_MEM char *expected =
                cases[i].records[schema]
                    ? mem_format("{\"time\":\"2026-01-31T12:34:56.123Z\",\"type\":\"%s\",\"record\":%s}",
                                 cases[i].type, cases[i].records[schema])
                    : mem_text("");
            assert_string_equal(got, expected);
        }
    }
    function_unref(function);
}

static void every_kind_is_here(void **state) {
    (void)state;
    for (int kind = 0; kind < NOTICE_KINDS; kind++) {
        bool is_here = false;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            is_here |= (int)cases[i].notice.kind == kind;
        assert_true(is_here);
    }
}

static void a_copy_has_texts_of_its_own(void **state) {
    (void)state;
    char words[16][16];
    for (int i = 0; i < 16; i++)
        snprintf(words[i], sizeof words[i], "w%d", i);
    struct notice notice = {.kind = NOTICE_REPORT,
                            .phase = words[0],
                            .request_id = words[1],
                            .status = words[2],
                            .error_type = words[3],
                            .trace_value = words[4],
                            .spans = {{words[5], 1, 2}, {words[6], 3, 4}, {words[7], 5, 6}, {words[8], 7, 8}},
                            .name = words[9],
                            .state = words[10],
                            .words = {words[11], words[12], words[13]},
                            .word_count = 3,
                            .duration_us = 42};
    size_t size;
    OWN_MEM struct notice *copy = notice_copy(&notice, &size);
    memset(words, 'x', sizeof words);
    assert_int_equal(size, sizeof notice + 10 * 3 + 4 * 4);
    assert_string_equal(copy->phase, "w0");
    assert_string_equal(copy->trace_value, "w4");
    assert_string_equal(copy->spans[3].name, "w8");
    assert_int_equal(copy->spans[3].duration_us, 8);
    assert_string_equal(copy->state, "w10");
    assert_string_equal(copy->words[2], "w13");
    assert_null(copy->reason);
    assert_int_equal(copy->duration_us, 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_in_each_schema),
        cmocka_unit_test(every_kind_is_here),
        cmocka_unit_test(a_copy_has_texts_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Asynchronous events in their queue, and the texts of what they come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "queue/async_key.h"
#include "queue/event.h"
#include "queue/result.h"

#define ID "11111111-2222-4333-8444-555555555555"
#define ARN "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST"
#define NOW_US 1573845376568000ll /* 2019-11-15T19:16:16.568Z */

static struct event new_event(const char *payload) {
    struct event event = {
        .request_id = ID,
        .qualifier = mem_text("live"),
        .trace_id = mem_text("Root=1-5759e988-bd862e3fe1be46a994272793"),
        .payload = mem_text(payload),
        .payload_len = strlen(payload),
        .history = {.accepted_us = NOW_US},
    };
    return event;
}

static void an_event_comes_back_as_it_was(void **state) {
    (void)state;
    OWN(event) struct event event = new_event("{\"a\":\"\\u0000\"}");
    OWN(event) struct event read = {0};
    OWN(buf) struct buf attributes;
    buf_init(&attributes, EVENT_ATTRIBUTES_BYTES);
    event.history.errors = 2;
    event.history.put_backs = 70000;
    event_write(&event, &attributes);
    assert_true(event_read(attributes.data, attributes.len, event.payload, event.payload_len,
                           event_mark(&event), &read, NULL));
    assert_string_equal(read.request_id, ID);
    assert_string_equal(read.qualifier, "live");
    assert_string_equal(read.trace_id, event.trace_id);
    assert_string_equal(read.payload, event.payload);
    assert_int_equal(read.payload_len, event.payload_len);
    assert_int_equal(read.history.accepted_us, NOW_US);
    assert_int_equal(read.history.errors, 2);
    assert_int_equal(read.history.put_backs, 70000);
}

static void damaged_attributes_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"requestId\":\"" ID "\"}",
        "{\"requestId\":\"" ID "x\",\"qualifier\":\"\",\"traceId\":\"\",\"acceptedUs\":1}",
        "{\"requestId\":\"" ID "\",\"qualifier\":\"\",\"traceId\":\"\",\"acceptedUs\":\"1\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct event event;
        struct err err;
        assert_false(event_read(texts[i], strlen(texts[i]), "{}", 2, 0, &event, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
    }
}

static void keys_tell_the_function(void **state) {
    (void)state;
    char key[ASYNC_KEY_BYTES];
    char account[ACCOUNT_BYTES];
    char name[LIMIT_FUNCTION_NAME_CHARS + 1];
    async_key("123456789012", "f", key);
    assert_string_equal(key, "async/123456789012/f");
    assert_true(async_key_read(key, account, name));
    assert_string_equal(account, "123456789012");
    assert_string_equal(name, "f");
    assert_false(async_key_read("sqs/123456789012/f", account, name));
    assert_false(async_key_read("async/12345678901/f", account, name));
}

static void check_record(const struct result *result, const char *expected) {
    OWN(buf) struct buf record;
    buf_init(&record, 4096);
    result_write_record(result, NOW_US, &record);
    assert_string_equal(buf_text(&record), expected);
    assert_true(json_check(record.data, record.len, NULL));
}

/* Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations". */
static void records_have_the_members_of_the_service(void **state) {
    (void)state;
    OWN(event) struct event event = new_event("{\"k\": 1}");
    struct result result = {.event = &event,
                            .function_arn = ARN,
                            .condition = RETRY_EXHAUSTED,
                            .runs = 3,
                            .has_response = true,
                            .executed_version = "$LATEST",
                            .is_function_error = true,
                            .response = "{\"errorMessage\":\"no\"}",
                            .response_len = strlen("{\"errorMessage\":\"no\"}")};
    check_record(&result,
                 "{\"version\":\"1.0\",\"timestamp\":\"2019-11-15T19:16:16.568Z\",\"requestContext\":{"
                 "\"requestId\":\"" ID "\",\"functionArn\":\"" ARN "\",\"condition\":\"RetriesExhausted\","
                 "\"approximateInvokeCount\":3},\"requestPayload\":{\"k\": 1},\"responseContext\":{"
                 "\"statusCode\":200,\"executedVersion\":\"$LATEST\",\"functionError\":\"Unhandled\"},"
                 "\"responsePayload\":{\"errorMessage\":\"no\"}}");
    result.condition = RETRY_SUCCESS;
    result.runs = 1;
    result.is_function_error = false;
    result.response = "no json \"";
    result.response_len = strlen(result.response);
    check_record(&result,
                 "{\"version\":\"1.0\",\"timestamp\":\"2019-11-15T19:16:16.568Z\",\"requestContext\":{"
                 "\"requestId\":\"" ID "\",\"functionArn\":\"" ARN "\",\"condition\":\"Success\","
                 "\"approximateInvokeCount\":1},\"requestPayload\":{\"k\": 1},\"responseContext\":{"
                 "\"statusCode\":200,\"executedVersion\":\"$LATEST\"},\"responsePayload\":\"no json \\\"\"}");
    result.condition = RETRY_NO_CONCURRENCY;
    result.runs = 0;
    result.has_response = false;
    check_record(&result,
                 "{\"version\":\"1.0\",\"timestamp\":\"2019-11-15T19:16:16.568Z\",\"requestContext\":{"
                 "\"requestId\":\"" ID "\",\"functionArn\":\"" ARN
                 "\",\"condition\":\"ZeroReservedConcurrency\",\"approximateInvokeCount\":0},"
                 "\"requestPayload\":{\"k\": 1}}");
}

static void dead_letters_say_what_went_wrong(void **state) {
    (void)state;
    OWN(event) struct event event = new_event("{}");
    struct result result = {.event = &event, .condition = RETRY_EXHAUSTED, .has_response = true};
    struct result_error error;
    result.response = "{\"errorType\":\"E\",\"errorMessage\":\"too b\\u00e4d\"}";
    result.response_len = strlen(result.response);
    result_describe_error(&result, &error);
    assert_string_equal(error.code, "200");
    assert_string_equal(error.message, "too b\xc3\xa4"
                                       "d");
    result.response = "plain";
    result.response_len = 5;
    result_describe_error(&result, &error);
    assert_string_equal(error.message, "plain");
    result.has_response = false;
    result.condition = RETRY_NO_CONCURRENCY;
    result_describe_error(&result, &error);
    assert_string_equal(error.code, "429");
    assert_string_equal(error.message, "Rate Exceeded.");
}

static void messages_of_dead_letters_are_cut_between_characters(void **state) {
    (void)state;
    OWN(event) struct event event = new_event("{}");
    char response[3001];
    for (size_t i = 0; i < 3000; i += 3)
        memcpy(response + i, "\xe2\x82\xac", 3);
    const struct result result = {.event = &event,
                                  .condition = RETRY_EXHAUSTED,
                                  .has_response = true,
                                  .response = response,
                                  .response_len = 3000};
    struct result_error error;
    result_describe_error(&result, &error);
    assert_int_equal(strlen(error.message), 1023);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_back_as_it_was),
        cmocka_unit_test(damaged_attributes_are_refused),
        cmocka_unit_test(keys_tell_the_function),
        cmocka_unit_test(records_have_the_members_of_the_service),
        cmocka_unit_test(dead_letters_say_what_went_wrong),
        cmocka_unit_test(messages_of_dead_letters_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

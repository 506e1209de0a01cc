/* The requests that deliver results to services elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ident.h"
#include "base/mem.h"
#include "queue/courier_request.h"

#define FUNCTION "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
#define NOW_US 1573845376568000ll

static struct letter new_letter(const char *to, bool is_dead) {
    const char *body = is_dead ? "{\"a\":1}" : "{\"version\":\"1.0\"}";
    return (struct letter){
        .to = mem_text(to),
        .body = mem_text(body),
        .body_len = strlen(body),
        .function_arn = mem_text(FUNCTION),
        .request_id = mem_text("id"),
        .trace_id = mem_text("Root=1"),
        .error_code = mem_text(is_dead ? "200" : NULL),
        .error_message = mem_text(is_dead ? "a & b" : NULL),
    };
}

static void check(const char *to, bool is_dead, const char *url, const char *body) {
    OWN(letter) struct letter letter = new_letter(to, is_dead);
    OWN(courier_request) struct courier_request request;
    courier_request_init(&request, &letter, "http://there:1", "us-east-1", NOW_US);
    assert_string_equal(request.url, url);
    assert_string_equal(buf_text(&request.body), body);
}

static void letters_come_back_as_they_were(void **state) {
    (void)state;
    for (int is_dead = 0; is_dead < 2; is_dead++) {
        OWN(letter) struct letter letter = new_letter("arn:aws:sns:eu-west-1:123456789012:t", is_dead != 0);
        OWN(letter) struct letter read = {0};
        OWN(buf) struct buf attributes;
        buf_init(&attributes, LETTER_ATTRIBUTES_BYTES);
        letter.is_success = !is_dead;
        letter_write(&letter, &attributes);
        assert_true(letter_read(attributes.data, attributes.len, letter.body, letter.body_len, &read, NULL));
        assert_string_equal(read.to, letter.to);
        assert_string_equal(read.body, letter.body);
        assert_string_equal(read.function_arn, FUNCTION);
        assert_int_equal(letter_is_dead(&read), is_dead);
        assert_int_equal(read.is_success, !is_dead);
        assert_false(letter_read("{}", 2, "", 0, &read, NULL));
    }
}

static void queues_get_the_body_and_attributes(void **state) {
    (void)state;
    check("arn:aws:sqs:eu-west-1:123456789012:q", false, "http://there:1/",
          "{\"QueueUrl\":\"http://there:1/123456789012/q\",\"MessageBody\":\"{\\\"version\\\":\\\"1.0\\\"}\","
          "\"MessageAttributes\":{},\"MessageSystemAttributes\":{\"AWSTraceHeader\":{\"DataType\":\"String\","
          "\"StringValue\":\"Root=1\"}}}");
    check("arn:aws:sqs:eu-west-1:123456789012:q", true, "http://there:1/",
          "{\"QueueUrl\":\"http://there:1/123456789012/q\",\"MessageBody\":\"{\\\"a\\\":1}\","
          "\"MessageAttributes\":{\"RequestID\":{\"DataType\":\"String\",\"StringValue\":\"id\"},"
          "\"ErrorCode\":{\"DataType\":\"Number\",\"StringValue\":\"200\"},"
          "\"ErrorMessage\":{\"DataType\":\"String\",\"StringValue\":\"a & b\"}},"
          "\"MessageSystemAttributes\":{\"AWSTraceHeader\":{\"DataType\":\"String\","
          "\"StringValue\":\"Root=1\"}}}");
}

static void topics_get_a_form(void **state) {
    (void)state;
    check("arn:aws:sns:eu-west-1:123456789012:t", true, "http://there:1/",
          "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3At"
          "&Message=%7B%22a%22%3A1%7D"
          "&MessageAttributes.entry.1.Name=RequestID&MessageAttributes.entry.1.Value.DataType=String"
          "&MessageAttributes.entry.1.Value.StringValue=id"
          "&MessageAttributes.entry.2.Name=ErrorCode&MessageAttributes.entry.2.Value.DataType=Number"
          "&MessageAttributes.entry.2.Value.StringValue=200"
          "&MessageAttributes.entry.3.Name=ErrorMessage&MessageAttributes.entry.3.Value.DataType=String"
          "&MessageAttributes.entry.3.Value.StringValue=a%20%26%20b");
}

static void buses_get_an_entry(void **state) {
    (void)state;
    check("arn:aws:events:eu-west-1:123456789012:event-bus/b", false, "http://there:1/",
          "{\"Entries\":[{\"Source\":\"lambda\",\"Resources\":["
          "\"arn:aws:events:eu-west-1:123456789012:event-bus/b\",\"" FUNCTION "\"],"
          "\"DetailType\":\"Lambda Function Invocation Result - Failure\","
          "\"Detail\":\"{\\\"version\\\":\\\"1.0\\\"}\","
          "\"EventBusName\":\"arn:aws:events:eu-west-1:123456789012:event-bus/b\","
          "\"TraceHeader\":\"Root=1\"}]}");
}

static void buckets_get_an_object_named_by_the_moment(void **state) {
    (void)state;
    OWN(letter) struct letter letter = new_letter("arn:aws:s3:::bucket", false);
    OWN(courier_request) struct courier_request request;
    courier_request_init(&request, &letter, "http://there:1", "us-east-1", NOW_US);
    static const char start[] = "http://there:1/bucket/aws/lambda/async/f/2019/11/15/2019-11-15T19.16.16-";
    assert_memory_equal(request.url, start, strlen(start));
    assert_true(ident_is_uuid(request.url + strlen(start), strlen(request.url) - strlen(start)));
    assert_string_equal(request.method, "PUT");
    assert_string_equal(request.region, "us-east-1");
    assert_int_equal(request.body.len, 0);
}

static bool is_taken(enum courier_service service, int status, const char *text) {
    const struct courier_request request = {.service = service, .url = (char *)(uintptr_t) "http://there:1/"};
    OWN(buf) struct buf answer;
    buf_init(&answer, 1000);
    buf_append_text(&answer, text);
    return courier_request_check(&request, status, &answer, NULL);
}

static void answers_say_whether_it_was_taken(void **state) {
    (void)state;
    assert_true(is_taken(COURIER_SQS, 200, "{}"));
    assert_true(is_taken(COURIER_S3, 204, ""));
    assert_false(is_taken(COURIER_SNS, 403, "denied"));
    assert_false(is_taken(COURIER_SQS, 302, ""));
    assert_true(is_taken(COURIER_EVENTS, 200, "{\"FailedEntryCount\":0}"));
    assert_false(is_taken(COURIER_EVENTS, 200, "{\"FailedEntryCount\":1}"));
}

static void other_services_are_not_known(void **state) {
    (void)state;
    enum courier_service service;
    assert_false(courier_service_of("arn:aws:iam::1:role/r", &service));
    assert_false(courier_service_of("sqs", &service));
    assert_false(courier_service_of("", &service));
    assert_true(courier_service_of("arn:aws:s3:::b", &service));
    assert_int_equal(service, COURIER_S3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_come_back_as_they_were),
        cmocka_unit_test(queues_get_the_body_and_attributes),
        cmocka_unit_test(topics_get_a_form),
        cmocka_unit_test(buses_get_an_entry),
        cmocka_unit_test(buckets_get_an_object_named_by_the_moment),
        cmocka_unit_test(answers_say_whether_it_was_taken),
        cmocka_unit_test(other_services_are_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

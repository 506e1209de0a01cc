/* model/sqs: attributes of queues and messages, redrive policies; api/form: requests of the query protocol as
 * JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/form.h"
#include "base/mem.h"
#include "model/sqs/members.h"
#include "model/sqs/message_attributes.h"
#include "model/sqs/queue_attributes.h"
#include "model/sqs/redrive.h"

/* A text as JSON; the document is freed by the caller. */
static struct json_value parse(struct json_doc *doc, const char *text) {
    struct err err;
    if (!json_parse(doc, text, strlen(text), 1000, &err))
        fail_msg("%s: %s", text, err.text);
    return json_root(doc);
}

/* ---- forms ---- */

static void assert_form(const struct constraint *members, const char *form, const char *expected) {
    OWN(buf) struct buf json;
    struct err err;
    buf_init(&json, 4096);
    if (!form_to_json(members, form, strlen(form), &json, &err))
        fail_msg("%s: %s", form, err.text);
    assert_string_equal(buf_text(&json), expected);
}

static void form_becomes_json(void **state) {
    (void)state;
    assert_form(sqs_create_queue_members,
                "Action=CreateQueue&QueueName=a%20b&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&"
                "Attribute.2.Value=%22&Attribute.2.Name=x&Tag.1.Key=k&Tag.1.Value=",
                "{\"Attributes\":{\"DelaySeconds\":\"5\",\"x\":\"\\\"\"},\"QueueName\":\"a b\","
                "\"tags\":{\"k\":\"\"}}");
    assert_form(sqs_send_message_members,
                "MessageBody=b&DelaySeconds=7&MessageAttribute.1.Name=n&"
                "MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v",
                "{\"DelaySeconds\":7,\"MessageAttributes\":{\"n\":{\"DataType\":\"String\","
                "\"StringValue\":\"v\"}},\"MessageBody\":\"b\"}");
}

static void items_are_in_the_order_of_their_numbers(void **state) {
    (void)state;
    assert_form(sqs_get_queue_attributes_members,
                "AttributeName.10=c&AttributeName.9=b&AttributeName.2=a&AttributeName.x=no&AttributeName=no",
                "{\"AttributeNames\":[\"a\",\"b\",\"c\"]}");
    assert_form(sqs_delete_message_batch_members,
                "DeleteMessageBatchRequestEntry.2.Id=2&DeleteMessageBatchRequestEntry.1.Id=1&"
                "DeleteMessageBatchRequestEntry.1.ReceiptHandle=r",
                "{\"Entries\":[{\"Id\":\"1\",\"ReceiptHandle\":\"r\"},{\"Id\":\"2\"}]}");
}

static void strange_forms_do_no_harm(void **state) {
    (void)state;
    assert_form(sqs_send_message_members, "", "{}");
    assert_form(sqs_send_message_members, "&&=&a=b&.=.&MessageBody=1&MessageBody=2",
                "{\"MessageBody\":\"1\"}");
    assert_form(sqs_send_message_members, "DelaySeconds=x&QueueUrl.1=u",
                "{\"DelaySeconds\":\"x\",\"QueueUrl\":null}");
    assert_form(sqs_send_message_members, "a.b.c.d.e.f.g.h.i.j=1&MessageAttribute.1.Value=x",
                "{\"MessageAttributes\":{}}");
    assert_form(sqs_send_message_members, "MessageAttribute.1.Name=n",
                "{\"MessageAttributes\":{\"n\":null}}");
    OWN(buf) struct buf json;
    struct err err;
    buf_init(&json, 4096);
    assert_false(form_to_json(sqs_send_message_members, "MessageBody=%zz", 15, &json, &err));
    /* In whatever order they come, what is no number keeps nothing apart. */
    assert_form(sqs_delete_message_batch_members,
                "DeleteMessageBatchRequestEntry.10.Id=b&DeleteMessageBatchRequestEntry.2.Id=a&"
                "DeleteMessageBatchRequestEntry.1a.Id=x&DeleteMessageBatchRequestEntry.2.ReceiptHandle=r&"
                "DeleteMessageBatchRequestEntry.1b.Id=y&DeleteMessageBatchRequestEntry.10.ReceiptHandle=s",
                "{\"Entries\":[{\"Id\":\"a\",\"ReceiptHandle\":\"r\"},"
                "{\"Id\":\"b\",\"ReceiptHandle\":\"s\"}]}");
    assert_int_equal(err.code, ERR_SYNTAX);
}

/* ---- attributes of messages ---- */

static bool read_attributes(const char *text, struct message_attributes *attributes, struct err *err) {
    struct json_doc doc;
    bool ok = message_attributes_read(attributes, parse(&doc, text), err);
    json_doc_done(&doc);
    return ok;
}

static void assert_refused(const char *text, enum err_code code, const char *message) {
    struct message_attributes attributes = {0};
    struct err err;
    assert_false(read_attributes(text, &attributes, &err));
    message_attributes_done(&attributes);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, message));
}

/* Recorded from the service: what it answered to messages with these attributes. */
static void md5_is_the_services(void **state) {
    (void)state;
    static const struct {
        const char *attributes;
        const char *md5;
    } recorded[] = {
        {"{\"Hello\":{\"DataType\":\"String\",\"StringValue\":\"There\"},"
         "\"General\":{\"DataType\":\"String\",\"StringValue\":\"Kenobi\"},"
         "\"Help.Me\":{\"DataType\":\"String\",\"StringValue\":\"Me\"}}",
         "4c360f3fdafd970e05fae2f149d997f5"},
        {"{\"Hello\":{\"DataType\":\"String\",\"StringValue\":\"There\"}}",
         "a311262e065454b75da111d535b8dacd"},
        {"{\"Foo\":{\"DataType\":\"String\",\"StringValue\":\"Bar\"}}", "ae7155c6026991b6d54b11589678bf9c"},
        {"{\"attr1\":{\"DataType\":\"Binary\",\"BinaryValue\":"
         "\"dHJhY2VwYXJlbnQeMDAtNzc0MDYyZDZjMzcwODFhNWEwYjliNWI4OGUzMDYyN2MtMmQyNDgyMjExZjY0ODlkYS0wMQ==\"}}",
         "8cbe4db156db8a94db8b801b7addb984"},
    };
    for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++) {
        struct message_attributes attributes = {0};
        char md5[DIGEST_MD5_HEX_BYTES];
        struct err err;
        if (!read_attributes(recorded[i].attributes, &attributes, &err))
            fail_msg("%s", err.text);
        message_attributes_md5(&attributes, md5);
        assert_string_equal(md5, recorded[i].md5);
        message_attributes_done(&attributes);
    }
}

static void strange_attributes_are_refused(void **state) {
    (void)state;
    assert_refused("{\"AWS.x\":{\"DataType\":\"String\",\"StringValue\":\"v\"}}", ERR_PARAMETER, "reserved");
    assert_refused("{\"a..b\":{\"DataType\":\"String\",\"StringValue\":\"v\"}}", ERR_PARAMETER, "succession");
    assert_refused("{\"\":{\"DataType\":\"String\",\"StringValue\":\"v\"}}", ERR_PARAMETER, "length");
    assert_refused("{\"a\":{}}", ERR_PARAMETER, "non-empty message attribute type");
    assert_refused("{\"a\":null}", ERR_PARAMETER, "non-empty message attribute type");
    assert_refused("{\"a\":{\"DataType\":\"Stringy\",\"StringValue\":\"v\"}}", ERR_PARAMETER, "prefixes");
    assert_refused("{\"a\":{\"DataType\":\"Number\",\"StringValue\":\"0x10\"}}", ERR_PARAMETER, "cast");
    assert_refused("{\"a\":{\"DataType\":\"Number\",\"StringValue\":\"nan\"}}", ERR_PARAMETER, "cast");
    assert_refused("{\"a\":{\"DataType\":\"Binary\",\"BinaryValue\":\"=\"}}", ERR_SYNTAX, "base64");
    assert_refused("{\"a\":{\"DataType\":\"String\",\"StringValue\":\"\\u0001\"}}", ERR_CONTENTS, "#x9");
    assert_refused("{\"a\":{\"DataType\":\"String\",\"StringListValues\":[\"v\"]}}", ERR_UNSUPPORTED, "list");
}

static void kept_attributes_are_what_was_sent(void **state) {
    (void)state;
    static const char sent[] = "{\"b\":{\"Junk\":1,\"DataType\":\"Number\",\"StringValue\":\"-1.5e3\"},"
                               "\"a\":{\"DataType\":\"Binary\",\"BinaryValue\":\"AP8=\"}}";
    static const char kept[] = "{\"a\":{\"BinaryValue\":\"AP8=\",\"DataType\":\"Binary\"},"
                               "\"b\":{\"StringValue\":\"-1.5e3\",\"DataType\":\"Number\"}}";
    struct message_attributes attributes = {0};
    struct json_writer json;
    struct err err;
    OWN(buf) struct buf buf;
    assert_true(read_attributes(sent, &attributes, &err));
    assert_int_equal(message_attributes_bytes(&attributes), strlen("bNumber-1.5e3aBinary") + 2);
    buf_init(&buf, 4096);
    json_writer_init(&json, &buf);
    message_attributes_write(&attributes, &json);
    assert_string_equal(buf_text(&buf), kept);
    message_attributes_done(&attributes);
}

static void text_of_messages(void **state) {
    (void)state;
    assert_true(message_text_is_valid("a\t\n\r\xc3\xa9\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80", 16));
    static const char *const bad[] = {"\x01", "\x1f", "\xff", "\xed\xa0\x80", "\xef\xbf\xbe", "\xc3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(message_text_is_valid(bad[i], strlen(bad[i])));
}

/* ---- attributes of queues ---- */

static void queue_attributes_have_defaults(void **state) {
    (void)state;
    struct queue_attributes attributes = {0};
    struct json_doc doc;
    struct err err;
    assert_int_equal(queue_attributes_number(&attributes, QUEUE_VISIBILITY_SECONDS), 30);
    assert_null(queue_attributes_text(&attributes, QUEUE_FIFO));
    assert_null(queue_attributes_text(&attributes, QUEUE_DEDUPLICATION_SCOPE));
    struct json_value map = parse(&doc, "{\"FifoQueue\":\"true\",\"DelaySeconds\":\"900\"}");
    assert_true(queue_attributes_create(&attributes, map, &err));
    assert_int_equal(queue_attributes_number(&attributes, QUEUE_DELAY_SECONDS), 900);
    assert_string_equal(queue_attributes_text(&attributes, QUEUE_DEDUPLICATION_SCOPE), "queue");
    assert_true(queue_attributes_flag(&attributes, QUEUE_FIFO));
    enum queue_attribute attribute;
    assert_false(queue_attributes_differ(&attributes, map, &attribute));
    json_doc_done(&doc);
    map = parse(&doc, "{\"DelaySeconds\":\"900\",\"VisibilityTimeout\":\"31\"}");
    assert_true(queue_attributes_differ(&attributes, map, &attribute));
    assert_int_equal(attribute, QUEUE_VISIBILITY_SECONDS);
    json_doc_done(&doc);
    queue_attributes_done(&attributes);
}

static void redrive_policies(void **state) {
    (void)state;
    struct redrive redrive;
    struct err err;
    assert_true(redrive_parse("{\"deadLetterTargetArn\":\"arn:aws:sqs:r:1:q\",\"maxReceiveCount\":\"7\"}",
                              &redrive, &err));
    assert_int_equal(redrive.max_receives, 7);
    assert_string_equal(redrive.target_arn, "arn:aws:sqs:r:1:q");
    assert_false(redrive_parse("{\"deadLetterTargetArn\":\"arn:aws:sqs:r:1:q\",\"maxReceiveCount\":1001}",
                               &redrive, &err));
    assert_false(redrive_parse("[]", &redrive, &err));
    assert_true(redrive_allow_check("{\"redrivePermission\":\"denyAll\"}", &err));
    assert_false(redrive_allow_check("{\"redrivePermission\":\"byQueue\"}", &err));
    assert_false(redrive_allow_check("{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[1]}", &err));
    assert_true(redrive_allows(NULL, "a"));
    assert_true(redrive_allows("{\"redrivePermission\":\"allowAll\"}", "a"));
    assert_false(redrive_allows("{\"redrivePermission\":\"denyAll\"}", "a"));
    assert_true(redrive_allows("{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"b\",\"a\"]}", "a"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_becomes_json),
        cmocka_unit_test(items_are_in_the_order_of_their_numbers),
        cmocka_unit_test(strange_forms_do_no_harm),
        cmocka_unit_test(md5_is_the_services),
        cmocka_unit_test(strange_attributes_are_refused),
        cmocka_unit_test(kept_attributes_are_what_was_sent),
        cmocka_unit_test(text_of_messages),
        cmocka_unit_test(queue_attributes_have_defaults),
        cmocka_unit_test(redrive_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

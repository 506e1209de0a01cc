/* model/event_source and model/filter_pattern: which mapping is fine, and what is said of one that isn't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "model/event_source.h"
#include "model/filter_pattern.h"

#define QUEUE "arn:aws:sqs:us-east-1:000000000000:q"
#define STREAM "arn:aws:kinesis:us-east-1:000000000000:stream/s"
#define TABLE "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/2026"
#define CLUSTER "arn:aws:kafka:us-east-1:000000000000:cluster/c/1"
#define BROKER "arn:aws:mq:us-east-1:000000000000:broker:b:1"
#define DATABASE "arn:aws:rds:us-east-1:000000000000:cluster:d"
#define ACCESS "\"SourceAccessConfigurations\":[{}]"

static const struct {
    const char *arn;
    const char *mapping;
    const char *refusal; /* NULL: it is fine */
} rows[] = {
    {QUEUE, "{}", NULL},
    {QUEUE, "{\"BatchSize\":10}", NULL},
    {QUEUE, "{\"BatchSize\":11,\"MaximumBatchingWindowInSeconds\":1}", NULL},
    {QUEUE, "{\"BatchSize\":11,\"MaximumBatchingWindowInSeconds\":0}",
     "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
    {QUEUE ".fifo", "{\"BatchSize\":11}", "Batch size must be less than or equal to 10 for FIFO queues."},
    {QUEUE ".fifo", "{\"MaximumBatchingWindowInSeconds\":1}",
     "Batching window is not supported for FIFO queues."},
    {QUEUE, "{\"DestinationConfig\":{}}",
     "Unsupported DestinationConfig parameter for given event source mapping type."},
    {QUEUE, "{\"StartingPosition\":\"LATEST\"}",
     "Unsupported StartingPosition parameter for given event source mapping type."},
    {STREAM, "{\"StartingPosition\":\"LATEST\"}", NULL},
    {STREAM, "{}",
     "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member "
     "must "
     "not be null."},
    {STREAM, "{\"StartingPosition\":\"AT_TIMESTAMP\",\"StartingPositionTimestamp\":1}", NULL},
    {STREAM, "{\"StartingPosition\":\"AT_TIMESTAMP\"}",
     "StartingPosition AT_TIMESTAMP needs StartingPositionTimestamp: the time to begin at."},
    {STREAM, "{\"StartingPosition\":\"LATEST\",\"StartingPositionTimestamp\":1}",
     "StartingPositionTimestamp is only for the StartingPosition AT_TIMESTAMP."},
    {TABLE, "{\"StartingPosition\":\"AT_TIMESTAMP\",\"EventSourceArn\":\"" TABLE "\"}",
     "Unsupported starting position for arn type: " TABLE},
    {TABLE, "{\"StartingPosition\":\"TRIM_HORIZON\",\"ScalingConfig\":{}}",
     "Unsupported ScalingConfig parameter for given event source mapping type."},
    {CLUSTER, "{\"StartingPosition\":\"LATEST\",\"Topics\":[\"t\"]}", NULL},
    {CLUSTER, "{\"StartingPosition\":\"LATEST\"}", "Required 'topics' parameter is missing."},
    {NULL, "{\"Topics\":[\"t\"],\"StartingPosition\":\"LATEST\"," ACCESS "}", NULL},
    {NULL, "{\"Topics\":[\"t\"],\"StartingPosition\":\"LATEST\"}",
     "Required 'sourceAccessConfigurations' parameter is missing."},
    {BROKER, "{\"Queues\":[\"q\"]," ACCESS "}", NULL},
    {BROKER, "{" ACCESS "}", "Required 'queues' parameter is missing."},
    {DATABASE, "{\"DocumentDBEventSourceConfig\":{},\"StartingPosition\":\"LATEST\"," ACCESS "}", NULL},
    {DATABASE, "{\"StartingPosition\":\"LATEST\"," ACCESS "}",
     "Required 'documentDBEventSourceConfig' parameter is missing."},
    {QUEUE, "{\"FilterCriteria\":{\"Filters\":[{\"Pattern\":\"{\\\"a\\\":[1]}\"}]}}", NULL},
    {QUEUE, "{\"FilterCriteria\":{\"Filters\":[{\"Pattern\":\"{\\\"a\\\":1}\"}]}}",
     "Invalid filter pattern definition."},
    {QUEUE, "{\"FilterCriteria\":{\"Filters\":[{}]}}", "Invalid filter pattern definition."},
};

static void mappings_are_checked_by_their_source(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_doc doc, self_managed;
        struct event_source source;
        struct err err = {0};
        assert_true(json_parse(&doc, rows[i].mapping, strlen(rows[i].mapping), 100, &err));
        assert_true(json_parse(&self_managed, "{}", 2, 10, &err));
        struct json_value managed = rows[i].arn ? (struct json_value){0} : json_root(&self_managed);
        assert_true(event_source_read(rows[i].arn, managed, &source, &err));
        bool ok = event_source_check(&source, json_root(&doc), &err);
        assert_int_equal(ok, rows[i].refusal == NULL);
        if (!ok)
            assert_string_equal(err.text, rows[i].refusal);
        json_doc_done(&doc);
        json_doc_done(&self_managed);
    }
}

static void unknown_sources_are_refused(void **state) {
    (void)state;
    static const char *const arns[] = {
        NULL,
        "",
        "arn",
        "arn:aws:sns:us-east-1:000000000000:t",
        "arn:aws:dynamodb:us-east-1:000000000000:table/t",
        "arn:aws:a-service-with-a-long-name:us-east-1:000000000000:x",
    };
    for (size_t i = 0; i < sizeof arns / sizeof arns[0]; i++) {
        struct event_source source;
        struct err err;
        assert_false(event_source_read(arns[i], (struct json_value){0}, &source, &err));
        assert_int_equal(err.code, ERR_PARAMETER);
        assert_string_equal(err.text, "Unrecognized event source.");
    }
}

static void defaults_depend_on_the_source(void **state) {
    (void)state;
    const struct event_source queue = {.type = EVENT_SOURCE_SQS};
    const struct event_source stream = {.type = EVENT_SOURCE_KINESIS, .is_stream = true};
    assert_string_equal(event_source_default(&queue, "BatchSize"), "10");
    assert_string_equal(event_source_default(&stream, "BatchSize"), "100");
    assert_null(event_source_default(&queue, "ParallelizationFactor"));
    assert_string_equal(event_source_default(&stream, "ParallelizationFactor"), "1");
    assert_null(event_source_default(&stream, "FilterCriteria"));
}

static void patterns(void **state) {
    (void)state;
    static const char *const valid[] = {
        "{\"a\":[\"x\"]}",
        "{\"a\":{\"b\":[1,null,true,\"\"]}}",
        "{\"a\":[{\"prefix\":\"x\"},{\"suffix\":\"y\"},{\"equals-ignore-case\":\"z\"}]}",
        "{\"a\":[{\"anything-but\":[\"x\",1]}],\"b\":[{\"anything-but\":\"x\"}]}",
        "{\"a\":[{\"numeric\":[\">\",10]}],\"b\":[{\"numeric\":[\">\",10,\"<=\",20]}]}",
        "{\"a\":[{\"exists\":false}]}",
        "{\"$or\":[{\"a\":[1]},{\"b\":{\"c\":[2]}}]}",
    };
    static const char *const invalid[] = {
        "",
        "[]",
        "\"x\"",
        "{}",
        "{\"a\":1}",
        "{\"a\":\"x\"}",
        "{\"a\":[]}",
        "{\"a\":{}}",
        "{\"a\":[[1]]}",
        "{\"a\":[{\"other\":1}]}",
        "{\"a\":[{\"prefix\":1}]}",
        "{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}",
        "{\"a\":[{\"numeric\":[\">\"]}]}",
        "{\"a\":[{\"numeric\":[10,\">\"]}]}",
        "{\"a\":[{\"numeric\":[\"~\",1]}]}",
        "{\"a\":[{\"exists\":\"yes\"}]}",
        "{\"a\":[{\"anything-but\":[]}]}",
        "{\"$or\":[]}",
        "{\"$or\":[1]}",
        "{\"a\":[1]",
        "{\"a\":[{}]}",
    };
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
        assert_true(filter_pattern_is_valid(valid[i], strlen(valid[i])));
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        assert_false(filter_pattern_is_valid(invalid[i], strlen(invalid[i])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mappings_are_checked_by_their_source),
        cmocka_unit_test(unknown_sources_are_refused),
        cmocka_unit_test(defaults_depend_on_the_source),
        cmocka_unit_test(patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

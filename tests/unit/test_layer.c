/* model/layer: names of layers, and what is recorded of a version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "model/layer.h"

#define HOME "arn:aws:lambda:us-east-1:123456789012:layer:"
#define DIGEST "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_names(void **state) {
    (void)state;
    struct layer_ref ref;
    assert_true(layer_ref_parse("my_layer-1", &ref));
    assert_string_equal(ref.name, "my_layer-1");
    assert_string_equal(ref.account, "");
    assert_string_equal(ref.region, "");
    assert_int_equal(ref.version, 0);
    assert_true(layer_ref_parse(HOME "tools", &ref));
    assert_string_equal(ref.name, "tools");
    assert_string_equal(ref.account, "123456789012");
    assert_string_equal(ref.region, "us-east-1");
    assert_int_equal(ref.version, 0);
    assert_true(layer_ref_parse(HOME "tools:17", &ref));
    assert_int_equal(ref.version, 17);
    assert_true(layer_ref_parse(HOME "tools:0017", &ref));
    assert_int_equal(ref.version, 17);
    assert_true(layer_ref_parse(HOME "tools:999999999999", &ref));
    assert_int_equal(ref.version, LAYER_MAX_VERSION);
}

static void test_other_texts(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "a:b",
        "arn:aws:lambda:::awslayer:AmazonLinux1803",
        HOME,
        HOME "tools:",
        HOME "tools:0",
        HOME "tools:x",
        HOME "tools:-1",
        HOME "tools:1:2",
        HOME "tools:1:2:3",
        HOME "tools:1000000000000",
        HOME "tools:99999999999999999999999999",
        "arn:aws:lambda:us-east-1:123456789012:function:tools:1",
        "arn:aws:lambda:us-east-1:1234567890123:layer:tools:1",
        "arn:aws:s3:us-east-1:123456789012:layer:tools:1",
        "arn:aws:lambda:us-east-1:123456789012:layer",
        "arn:aws:lambda::123456789012:layer:tools:1",
    };
    struct layer_ref ref = {.version = 7};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (layer_ref_parse(texts[i], &ref) || ref.version != 7)
            fail_msg("%s", texts[i]);
    char name[160];
    memset(name, 'n', sizeof name);
    name[140] = '\0';
    assert_true(layer_ref_parse(name, &ref));
    name[140] = 'n';
    name[141] = '\0';
    assert_false(layer_ref_parse(name, &ref));
}

static void test_arns(void **state) {
    (void)state;
    char arn[LAYER_ARN_BYTES];
    layer_arn_format("us-east-1", "123456789012", "tools", 0, arn);
    assert_string_equal(arn, HOME "tools");
    layer_arn_format("us-east-1", "123456789012", "tools", 3, arn);
    assert_string_equal(arn, HOME "tools:3");
    layer_arn_format("cn-north-1", "123456789012", "tools", 1, arn);
    assert_string_equal(arn, "arn:aws-cn:lambda:cn-north-1:123456789012:layer:tools:1");
    char name[LAYER_NAME_BYTES], region[LAYER_NAME_BYTES];
    memset(name, 'n', sizeof name - 1);
    memset(region, 'r', sizeof region - 1);
    name[sizeof name - 1] = region[sizeof region - 1] = '\0';
    layer_arn_format(region, "123456789012", name, LAYER_MAX_VERSION, arn);
    assert_string_equal(arn + strlen(arn) - strlen(":999999999999"), ":999999999999");
}

static void test_record(void **state) {
    (void)state;
    static const char request[] = "{\"Description\":\"a \\\"quoted\\\" \\u00e9\",\"LicenseInfo\":\"MIT\","
                                  "\"CompatibleRuntimes\":[\"python3.12\",\"python3.13\"],"
                                  "\"CompatibleArchitectures\":[]}";
    struct json_doc doc;
    struct err err;
    assert_true(json_parse(&doc, request, strlen(request), 64, &err));
    struct json_value root = json_root(&doc);
    struct layer_version version = {
        .description = json_member(root, "Description"),
        .license = json_member(root, "LicenseInfo"),
        .runtimes = json_member(root, "CompatibleRuntimes"),
        .architectures = json_member(root, "CompatibleArchitectures"),
        .digest = DIGEST,
        .size_bytes = 52428800,
        .unzipped_bytes = 262144000,
        .created_us = 1764037610123456,
    };
    OWN(buf) struct buf document;
    buf_init(&document, 4096);
    layer_version_encode(&version, &document);
    json_doc_done(&doc);
    struct layer_version read;
    if (!layer_version_decode(buf_text(&document), &read, &err))
        fail_msg("%s", err.text);
    assert_true(json_string_is(read.description, "a \"quoted\" \xc3\xa9"));
    assert_true(json_string_is(read.license, "MIT"));
    assert_true(layer_lists(read.runtimes, "python3.13"));
    assert_false(layer_lists(read.runtimes, "python3.1"));
    assert_true(json_is_present(read.architectures));
    assert_int_equal(json_size(read.architectures), 0);
    assert_string_equal(read.digest, DIGEST);
    assert_int_equal(read.size_bytes, 52428800);
    assert_int_equal(read.unzipped_bytes, 262144000);
    assert_int_equal(read.created_us, 1764037610123456);
    layer_version_done(&read);
}

static void test_small_and_bad_records(void **state) {
    (void)state;
    struct layer_version version = {.digest = DIGEST};
    struct err err;
    OWN(buf) struct buf document;
    buf_init(&document, 4096);
    layer_version_encode(&version, &document);
    assert_true(layer_version_decode(buf_text(&document), &version, &err));
    assert_false(json_is_present(version.license) || json_is_present(version.runtimes));
    assert_false(layer_lists(version.architectures, "arm64"));
    layer_version_done(&version);
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"digest\":\"abc\",\"size_bytes\":1,\"unzipped_bytes\":1,\"created_us\":1}",
        "{\"digest\":\"" DIGEST "\",\"size_bytes\":-1,\"unzipped_bytes\":1,\"created_us\":1}",
        "{\"digest\":\"" DIGEST "\",\"size_bytes\":1,\"unzipped_bytes\":1}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (layer_version_decode(bad[i], &version, &err))
            fail_msg("%s", bad[i]);
        assert_int_equal(err.code, ERR_CORRUPT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_other_texts),
        cmocka_unit_test(test_arns),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_small_and_bad_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

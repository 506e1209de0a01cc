/* model/constraint and the tables of model/function_constraints: each kind of rule with the service's words,
 * as recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/function_constraints.h"

#define VALID                                                                                                \
    "\"FunctionName\":\"f\",\"Role\":\"arn:aws:iam::000000000000:role/r\",\"Code\":{\"ZipFile\":\"UEs=\"}"

static bool check(const struct constraint *members, const char *json, struct err *err) {
    struct json_doc doc;
    assert_true(json_parse(&doc, json, strlen(json), 20000, err));
    struct violations violations = {0};
    bool accepted = constraint_check_body(members, json_root(&doc), &violations, err) &&
                    violations_finish(&violations, err);
    json_doc_done(&doc);
    return accepted;
}

static void expect_fine(const struct constraint *members, const char *json) {
    struct err err;
    if (!check(members, json, &err))
        fail_msg("%s: %s", json, err.text);
}

static void expect(const struct constraint *members, const char *json, enum err_code code, const char *text) {
    struct err err;
    if (check(members, json, &err))
        fail_msg("accepted: %s", json);
    assert_string_equal(err.text, text);
    assert_int_equal(err.code, code);
}

/* CreateFunction with a valid body and one member more. */
static void expect_create(const char *member, const char *path_and_value, const char *constraint) {
    char *json = mem_format("{" VALID ",%s}", member);
    char *text = mem_format("1 validation error detected: Value %s failed to satisfy constraint: %s",
                            path_and_value, constraint);
    expect(create_function_members, json, ERR_VALIDATION, text);
    free(json);
    free(text);
}

static void test_valid(void **state) {
    (void)state;
    expect_fine(create_function_members, "{" VALID "}");
    expect_fine(
        create_function_members,
        "{" VALID
        ",\"Timeout\":900,\"MemorySize\":128,\"Description\":null,\"Unknown\":[1],\"Handler\":\"a.b\","
        "\"Architectures\":[\"arm64\"],\"Environment\":{\"Variables\":{\"AB\":\"x\"}},\"Tags\":{\"k\":\"v\"},"
        "\"Layers\":[\"arn:aws:lambda:us-east-1:000000000000:layer:l:1\"],\"EphemeralStorage\":{\"Size\":512}"
        ","
        "\"VpcConfig\":{\"SubnetIds\":[],\"SecurityGroupIds\":[\"sg-1\"]},\"DeadLetterConfig\":{"
        "\"TargetArn\":\"\"},"
        "\"KMSKeyArn\":\"arn:aws:kms:us-east-1:000000000000:key/"
        "k\",\"Publish\":true,\"PackageType\":\"Zip\"}");
    expect_fine(update_function_configuration_members, "{}");
    expect_fine(update_function_code_members, "{\"ZipFile\":\"\",\"DryRun\":false}");
}

static void test_required(void **state) {
    (void)state;
    expect(create_function_members, "{}", ERR_VALIDATION,
           "3 validation errors detected: Value null at 'functionName' failed to satisfy constraint: Member "
           "must not be "
           "null; Value null at 'role' failed to satisfy constraint: Member must not be null; Value null at "
           "'code' failed to "
           "satisfy constraint: Member must not be null");
    expect(create_function_members, "{" VALID ",\"EphemeralStorage\":{}}", ERR_VALIDATION,
           "1 validation error detected: Value null at 'ephemeralStorage.size' failed to satisfy constraint: "
           "Member must not "
           "be null");
    expect(tag_resource_members, "{\"Tags\":null}", ERR_VALIDATION,
           "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not "
           "be null");
    struct violations violations = {0};
    struct err err;
    assert_true(constraint_check_body(tag_resource_members, (struct json_value){0}, &violations, &err));
    assert_int_equal(violations.count, 1);
}

static void test_bounds(void **state) {
    (void)state;
    expect_create("\"Timeout\":1200", "'1200' at 'timeout'",
                  "Member must have value less than or equal to 900");
    expect_create("\"Timeout\":0", "'0' at 'timeout'", "Member must have value greater than or equal to 1");
    expect_create("\"MemorySize\":5555555", "'5555555' at 'memorySize'",
                  "Member must have value less than or equal to 10240");
    expect_create("\"MemorySize\":9223372036854775807", "'9223372036854775807' at 'memorySize'",
                  "Member must have value less than or equal to 10240");
    expect_create("\"EphemeralStorage\":{\"Size\":511}", "'511' at 'ephemeralStorage.size'",
                  "Member must have value greater than or equal to 512");
    char *long_text = mem_alloc(600);
    memset(long_text, 'd', 257);
    char *member = mem_format("\"Description\":\"%s\"", long_text);
    char *value = mem_format("'%s' at 'description'", long_text);
    expect_create(member, value, "Member must have length less than or equal to 256");
    free(member);
    free(value);
    long_text[256] = '\0';
    member = mem_format("{" VALID ",\"Description\":\"%s\"}", long_text);
    expect_fine(create_function_members, member);
    free(member);
    free(long_text);
}

/* Lengths are counted in UTF-16 units. */
static void test_length_of_other_scripts(void **state) {
    (void)state;
    struct buf json;
    buf_init(&json, 65536);
    buf_append_text(&json, "{\"Description\":\"");
    for (int i = 0; i < 128; i++)
        buf_append_text(&json, "\\uD83D\\uDE00");
    buf_append_text(&json, "\"}");
    expect_fine(update_function_configuration_members, buf_text(&json));
    json.len -= 2;
    buf_append_text(&json, "\xc3\xa9\"}");
    struct err err;
    assert_false(check(update_function_configuration_members, buf_text(&json), &err));
    assert_non_null(strstr(err.text, "Member must have length less than or equal to 256"));
    buf_done(&json);
}

static void test_patterns_and_enums(void **state) {
    (void)state;
    expect(update_function_configuration_members, "{\"Role\":\"r1\"}", ERR_VALIDATION,
           "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must "
           "satisfy regular "
           "expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+");
    expect_create("\"SnapStart\":{\"ApplyOn\":\"invalidOption\"}", "'invalidOption' at 'snapStart.applyOn'",
                  "Member must satisfy enum value set: [PublishedVersions, None]");
    expect_create("\"KMSKeyArn\":\"arn:a:b:c:d\"", "'arn:a:b:c:d' at 'kMSKeyArn'",
                  "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()");
    expect_create("\"PackageType\":\"zip\"", "'zip' at 'packageType'",
                  "Member must satisfy enum value set: [Zip, Image]");
    expect(create_function_members,
           "{\"FunctionName\":\"f\",\"Role\":\"arn:aws:iam::000000000000:role/"
           "r\",\"Code\":{\"S3Bucket\":\"x.\"}}",
           ERR_VALIDATION,
           "2 validation errors detected: Value 'x.' at 'code.s3Bucket' failed to satisfy constraint: Member "
           "must have length "
           "greater than or equal to 3; Value 'x.' at 'code.s3Bucket' failed to satisfy constraint: Member "
           "must satisfy "
           "regular expression pattern: [0-9A-Za-z\\.\\-_]*(?<!\\.)");
}

static void test_lists(void **state) {
    (void)state;
    expect_create("\"Architectures\":[\"X86_64\"]", "'[X86_64]' at 'architectures'",
                  "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
                  "Member must not be "
                  "null]");
    expect_create("\"Architectures\":[\"x86_64\",\"arm64\"]", "'[x86_64, arm64]' at 'architectures'",
                  "Member must have length less than or equal to 1");
    expect_create("\"Architectures\":[null]", "'[null]' at 'architectures'",
                  "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
                  "Member must not be "
                  "null]");
    expect_create("\"Architectures\":[]", "'[]' at 'architectures'",
                  "Member must have length greater than or equal to 1");
    expect_create("\"VpcConfig\":{\"SecurityGroupIds\":[\"sg-1\",\"SG\",\"S\"]}",
                  "'[sg-1, SG, S]' at 'vpcConfig.securityGroupIds'",
                  "Member must satisfy constraint: [Member must have length less than or equal to 1024, "
                  "Member must have "
                  "length greater than or equal to 0, Member must satisfy regular expression pattern: "
                  "sg-[0-9a-zA-Z]*]");
    expect_create("\"Layers\":[\"arn:aws:lambda:us-east-1:000000000000:layer:l\"]",
                  "'[arn:aws:lambda:us-east-1:000000000000:layer:l]' at 'layers'",
                  "Member must satisfy constraint: [Member must have length less than or equal to 2048, "
                  "Member must have length greater "
                  "than or equal to 1, Member must satisfy regular expression pattern: "
                  "(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{"
                  "12}:layer:[a-zA-Z0-9-_]+:"
                  "[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null]");
    expect_create("\"FileSystemConfigs\":[{\"LocalMountPath\":\"/mnt/a\"}]",
                  "null at 'fileSystemConfigs.1.member.arn'", "Member must not be null");
}

static void test_maps(void **state) {
    (void)state;
    expect_create("\"Environment\":{\"Variables\":{\"AB\":\"x\",\"1A\":\"secret\"}}",
                  "at 'environment.variables'",
                  "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
                  "[a-zA-Z]([a-zA-Z0-9_])+]");
    expect(tag_resource_members, "{\"Tags\":{\"\":\"v\",\"k\":\"w\"}}", ERR_VALIDATION,
           "1 validation error detected: Value '{=v, k=w}' at 'tags' failed to satisfy constraint: Map keys "
           "must satisfy "
           "constraint: [Member must have length less than or equal to 128, Member must have length greater "
           "than or equal to "
           "1, Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)]");
    expect(tag_resource_members, "{\"Tags\":{\"k\":\"a*b\"}}", ERR_VALIDATION,
           "1 validation error detected: Value '{k=a*b}' at 'tags' failed to satisfy constraint: Map value "
           "must satisfy "
           "constraint: [Member must have length less than or equal to 256, Member must have length greater "
           "than or equal to "
           "0, Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)]");
    expect_fine(tag_resource_members,
                "{\"Tags\":{\"\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac\":\"\xd9\xa1 +-=._:/@\"}}");
    expect_fine(tag_resource_members, "{\"Tags\":{}}");
}

static void test_types(void **state) {
    (void)state;
    static const struct {
        const char *member;
        const char *text;
    } cases[] = {
        {"\"Timeout\":\"3\"", "STRING_VALUE can not be converted to an Integer"},
        {"\"Timeout\":true", "TRUE_VALUE can not be converted to an Integer"},
        {"\"Timeout\":1.5", "NUMBER_VALUE can not be converted to an Integer"},
        {"\"Timeout\":99999999999999999999", "NUMBER_VALUE can not be converted to an Integer"},
        {"\"Timeout\":[1]", "Start of list found where not expected"},
        {"\"Timeout\":{}", "Start of structure or map found where not expected."},
        {"\"Description\":1", "NUMBER_VALUE can not be converted to a String"},
        {"\"Description\":false", "FALSE_VALUE can not be converted to a String"},
        {"\"Description\":\"a\\u0000b\"", "The character U+0000 is not allowed in a String"},
        {"\"Publish\":1", "NUMBER_VALUE can not be converted to a Boolean"},
        {"\"Layers\":\"x\"", "Expected list or null"},
        {"\"Layers\":[1]", "NUMBER_VALUE can not be converted to a String"},
        {"\"Layers\":{}", "Start of structure or map found where not expected."},
        {"\"VpcConfig\":\"x\"", "Expected null"},
        {"\"VpcConfig\":[]", "Start of list found where not expected"},
        {"\"Environment\":{\"Variables\":{\"AB\":7}}", "NUMBER_VALUE can not be converted to a String"},
        {"\"Environment\":{\"Variables\":\"x\"}", "Expected map or null"},
        {"\"Environment\":{\"Variables\":{\"A\\u0000B\":\"\"}}",
         "The character U+0000 is not allowed in a String"},
        {"\"FileSystemConfigs\":[{\"Arn\":1}]", "NUMBER_VALUE can not be converted to a String"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *json = mem_format("{\"Role\":\"bad\",%s}", cases[i].member);
        expect(create_function_members, json, ERR_SYNTAX, cases[i].text);
        free(json);
    }
    expect(create_function_members, "[]", ERR_SYNTAX, "Start of list found where not expected");
    expect(create_function_members, "\"x\"", ERR_SYNTAX, "Expected null");
    expect_fine(update_function_configuration_members, "{\"Timeout\":1e2,\"Description\":\"\\\\u0000\"}");
}

static void test_path_and_query(void **state) {
    (void)state;
    struct err err;
    struct violations violations = {0};
    int64_t number = 7;
    assert_true(constraint_check_integer(&list_functions_max_items, NULL, &number, &violations, &err));
    assert_int_equal(number, 7);
    assert_true(constraint_check_integer(&list_functions_max_items, "50", &number, &violations, &err));
    assert_int_equal(number, 50);
    assert_int_equal(violations.count, 0);
    assert_true(constraint_check_integer(&list_functions_max_items, "10001", &number, &violations, &err));
    assert_int_equal(number, 50);
    constraint_check_text(&list_functions_version, "invalid", &violations);
    constraint_check_text(&list_functions_version, NULL, &violations);
    assert_false(violations_finish(&violations, &err));
    assert_string_equal(
        err.text,
        "2 validation errors detected: Value '10001' at 'maxItems' failed to satisfy constraint: Member must "
        "have value less than or equal to 10000; Value 'invalid' at 'functionVersion' failed to satisfy "
        "constraint: Member must satisfy enum value set: [ALL]");
    static const char *const bad[] = {"", "x", "1x", "1.5", "\"1\"", "0x10", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(constraint_check_integer(&list_functions_max_items, bad[i], &number, &violations, &err));
        assert_int_equal(err.code, ERR_SYNTAX);
        assert_string_equal(err.text, "STRING_VALUE can not be converted to an Integer");
    }
    violations = (struct violations){0};
    constraint_check_texts(&untag_resource_keys, NULL, 0, &violations);
    assert_false(violations_finish(&violations, &err));
    assert_string_equal(
        err.text, "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member "
                  "must not be null");
    violations = (struct violations){0};
    constraint_check_texts(&untag_resource_keys, (const char *const[]){"a", "b*"}, 2, &violations);
    assert_false(violations_finish(&violations, &err));
    assert_non_null(strstr(err.text,
                           "Value '[a, b*]' at 'tagKeys' failed to satisfy constraint: Member must satisfy "
                           "constraint: [Member must have length less than or equal to 128, "));
}

static void test_taggable(void **state) {
    (void)state;
    static const char *const good[] = {
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
        "arn:aws:lambda:us-east-1:000000000000:layer:l",
        "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0",
        "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:0BD55a3c-3c2a-4a3a-8b1c-0c3c1a2b3c4d",
        "arn:aws-cn:lambda:cn-north-1:000000000000:capacity-provider:p",
    };
    static const char *const bad[] = {
        "",
        "f",
        "arn:aws:lambda:us-east-1:000000000000:foobar:f",
        "arn:aws:lambda:us-east-1:000000000000:function:f:1:2",
        "arn::lambda:us-east-1:000000000000:function:f",
        "arn:aws:lambda:us-east-1:000000000000:layer:l:1",
        "arn:aws:lambda:us-east-1:00000000000:function:f",
        "arn:aws:iam:us-east-1:000000000000:function:f",
    };
    struct violations violations = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        constraint_check_text(&tag_resource_arn, good[i], &violations);
    assert_int_equal(violations.count, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        violations = (struct violations){0};
        constraint_check_text(&tag_resource_arn, bad[i], &violations);
        assert_true(violations.count > 0);
    }
}

/* A report too long is cut, and its count still tells everything. */
static void test_long_reports(void **state) {
    (void)state;
    struct buf json;
    buf_init(&json, 200000);
    buf_append_text(&json, "{\"Layers\":[");
    for (int i = 0; i < 3000; i++)
        buf_append_text(&json, i == 0 ? "\"bad\"" : ",\"bad\"");
    buf_append_text(&json, "],\"Timeout\":0}");
    struct err err;
    assert_false(check(update_function_configuration_members, buf_text(&json), &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    assert_memory_equal(err.text, "2 validation errors detected: Value '0' at 'timeout'", 52);
    assert_true(strlen(err.text) < ERR_TEXT_BYTES);
    buf_done(&json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_length_of_other_scripts),
        cmocka_unit_test(test_patterns_and_enums),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_path_and_query),
        cmocka_unit_test(test_taggable),
        cmocka_unit_test(test_long_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

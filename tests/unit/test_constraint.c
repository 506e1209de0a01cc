/* model/constraint: each kind of rule with the service's words, as recorded, on the members of a few
 * operations. */
#include "members_fixture.h"

#include "base/buf.h"

#define VALID                                                                                                \
    "\"FunctionName\":\"f\",\"Role\":\"arn:aws:iam::000000000000:role/r\",\"Code\":{\"ZipFile\":\"UEs=\"}"

#define TAGGED "Resource=arn:aws:lambda:us-east-1:000000000000:function:f"
#define UPDATE update_function_configuration_members, "FunctionName=f"

/* CreateFunction with a valid body and one member more. */
static void expect_create(const char *member, const char *path_and_value, const char *constraint) {
    char *json = mem_format("{" VALID ",%s}", member);
    char *text = mem_format("1 validation error detected: Value %s failed to satisfy constraint: %s",
                            path_and_value, constraint);
    expect(create_function_members, NULL, json, ERR_VALIDATION, text);
    free(json);
    free(text);
}

static void test_valid(void **state) {
    (void)state;
    expect_fine(create_function_members, NULL, "{" VALID "}");
    expect_fine(
        create_function_members, NULL,
        "{" VALID
        ",\"Timeout\":900,\"MemorySize\":128,\"Description\":null,\"Unknown\":[1],\"Handler\":\"a.b\","
        "\"Architectures\":[\"arm64\"],\"Environment\":{\"Variables\":{\"AB\":\"x\"}},\"Tags\":{\"k\":\"v\"},"
        "\"Layers\":[\"arn:aws:lambda:us-east-1:000000000000:layer:l:1\"],\"EphemeralStorage\":{\"Size\":512}"
        ","
        "\"VpcConfig\":{\"SubnetIds\":[],\"SecurityGroupIds\":[\"sg-1\"]},\"DeadLetterConfig\":{"
        "\"TargetArn\":\"\"},"
        "\"KMSKeyArn\":\"arn:aws:kms:us-east-1:000000000000:key/"
        "k\",\"Publish\":true,\"PackageType\":\"Zip\"}");
    expect_fine(UPDATE, "{}");
    expect_fine(update_function_code_members, "FunctionName=f", "{\"ZipFile\":\"\",\"DryRun\":false}");
}

static void test_required(void **state) {
    (void)state;
    expect(create_function_members, NULL, "{}", ERR_VALIDATION,
           "3 validation errors detected: Value null at 'functionName' failed to satisfy constraint: Member "
           "must not be "
           "null; Value null at 'role' failed to satisfy constraint: Member must not be null; Value null at "
           "'code' failed to "
           "satisfy constraint: Member must not be null");
    expect(create_function_members, NULL, "{" VALID ",\"EphemeralStorage\":{}}", ERR_VALIDATION,
           "1 validation error detected: Value null at 'ephemeralStorage.size' failed to satisfy constraint: "
           "Member must not "
           "be null");
    expect(tag_resource_members, TAGGED, "{\"Tags\":null}", ERR_VALIDATION,
           "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not "
           "be null");
    expect(tag_resource_members, TAGGED, NULL, ERR_VALIDATION,
           "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not "
           "be null");
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
    expect_fine(create_function_members, NULL, member);
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
    expect_fine(UPDATE, buf_text(&json));
    json.len -= 2;
    buf_append_text(&json, "\xc3\xa9\"}");
    struct err err;
    assert_false(check_request(UPDATE, buf_text(&json), &err));
    assert_non_null(strstr(err.text, "Member must have length less than or equal to 256"));
    buf_done(&json);
}

static void test_patterns_and_enums(void **state) {
    (void)state;
    expect(UPDATE, "{\"Role\":\"r1\"}", ERR_VALIDATION,
           "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must "
           "satisfy regular "
           "expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+");
    expect_create("\"SnapStart\":{\"ApplyOn\":\"invalidOption\"}", "'invalidOption' at 'snapStart.applyOn'",
                  "Member must satisfy enum value set: [PublishedVersions, None]");
    expect_create("\"KMSKeyArn\":\"arn:a:b:c:d\"", "'arn:a:b:c:d' at 'kMSKeyArn'",
                  "Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()");
    expect_create("\"PackageType\":\"zip\"", "'zip' at 'packageType'",
                  "Member must satisfy enum value set: [Zip, Image]");
    expect(create_function_members, NULL,
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
    expect(tag_resource_members, TAGGED, "{\"Tags\":{\"\":\"v\",\"k\":\"w\"}}", ERR_VALIDATION,
           "1 validation error detected: Value '{=v, k=w}' at 'tags' failed to satisfy constraint: Map keys "
           "must satisfy "
           "constraint: [Member must have length less than or equal to 128, Member must have length greater "
           "than or equal to "
           "1, Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)]");
    expect(tag_resource_members, TAGGED, "{\"Tags\":{\"k\":\"a*b\"}}", ERR_VALIDATION,
           "1 validation error detected: Value '{k=a*b}' at 'tags' failed to satisfy constraint: Map value "
           "must satisfy "
           "constraint: [Member must have length less than or equal to 256, Member must have length greater "
           "than or equal to "
           "0, Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)]");
    expect_fine(tag_resource_members, TAGGED,
                "{\"Tags\":{\"\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac\":\"\xd9\xa1 +-=._:/@\"}}");
    expect_fine(tag_resource_members, TAGGED, "{\"Tags\":{}}");
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
        expect(create_function_members, NULL, json, ERR_SYNTAX, cases[i].text);
        free(json);
    }
    expect(create_function_members, NULL, "[]", ERR_SYNTAX, "Start of list found where not expected");
    expect(create_function_members, NULL, "\"x\"", ERR_SYNTAX, "Expected null");
    expect_fine(UPDATE, "{\"Timeout\":1e2,\"Description\":\"\\\\u0000\"}");
}

static void test_path_and_query(void **state) {
    (void)state;
    expect_fine(list_functions_members, NULL, NULL);
    expect_fine(list_functions_members,
                "MaxItems=50\nFunctionVersion=ALL\nMasterRegion=eu-west-1\nMarker=", NULL);
    expect(list_functions_members, "FunctionVersion=invalid\nMaxItems=10001", NULL, ERR_VALIDATION,
           "2 validation errors detected: Value 'invalid' at 'functionVersion' failed to satisfy constraint: "
           "Member must satisfy enum value set: [ALL]; Value '10001' at 'maxItems' failed to satisfy "
           "constraint: Member must have value less than or equal to 10000");
    static const char *const bad[] = {"", "x", "1x", "1.5", "\"1\"", "0x10", "--1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *line = mem_format("FunctionVersion=bad\nMaxItems=%s", bad[i]);
        expect(list_functions_members, line, NULL, ERR_SYNTAX,
               "STRING_VALUE can not be converted to an Integer");
        free(line);
    }
    expect(get_durable_execution_members, "DurableExecutionArn=x\nIncludeExecutionData=1", NULL, ERR_SYNTAX,
           "STRING_VALUE can not be converted to a Boolean");
    static const struct constraint double_members[] = {
        {.name = "Share", .type = CONSTRAINT_DOUBLE, .place = CONSTRAINT_IN_QUERY, .wire = "s", .max = 1},
        {.name = NULL}};
    expect_fine(double_members, "s=1", NULL);
    expect(double_members, "s=1.5", NULL, ERR_VALIDATION,
           "1 validation error detected: Value '1.5' at 'share' failed to satisfy constraint: Member must "
           "have value less than or equal to 1.0");
    expect(double_members, "s=true", NULL, ERR_SYNTAX, "STRING_VALUE can not be converted to a Double");
}

static void test_lists_in_the_query(void **state) {
    (void)state;
    expect_fine(untag_resource_members, TAGGED "\ntagKeys=a\ntagKeys=b", NULL);
    expect(untag_resource_members, TAGGED "\ntagKeys=a\ntagKeys=b*", NULL, ERR_VALIDATION,
           "1 validation error detected: Value '[a, b*]' at 'tagKeys' failed to satisfy constraint: Member "
           "must satisfy constraint: [Member must have length less than or equal to 128, Member must have "
           "length greater than or equal to 1, Member must satisfy regular expression pattern: "
           "([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)]");
    expect_fine(list_durable_executions_by_function_members,
                "FunctionName=f\nStatuses=RUNNING\nStatuses=FAILED\nReverseOrder=false", NULL);
    expect(list_durable_executions_by_function_members, "FunctionName=f\nStatuses=running", NULL,
           ERR_VALIDATION,
           "1 validation error detected: Value '[running]' at 'statuses' failed to satisfy constraint: "
           "Member must satisfy constraint: [Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, "
           "STOPPED, FAILED, RUNNING], Member must not be null]");
}

/* A member of the path that also stands in the body is none of the body's. */
static void test_places(void **state) {
    (void)state;
    expect_fine(UPDATE, "{\"FunctionName\":7,\"Timeout\":3}");
    expect(update_function_configuration_members, NULL, "{\"FunctionName\":\"f\"}", ERR_VALIDATION,
           "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member "
           "must not be null");
}

static void test_single_members(void **state) {
    (void)state;
    struct violations violations = {0};
    int64_t number = 7;
    const struct constraint *max_items = &list_functions_members[3];
    constraint_check_text(max_items, NULL, &violations);
    constraint_check_text(max_items, "50", &violations);
    constraint_check_text(&list_functions_members[1], NULL, &violations);
    assert_int_equal(violations.count, 0);
    constraint_check_text(max_items, "0", &violations);
    constraint_check_text(&list_functions_members[1], "invalid", &violations);
    assert_int_equal(violations.count, 2);
    assert_true(constraint_read_integer("1e2", &number));
    assert_int_equal(number, 100);
    assert_false(constraint_read_integer("one", &number));
}

static void test_nested_lists(void **state) {
    (void)state;
#define KAFKA "{\"FunctionName\":\"f\",\"SelfManagedEventSource\":{\"Endpoints\":"
    expect_fine(create_event_source_mapping_members, NULL,
                KAFKA "{\"KAFKA_BOOTSTRAP_SERVERS\":[\"a.example:9092\",\"b:1\"]}}}");
    static const char words[] =
        "1 validation error detected: Value '{KAFKA_BOOTSTRAP_SERVERS=[a:9092, -]}' at "
        "'selfManagedEventSource.endpoints' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 10, Member must have length greater than or equal to "
        "1, Member must satisfy constraint: [Member must have length less than or equal to 300, ";
    struct err err;
    assert_false(check_request(create_event_source_mapping_members, NULL,
                               KAFKA "{\"KAFKA_BOOTSTRAP_SERVERS\":[\"a:9092\",\"-\"]}}}", &err));
    assert_memory_equal(err.text, words, sizeof words - 1);
    assert_false(
        check_request(create_event_source_mapping_members, NULL, KAFKA "{\"OTHER\":[\"a:1\"]}}}", &err));
    assert_non_null(strstr(err.text, "Map keys must satisfy constraint: [Member must satisfy enum value set: "
                                     "[KAFKA_BOOTSTRAP_SERVERS]]"));
}

static void test_unbounded_above(void **state) {
    (void)state;
    expect_fine(put_function_concurrency_members, "FunctionName=f",
                "{\"ReservedConcurrentExecutions\":2147483647}");
    expect(put_function_concurrency_members, "FunctionName=f", "{\"ReservedConcurrentExecutions\":-1}",
           ERR_VALIDATION,
           "1 validation error detected: Value '-1' at 'reservedConcurrentExecutions' failed to satisfy "
           "constraint: Member must have value greater than or equal to 0");
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
    assert_false(check_request(UPDATE, buf_text(&json), &err));
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
        cmocka_unit_test(test_lists_in_the_query),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_single_members),
        cmocka_unit_test(test_nested_lists),
        cmocka_unit_test(test_unbounded_above),
        cmocka_unit_test(test_long_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

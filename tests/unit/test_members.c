/* The tables of model/lambda: every recorded refusal of a member, word for word; every pattern, tried on what
 * it must accept and refuse; and the hand-made matchers against the expressions they stand for. */
#include "members_fixture.h"

#include "api/lambda/operations.h"
#include "model/lambda/patterns.h"
#include "model/runtime.h"

#define REGION "(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}"
#define NAME_START                                                                                           \
    "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?"   \
    "(function:)?"
#define R1 NAME_START "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
#define R2 NAME_START "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?"
#define R3 "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
#define R4 "((?!^\\d+$)^[0-9a-zA-Z-_]+$)"
#define R5                                                                                                   \
    "arn:(aws[a-zA-Z-]*):lambda:" REGION                                                                     \
    ":\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|"                \
    "code-signing-config:csc-[a-z0-9]{17}|"                                                                  \
    "event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|"      \
    "capacity-provider:[a-zA-Z0-9-_]+)"
#define R6                                                                                                   \
    "(arn:(aws[a-zA-Z-]*)?:lambda:" REGION ":\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"                          \
    "(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"
#define R7                                                                                                   \
    "$|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:(" REGION            \
    ")?:(\\d{12})?:(.*)"
#define R8 "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"
#define RT1                                                                                                  \
    "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, "      \
    "python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, "  \
    "dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2"
#define RT2                                                                                                  \
    "ruby3.5, ruby2.6, dotnetcore1.0, python3.7, nodejs8.10, nasa, ruby2.7, python2.7-greengrass, "          \
    "dotnetcore2.0, python3.8, java21, dotnet6, dotnetcore2.1, python3.9, java11, nodejs6.10, provided, "    \
    "dotnetcore3.1, dotnet8, java25, java17, nodejs, nodejs4.3, java8.al2, go1.x, dotnet10, nodejs20.x, "    \
    "go1.9, byol, nodejs10.x, provided.al2023, nodejs22.x, python3.10, java8, nodejs12.x, python3.11, "      \
    "nodejs24.x, nodejs8.x, python3.12, nodejs14.x, nodejs8.9, nodejs26.x, python3.13, python3.14, "         \
    "nodejs16.x, python3.15, provided.al2, nodejs4.3-edge, nodejs18.x, ruby3.2, python3.4, ruby3.3, "        \
    "ruby3.4, ruby2.5, python3.6, python2.7"

#define ARN "arn:aws:lambda:us-east-1:111111111111:"
#define PATTERN "Member must satisfy regular expression pattern: "
#define ENUM "Member must satisfy enum value set: "
#define AT_MOST "Member must have length less than or equal to "
#define AT_LEAST "Member must have length greater than or equal to "
#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_NAME ARN "function:" A32 A32 A32

/* A request, and the one violation in it. */
struct refusal {
    const struct constraint *members;
    const char *sent;
    const char *body;
    const char *value_and_place;
    const char *rule;
};

#define CREATE(name, member)                                                                                 \
    create_function_members, NULL,                                                                           \
        "{\"FunctionName\":\"" name "\",\"Role\":\"arn:aws:iam::111111111111:role/r\",\"Code\":{}" member    \
        "}"
#define CREATE_WITH(member) CREATE("f", "," member)
#define ALIAS_WITH(weights)                                                                                  \
    create_alias_members, "FunctionName=f",                                                                  \
        "{\"Name\":\"a\",\"FunctionVersion\":\"1\",\"RoutingConfig\":{\"AdditionalVersionWeights\":" weights \
        "}}"

static const struct refusal refusals[] = {
    {add_layer_version_permission_members, "LayerName=l\nVersionNumber=1",
     "{\"StatementId\":\"s\",\"Action\":\"*\",\"Principal\":\"*\"}", "'*' at 'action'",
     PATTERN "lambda:GetLayerVersion"},
    {put_provisioned_concurrency_config_members, "FunctionName=f\nQualifier=1",
     "{\"ProvisionedConcurrentExecutions\":0}", "'0' at 'provisionedConcurrentExecutions'",
     "Member must have value greater than or equal to 1"},
    {create_function_url_config_members, "FunctionName=f\nQualifier=2", "{\"AuthType\":\"NONE\"}",
     "'2' at 'qualifier'", PATTERN R4},
    {create_alias_members, "FunctionName=f", "{\"Name\":\"2024\",\"FunctionVersion\":\"$LATEST\"}",
     "'2024' at 'name'", PATTERN "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"},
    {tag_resource_members, "Resource=" ARN "foobar:x", "{\"Tags\":{\"k\":\"v\"}}",
     "'" ARN "foobar:x' at 'resource'", PATTERN R5},
    {list_tags_members, "Resource=" ARN "foobar:x", NULL, "'" ARN "foobar:x' at 'resource'", PATTERN R5},
    {CREATE(LONG_NAME, ""), "'" LONG_NAME "' at 'functionName'", AT_MOST "140"},
    {get_layer_version_by_arn_members, "Arn=" ARN "layer:l", NULL, "'" ARN "layer:l' at 'arn'", PATTERN R6},
    {put_function_recursion_config_members, "FunctionName=f", "{\"RecursiveLoop\":\"InvalidValue\"}",
     "'InvalidValue' at 'recursiveLoop'", ENUM "[Terminate, Allow]"},
    {create_function_url_config_members, "FunctionName=f",
     "{\"AuthType\":\"NONE\",\"InvokeMode\":\"UNKNOWN\"}", "'UNKNOWN' at 'invokeMode'",
     ENUM "[RESPONSE_STREAM, BUFFERED]"},
    {CREATE_WITH("\"VpcConfig\":{\"SecurityGroupIds\":[\"SG-1\"]}"),
     "'[SG-1]' at 'vpcConfig.securityGroupIds'",
     "Member must satisfy constraint: [" AT_MOST "1024, " AT_LEAST "0, " PATTERN "sg-[0-9a-zA-Z]*]"},
    {CREATE_WITH("\"VpcConfig\":{\"SubnetIds\":[\"SN\"]}"), "'[SN]' at 'vpcConfig.subnetIds'",
     "Member must satisfy constraint: [" AT_MOST "1024, " AT_LEAST "0, " PATTERN "subnet-[0-9a-z]*]"},
    {CREATE_WITH("\"Layers\":[\"" ARN "layer:l\"]"), "'[" ARN "layer:l]' at 'layers'",
     "Member must satisfy constraint: [" AT_MOST "2048, " AT_LEAST "1, " PATTERN R6
     ", Member must not be null]"},
    {CREATE_WITH("\"Architectures\":[\"X86_64\"]"), "'[X86_64]' at 'architectures'",
     "Member must satisfy constraint: [" ENUM "[x86_64, arm64], Member must not be null]"},
    {CREATE_WITH("\"Architectures\":[\"x86_64\",\"arm64\"]"), "'[x86_64, arm64]' at 'architectures'",
     AT_MOST "1"},
    {list_layers_members, "CompatibleArchitecture=archdoesnotexist", NULL,
     "'archdoesnotexist' at 'compatibleArchitecture'", ENUM "[x86_64, arm64]"},
    {put_function_event_invoke_config_members, "FunctionName=f",
     "{\"DestinationConfig\":{\"OnFailure\":{\"Destination\":\"arn:aws:_-/"
     "!lambda:us-east-1:111111111111:function:f\"}}}",
     "'arn:aws:_-/!lambda:us-east-1:111111111111:function:f' at 'destinationConfig.onFailure.destination'",
     PATTERN R7},
    {invoke_members, "FunctionName=arn:aws:lambda:us-east-1:123400000000@function:myfn", NULL,
     "'arn:aws:lambda:us-east-1:123400000000@function:myfn' at 'functionName'", PATTERN R1},
    {add_permission_members, "FunctionName=f",
     "{\"StatementId\":\"example.com\",\"Action\":\"lambda:InvokeFunction\",\"Principal\":\"*\"}",
     "'example.com' at 'statementId'", PATTERN "([a-zA-Z0-9-_]+)"},
    {list_functions_members, "FunctionVersion=invalid", NULL, "'invalid' at 'functionVersion'", ENUM "[ALL]"},
    {create_event_source_mapping_members, NULL, "{\"FunctionName\":\"f\",\"StartingPosition\":\"invalid\"}",
     "'invalid' at 'startingPosition'", ENUM "[LATEST, AT_TIMESTAMP, TRIM_HORIZON]"},
    {add_permission_members, "FunctionName=f\nQualifier=invalid-qualifier-with-?-char",
     "{\"StatementId\":\"s\",\"Action\":\"lambda:InvokeFunction\",\"Principal\":\"*\"}",
     "'invalid-qualifier-with-?-char' at 'qualifier'", PATTERN R3},
    {CREATE("invalid:function:name", ""), "'invalid:function:name' at 'functionName'", PATTERN R2},
    {CREATE_WITH("\"SnapStart\":{\"ApplyOn\":\"invalidOption\"}"), "'invalidOption' at 'snapStart.applyOn'",
     ENUM "[PublishedVersions, None]"},
    {update_function_configuration_members, "FunctionName=f", "{\"Role\":\"r1\"}", "'r1' at 'role'",
     PATTERN R8},
    {list_layers_members, "CompatibleRuntime=runtimedoesnotexist", NULL,
     "'runtimedoesnotexist' at 'compatibleRuntime'", ENUM "[" RT2 "]"},
    {ALIAS_WITH("{\"$LATEST\":0.5}"), "'{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights'",
     "Map keys must satisfy constraint: [" AT_MOST "1024, " AT_LEAST "1, " PATTERN "[0-9]+]"},
    {ALIAS_WITH("{\"2\":2.0}"), "'{2=2.0}' at 'routingConfig.additionalVersionWeights'",
     "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have "
     "value greater than or equal to 0.0, Member must not be null]"},
    {ALIAS_WITH("{\"2\":2}"), "'{2=2.0}' at 'routingConfig.additionalVersionWeights'",
     "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have "
     "value greater than or equal to 0.0, Member must not be null]"},
    {untag_resource_members, "Resource=" ARN "function:f", NULL, "null at 'tagKeys'",
     "Member must not be null"},
    {CREATE_WITH("\"Timeout\":1200"), "'1200' at 'timeout'",
     "Member must have value less than or equal to 900"},
    {CREATE_WITH("\"MemorySize\":5555555"), "'5555555' at 'memorySize'",
     "Member must have value less than or equal to 10240"},
    {create_function_url_config_members, "FunctionName=f",
     "{\"AuthType\":\"NONE\",\"Cors\":{\"AllowMethods\":[\"GET\",\"OPTIONS\"]}}",
     "'[GET, OPTIONS]' at 'cors.allowMethods'",
     "Member must satisfy constraint: [" AT_MOST "6, " AT_LEAST "0, " PATTERN ".*, Member must not be null]"},
};

static void test_recorded_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *row = &refusals[i];
        char *text = mem_format("1 validation error detected: Value %s failed to satisfy constraint: %s",
                                row->value_and_place, row->rule);
        expect(row->members, row->sent, row->body, ERR_VALIDATION, text);
        free(text);
    }
}

static void test_recorded_order(void **state) {
    (void)state;
    expect(publish_layer_version_members, "LayerName=l",
           "{\"Content\":{},\"CompatibleRuntimes\":[\"invalidruntime\"],\"CompatibleArchitectures\":["
           "\"invalidarch\"]}",
           ERR_VALIDATION,
           "2 validation errors detected: Value '[invalidruntime]' at 'compatibleRuntimes' failed to satisfy "
           "constraint: " ENUM "[" RT1 "]; Value '[invalidarch]' at 'compatibleArchitectures' failed to "
           "satisfy constraint: Member must satisfy constraint: [" ENUM
           "[x86_64, arm64], Member must not be null]");
}

/* A bad function in the path is reported alone; a bad one in the body of CreateFunction is not. */
static void test_function_is_reported_alone(void **state) {
    (void)state;
    static const char text[] =
        "1 validation error detected: Value 'a:b:c' at 'functionName' failed to satisfy constraint: ";
    struct err err;
    assert_false(check_request(get_function_members, "FunctionName=a:b:c\nQualifier=?", NULL, &err));
    assert_memory_equal(err.text, text, sizeof text - 1);
    assert_false(check_request(put_function_code_signing_config_members, "FunctionName=a:b:c",
                               "{\"CodeSigningConfigArn\":\"x\"}", &err));
    assert_memory_equal(err.text, text, sizeof text - 1);
    assert_false(check_request(CREATE("a:b:c", ",\"Timeout\":0"), &err));
    assert_memory_equal(err.text, "2 validation errors detected: ", 30);
}

/* Both lists of runtimes belong to what model/runtime knows. */
static void test_runtimes_of_layers(void **state) {
    (void)state;
    char *names = mem_text(RT1);
    char *rest = NULL;
    for (char *name = strtok_r(names, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        assert_non_null(runtime_find(name));
        assert_true(runtime_find(name)->creatable);
    }
    free(names);
    expect_fine(publish_layer_version_members, "LayerName=l",
                "{\"Content\":{},\"CompatibleRuntimes\":[\"python3.12\",\"provided.al2023\"]}");
    expect_fine(list_layer_versions_members, "LayerName=l\nCompatibleRuntime=python2.7", NULL);
}

static bool matches(const struct constraint_pattern *pattern, const char *text) {
    const struct constraint constraint = {.name = "x", .type = CONSTRAINT_TEXT, .pattern = pattern};
    struct violations violations = {0};
    constraint_check_text(&constraint, text, &violations);
    return violations.count == 0;
}

static const struct {
    const struct constraint_pattern *pattern;
    const char *text;
    bool matches;
} samples[] = {
    {&pattern_taggable, ARN "function:f", true},
    {&pattern_taggable, ARN "function:f:$LATEST", true},
    {&pattern_taggable, ARN "layer:l", true},
    {&pattern_taggable, ARN "code-signing-config:csc-0123456789abcdef0", true},
    {&pattern_taggable, ARN "event-source-mapping:0BD55a3c-3c2a-4a3a-8b1c-0c3c1a2b3c4d", true},
    {&pattern_taggable, "arn:aws-cn:lambda:cn-north-1:111111111111:capacity-provider:p", true},
    {&pattern_taggable, "", false},
    {&pattern_taggable, "f", false},
    {&pattern_taggable, ARN "foobar:f", false},
    {&pattern_taggable, ARN "function:f:1:2", false},
    {&pattern_taggable, ARN "function:f\n", false},
    {&pattern_taggable, "arn::lambda:us-east-1:111111111111:function:f", false},
    {&pattern_taggable, ARN "layer:l:1", false},
    {&pattern_taggable, "arn:aws:lambda:us-east-1:00000000000:function:f", false},
    {&pattern_taggable, "arn:aws:iam:us-east-1:111111111111:function:f", false},
    {&pattern_role, "arn:aws:iam::111111111111:role/service-role/r+=,.@-_", true},
    {&pattern_role, "arn::iam::111111111111:roler", true},
    {&pattern_role, "arn:aws:iam::111111111111:role/", true}, /* "role", and "/" as the name */
    {&pattern_role, "arn:aws:iam::111111111111:user/r", false},
    {&pattern_optional_arn, "", true},
    {&pattern_optional_arn, "arn:aws:kms:us-east-1:111111111111:key/k", true},
    {&pattern_optional_arn, "arn:a:b:c:d", false},
    {&pattern_optional_arn, "arn:aws:kms:a\nb", false},
    {&pattern_optional_arn, "arn:aws:kms:a\xe2\x80\xa8", false},
    {&pattern_bucket, "bucket.with-dots_", true},
    {&pattern_bucket, "x.", false},
    {&pattern_variable_name, "AB", true},
    {&pattern_variable_name, "A", false},
    {&pattern_variable_name, "1A", false},
    {&pattern_tag, "", true},
    {&pattern_tag, "\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xd9\xa1+-=._:/@", true},
    {&pattern_tag, "a*b", false},
    {&pattern_tag, "a\xff", false},
    {&pattern_tag, "\xed\xa0\x80", false},
    {&pattern_layer_version, ARN "layer:l:1", true},
    {&pattern_layer_version, "arn:aws:lambda:::awslayer:AmazonLinux1703", true},
    {&pattern_layer_version, ARN "layer:l", false},
    {&pattern_file_system,
     "arn:aws:elasticfilesystem:eu-west-1:111111111111:access-point/fsap-0123456789abcdef0", true},
    {&pattern_file_system, "arn:aws:elasticfilesystem:eu-west-1:111111111111:access-point/fsap-0", false},
    {&pattern_file_system,
     "arn:aws:s3files:eu-west-1:1:file-system/fs-0123456789abcdef0/access-point/fsap-0123456789abcdef0",
     true},
    {&pattern_mount_path, "/mnt/a", true},
    {&pattern_mount_path, "/mnt/a/b", false},
    {&pattern_log_group, "/aws/lambda/f", true},
    {&pattern_log_group, "a b", false},
    {&pattern_master_region, "ALL", true},
    {&pattern_master_region, "us-gov-west-1", true},
    {&pattern_master_region, "us-east-12", false},
    {&pattern_tenant, "a.b_c:d/e=f+g-h@ i", true},
    {&pattern_tenant, "a*", false},
    {&pattern_no_space, "index.handler", true},
    {&pattern_no_space, "a b", false},
    {&pattern_no_space, "a\x0b", false},
    {&pattern_alias, "2024a", true},
    {&pattern_alias, "2024", false},
    {&pattern_url_qualifier, "live", true},
    {&pattern_url_qualifier, "7", false},
    {&pattern_url_qualifier, "$LATEST", false},
    {&pattern_function_url, "f:live", true},
    {&pattern_function_url, "f:7", false},
    {&pattern_function_unqualified, "f", true},
    {&pattern_function_unqualified, "f:7", false},
    {&pattern_destination, "", true},
    {&pattern_destination, "\n", false},
    {&pattern_destination, "kafka://topic", true},
    {&pattern_destination, "kafka://.topic", false},
    {&pattern_destination, "arn:aws:s3:::bucket", true},
    {&pattern_destination, "arn:aws:sqs:us-east-1:111111111111:q", true},
    {&pattern_arn, "arn:aws:sqs:us-east-1:111111111111:q", true},
    {&pattern_arn, "arn:aws::us-east-1:111111111111:q", false},
    {&pattern_collection, "system.users", false},
    {&pattern_collection, "users", true},
    {&pattern_endpoint, "a-b.example.com:9092", true},
    {&pattern_endpoint, "-a:9092", false},
    {&pattern_topic, "t1", true},
    {&pattern_topic, ".t", false},
    {&pattern_anything, "a\nb", true},
    {&pattern_line, "a b", true},
    {&pattern_line, "a\rb", false},
    {&pattern_layer_principal, "*", true},
    {&pattern_layer_principal, "arn:aws:iam::111111111111:root", true},
    {&pattern_layer_principal, "arn:aws:iam::111111111111:user/u", false},
    {&pattern_action, "lambda:*", true},
    {&pattern_action, "lambda:Invoke*", false},
    {&pattern_provisioned_qualifier, "", true},
    {&pattern_version, "$LATEST.PUBLISHED", true},
    {&pattern_version, "live", false},
};

static void test_patterns(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        if (matches(samples[i].pattern, samples[i].text) != samples[i].matches)
            fail_msg("%s on '%s'", samples[i].pattern->text, samples[i].text);
}

/* Whatever is in the table, compiling its patterns is not left to the first user. */
static size_t count_patterns(const struct constraint *constraint) {
    size_t count = 0;
    if (constraint->pattern) {
        const struct constraint_pattern expression = {.text = constraint->pattern->text};
        matches(&expression, "a");
        count++;
    }
    if (constraint->key)
        count += count_patterns(constraint->key);
    if (constraint->item)
        count += count_patterns(constraint->item);
    for (const struct constraint *member = constraint->members; member && member->name; member++)
        count += count_patterns(member);
    return count;
}

static void test_every_operation_has_members_whose_patterns_compile(void **state) {
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < lambda_operation_count; i++) {
        assert_non_null(lambda_operations[i].members);
        const struct constraint whole = {.members = lambda_operations[i].members};
        count += count_patterns(&whole);
    }
    assert_true(count > 200);
}

static const char *const references[] = {
    "f",
    "f:1",
    "f:$LATEST",
    "f:$LATEST.PUBLISHED",
    "my-fn_2:prod",
    "a.b",
    "function:f",
    "function:f:prod",
    "123456789012:function:f",
    "123456789012:f",
    "us-east-1:123456789012:function:f",
    ARN "function:f",
    ARN "function:f:$LATEST",
    "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f",
    "arn:aws-iso-b:lambda:us-isob-east-1:123456789012:function:f",
    "arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f",
    "arn::lambda:us-east-1:123456789012:function:f",
    "arn:aws:lambda:f",
    "function",
    "function:$LATEST",
    "function:function:function",
    "123456789012:$LATEST",
    "us-east-1:$LATEST",
    "arn:aws",
    "invalid:function:name",
    "f:",
    ":f",
    "",
    "f:$latest",
    "f:$LATEST.",
    "f name",
    "f\n",
    "f/x",
    "arn:aws:lambda:us-east-1:123456789012@function:f",
    "arn:aws:lambda:us-east-1:12345678901:function:f",
    "arn:aws:sqs:us-east-1:123456789012:f",
    ARN "function:f:1:2",
    ARN "function:",
    "arn:aws:lambda:",
    "Function:f:1",
    "f:a.b",
    "::::::::",
    "us-east-12:123456789012:function:f",
    "us-xyz-east-1:123456789012:function:f",
    "\xc3\xa9",
    "$LATEST",
    "$LATEST.PUBLISHED",
    "a$b",
};

static void test_matchers_by_hand(void **state) {
    (void)state;
    static const struct constraint_pattern *const by_hand[] = {&pattern_function_read,
                                                               &pattern_function_write, &pattern_qualifier};
    for (size_t i = 0; i < sizeof by_hand / sizeof by_hand[0]; i++) {
        assert_non_null(by_hand[i]->matches);
        const struct constraint_pattern expression = {.text = by_hand[i]->text};
        for (size_t j = 0; j < sizeof references / sizeof references[0]; j++)
            if (matches(by_hand[i], references[j]) != matches(&expression, references[j]))
                fail_msg("%s on '%s'", expression.text, references[j]);
    }
}

/* Texts up to the length of their member match; a text that would take forever does not. */
static void test_bounds_of_matching(void **state) {
    (void)state;
    char *name = mem_alloc(10001);
    memset(name, 'a', 10000);
    assert_true(matches(&pattern_variable_name, name));
    assert_true(matches(&pattern_line, name));
    char *arn = mem_format("arn:aws:%s:::x", name);
    assert_true(matches(&pattern_arn, arn));
    free(arn);
    name[40] = '\0';
    const struct constraint_pattern slow = {.text = "((a+)+)+[bc]"};
    assert_false(matches(&slow, name));
    free(name);
}

/* More patterns than a check keeps compiled, over a list of structures. */
static void test_many_structures(void **state) {
    (void)state;
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_append_text(&body, "{\"CheckpointToken\":\"ab==\",\"Updates\":[");
    for (int i = 0; i < 200; i++)
        buf_append_format(
            &body,
            "%s{\"Id\":\"i%d\",\"ParentId\":\"p\",\"Name\":\"n%s\",\"Type\":\"STEP\",\"SubType\":"
            "\"s\",\"Action\":\"START\",\"ChainedInvokeOptions\":{\"FunctionName\":\"f\","
            "\"TenantId\":\"t\"}}",
            i > 0 ? "," : "", i, i == 150 ? "\\u00e9" : "");
    buf_append_text(&body, "]}");
    expect(checkpoint_durable_execution_members,
           "DurableExecutionArn=" ARN "function:f:$LATEST/durable-execution/a/b", buf_text(&body),
           ERR_VALIDATION,
           "1 validation error detected: Value 'n\xc3\xa9' at 'updates.151.member.name' failed to satisfy "
           "constraint: " PATTERN "[\\x20-\\x7E]+");
    buf_done(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_refusals),
        cmocka_unit_test(test_recorded_order),
        cmocka_unit_test(test_function_is_reported_alone),
        cmocka_unit_test(test_runtimes_of_layers),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_every_operation_has_members_whose_patterns_compile),
        cmocka_unit_test(test_matchers_by_hand),
        cmocka_unit_test(test_bounds_of_matching),
        cmocka_unit_test(test_many_structures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

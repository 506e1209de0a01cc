/* api/lambda: what requests set on a function, what is refused, and how the answer shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/lambda/configuration_json.h"
#include "api/lambda/function_input.h"
#include "api/lambda/settings_table.h"
#include "base/mem.h"

#define ARN "arn:aws:lambda:us-east-1:000000000000:function:f"

static struct function *make_function(void) {
    struct function *function = function_new();
    function_set_text(&function->name, "f");
    snprintf(function->version, sizeof function->version, "$LATEST");
    function_set_text(&function->runtime, "python3.12");
    return function;
}

static bool read_layers(const struct api_call *call, struct json_value layers, struct function *function,
                        struct err *err) {
    (void)call, (void)err;
    const struct function_layer one = {.arn = "arn:l:1", .size_bytes = 12};
    function_set_layers(function, &one, json_size(layers));
    return true;
}

static bool read_request(struct function *function, const char *request, struct err *err) {
    struct runtime_set runtimes = {.count = 0};
    const struct function_input_rules rules = {
        .runtimes = &runtimes, .machine = "x86_64", .read_layers = read_layers};
    struct json_doc doc;
    if (!json_parse(&doc, request, strlen(request), 1000, err))
        fail_msg("%s: %s", request, err->text);
    bool ok = function_input_read(json_root(&doc), &rules, function, err);
    json_doc_done(&doc);
    return ok;
}

/* Applies the request and expects `part` in the configuration that is answered; none of it with "!". */
static void expect(struct function *function, const char *request, const char *part) {
    struct err err;
    if (!read_request(function, request, &err))
        fail_msg("%s: %s", request, err.text);
    OWN(buf) struct buf body;
    buf_init(&body, CONFIGURATION_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    configuration_write(&writer, function, ARN, CONFIGURATION_WHOLE);
    bool is_wanted = part[0] != '!';
    if (is_wanted != (strstr(buf_text(&body), part + !is_wanted) != NULL))
        fail_msg("%s: %s in %s", request, part, buf_text(&body));
}

static void expect_refusal(struct function *function, const char *request, const char *text) {
    struct err err;
    if (read_request(function, request, &err))
        fail_msg("%s is not refused", request);
    assert_int_equal(err.code, ERR_PARAMETER);
    if (strncmp(err.text, text, strlen(text)) != 0)
        fail_msg("%s: %s", request, err.text);
}

static void test_logging(void **state) {
    (void)state;
    static const char levels_with_text[] =
        "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or "
        "change the LogFormat to \"JSON\" and try again.";
    struct function *f = make_function();
    expect(f, "{}", "\"LoggingConfig\":{\"LogFormat\":\"Text\",\"LogGroup\":\"/aws/lambda/f\"}");
    expect(f, "{\"LoggingConfig\":{\"LogFormat\":\"JSON\"}}",
           "\"LoggingConfig\":{\"ApplicationLogLevel\":\"INFO\",\"LogFormat\":\"JSON\","
           "\"LogGroup\":\"/aws/lambda/f\",\"SystemLogLevel\":\"INFO\"}");
    expect(f, "{\"LoggingConfig\":{\"LogGroup\":\"g\"}}", "\"LogFormat\":\"JSON\",\"LogGroup\":\"g\"");
    expect(f, "{\"LoggingConfig\":{\"ApplicationLogLevel\":\"TRACE\"}}",
           "\"LoggingConfig\":{\"ApplicationLogLevel\":\"TRACE\",\"LogFormat\":\"JSON\",\"LogGroup\":\"g\","
           "\"SystemLogLevel\":\"INFO\"}");
    expect(f, "{\"LoggingConfig\":{\"SystemLogLevel\":\"WARN\"}}",
           "{\"ApplicationLogLevel\":\"TRACE\",\"LogFormat\":\"JSON\",\"LogGroup\":\"g\","
           "\"SystemLogLevel\":\"WARN\"}");
    expect(f, "{\"LoggingConfig\":{\"LogFormat\":\"Text\"}}",
           "\"LoggingConfig\":{\"LogFormat\":\"Text\",\"LogGroup\":\"g\"}");
    expect(f, "{\"LoggingConfig\":{\"LogFormat\":\"JSON\"}}", "{\"ApplicationLogLevel\":\"INFO\"");
    expect(f, "{\"LoggingConfig\":{\"LogFormat\":\"Text\",\"LogGroup\":\"/aws/lambda/f\"}}", "/aws/lambda/f");
    assert_null(f->log_group);
    expect_refusal(f, "{\"LoggingConfig\":{\"SystemLogLevel\":\"WARN\"}}", levels_with_text);
    function_unref(f);
    f = make_function();
    expect_refusal(f, "{\"LoggingConfig\":{\"LogFormat\":\"Text\",\"ApplicationLogLevel\":\"DEBUG\"}}",
                   levels_with_text);
    function_unref(f);
}

static void test_tracing_and_snapstart(void **state) {
    (void)state;
    struct function *f = make_function();
    expect(f, "{}", "\"TracingConfig\":{\"Mode\":\"PassThrough\"}");
    expect(f, "{\"TracingConfig\":{\"Mode\":\"Active\"}}", "\"TracingConfig\":{\"Mode\":\"Active\"}");
    expect(f, "{\"TracingConfig\":{}}", "\"TracingConfig\":{\"Mode\":\"Active\"}");
    expect(f, "{\"TracingConfig\":{\"Mode\":\"PassThrough\"}}", "\"Mode\":\"PassThrough\"");
    expect(f, "{}", "\"SnapStart\":{\"ApplyOn\":\"None\",\"OptimizationStatus\":\"Off\"}");
    expect(f, "{\"SnapStart\":{\"ApplyOn\":\"PublishedVersions\"}}",
           "\"SnapStart\":{\"ApplyOn\":\"PublishedVersions\",\"OptimizationStatus\":\"Off\"}");
    snprintf(f->version, sizeof f->version, "1");
    expect(f, "{}", "\"SnapStart\":{\"ApplyOn\":\"PublishedVersions\",\"OptimizationStatus\":\"On\"}");
    expect(f, "{\"SnapStart\":{\"ApplyOn\":\"None\"}}",
           "\"ApplyOn\":\"None\",\"OptimizationStatus\":\"Off\"");
    function_set_text(&f->runtime, "python3.11");
    expect_refusal(f, "{\"SnapStart\":{\"ApplyOn\":\"PublishedVersions\"}}",
                   "python3.11 is not supported for SnapStart enabled functions.");
    function_unref(f);
}

static void test_dead_letters(void **state) {
    (void)state;
    static const char set[] =
        "{\"DeadLetterConfig\":{\"TargetArn\":\"arn:aws:sqs:us-east-1:000000000000:q\"}}";
    struct function *f = make_function();
    expect(f, "{}", "!DeadLetterConfig");
    expect(f, set, "\"DeadLetterConfig\":{\"TargetArn\":\"arn:aws:sqs:us-east-1:000000000000:q\"}");
    expect(f, "{\"DeadLetterConfig\":{}}", "\"TargetArn\":\"arn:aws:sqs:us-east-1:000000000000:q\"");
    expect(f, "{\"DeadLetterConfig\":{\"TargetArn\":\"\"}}", "!DeadLetterConfig");
    function_unref(f);
}

static void test_architectures(void **state) {
    (void)state;
    struct function *f = make_function();
    expect(f, "{}", "\"Architectures\":[\"x86_64\"]");
    expect(f, "{\"Architectures\":[\"arm64\"]}", "\"Architectures\":[\"arm64\"]");
    expect(f, "{\"Architectures\":[]}", "\"Architectures\":[\"arm64\"]");
    expect(f, "{\"Architectures\":[\"x86_64\"]}", "\"Architectures\":[\"x86_64\"]");
    function_unref(f);
}

static void test_layers_and_storage(void **state) {
    (void)state;
    struct function *f = make_function();
    expect(f, "{}", "!Layers");
    expect(f, "{\"Layers\":[\"arn:l:1\"]}", "\"Layers\":[{\"Arn\":\"arn:l:1\",\"CodeSize\":12}],\"Logg");
    expect(f, "{\"Timeout\":7}", "\"Layers\":[{\"Arn\":\"arn:l:1\",\"CodeSize\":12}]");
    expect(f, "{\"Layers\":[]}", "!Layers");
    expect(f, "{\"EphemeralStorage\":{\"Size\":1024}}", "\"EphemeralStorage\":{\"Size\":1024}");
    expect(f, "{\"MemorySize\":256,\"Description\":\"d\",\"Handler\":\"a.b\",\"Role\":\"r\"}",
           "\"Handler\":\"a.b\"");
    expect(f, "{\"Environment\":{\"Variables\":{\"AB\":\"1\"}}}",
           "\"Environment\":{\"Variables\":{\"AB\":\"1\"}}");
    expect(f, "{\"Environment\":{}}", "\"Environment\":{\"Variables\":{}}");
    function_unref(f);
}

/* A function without: what is sent as it is when unused. */
static void test_unused_settings(void **state) {
    (void)state;
    static const char *const requests[] = {
        "{\"VpcConfig\":{\"SubnetIds\":[],\"SecurityGroupIds\":[],\"Ipv6AllowedForDualStack\":false}}",
        "{\"VpcConfig\":{}}",
        "{\"VpcConfig\":null}",
        "{\"KMSKeyArn\":\"\"}",
        "{\"FileSystemConfigs\":[]}",
        "{\"ImageConfig\":{}}",
        "{\"PackageType\":\"Zip\"}",
        "{\"CodeSigningConfigArn\":\"arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-1\"}",
    };
    struct function *f = make_function();
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        expect(f, requests[i], "!VpcConfig");
        expect(f, requests[i], "!KMSKeyArn");
    }
    function_unref(f);
}

static void test_refused_settings(void **state) {
    (void)state;
    static const char *const refusals[][2] = {
        {"{\"VpcConfig\":{\"SubnetIds\":[\"subnet-1\"]}}", "Lamb does not isolate functions in a VPC yet"},
        {"{\"KMSKeyArn\":\"arn:aws:kms:us-east-1:000000000000:key/k\"}", "Lamb does not encrypt"},
        {"{\"FileSystemConfigs\":[{\"Arn\":\"a\",\"LocalMountPath\":\"/mnt/x\"}]}", "Lamb does not mount"},
        {"{\"TenancyConfig\":{\"TenantIsolationMode\":\"PER_TENANT\"}}", "Lamb does not isolate the tenants"},
        {"{\"PackageType\":\"Image\"}", "Lamb does not run container images yet. Leave PackageType out"},
        {"{\"ImageConfig\":{\"Command\":[\"x\"]}}", "Lamb does not run container images yet"},
        {"{\"DurableConfig\":{\"ExecutionTimeout\":1}}", "Lamb does not run durable executions yet"},
        {"{\"CapacityProviderConfig\":{\"x\":{\"y\":\"z\"}}}", "Lamb has no capacity providers"},
        {"{\"PublishTo\":\"LATEST_PUBLISHED\"}", "Lamb has no managed instances"},
    };
    struct function *f = make_function();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        expect_refusal(f, refusals[i][0], refusals[i][1]);
    function_unref(f);
}

/* What the documentation is made from: in order, each with a reason. */
static void test_table(void **state) {
    (void)state;
    const struct setting *last = NULL;
    for (size_t i = 0; settings_row(i); i++) {
        const struct setting *row = settings_row(i);
        assert_true(row->member[0] && row->lacks[0] && row->lacks[strlen(row->lacks) - 1] != '.');
        if (last) {
            int order = strcmp(last->member, row->member);
            assert_true(order < 0 || (order == 0 && strcmp(last->inner, row->inner) < 0));
        }
        last = row;
    }
    assert_non_null(last);
}

static void test_whole(void **state) {
    (void)state;
    struct err err;
    struct function *f = make_function();
    assert_false(function_input_check_whole(f, &err));
    assert_string_equal(
        err.text,
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
    function_set_text(&f->handler, "a.b");
    assert_true(function_input_check_whole(f, &err));
    function_unref(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logging),
        cmocka_unit_test(test_tracing_and_snapstart),
        cmocka_unit_test(test_dead_letters),
        cmocka_unit_test(test_architectures),
        cmocka_unit_test(test_layers_and_storage),
        cmocka_unit_test(test_unused_settings),
        cmocka_unit_test(test_refused_settings),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

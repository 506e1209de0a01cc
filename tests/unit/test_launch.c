/* Command line, directories and environment variables of a function's sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "invoke/launch.h"

static struct runtime_set runtimes;
static struct function *function;
static struct launch launch;

static int set_up(void **state) {
    (void)state;
    function = function_new();
    function_set_text(&function->name, "f");
    function_set_text(&function->handler, "app.handler");
    function_set_text(&function->runtime, "python3.12");
    snprintf(function->version, sizeof function->version, "$LATEST");
    runtime_set_add(&runtimes, runtime_find("python3.12"), "/usr/bin/python3.12");
    runtime_set_add(&runtimes, runtime_find("nodejs20.x"), "/opt/node/bin/node");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    launch_done(&launch);
    function_unref(function);
    runtime_set_done(&runtimes);
    return 0;
}

static bool make(const struct invoke_credentials *credentials, bool has_api, struct err *err) {
    struct launch_request request = {
        .function = function,
        .runtimes = &runtimes,
        .region = "eu-central-1",
        .log_stream = "2026/01/31/[$LATEST]0123",
        .bootstrap = "/opt/bootstrap",
        .credentials = credentials,
        .has_api = has_api,
    };
    launch_done(&launch);
    return launch_init(&launch, &request, err);
}

/* The variable's value; NULL when there is none. More than one is a failure. */
static const char *variable(const char *name) {
    const char *found = NULL;
    size_t len = strlen(name);
    for (size_t i = 0; launch.plan.envp[i]; i++) {
        const char *text = launch.plan.envp[i];
        if (strncmp(text, name, len) != 0 || text[len] != '=')
            continue;
        assert_null(found);
        found = text + len + 1;
    }
    return found;
}

static void a_function_without_anything_special(void **state) {
    (void)state;
    assert_true(make(NULL, false, NULL));
    assert_string_equal(launch.plan.argv[0], "/usr/bin/python3.12");
    assert_int_equal(launch.plan.mount_count, 1);
    assert_string_equal(variable("AWS_REGION"), "eu-central-1");
    assert_string_equal(variable("AWS_LAMBDA_LOG_GROUP_NAME"), "/aws/lambda/f");
    assert_string_equal(variable("AWS_LAMBDA_LOG_STREAM_NAME"), "2026/01/31/[$LATEST]0123");
    assert_string_equal(variable("AWS_LAMBDA_LOG_FORMAT"), "Text");
    assert_null(variable("AWS_LAMBDA_LOG_LEVEL"));
    assert_null(variable("AWS_ACCESS_KEY_ID"));
    assert_null(variable("AWS_SECRET_ACCESS_KEY"));
    assert_null(variable("AWS_SESSION_TOKEN"));
    assert_null(variable("AWS_ENDPOINT_URL"));
    assert_string_equal(variable("PYTHONPATH"), "/var/runtime");
}

static void credentials_and_api(void **state) {
    (void)state;
    const struct invoke_credentials credentials = {
        .access_key_id = "ASIA1", .secret_access_key = "s/+", .session_token = "t=="};
    assert_true(make(&credentials, true, NULL));
    assert_string_equal(variable("AWS_ACCESS_KEY_ID"), "ASIA1");
    assert_string_equal(variable("AWS_SECRET_ACCESS_KEY"), "s/+");
    assert_string_equal(variable("AWS_SESSION_TOKEN"), "t==");
    assert_string_equal(variable("AWS_ENDPOINT_URL"), "http://127.0.0.1:9002");
}

static void a_functions_own_endpoint_wins(void **state) {
    (void)state;
    const struct function_variable own = {"AWS_ENDPOINT_URL", "http://127.0.0.1:1"};
    function_set_variables(function, &own, 1);
    assert_true(make(NULL, true, NULL));
    assert_string_equal(variable("AWS_ENDPOINT_URL"), "http://127.0.0.1:1");
}

static void logging(void **state) {
    (void)state;
    function_set_text(&function->log_group, "mine");
    function->logs_json = true;
    function->application_log_level = FUNCTION_LOG_WARN;
    assert_true(make(NULL, false, NULL));
    assert_string_equal(variable("AWS_LAMBDA_LOG_GROUP_NAME"), "mine");
    assert_string_equal(variable("AWS_LAMBDA_LOG_FORMAT"), "JSON");
    assert_string_equal(variable("AWS_LAMBDA_LOG_LEVEL"), "WARN");
    function->application_log_level = FUNCTION_LOG_NONE;
    assert_true(make(NULL, false, NULL));
    assert_string_equal(variable("AWS_LAMBDA_LOG_LEVEL"), "INFO");
}

static void streams_of_shared_groups_name_the_function(void **state) {
    (void)state;
    static const char date[] = "2026/01/31/";
    char stream[LAUNCH_STREAM_BYTES];
    launch_log_stream(function, INT64_C(1769862896123000), stream);
    assert_memory_equal(stream, "2026/01/31/[$LATEST]", sizeof date - 1 + 9);
    assert_int_equal(strspn(stream + sizeof date - 1 + 9, "0123456789abcdef"), 32);
    function_set_text(&function->log_group, "mine");
    launch_log_stream(function, INT64_C(1769862896123000), stream);
    assert_memory_equal(stream, "2026/01/31/f[$LATEST]", sizeof date - 1 + 10);
}

static void layers(void **state) {
    (void)state;
    const struct function_layer layer = {.arn = "arn:aws:lambda:us-east-1:000000000000:layer:l:1"};
    function_set_layers(function, &layer, 1);
    assert_true(make(NULL, false, NULL));
    assert_int_equal(launch.plan.mount_count, 2);
    assert_string_equal(launch.plan.mounts[LAUNCH_CODE].target, "/var/task");
    assert_string_equal(launch.plan.mounts[LAUNCH_LAYERS].target, "/opt");
    assert_non_null(strstr(variable("PATH"), ":/opt/bin"));
    assert_non_null(strstr(variable("LD_LIBRARY_PATH"), ":/opt/lib"));
    function_set_text(&function->runtime, "provided.al2023");
    assert_true(make(NULL, false, NULL));
    assert_string_equal(launch.plan.argv[0], "/opt/bootstrap");
}

/* Layers lie over /opt, so an interpreter in there can't be seen. */
static void an_interpreter_that_layers_hide(void **state) {
    (void)state;
    struct err err;
    function_set_text(&function->runtime, "nodejs20.x");
    assert_true(make(NULL, false, NULL));
    assert_string_equal(variable("NODE_PATH"), "/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:"
                                               "/var/runtime/node_modules:/var/runtime:/var/task");
    const struct function_layer layer = {.arn = "arn:aws:lambda:us-east-1:000000000000:layer:l:1"};
    function_set_layers(function, &layer, 1);
    assert_false(make(NULL, false, &err));
    assert_int_equal(err.code, ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "/opt/node/bin/node"));
}

static void a_runtime_that_is_gone(void **state) {
    (void)state;
    struct err err;
    function_set_text(&function->runtime, "python3.11");
    assert_false(make(NULL, false, &err));
    assert_non_null(strstr(err.text, "python3.11 is not installed"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_function_without_anything_special),
        TEST(credentials_and_api),
        TEST(a_functions_own_endpoint_wins),
        TEST(logging),
        TEST(streams_of_shared_groups_name_the_function),
        TEST(layers),
        TEST(an_interpreter_that_layers_hide),
        TEST(a_runtime_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Command line, directories and environment variables of a function's sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
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
    for (size_t i = 0; launch.plan.program.envp[i]; i++) {
        const char *text = launch.plan.program.envp[i];
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
    assert_string_equal(launch.plan.program.argv[0], "/usr/bin/python3.12");
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
    assert_string_equal(launch.plan.program.argv[0], "/opt/bootstrap");
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

static void a_wrapper_gets_the_command_line_of_the_runtime(void **state) {
    (void)state;
    const struct function_variable own = {"AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrapper"};
    function_set_variables(function, &own, 1);
    assert_true(make(NULL, false, NULL));
    static const char *const expected[] = {"/bin/sh", "/var/runtime/wrap.sh", "/opt/wrapper",
                                           "/usr/bin/python3.12", "-S"};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_string_equal(launch.plan.program.argv[i], expected[i]);
    assert_string_equal(variable("AWS_LAMBDA_EXEC_WRAPPER"), "/opt/wrapper");
    function_set_text(&function->runtime, "provided.al2023");
    assert_true(make(NULL, false, NULL));
    assert_string_equal(launch.plan.program.argv[0], "/opt/bootstrap");
    assert_null(launch.plan.program.argv[1]);
}

static void make_extension(void) {
    const struct invoke_credentials credentials = {
        .access_key_id = "ASIA1", .secret_access_key = "s/+", .session_token = "t=="};
    struct launch_request request = {
        .role = LAUNCH_EXTENSION,
        .function = function,
        .runtimes = &runtimes,
        .region = "eu-central-1",
        .log_stream = "2026/01/31/[$LATEST]0123",
        .program_path = "/opt/extensions/watch",
        .credentials = &credentials,
        .has_api = true,
        .is_provisioned = true,
    };
    launch_done(&launch);
    assert_true(launch_init(&launch, &request, NULL));
}

static size_t count_variables(void) {
    size_t count = 0;
    while (launch.plan.program.envp[count])
        count++;
    return count;
}

static void an_extension_knows_the_function_and_not_the_runtime(void **state) {
    (void)state;
    const struct function_variable own[] = {
        {"AWS_XRAY_CONTEXT_MISSING", "IGNORE"}, {"OWN", "1"}, {"PATH", "/own"}};
    function_set_variables(function, own, 3);
    make_extension();
    assert_string_equal(launch.plan.program.argv[0], "/opt/extensions/watch");
    assert_null(launch.plan.program.argv[1]);
    assert_string_equal(launch.plan.program.working_dir, "/");
    static const char *const expected[][2] = {
        {"OWN", "1"},
        {"PATH", "/own"},
        {"AWS_ACCESS_KEY_ID", "ASIA1"},
        {"AWS_SECRET_ACCESS_KEY", "s/+"},
        {"AWS_SESSION_TOKEN", "t=="},
        {"AWS_REGION", "eu-central-1"},
        {"AWS_DEFAULT_REGION", "eu-central-1"},
        {"AWS_ENDPOINT_URL", "http://127.0.0.1:9002"},
        {"AWS_LAMBDA_FUNCTION_NAME", "f"},
        {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
        {"AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency"},
        {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"},
        {"LANG", "en_US.UTF-8"},
        {"TZ", ":UTC"},
    };
    size_t count = sizeof expected / sizeof expected[0];
    for (size_t i = 0; i < count; i++)
        assert_string_equal(variable(expected[i][0]), expected[i][1]);
    assert_non_null(variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"));
    assert_non_null(variable("LD_LIBRARY_PATH"));
    assert_int_equal(count_variables(), count + 2);
}

/* ---- parked ---- */

static void a_parked_runtime_knows_nobody(void **state) {
    (void)state;
    assert_true(launch_init_parked(&launch, &runtimes, "python3.12", NULL));
    assert_string_equal(launch.plan.program.argv[0], "/usr/bin/python3.12");
    assert_true(launch.plan.has_handover);
    assert_int_equal(launch.plan.mount_count, 0);
    static const char *const names[] = {"LANG",       "LC_CTYPE", "LD_LIBRARY_PATH",  "PATH",
                                        "PYTHONPATH", "TZ",       "_LAMB_HANDOVER_FD"};
    size_t count = sizeof names / sizeof names[0];
    for (size_t i = 0; i < count; i++)
        assert_non_null(variable(names[i]));
    assert_int_equal(count_variables(), count);
}

/* What an interpreter reads at its start must be the same in both. */
static void a_parked_runtime_is_started_as_a_plain_one(void **state) {
    (void)state;
    static const char *const runtimes_of[] = {"python3.12", "nodejs20.x"};
    for (size_t r = 0; r < 2; r++) {
        char *texts[16];
        size_t count = 0;
        launch_done(&launch);
        assert_true(launch_init_parked(&launch, &runtimes, runtimes_of[r], NULL));
        for (size_t i = 0; launch.plan.program.envp[i]; i++)
            if (launch.plan.program.envp[i][0] != '_')
                texts[count++] = mem_text(launch.plan.program.envp[i]);
        OWN_MEM char *client = mem_text(launch.plan.program.argv[2]);
        function_set_text(&function->runtime, runtimes_of[r]);
        assert_true(make(NULL, false, NULL));
        assert_string_equal(launch.plan.program.argv[2], client);
        for (size_t i = 0; i < count; i++) {
            char *value = strchr(texts[i], '=');
            *value++ = '\0';
            assert_string_equal(variable(texts[i]), value);
            free(texts[i]);
        }
    }
}

static void what_cannot_be_parked(void **state) {
    (void)state;
    struct err err;
    assert_false(launch_init_parked(&launch, &runtimes, "provided.al2023", &err));
    assert_int_equal(err.code, ERR_UNSUPPORTED);
    assert_false(launch_init_parked(&launch, &runtimes, "python3.11", &err));
    assert_non_null(strstr(err.text, "python3.11 is not installed"));
    assert_false(launch_init_parked(&launch, &runtimes, "", NULL));
}

static bool is_parkable_with(const char *name) {
    const struct function_variable own[] = {{"OWN", "1"}, {name, "1"}};
    function_set_variables(function, own, 2);
    return launch_is_parkable(function, &runtimes);
}

static void variables_that_are_read_at_the_start(void **state) {
    (void)state;
    static const char *const plain[] = {"AWS_LAMBDA_EXEC_WRAPPER",
                                        "GLIBC_TUNABLES",
                                        "LANG",
                                        "LANGUAGE",
                                        "LC_ALL",
                                        "LD_LIBRARY_PATH",
                                        "LD_PRELOAD",
                                        "LOCPATH",
                                        "MALLOC_ARENA_MAX",
                                        "NODE_OPTIONS",
                                        "NODE_PATH",
                                        "OPENSSL_CONF",
                                        "PYTHONPATH",
                                        "PYTHONWARNINGS",
                                        "SSL_CERT_FILE",
                                        "TZ",
                                        "TZDIR",
                                        "UV_THREADPOOL_SIZE"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        assert_false(is_parkable_with(plain[i]));
    static const char *const parked[] = {"NODE_ENV", "PATH", "AWS_LAMBDA_LOG_LEVEL", "LDAP", "PY", "L"};
    for (size_t i = 0; i < sizeof parked / sizeof parked[0]; i++)
        assert_true(is_parkable_with(parked[i]));
}

static void functions_whose_layers_hide_the_interpreter(void **state) {
    (void)state;
    const struct function_layer layer = {.arn = "arn:aws:lambda:us-east-1:000000000000:layer:l:1"};
    assert_true(launch_is_parkable(function, &runtimes));
    function_set_layers(function, &layer, 1);
    assert_true(launch_is_parkable(function, &runtimes));
    function_set_text(&function->runtime, "nodejs20.x");
    assert_false(launch_is_parkable(function, &runtimes));
    function_set_text(&function->runtime, "provided.al2023");
    assert_false(launch_is_parkable(function, &runtimes));
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
        TEST(a_wrapper_gets_the_command_line_of_the_runtime),
        TEST(an_extension_knows_the_function_and_not_the_runtime),
        TEST(a_parked_runtime_knows_nobody),
        TEST(a_parked_runtime_is_started_as_a_plain_one),
        TEST(what_cannot_be_parked),
        TEST(variables_that_are_read_at_the_start),
        TEST(functions_whose_layers_hide_the_interpreter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

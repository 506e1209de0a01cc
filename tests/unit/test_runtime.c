/* model/runtime: the catalogue, what is installed, and the three ways to refuse a runtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/runtime.h"

static void test_find(void **state) {
    (void)state;
    const struct runtime_kind *kind = runtime_find("python3.12");
    assert_non_null(kind);
    assert_int_equal(kind->family, RUNTIME_PYTHON);
    assert_true(kind->creatable);
    assert_string_equal(kind->label, "3.12");
    assert_string_equal(runtime_find("nodejs20.x")->label, "20");
    assert_string_equal(runtime_find("provided.al2023")->label, "al2023");
    assert_false(runtime_find("java8")->creatable);
    assert_null(runtime_find("python3"));
    assert_null(runtime_find(""));
}

static void test_interpreters(void **state) {
    (void)state;
    struct runtime_set set = {0};
    assert_string_equal(runtime_interpreter(&set, "provided.al2"), "");
    assert_null(runtime_interpreter(&set, "python3.11"));
    assert_null(runtime_interpreter(&set, "nonsense"));
    runtime_set_add(&set, runtime_find("python3.11"), "/usr/bin/python3");
    runtime_set_add(&set, runtime_find("nodejs18.x"), "/usr/bin/node");
    runtime_set_add(&set, runtime_find("python3.11"), "/usr/bin/python3.11");
    assert_int_equal(set.count, 2);
    assert_string_equal(runtime_interpreter(&set, "python3.11"), "/usr/bin/python3.11");
    assert_string_equal(runtime_interpreter(&set, "nodejs18.x"), "/usr/bin/node");
    runtime_set_done(&set);
    assert_int_equal(set.count, 0);
}

static void test_creatable(void **state) {
    (void)state;
    struct runtime_set set = {0};
    struct err err;
    runtime_set_add(&set, runtime_find("python3.11"), "/usr/bin/python3.11");
    assert_true(runtime_check_creatable(&set, "python3.11", &err));
    assert_true(runtime_check_creatable(&set, "provided.al2023", &err));

    assert_false(runtime_check_creatable(&set, "non-existent-runtime", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_string_equal(
        err.text,
        "Value non-existent-runtime at 'runtime' failed to satisfy constraint: Member must satisfy enum "
        "value set: "
        "[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, "
        "python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, "
        "nodejs16.x, "
        "dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2] or be a valid ARN");

    assert_false(runtime_check_creatable(&set, "java8", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_string_equal(
        err.text,
        "The runtime parameter of java8 is no longer supported for creating or updating AWS Lambda "
        "functions. We recommend you use a supported runtime while creating or updating functions.");

    assert_false(runtime_check_creatable(&set, "nodejs22.x", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_non_null(strstr(err.text, "nodejs22.x is not installed"));
    assert_non_null(strstr(err.text, "Installed: provided.al2023, python3.11, provided.al2."));
    assert_non_null(strstr(err.text, "\"runtimes\""));
    runtime_set_done(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_interpreters),
        cmocka_unit_test(test_creatable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

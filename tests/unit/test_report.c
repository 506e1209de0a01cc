/* Error documents, word for word as recorded from the service. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "invoke/report.h"

#define ID "5f3a9c1e-0000-4000-8000-000000000001"

static char text[REPORT_TEXT_BYTES];

static void check(size_t len, const char *expected) {
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
}

static void timeout_document(void **state) {
    (void)state;
    check(report_timeout_document(ID, 1, text),
          "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: " ID
          " Error: Task timed out after 1.00 seconds\"}");
}

static void exit_documents_speak_like_go(void **state) {
    (void)state;
    const struct {
        struct program_end end;
        const char *words;
    } cases[] = {
        {{.exited = true, .exit_status = 0}, "Runtime exited without providing a reason"},
        {{.exited = true, .exit_status = 127}, "Runtime exited with error: exit status 127"},
        {{.signal = SIGKILL}, "Runtime exited with error: signal: killed"},
        {{.signal = SIGSEGV}, "Runtime exited with error: signal: segmentation fault"},
        {{.signal = 0}, "Runtime exited with error: signal: killed"},
        {{.signal = 40}, "Runtime exited with error: signal: signal 40"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        report_exit_document(ID, &cases[i].end, text);
        assert_non_null(strstr(text, cases[i].words));
        assert_non_null(strstr(text, "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: " ID
                                     " Error: "));
    }
}

static void exec_documents_speak_like_go(void **state) {
    (void)state;
    check(report_exec_document(ID, "/opt/bootstrap", ENOEXEC, text),
          "{\"errorType\":\"Runtime.InvalidEntrypoint\",\"errorMessage\":\"RequestId: " ID
          " Error: fork/exec /opt/bootstrap: exec format error\"}");
    report_exec_document(ID, "/var/task/bootstrap", ENOENT, text);
    assert_non_null(strstr(text, "fork/exec /var/task/bootstrap: no such file or directory"));
    report_exec_document(ID, "/var/task/bootstrap", EACCES, text);
    assert_non_null(strstr(text, "fork/exec /var/task/bootstrap: permission denied"));
}

static void too_large_document(void **state) {
    (void)state;
    check(
        report_too_large_document(LIMIT_RESPONSE_BYTES, text),
        "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size (6291556 bytes).\","
        "\"errorType\":\"Function.ResponseSizeTooLarge\"}");
}

static void error_types_outside_the_pattern_are_unknown(void **state) {
    (void)state;
    assert_string_equal(report_error_type("Runtime.ImportModuleError"), "Runtime.ImportModuleError");
    assert_string_equal(report_error_type("Function.Foo"), "Function.Foo");
    assert_string_equal(report_error_type("Function.foo"), "Function.Unknown");
    assert_string_equal(report_error_type("Runtime.A"), "Runtime.Unknown");
    assert_string_equal(report_error_type("Runtime.A1"), "Runtime.Unknown");
    assert_string_equal(report_error_type("Exception\r\nX: y"), "Runtime.Unknown");
    assert_string_equal(report_error_type(""), "Runtime.Unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeout_document),
        cmocka_unit_test(exit_documents_speak_like_go),
        cmocka_unit_test(exec_documents_speak_like_go),
        cmocka_unit_test(too_large_document),
        cmocka_unit_test(error_types_outside_the_pattern_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

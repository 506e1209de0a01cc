/* Log lines and error documents, word for word as recorded from the service. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "invoke/report.h"

#define ID "5f3a9c1e-0000-4000-8000-000000000001"

static char text[REPORT_TEXT_BYTES];

static void check(size_t len, const char *expected) {
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
}

static void start_and_end_name_the_request(void **state) {
    (void)state;
    check(report_start_line(ID, "$LATEST", text), "START RequestId: " ID " Version: $LATEST");
    check(report_end_line(ID, text), "END RequestId: " ID);
}

static void report_of_a_warm_call(void **state) {
    (void)state;
    struct report report = {.request_id = ID,
                            .duration_us = 3014,
                            .init_us = -1,
                            .memory_mb = 128,
                            .memory_peak_bytes = 36 * 1024 * 1024};
    check(report_line(&report, text),
          "REPORT RequestId: " ID "\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
          "Max Memory Used: 36 MB\t");
}

static void report_of_a_cold_call_bills_the_initialisation(void **state) {
    (void)state;
    struct report report = {.request_id = ID,
                            .duration_us = 1233960,
                            .init_us = 463512,
                            .memory_mb = 256,
                            .memory_peak_bytes = 122 * 1024 * 1024 + 1};
    check(report_line(&report, text),
          "REPORT RequestId: " ID "\tDuration: 1233.96 ms\tBilled Duration: 1698 ms\t"
          "Memory Size: 256 MB\tMax Memory Used: 123 MB\tInit Duration: 463.51 ms\t");
}

static void report_of_failures_has_a_status(void **state) {
    (void)state;
    struct report report = {
        .request_id = ID, .duration_us = 1000000, .init_us = -1, .memory_mb = 128, .status = "timeout"};
    report_line(&report, text);
    assert_non_null(strstr(text, "\tStatus: timeout\t"));
    assert_null(strstr(text, "Error Type"));
    report.status = "error";
    report.error_type = "Runtime.OutOfMemory";
    report_line(&report, text);
    assert_non_null(strstr(text, "\tStatus: error\tError Type: Runtime.OutOfMemory\t"));
}

static void init_report_has_phase_and_status(void **state) {
    (void)state;
    check(report_init_line(10007330, "init", "timeout", NULL, text),
          "INIT_REPORT Init Duration: 10007.33 ms\tPhase: init\tStatus: timeout");
    check(report_init_line(1500, "invoke", "error", "Runtime.ExitError", text),
          "INIT_REPORT Init Duration: 1.50 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError");
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
        struct sandbox_end end;
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
        report_too_large_document(text),
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
        cmocka_unit_test(start_and_end_name_the_request),
        cmocka_unit_test(report_of_a_warm_call),
        cmocka_unit_test(report_of_a_cold_call_bills_the_initialisation),
        cmocka_unit_test(report_of_failures_has_a_status),
        cmocka_unit_test(init_report_has_phase_and_status),
        cmocka_unit_test(timeout_document),
        cmocka_unit_test(exit_documents_speak_like_go),
        cmocka_unit_test(exec_documents_speak_like_go),
        cmocka_unit_test(too_large_document),
        cmocka_unit_test(error_types_outside_the_pattern_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

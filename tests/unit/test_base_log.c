/* base/log: one line per event, and nothing from outside can make two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Runs with stderr in a pipe; gives what was written. */
static void capture(void (*act)(void), char *ret_text, size_t size) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    act();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(ends[1]);
    ssize_t got = read(ends[0], ret_text, size - 1);
    close(ends[0]);
    assert_true(got >= 0);
    ret_text[got] = '\0';
}

static void log_plainly(void) {
    errno = ENOENT;
    log_info("environment.ready", "id=%d name=%s", 7, "f");
    assert_int_equal(errno, ENOENT);
}

static void test_a_line(void **state) {
    (void)state;
    char text[8192];
    capture(log_plainly, text, sizeof text);
    assert_int_equal(text[4], '-');
    assert_int_equal(text[23], 'Z');
    assert_string_equal(text + 24, " info environment.ready id=7 name=f\n");
}

static void log_levels(void) {
    log_warn("a.b", "x=1");
    log_error("c.d", "y=2");
}

static void test_levels(void **state) {
    (void)state;
    char text[8192];
    capture(log_levels, text, sizeof text);
    assert_non_null(strstr(text, "Z warn a.b x=1\n"));
    assert_non_null(strstr(text, "Z error c.d y=2\n"));
}

static void log_forgery(void) {
    log_info("a.b", "value=%s", "x\n2026-01-01 error fake\r\x1b[31m\x7f\xc2\x9bz\xc3\xa9");
}

static void test_controls_are_replaced(void **state) {
    (void)state;
    char text[8192];
    capture(log_forgery, text, sizeof text);
    assert_non_null(strstr(text, "value=x?2026-01-01 error fake??[31m???z\xc3\xa9\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void log_long(void) {
    static char value[10000];
    memset(value, 'v', sizeof value - 1);
    log_info("a.b", "%s", value);
}

static void test_long_lines_are_cut(void **state) {
    (void)state;
    char text[16384];
    capture(log_long, text, sizeof text);
    assert_int_equal(strlen(text), 4096);
    assert_int_equal(text[4095], '\n');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_controls_are_replaced),
        cmocka_unit_test(test_long_lines_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

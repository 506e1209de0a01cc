/* sys/child: output, status, time-outs, and what a child gets from us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sys/child.h"

#define PATIENCE_MS 20000

static int shell(const char *script, struct buf *output) {
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    int status = -1;
    struct err err;
    if (!child_run(argv, PATIENCE_MS, output, &status, &err))
        fail_msg("%s", err.text);
    return status;
}

static void test_output_and_status(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 1000);
    assert_int_equal(shell("echo out; echo err >&2; exit 7", &output), 7);
    assert_string_equal(buf_text(&output), "out\nerr\n");
}

static void test_signal_status(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 1000);
    assert_int_equal(shell("kill -9 $$", &output), 128 + SIGKILL);
}

static void test_environment_and_stdin(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 1000);
    setenv("SECRET", "x", 1);
    assert_int_equal(shell("/usr/bin/env | grep -v '^PWD=\\|^_=\\|^SHLVL=\\|^OLDPWD='; cat", &output), 0);
    assert_string_equal(buf_text(&output),
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}

static void test_signals_are_as_usual(void **state) {
    (void)state;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    OWN(buf) struct buf output;
    buf_init(&output, 1000);
    assert_int_equal(shell("sed -n 's/^Sig[BI][lg][kn]://p' /proc/self/status", &output), 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    char *rest;
    unsigned long long blocked_mask = strtoull(buf_text(&output), &rest, 16);
    unsigned long long ignored_mask = strtoull(rest, &rest, 16);
    assert_string_equal(rest, "\n");
    /* 32 and 33 are the C library's own. */
    assert_int_equal(blocked_mask & 0x7fffffff, 0);
    assert_int_equal(ignored_mask & 0x7fffffff, 0);
}

static void test_descriptors_stay_here(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 1000);
    int fd = open("/dev/null", O_RDONLY); /* not even one without close-on-exec */
    /* ls has one of its own open to read the directory. */
    assert_int_equal(shell("ls /proc/self/fd | wc -l", &output), 0);
    assert_string_equal(buf_text(&output), "4\n");
    close(fd);
}

static void test_long_output_is_cut(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 100);
    assert_int_equal(shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 3", &output), 3);
    assert_int_equal(output.len, 100);
    assert_int_equal(strspn(buf_text(&output), "x"), 100);
    assert_false(buf_ok(&output));
}

static void test_closed_output_is_no_end(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 100);
    assert_int_equal(shell("exec >&- 2>&-; exit 5", &output), 5);
}

static int64_t now_ms(void) {
    struct clock clock = clock_system();
    return clock_mono_us(&clock) / 1000;
}

static void test_timeout_ends_the_whole_group(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 100);
    const char *const argv[] = {"/bin/sh", "-c", "sleep 1000 & echo $!; wait", NULL};
    int status = 77;
    struct err err;
    int64_t start = now_ms();
    assert_false(child_run(argv, 300, &output, &status, &err));
    assert_true(now_ms() - start >= 300);
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_string_equal(err.text, "/bin/sh did not end within 300 ms and was killed");
    assert_int_equal(status, 77);
    pid_t sleeper = (pid_t)strtol(buf_text(&output), NULL, 10);
    assert_true(sleeper > 0);
    /* It is gone or a zombie of init's, for which only a wait helps. */
    while (kill(sleeper, 0) == 0) {
        OWN_MEM char *path = mem_format("/proc/%d/stat", (int)sleeper);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        char text[256] = "";
        ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
            close(fd);
        if (got <= 0 || strstr(text, ") Z "))
            break;
    }
}

static void test_descendants_are_not_waited_for(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 100);
    int64_t start = now_ms();
    assert_int_equal(shell("sleep 5 & echo $!; exit 4", &output), 4);
    assert_true(now_ms() - start < 4000);
    kill((pid_t)strtol(buf_text(&output), NULL, 10), SIGKILL);
}

static void test_missing_program(void **state) {
    (void)state;
    OWN(buf) struct buf output;
    buf_init(&output, 100);
    const char *const argv[] = {"/nonexistent/program", NULL};
    int status;
    struct err err;
    assert_false(child_run(argv, PATIENCE_MS, &output, &status, &err));
    assert_int_equal(err.errnum, ENOENT);
    assert_string_equal(err.text, "Can't start /nonexistent/program: No such file or directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_and_status),
        cmocka_unit_test(test_signal_status),
        cmocka_unit_test(test_environment_and_stdin),
        cmocka_unit_test(test_signals_are_as_usual),
        cmocka_unit_test(test_descriptors_stay_here),
        cmocka_unit_test(test_long_output_is_cut),
        cmocka_unit_test(test_closed_output_is_no_end),
        cmocka_unit_test(test_timeout_ends_the_whole_group),
        cmocka_unit_test(test_descendants_are_not_waited_for),
        cmocka_unit_test(test_missing_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

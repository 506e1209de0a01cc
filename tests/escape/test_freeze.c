/* Frozen sandboxes: nothing in them runs, nothing is lost, and they end like others, whoever ends them. All
 * of it with the freezer of control groups version 2, with that of version 1, and with signals, where the
 * machine can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox_fixture.h"
#include "sys/fd.h"

#define INSTANCE "lamb-test-freeze"

enum mode { VERSION2, VERSION1, SIGNALS };

static struct fixture fixture;
static struct outcome outcome;

/* Helpers. */

/* Takes what comes for so long. */
static void listen_for(int64_t ms) {
    struct clock clock = clock_system();
    int64_t end_us = clock_mono_us(&clock) + ms * 1000;
    while (clock_mono_us(&clock) < end_us) {
        loop_turn(fixture.loop, false);
        poll(NULL, 0, 1);
    }
}

static uint64_t start(const char *probe) {
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", probe, NULL});
    uint64_t id = fixture_begin(&fixture, &plan, &outcome);
    assert_true(fixture_wait(&fixture, &outcome, outcome_has_output));
    return id;
}

static void set_frozen(uint64_t id, bool is_frozen) {
    if (outcome.fds.freezer != -1)
        sandbox_freeze(fixture.host, id, outcome.fds.freezer, is_frozen);
    else if (outcome.control)
        control_stop(outcome.control, is_frozen);
}

static void forget_output(void) {
    outcome.output_len = 0;
    outcome.output[0] = '\0';
}

static bool both_tick(const struct outcome *seen) {
    return strchr(seen->output, 'p') && strchr(seen->output, 'c');
}

static void end(uint64_t id) {
    sandbox_kill(fixture.host, id);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
    assert_true(outcome.end.killed);
}

/* The function's first process: the child of the only lamb-init that has one that writes output. */
static int program_of(int spawner_pid, const char *name) {
    int inits[16], programs[4];
    size_t count = fixture_list_children(spawner_pid, inits, 16);
    for (size_t i = 0; i < count; i++) {
        char path[64], line[64] = "";
        if (fixture_list_children(inits[i], programs, 4) != 1)
            continue;
        snprintf(path, sizeof path, "/proc/%d/comm", programs[0]);
        OWN_FD int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file != -1 && read(file, line, sizeof line - 1) > 0 && strncmp(line, name, strlen(name)) == 0)
            return programs[0];
    }
    return -1;
}

/* Processor time it had so far. */
static uint64_t used_ns(int pid) {
    char path[64], line[128] = "";
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    OWN_FD int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file != -1 && read(file, line, sizeof line - 1) > 0);
    return strtoull(line, NULL, 10);
}

/* Scenarios. */

static void nothing_runs(void) {
    uint64_t id = start("tick");
    assert_true(fixture_wait(&fixture, &outcome, both_tick));
    for (int i = 0; i < 3; i++) {
        set_frozen(id, true);
        listen_for(30);
        forget_output();
        listen_for(150);
        assert_string_equal(outcome.output, "");
        set_frozen(id, false);
        assert_true(fixture_wait(&fixture, &outcome, both_tick));
    }
    end(id);
}

static void no_processor_time_is_used(void) {
    uint64_t id = start("spin");
    int program = program_of(fixture.spawner_pid, "probe");
    assert_true(program > 0);
    set_frozen(id, true);
    listen_for(50);
    uint64_t before_ns = used_ns(program);
    listen_for(200);
    assert_int_equal(used_ns(program), before_ns);
    set_frozen(id, false);
    listen_for(100);
    assert_true(used_ns(program) > before_ns + 10000000);
    end(id);
}

static void a_frozen_one_can_be_killed(void) {
    uint64_t id = start("tick");
    set_frozen(id, true);
    listen_for(20);
    end(id);
}

/* Whatever comes first where, the last word counts when it is to go on. */
static void freezing_and_thawing_in_a_row(void) {
    uint64_t id = start("tick");
    for (int i = 0; i < 200; i++)
        set_frozen(id, i % 2 == 0);
    listen_for(20);
    forget_output();
    assert_true(fixture_wait(&fixture, &outcome, both_tick));
    end(id);
    set_frozen(id, true); /* nobody minds */
}

static void start_fixture(void) {
    struct err err;
    if (!fixture_start(&fixture, INSTANCE, 1, &err))
        fail_msg("%s", err.text);
}

/* In a process of its own: tells the spawner and a frozen program, then waits to be killed. */
static _Noreturn void be_daemon(int tell_fd) {
    start_fixture();
    uint64_t id = start("tick");
    set_frozen(id, true);
    listen_for(30);
    int pids[] = {fixture.spawner_pid, program_of(fixture.spawner_pid, "probe")};
    if (write(tell_fd, pids, sizeof pids) != sizeof pids)
        _exit(1);
    for (;;)
        pause();
}

static bool is_gone(int pidfd) {
    struct pollfd place = {.fd = pidfd, .events = POLLIN};
    return poll(&place, 1, FIXTURE_TIMEOUT_MS) == 1;
}

/* `victim` 0: the daemon; 1: the spawner, after which the next start has to clear away. */
static void a_death_leaves_nothing_frozen(int victim, enum mode mode) {
    int pair[2], pids[2];
    assert_int_equal(pipe(pair), 0);
    int daemon = fork();
    if (daemon == 0)
        be_daemon(pair[1]);
    close(pair[1]);
    assert_int_equal(read(pair[0], pids, sizeof pids), sizeof pids);
    close(pair[0]);
    OWN_FD int spawner = pidfd_open(pids[0], 0);
    OWN_FD int program = pidfd_open(pids[1], 0);
    kill(victim == 0 ? daemon : pids[0], SIGKILL);
    assert_true(is_gone(spawner));
    if (victim == 1)
        kill(daemon, SIGKILL);
    waitpid(daemon, NULL, 0);
    if (victim == 1 && mode == VERSION1) { /* holds SIGKILL back until somebody thaws */
        start_fixture();
        fixture_stop(&fixture);
    }
    assert_true(is_gone(program));
    if (victim == 1 && mode != VERSION1) {
        start_fixture();
        fixture_stop(&fixture);
    }
    assert_false(fixture_has_groups(INSTANCE));
}

static void a_stop_leaves_nothing_frozen(void) {
    uint64_t id = start("tick");
    set_frozen(id, true);
    listen_for(20);
    OWN_FD int program = pidfd_open(program_of(fixture.spawner_pid, "probe"), 0);
    fixture_let_go(&outcome);
    fixture_stop(&fixture);
    assert_true(is_gone(program));
    assert_false(fixture_has_groups(INSTANCE));
}

/* Modes. */

static bool has_mount(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

/* Takes from this process's view what it is not to use. False where the machine lacks what it is to use. */
static bool settle(enum mode mode) {
    bool has_both = has_mount("/sys/fs/cgroup/unified/cgroup.procs");
    if (unshare(CLONE_NEWNS) == -1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        fail_msg("can't make a mount namespace");
    switch (mode) {
    case VERSION2: return has_both || has_mount("/sys/fs/cgroup/cgroup.procs");
    case VERSION1:
        return has_both && has_mount("/sys/fs/cgroup/freezer/cgroup.procs") &&
               umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0;
    case SIGNALS: return umount2("/sys/fs/cgroup", MNT_DETACH) == 0;
    }
    return false;
}

static void run_all(enum mode mode) {
    if (!settle(mode))
        _exit(2);
    start_fixture();
    assert_int_equal(strstr(fixture.report, "stopped by signals") != NULL, mode == SIGNALS);
    nothing_runs();
    assert_int_equal(outcome.has_freezer, mode != SIGNALS);
    no_processor_time_is_used();
    a_frozen_one_can_be_killed();
    freezing_and_thawing_in_a_row();
    a_stop_leaves_nothing_frozen();
    a_death_leaves_nothing_frozen(0, mode);
    a_death_leaves_nothing_frozen(1, mode);
}

static void run_mode(enum mode mode) {
    int status;
    int child = fork();
    if (child == 0) {
        run_all(mode); /* a failed assertion ends with a status */
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        skip();
    assert_int_equal(status, 0);
}

static void test_version2(void **state) {
    (void)state;
    run_mode(VERSION2);
}

static void test_version1(void **state) {
    (void)state;
    run_mode(VERSION1);
}

static void test_signals(void **state) {
    (void)state;
    run_mode(SIGNALS);
}

static int set_up(void **state) {
    (void)state;
    return fixture_make_files(&fixture) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    fixture_remove_files(&fixture);
    return fixture_has_groups(INSTANCE) ? -1 : 0;
}

static void skip_all(void **state) {
    (void)state;
    print_message("all tests of sandboxes are skipped: they need root\n");
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version2),
        cmocka_unit_test(test_version1),
        cmocka_unit_test(test_signals),
    };
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skip_all)};
    if (geteuid() != 0)
        return cmocka_run_group_tests_name("freeze", skipped, NULL, NULL);
    return cmocka_run_group_tests_name("freeze", tests, set_up, tear_down);
}

/* How sandboxes begin and end: errors a person can act on, statuses, kills, limits of time, and that nothing
 * is left behind, whoever dies first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox_fixture.h"
#include "sys/fd.h"

#define INSTANCE "lamb-test-life"
#define STOCK 3

static struct fixture fixture;
static struct outcome outcome;

static void run(const char *const *argv) {
    struct plan plan = fixture_plan(argv);
    fixture_run(&fixture, &plan, &outcome);
}

/* Exit statuses, signals, programs that can't be executed. */

static void test_exit_status(void **state) {
    (void)state;
    run((const char *const[]){"/var/task/probe", "exit", "42", NULL});
    assert_true(outcome.has_started);
    assert_true(outcome.programs[0].exited);
    assert_int_equal(outcome.programs[0].exit_status, 42);
    assert_int_equal(outcome.programs[0].exec_errno, 0);
}

static void test_signal(void **state) {
    (void)state;
    run((const char *const[]){"/var/task/probe", "raise", "11", NULL});
    assert_false(outcome.programs[0].exited);
    assert_int_equal(outcome.programs[0].signal, SIGSEGV);
}

static void assert_not_executed(const char *program, int errnum, int status, const char *line) {
    run((const char *const[]){program, NULL});
    assert_true(outcome.programs[0].exited);
    assert_int_equal(outcome.programs[0].exit_status, status);
    assert_int_equal(outcome.programs[0].exec_errno, errnum);
    assert_string_equal(outcome.output, line);
}

static void test_program_is_missing(void **state) {
    (void)state;
    assert_not_executed("/var/task/bootstrap", ENOENT, 127,
                        "lamb: can't execute /var/task/bootstrap: No such file or directory\n");
}

static void test_program_is_not_executable(void **state) {
    (void)state;
    assert_not_executed("/var/task/plain", EACCES, 126,
                        "lamb: can't execute /var/task/plain: Permission denied\n");
}

static void test_interpreter_is_missing(void **state) {
    (void)state;
    assert_not_executed("/var/task/script", ENOENT, 127,
                        "lamb: can't execute /var/task/script: No such file or directory\n");
}

static void test_program_is_for_another_machine(void **state) {
    (void)state;
    struct utsname here;
    char line[256];
    assert_int_equal(uname(&here), 0);
    snprintf(line, sizeof line,
             "lamb: can't execute /var/task/foreign: foreign is built for " FIXTURE_FOREIGN
             " and this machine is %s\n",
             here.machine);
    assert_not_executed("/var/task/foreign", ENOEXEC, 126, line);
}

static void test_working_directory_is_missing(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "exit", "0", NULL});
    plan.program.working_dir = "/var/none";
    fixture_run(&fixture, &plan, &outcome);
    assert_int_equal(outcome.programs[0].exit_status, 127);
    assert_string_equal(outcome.output, "lamb: can't enter /var/none: No such file or directory\n");
}

/* Plans that can't be carried out. */

static void test_mount_target_is_missing(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", NULL});
    plan.mounts[0].target = "/nowhere";
    fixture_run(&fixture, &plan, &outcome);
    assert_true(outcome.has_failed);
    assert_false(outcome.has_started);
    assert_non_null(strstr(outcome.failure.text, "/nowhere"));
}

static void test_mount_target_climbs(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", NULL});
    plan.mounts[0].target = "/var/task/../../etc";
    fixture_run(&fixture, &plan, &outcome);
    assert_true(outcome.has_failed);
}

static void test_limit_is_out_of_range(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", NULL});
    plan.memory_mb = LIMIT_MEMORY_MAX_MB + 1;
    fixture_run(&fixture, &plan, &outcome);
    assert_true(outcome.has_failed);
    assert_non_null(strstr(outcome.failure.text, "memory_mb is 10241"));
}

static void test_plan_is_too_large(void **state) {
    (void)state;
    char *text = mem_alloc(LIMIT_PLAN_BYTES + 1);
    memset(text, 'x', LIMIT_PLAN_BYTES);
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", text, NULL});
    fixture_run(&fixture, &plan, &outcome);
    free(text);
    assert_true(outcome.has_failed);
    assert_int_equal(outcome.failure.code, ERR_LIMIT);
}

/* A second directory, as a function's layers are. */
static void test_two_directories(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/opt/probe", "list", "/opt", NULL});
    plan.mounts[1].target = "/opt";
    plan.mount_count = 2;
    fixture_run(&fixture, &plan, &outcome);
    assert_string_equal(outcome.output, "foreign plain probe script setuid\n");
    plan.program.argv = (const char *const[]){"/opt/probe", "write", "/opt/plain", NULL};
    fixture_run(&fixture, &plan, &outcome);
    assert_string_equal(outcome.output, "EROFS\n");
}

/* Killing. */

static void test_kill_running(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    uint64_t id = fixture_begin(&fixture, &plan, &outcome);
    assert_true(fixture_wait(&fixture, &outcome, outcome_has_output));
    assert_string_equal(outcome.output, "asleep\n");
    sandbox_kill(fixture.host, id);
    sandbox_kill(fixture.host, id);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
    assert_true(outcome.end.killed);
    assert_int_equal(outcome.end.signal, SIGKILL);
    assert_int_equal(sandbox_host_count(fixture.host), 0);
}

/* Of a burst much larger than the stock the last is killed before it was its turn. */
static void test_kill_waiting(void **state) {
    (void)state;
    static struct outcome many[24];
    uint64_t ids[24];
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    for (size_t i = 0; i < 24; i++)
        ids[i] = fixture_begin(&fixture, &plan, &many[i]);
    sandbox_kill(fixture.host, ids[23]);
    assert_true(fixture_wait(&fixture, &many[23], outcome_is_over));
    assert_false(many[23].has_failed);
    assert_true(many[23].end.killed);
    for (size_t i = 0; i < 23; i++)
        assert_true(fixture_wait(&fixture, &many[i], outcome_has_output));
    for (size_t i = 0; i < 23; i++)
        sandbox_kill(fixture.host, ids[i]);
    for (size_t i = 0; i < 23; i++) {
        assert_true(fixture_wait(&fixture, &many[i], outcome_is_over));
        assert_string_equal(many[i].output, "asleep\n");
    }
    assert_int_equal(sandbox_host_count(fixture.host), 0);
}

static void test_kill_unknown(void **state) {
    (void)state;
    sandbox_kill(fixture.host, 999999);
    test_exit_status(state);
}

static void test_daemon_ends_with_the_function(void **state) {
    (void)state;
    run((const char *const[]){"/var/task/probe", "leave_daemon", NULL});
    assert_string_equal(outcome.output, "left\n");
    assert_true(outcome.programs[0].exited);
}

/* Figures. */

static void test_peak_memory(void **state) {
    (void)state;
    run((const char *const[]){"/var/task/probe", "use_memory", "50", NULL});
    assert_in_range(outcome.end.memory_peak_bytes, 50 * 1024 * 1024, 60 * 1024 * 1024);
}

static void test_peak_memory_while_it_runs(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    uint64_t id = fixture_begin(&fixture, &plan, &outcome);
    assert_true(fixture_wait(&fixture, &outcome, outcome_has_output));
    char text[32] = "";
    assert_true(pread(outcome.fds.memory_peak, text, sizeof text - 1, 0) > 0);
    assert_in_range(strtoul(text, NULL, 10), 10000, 16 * 1024 * 1024);
    sandbox_kill(fixture.host, id);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
}

static void test_processor_share(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "use_processor", NULL});
    plan.cpu_millis = 250;
    fixture_run(&fixture, &plan, &outcome);
    assert_in_range(strtoul(outcome.output, NULL, 10), 10, 32);
}

/* As after the init phase, which has a whole processor. */
static void test_processor_share_changes(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "use_processor", NULL});
    uint64_t id = fixture_begin(&fixture, &plan, &outcome);
    sandbox_limit_cpu(fixture.host, id,
                      100); /* may come before it has started: then the plan's share stays */
    while (!outcome.has_started)
        loop_turn(fixture.loop, true);
    sandbox_limit_cpu(fixture.host, id, 200);
    sandbox_limit_cpu(fixture.host, id, 0);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
    assert_in_range(strtoul(outcome.output, NULL, 10), 10, 28);
}

static void test_smallest_processor_share(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "exit", "0", NULL});
    plan.cpu_millis = 1;
    fixture_run(&fixture, &plan, &outcome);
    assert_true(outcome.programs[0].exited);
}

static unsigned owner_of(int pid) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    char line[128];
    unsigned uid = 0;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "Uid:", 4) == 0)
            uid = (unsigned)strtoul(line + 4, NULL, 10);
    if (file)
        fclose(file);
    return uid;
}

static void test_each_has_a_user_of_its_own(void **state) {
    (void)state;
    static struct outcome many[8];
    uint64_t ids[8];
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    for (size_t i = 0; i < 8; i++)
        ids[i] = fixture_begin(&fixture, &plan, &many[i]);
    for (size_t i = 0; i < 8; i++)
        assert_true(fixture_wait(&fixture, &many[i], outcome_has_output));
    int pids[64];
    size_t count = fixture_list_children(fixture.spawner_pid, pids, 64);
    assert_true(count >= 8);
    size_t running = 0;
    for (size_t i = 0; i < count; i++) {
        int program[4];
        if (fixture_list_children(pids[i], program, 4) != 1)
            continue;
        if (owner_of(program[0]) == 0)
            continue; /* one that is being parked */
        running++;
        assert_true(owner_of(pids[i]) >= 0x70000000);
        assert_int_equal(owner_of(program[0]), owner_of(pids[i]));
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(owner_of(pids[i]), owner_of(pids[j]));
    }
    assert_true(running >= 8);
    for (size_t i = 0; i < 8; i++) {
        sandbox_kill(fixture.host, ids[i]);
        assert_true(fixture_wait(&fixture, &many[i], outcome_is_over));
    }
}

static int set_up(void **state) {
    (void)state;
    struct err err;
    if (!fixture_make_files(&fixture))
        return -1;
    if (fixture_start(&fixture, INSTANCE, STOCK, &err))
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return -1;
}

static int tear_down(void **state) {
    (void)state;
    fixture_stop(&fixture);
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
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_program_is_missing),
        cmocka_unit_test(test_program_is_not_executable),
        cmocka_unit_test(test_interpreter_is_missing),
        cmocka_unit_test(test_program_is_for_another_machine),
        cmocka_unit_test(test_working_directory_is_missing),
        cmocka_unit_test(test_mount_target_is_missing),
        cmocka_unit_test(test_mount_target_climbs),
        cmocka_unit_test(test_limit_is_out_of_range),
        cmocka_unit_test(test_plan_is_too_large),
        cmocka_unit_test(test_two_directories),
        cmocka_unit_test(test_kill_running),
        cmocka_unit_test(test_kill_waiting),
        cmocka_unit_test(test_kill_unknown),
        cmocka_unit_test(test_daemon_ends_with_the_function),
        cmocka_unit_test(test_peak_memory),
        cmocka_unit_test(test_peak_memory_while_it_runs),
        cmocka_unit_test(test_processor_share),
        cmocka_unit_test(test_processor_share_changes),
        cmocka_unit_test(test_smallest_processor_share),
        cmocka_unit_test(test_each_has_a_user_of_its_own),
    };
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skip_all)};
    if (geteuid() != 0)
        return cmocka_run_group_tests_name("life", skipped, NULL, NULL);
    return cmocka_run_group_tests_name("life", tests, set_up, tear_down);
}

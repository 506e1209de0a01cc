/* What must not remain: secrets in memory, descriptors, mounts, processes and control groups, whoever dies
 * first; and the same without root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sandbox_fixture.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define INSTANCE "lamb-test-remains"
#define OTHER_INSTANCE "lamb-test-orphan"
#define NOBODY 65534
#define STOCK 3

static struct fixture fixture;
static struct outcome outcome;

static void run(const char *const *argv) {
    struct plan plan = fixture_plan(argv);
    fixture_run(&fixture, &plan, &outcome);
}

/* Past this a mapping is the shadow of a sanitizer. */
#define MAX_SEARCHED_BYTES (1ul << 30)

/* Everything readable in a process, searched for a text. */
static bool memory_has(int pid, const char *text) {
    char path[64];
    char line[512];
    static char block[1024 * 1024];
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    OWN_FD int memory = open(path, O_RDONLY | O_CLOEXEC);
    bool found = false;
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (!found && fgets(line, sizeof line, maps)) {
        char *end;
        unsigned long start = strtoul(line, &end, 16);
        unsigned long stop = strtoul(end + 1, NULL, 16);
        if (stop - start > MAX_SEARCHED_BYTES)
            continue;
        for (unsigned long at = start; !found && at < stop; at += sizeof block) {
            size_t wanted = stop - at < sizeof block ? stop - at : sizeof block;
            ssize_t got = pread(memory, block, wanted, (off_t)at);
            found = got > 0 && memmem(block, (size_t)got, text, strlen(text));
        }
    }
    fclose(maps);
    return found;
}

/* A sandbox starts as a copy of the spawner, through which every function's secrets go. */
static void test_no_secrets_in_other_sandboxes(void **state) {
    (void)state;
    static const char secret[] = "SECRET=not-for-other-functions";
    static const char *const with_secret[] = {secret, NULL};
    static struct outcome many[16];
    uint64_t ids[16];
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    plan.program.envp = with_secret;
    for (size_t i = 0; i < 16;
         i++) /* more than the stock: some wait in the spawner while others are cloned */
        ids[i] = fixture_begin(&fixture, &plan, &many[i]);
    for (size_t i = 0; i < 16; i++)
        assert_true(fixture_wait(&fixture, &many[i], outcome_has_output));
    int pids[64];
    size_t count = fixture_list_children(fixture.spawner_pid, pids, 64);
    size_t programs_with_secret = 0;
    for (size_t i = 0; i < count; i++) {
        int program[4];
        assert_false(memory_has(pids[i], secret));
        if (fixture_list_children(pids[i], program, 4) == 1)
            programs_with_secret += memory_has(program[0], secret);
    }
    assert_int_equal(programs_with_secret, 16); /* which shows that the search can find it */
    for (size_t i = 0; i < 16; i++) {
        sandbox_kill(fixture.host, ids[i]);
        assert_true(fixture_wait(&fixture, &many[i], outcome_is_over));
    }
}

static int find_init(int spawner, size_t programs, int *ret_pids) {
    int inits[16];
    size_t count = fixture_list_children(spawner, inits, 16);
    for (size_t i = 0; i < count; i++)
        if (fixture_list_children(inits[i], ret_pids, 4) == programs)
            return inits[i];
    return -1;
}

/* What lamb serve starts later goes through lamb-init, of which all programs are copies. */
static void test_no_secrets_in_lamb_init(void **state) {
    (void)state;
    static const char secret[] = "SECRET=of-one-program-alone";
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    const struct program with_secret = {
        .working_dir = "/",
        .argv = plan.program.argv,
        .envp = (const char *const[]){secret, NULL},
    };
    int pids[4];
    fixture_begin(&fixture, &plan, &outcome);
    assert_true(fixture_wait(&fixture, &outcome, outcome_has_output));
    OWN_FD int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(control_run(outcome.control, 1, &with_secret, null, NULL));
    int init = -1;
    size_t found = 0;
    for (int i = 0; i < 1000 && found == 0; i++) {
        loop_turn(fixture.loop, false);
        poll(NULL, 0, 5);
        init = find_init(fixture.spawner_pid, 2, pids);
        for (size_t j = 0; init != -1 && j < 2; j++)
            found += memory_has(pids[j], secret);
    }
    assert_int_equal(found, 1);
    assert_false(memory_has(init, secret));
    sandbox_kill(fixture.host, outcome.id);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
}

/* Nothing is left behind. */

static size_t count_entries(const char *path) {
    size_t count = 0;
    DIR *dir = opendir(path);
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static size_t count_spawner_descriptors(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", fixture.spawner_pid);
    return count_entries(path);
}

static size_t count_mounts(void) {
    size_t lines = 0;
    FILE *file = fopen("/proc/self/mountinfo", "re");
    for (int byte; (byte = fgetc(file)) != EOF;)
        lines += byte == '\n';
    fclose(file);
    return lines;
}

/* Until the stock is full, everything else has been cleared away, and nothing has moved for a while. */
static void wait_until_settled(void) {
    int pids[64];
    size_t last = 0;
    for (int i = 0, calm = 0; i < 2000 && calm < 50; i++) {
        size_t now = count_spawner_descriptors();
        calm = now == last && fixture_list_children(fixture.spawner_pid, pids, 64) == STOCK ? calm + 1 : 0;
        last = now;
        poll(NULL, 0, 1);
    }
}

static void test_nothing_leaks(void **state) {
    (void)state;
    static const char *const sleeper[] = {"/var/task/probe", "sleep", NULL};
    int pids[64];
    run(sleeper + 2);
    wait_until_settled();
    int descriptors = fixture_count_descriptors();
    size_t spawner_descriptors = count_spawner_descriptors();
    size_t mounts = count_mounts();
    for (int i = 0; i < 40; i++) {
        struct plan plan = fixture_plan(sleeper);
        uint64_t id = fixture_begin(&fixture, &plan, &outcome);
        if (i % 2)
            assert_true(fixture_wait(&fixture, &outcome, outcome_has_output));
        sandbox_kill(fixture.host, id);
        assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
    }
    wait_until_settled();
    assert_int_equal(fixture_count_descriptors(), descriptors);
    assert_int_equal(count_spawner_descriptors(), spawner_descriptors);
    assert_int_equal(count_mounts(), mounts);
    assert_int_equal(fixture_list_children(fixture.spawner_pid, pids, 64), STOCK);
}

/* Waits for the end of a process that is not ours. */
static bool wait_gone(int pidfd) {
    struct pollfd place = {.fd = pidfd, .events = POLLIN};
    return poll(&place, 1, FIXTURE_TIMEOUT_MS) == 1;
}

/* A daemon of its own in a child process: tells the spawner's number when its sandboxes run, then waits to be
 * killed. */
static _Noreturn void be_daemon(int tell_fd) {
    static struct fixture own;
    static struct outcome many[5];
    struct err err;
    own.code_fd = fixture.code_fd;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    if (!fixture_start(&own, OTHER_INSTANCE, 2, &err))
        _exit(1);
    for (size_t i = 0; i < 5; i++)
        fixture_begin(&own, &plan, &many[i]);
    for (size_t i = 0; i < 5; i++)
        fixture_wait(&own, &many[i], outcome_has_output);
    if (write(tell_fd, &own.spawner_pid, sizeof own.spawner_pid) != sizeof own.spawner_pid)
        _exit(1);
    for (;;)
        pause();
}

static int start_daemon(int *ret_spawner) {
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    int daemon = fork();
    if (daemon == 0)
        be_daemon(pair[1]);
    close(pair[1]);
    assert_int_equal(read(pair[0], ret_spawner, sizeof *ret_spawner), sizeof *ret_spawner);
    close(pair[0]);
    return daemon;
}

static void test_daemon_is_killed(void **state) {
    (void)state;
    int spawner;
    int daemon = start_daemon(&spawner);
    int pids[64];
    int pidfds[64];
    size_t count = fixture_list_children(spawner, pids, 64);
    assert_true(count >= 5);
    for (size_t i = 0; i < count; i++)
        pidfds[i] = pidfd_open(pids[i], 0);
    OWN_FD int spawner_fd = pidfd_open(spawner, 0);
    assert_true(fixture_has_groups(OTHER_INSTANCE));
    kill(daemon, SIGKILL);
    waitpid(daemon, NULL, 0);
    assert_true(wait_gone(spawner_fd));
    for (size_t i = 0; i < count; i++) {
        assert_true(pidfds[i] == -1 || wait_gone(pidfds[i]));
        fd_close(&pidfds[i]);
    }
    assert_false(fixture_has_groups(OTHER_INSTANCE));
}

static void test_spawner_is_killed(void **state) {
    (void)state;
    int spawner;
    int daemon = start_daemon(&spawner);
    int pids[64];
    int pidfds[64];
    size_t count = fixture_list_children(spawner, pids, 64);
    for (size_t i = 0; i < count; i++)
        pidfds[i] = pidfd_open(pids[i], 0);
    kill(spawner, SIGKILL);
    for (size_t i = 0; i < count; i++) {
        assert_true(pidfds[i] == -1 || wait_gone(pidfds[i]));
        fd_close(&pidfds[i]);
    }
    kill(daemon, SIGKILL);
    waitpid(daemon, NULL, 0);
    /* The next start finds the groups and goes on. */
    static struct fixture next;
    struct err err;
    next.code_fd = fixture.code_fd;
    assert_true(fixture_has_groups(OTHER_INSTANCE));
    assert_true(fixture_start(&next, OTHER_INSTANCE, 1, &err));
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "exit", "3", NULL});
    fixture_run(&next, &plan, &outcome);
    assert_int_equal(outcome.programs[0].exit_status, 3);
    fixture_stop(&next);
    assert_false(fixture_has_groups(OTHER_INSTANCE));
}

static void test_loss_is_told(void **state) {
    (void)state;
    static struct fixture own;
    struct err err;
    own.code_fd = fixture.code_fd;
    assert_true(fixture_start(&own, OTHER_INSTANCE, 1, &err));
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "sleep", NULL});
    fixture_begin(&own, &plan, &outcome);
    assert_true(fixture_wait(&own, &outcome, outcome_has_output));
    kill(own.spawner_pid, SIGKILL);
    fixture_wait(&own, &outcome, outcome_is_over);
    assert_true(own.is_lost);
    assert_int_equal(sandbox_host_count(own.host), 0);
    own.is_lost = false;
    fixture_let_go(&outcome);
    fixture_run(&own, &plan, &outcome);
    assert_true(outcome.has_failed);
    assert_int_equal(outcome.failure.code, ERR_CLOSED);
    fixture_stop(&own);
    assert_true(fixture_start(&own, OTHER_INSTANCE, 0, &err));
    fixture_stop(&own);
    assert_false(fixture_has_groups(OTHER_INSTANCE));
}

/* Without root. */

/* An ordinary user may not reach the build directory: where a checkout lies in root's home, say. */
static void make_spawner_reachable(void) {
    OWN(buf) struct buf program;
    buf_init(&program, 64u * 1024 * 1024);
    OWN_MEM char *path = mem_format("%s/lamb-spawner", fixture.dir);
    assert_true(fs_read(getenv("LAMB_SPAWNER"), &program, NULL));
    assert_true(fs_write_atomic(path, program.data, program.len, 0755, NULL));
    assert_int_equal(chmod(fixture.dir, 0755), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(setenv("LAMB_SPAWNER", path, 1), 0);
}

static bool has_started(const struct outcome *seen) {
    return seen->has_started || seen->has_failed;
}

static bool is_fitted(const struct outcome *seen) {
    return seen->fits > 0;
}

static bool is_cleared(const struct outcome *seen) {
    return seen->clears > 0;
}

static bool has_second_exited(const struct outcome *seen) {
    return seen->has_exited[1];
}

static void run_second(struct fixture *own, const char *const *argv, const char *expected) {
    int pair[2];
    char text[128] = "";
    const struct program program = {.working_dir = "/", .argv = argv, .envp = (const char *const[]){NULL}};
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    outcome.has_exited[1] = false;
    assert_true(control_run(outcome.control, 1, &program, pair[1], NULL));
    close(pair[1]);
    assert_true(fixture_wait(own, &outcome, has_second_exited));
    assert_true(read(pair[0], text, sizeof text - 1) > 0);
    close(pair[0]);
    assert_memory_equal(text, expected, strlen(expected));
}

static bool file_has(int pid, const char *name, const char *text) {
    char path[64];
    char content[4096] = "";
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    OWN_FD int file = open(path, O_RDONLY | O_CLOEXEC);
    return file != -1 && read(file, content, sizeof content - 1) > 0 && strstr(content, text);
}

/* Of a program of that name. */
static bool has_limit(int spawner, const char *name, const char *number) {
    int inits[16], pids[4];
    size_t count = fixture_list_children(spawner, inits, 16);
    for (size_t i = 0; i < count; i++) {
        size_t programs = fixture_list_children(inits[i], pids, 4);
        for (size_t j = 0; j < programs; j++)
            if (file_has(pids[j], "comm", name))
                return file_has(pids[j], "limits", number);
    }
    return false;
}

/* Nothing but resource limits keeps memory there: those of a program that runs already are changed. */
static void check_rootless_fit(struct fixture *own) {
    static const char *const sleeper[] = {"/usr/bin/sleep", "1000", NULL};
    const int mount_fds[] = {own->code_fd};
    struct plan plan = fixture_plan(sleeper);
    plan.program.working_dir = "/";
    plan.mount_count = 0;
    fixture_begin(own, &plan, &outcome);
    outcome.outlives_program = true;
    assert_true(fixture_wait(own, &outcome, has_started));
    plan.mount_count = 1;
    plan.memory_mb = 64;
    sandbox_fit(own->host, outcome.id, &plan, mount_fds);
    assert_true(fixture_wait(own, &outcome, is_fitted));
    assert_int_equal(outcome.unfit.code, ERR_NONE);
    run_second(own, (const char *const[]){"/var/task/probe", "use_memory", "1000", NULL}, "ENOMEM after 57");
    assert_true(has_limit(own->spawner_pid, "sleep", " 603979776 "));
    control_clear(outcome.control);
    assert_true(fixture_wait(own, &outcome, is_cleared));
    run_second(own, (const char *const[]){"/var/task/probe", "identity", NULL}, "993 993 993,");
    sandbox_kill(own->host, outcome.id);
    assert_true(fixture_wait(own, &outcome, outcome_is_over));
}

static void check_rootless(void) {
    static struct fixture own;
    struct err err;
    make_spawner_reachable();
    if (setgroups(0, NULL) == -1 || setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
        setresuid(NOBODY, NOBODY, NOBODY) == -1)
        fail_msg("can't become an ordinary user");
    own.code_fd = fixture.code_fd;
    if (!fixture_start(&own, OTHER_INSTANCE, 2, &err))
        fail_msg("%s", err.text);
    assert_non_null(strstr(own.report, "not started as root"));
    assert_non_null(strstr(own.report, "no control group for memory"));
    assert_false(own.has_memory_limit);
    static const struct {
        const char *argv[4];
        const char *output;
    } probes[] = {
        {{"/var/task/probe", "identity", NULL}, "993 993 993, 990 990 990, 0 groups\n"},
        {{"/var/task/probe", "status", "CapEff"}, "0000000000000000\n"},
        {{"/var/task/probe", "list", "/var/task"}, "foreign plain probe script setuid\n"},
        {{"/var/task/probe", "read", "/proc/1/mem"}, "EACCES\n"},
        {{"/var/task/probe", "other_roots"}, "none\n"},
        {{"/var/task/probe", "write", "/var/task/plain"}, "EROFS\n"},
        {{"/var/task/probe", "unshare_user"}, "EPERM\n"},
        {{"/var/task/probe", "connect", "127.0.0.1"}, "ECONNREFUSED\n"},
        {{"/var/task/probe", "write_tmp"}, "ok\n"},
        {{"/var/task/probe", "fill_tmp", "17"}, "ENOSPC after 16 MB\n"},
        {{"/var/task/probe", "count_processes"}, "EAGAIN after 31\n"},
        {{"/var/task/probe", "size", "/proc/cmdline"}, "empty\n"},
        {{"/var/task/probe", "use_memory", "1000"}, "ENOMEM after 63"},
    };
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
        const char *argv[] = {probes[i].argv[0], probes[i].argv[1], probes[i].argv[2],
                              strcmp(probes[i].argv[1], "connect") == 0 ? "4566" : NULL, NULL};
        struct plan plan = fixture_plan(argv);
        fixture_run(&own, &plan, &outcome);
        if (outcome.has_failed)
            fail_msg("%s", outcome.failure.text);
        assert_memory_equal(outcome.output, probes[i].output, strlen(probes[i].output));
    }
    check_rootless_fit(&own);
    fixture_stop(&own);
}

static void test_rootless(void **state) {
    (void)state;
    int child = fork();
    if (child == 0) {
        check_rootless(); /* a failed assertion ends with a status */
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
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
        cmocka_unit_test(test_no_secrets_in_other_sandboxes),
        cmocka_unit_test(test_no_secrets_in_lamb_init),
        cmocka_unit_test(test_nothing_leaks),
        cmocka_unit_test(test_daemon_is_killed),
        cmocka_unit_test(test_spawner_is_killed),
        cmocka_unit_test(test_loss_is_told),
        cmocka_unit_test(test_rootless),
    };
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skip_all)};
    if (geteuid() != 0)
        return cmocka_run_group_tests_name("remains", skipped, NULL, NULL);
    return cmocka_run_group_tests_name("remains", tests, set_up, tear_down);
}

/* Several programs in one sandbox, over the control line: each with its own output and end, signals, clearing
 * a sandbox to use it anew, sockets into it, directories that come later, a descriptor handed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox_fixture.h"
#include "sys/fd.h"

#define INSTANCE "lamb-test-programs"
#define PROBE "/var/task/probe"

static struct fixture fixture;
static struct outcome outcome;

/* The output of a program beside the first. */
struct side {
    int fd;
    struct loop_watch *watch;
    char text[4096];
    size_t len;
};
static struct side sides[FIXTURE_PROGRAMS];

static void close_side(struct side *side) {
    loop_watch_free(side->watch);
    side->watch = NULL;
    fd_close(&side->fd);
}

static void side_ready(void *arg, int events) {
    (void)events;
    struct side *side = arg;
    ssize_t len = read(side->fd, side->text + side->len, sizeof side->text - 1 - side->len);
    if (len > 0) {
        side->len += (size_t)len;
        side->text[side->len] = '\0';
        return;
    }
    close_side(side);
}

static void run_program(uint32_t number, const struct program *program) {
    struct side *side = &sides[number];
    struct err err;
    int pair[2];
    assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
    close_side(side);
    *side = (struct side){.fd = pair[0]};
    assert_int_equal(fcntl(pair[1], F_SETFL, 0), 0);
    side->watch = loop_watch_new(fixture.loop, side->fd, side_ready, side);
    loop_watch_set(side->watch, LOOP_READ);
    outcome.has_exited[number] = false;
    if (!control_run(outcome.control, number, program, pair[1], &err))
        fail_msg("%s", err.text);
    fd_close(&pair[1]);
}

static void run(uint32_t number, const char *const *argv) {
    static const char *const environment[] = {"PROBE=beside", NULL};
    const struct program program = {.working_dir = "/var/task", .argv = argv, .envp = environment};
    run_program(number, &program);
}

#define RUN(number, ...) run(number, (const char *const[]){PROBE, __VA_ARGS__, NULL})

/* Waiting. */

static uint32_t awaited;

static bool has_started(const struct outcome *seen) {
    return seen->has_started || seen->has_failed;
}

static bool has_exited(const struct outcome *seen) {
    return seen->has_exited[awaited];
}

static bool is_silent(const struct outcome *seen) {
    (void)seen;
    return sides[awaited].fd == -1;
}

static bool has_output(const struct outcome *seen) {
    (void)seen;
    return sides[awaited].len > 0;
}

static bool is_cleared(const struct outcome *seen) {
    return seen->clears > 0;
}

static bool has_socket(const struct outcome *seen) {
    return seen->sockets > 0;
}

static bool is_fitted(const struct outcome *seen) {
    return seen->fits > 0;
}

static const struct program_end *wait_exited(uint32_t number) {
    awaited = number;
    assert_true(fixture_wait(&fixture, &outcome, has_exited));
    return &outcome.programs[number];
}

static void wait_output(uint32_t number, const char *expected) {
    awaited = number;
    assert_true(fixture_wait(&fixture, &outcome, has_output));
    assert_string_equal(sides[number].text, expected);
}

/* Nothing that it has left behind may hold its output. */
static void assert_exits(uint32_t number, int status, const char *output) {
    const struct program_end *end = wait_exited(number);
    assert_true(fixture_wait(&fixture, &outcome, is_silent));
    assert_string_equal(sides[number].text, output);
    assert_true(end->exited);
    assert_int_equal(end->exit_status, status);
    assert_int_equal(end->exec_errno, 0);
}

/* A sandbox whose first program sleeps. */
static void begin_with(uint32_t processes) {
    struct plan plan = fixture_plan((const char *const[]){PROBE, "sleep", NULL});
    plan.processes = processes;
    fixture_begin(&fixture, &plan, &outcome);
    outcome.outlives_program = true;
    assert_true(fixture_wait(&fixture, &outcome, outcome_has_output));
    assert_string_equal(outcome.output, "asleep\n");
}

static void begin(void) {
    begin_with(32);
}

static void end(void) {
    sandbox_kill(fixture.host, outcome.id);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
    for (size_t i = 1; i < FIXTURE_PROGRAMS; i++)
        close_side(&sides[i]);
}

/* Programs. */

static void test_each_has_its_own_output_and_end(void **state) {
    (void)state;
    begin();
    RUN(1, "surroundings");
    RUN(2, "exit", "7");
    RUN(3, "raise", "11");
    assert_exits(1, 0, "/var/task sandbox 022 1 beside\n");
    assert_exits(2, 7, "");
    assert_int_equal(wait_exited(3)->signal, SIGSEGV);
    assert_false(outcome.programs[3].exited);
    assert_string_equal(outcome.output, "asleep\n");
    assert_false(outcome.has_exited[0]);
    RUN(2, "exit", "8"); /* a number that is free again */
    assert_exits(2, 8, "");
    end();
}

/* As much, and as little, as the first program: see test_sandbox.c. */
static void test_it_is_as_confined_as_the_first(void **state) {
    (void)state;
    static const struct {
        const char *args[4];
        const char *output;
    } attempts[] = {
        {{"identity"}, "993 993 993, 990 990 990, 0 groups\n"},
        {{"streams"}, "to stdout\nto stderr\nstdin ends\n"},
        {{"list", "/proc/self/fd"}, "0 1 2 3\n"}, /* 3 is the listing's own */
        {{"status", "CapEff"}, "0000000000000000\n"},
        {{"status", "CapBnd"}, "0000000000000000\n"},
        {{"status", "NoNewPrivs"}, "1\n"},
        {{"status", "Seccomp"}, "2\n"},
        {{"status", "SigBlk"}, "0000000000000000\n"},
        {{"status", "SigIgn"}, "0000000000000000\n"},
        {{"list", "/proc/1/fd"}, "EACCES\n"},
        {{"read", "/proc/1/mem"}, "EACCES\n"},
        {{"ptrace_init"}, "EPERM\n"},
        {{"call", "pidfd_getfd", "0", "0"}, "EPERM\n"},
        {{"clone_namespaces"}, "EPERM\n"},
        {{"limit", "4"}, "0 0\n"},
        {{"limit", "8"}, "65536 65536\n"},
        {{"count_descriptors"}, "EMFILE after 63\n"},
    };
    begin();
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        const char *const *args = attempts[i].args;
        RUN(1, args[0], args[1], args[2], args[3]);
        assert_exits(1, 0, attempts[i].output);
    }
    end();
}

static void assert_not_executed(const struct program *program, int errnum, int status, const char *line) {
    run_program(1, program);
    const struct program_end *how = wait_exited(1);
    assert_int_equal(how->exec_errno, errnum);
    assert_true(how->exited);
    assert_int_equal(how->exit_status, status);
    wait_output(1, line);
}

static void test_one_that_can_not_be_executed(void **state) {
    (void)state;
    static const char *const none[] = {NULL};
    begin();
    struct program program = {"/var/task", (const char *const[]){"/opt/extensions/x", NULL}, none};
    assert_not_executed(&program, ENOENT, 127,
                        "lamb: can't execute /opt/extensions/x: No such file or directory\n");
    program.argv = (const char *const[]){"/var/task/plain", NULL};
    assert_not_executed(&program, EACCES, 126, "lamb: can't execute /var/task/plain: Permission denied\n");
    program.working_dir = "/var/none";
    assert_not_executed(&program, ENOENT, 127, "lamb: can't enter /var/none: No such file or directory\n");
    end();
}

static void test_signal_to_one(void **state) {
    (void)state;
    begin();
    RUN(1, "sleep");
    RUN(2, "sleep");
    wait_output(1, "asleep\n");
    wait_output(2, "asleep\n");
    control_signal(outcome.control, 1, SIGTERM);
    assert_int_equal(wait_exited(1)->signal, SIGTERM);
    assert_false(outcome.has_exited[2]);
    control_signal(outcome.control, 1, SIGKILL); /* nobody minds */
    control_signal(outcome.control, 0, SIGKILL);
    assert_int_equal(wait_exited(0)->signal, SIGKILL);
    assert_false(outcome.has_exited[2]);
    assert_false(outcome.has_ended);
    end();
}

static void test_more_processes_than_allowed(void **state) {
    (void)state;
    begin_with(2);
    RUN(1, "sleep");
    wait_output(1, "asleep\n");
    RUN(2, "sleep");
    assert_int_equal(wait_exited(2)->exec_errno, EAGAIN);
    assert_int_equal(outcome.programs[2].exit_status, 126);
    control_signal(outcome.control, 1, SIGKILL);
    wait_exited(1);
    RUN(2, "exit", "0");
    assert_exits(2, 0, "");
    end();
}

static void test_more_programs_than_allowed(void **state) {
    (void)state;
    static const char *const none[] = {NULL};
    const struct program program = {"/", (const char *const[]){PROBE, "sleep", NULL}, none};
    struct err err;
    begin();
    OWN_FD int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (uint32_t i = 1; i < LIMIT_SANDBOX_PROGRAMS; i++)
        assert_true(control_run(outcome.control, 1000 + i, &program, null, &err));
    assert_false(control_run(outcome.control, 2000, &program, null, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    end();
}

/* Clearing. */

static size_t count_processes(void) {
    int inits[16], pids[64];
    size_t most = 0;
    size_t count = fixture_list_children(fixture.spawner_pid, inits, 16);
    for (size_t i = 0; i < count; i++) {
        size_t here = fixture_list_children(inits[i], pids, 64);
        most = here > most ? here : most;
    }
    return most;
}

static void clear(void) {
    outcome.clears = 0;
    control_clear(outcome.control);
    assert_true(fixture_wait(&fixture, &outcome, is_cleared));
}

static void test_clear_ends_everything_and_keeps_the_sandbox(void **state) {
    (void)state;
    begin_with(200);
    for (int round = 0; round < 3; round++) {
        RUN(1, "leave_daemon");
        wait_output(1, "left\n");
        assert_int_equal(wait_exited(1)->exit_status, 0);
        RUN(2, "write_tmp");
        assert_exits(2, 0, round == 0 ? "ok\n" : "EEXIST\n");
        RUN(3, "fork_bomb");
        wait_output(3, "boom\n");
        clear();
        assert_int_equal(outcome.has_exited[0], true);
        assert_int_equal(wait_exited(3)->signal, SIGKILL);
        assert_true(count_processes() <= 1); /* the parked ones have one each */
        RUN(4, "list", "/tmp");
        assert_exits(4, 0, "probe\n");
        RUN(4, "list", "/proc", "numbers");
        awaited = 4;
        assert_true(fixture_wait(&fixture, &outcome, has_output));
        wait_exited(4);
        assert_int_equal(strncmp(sides[4].text, "1 ", 2), 0);
        assert_ptr_equal(strchr(sides[4].text + 2, ' '), NULL); /* itself and nobody else */
        RUN(4, "connect", "127.0.0.1", "9001");
        assert_exits(4, 0, "ok\n");
        struct pollfd caller = {.fd = outcome.fds.runtime_listener, .events = POLLIN};
        assert_int_equal(poll(&caller, 1, 5000), 1);
    }
    assert_false(outcome.has_ended);
    end();
}

/* What is asked for while it is being cleared waits until it is. */
static void test_clear_and_run_at_once(void **state) {
    (void)state;
    begin();
    RUN(1, "sleep");
    outcome.clears = 0;
    control_clear(outcome.control);
    RUN(2, "exit", "5");
    assert_exits(2, 5, "");
    assert_int_equal(outcome.clears, 1);
    assert_true(outcome.has_exited[0] && outcome.has_exited[1]);
    clear(); /* of nothing */
    end();
}

static void test_clear_of_what_is_stopped(void **state) {
    (void)state;
    begin();
    control_stop(outcome.control, true);
    clear();
    assert_int_equal(wait_exited(0)->signal, SIGKILL);
    RUN(1, "exit", "0");
    assert_exits(1, 0, "");
    end();
}

/* Sockets. */

static int connect_to(int sock, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(sock, (struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    struct pollfd place = {.fd = sock, .events = POLLOUT};
    int failure = ETIMEDOUT;
    socklen_t len = sizeof failure;
    if (poll(&place, 1, 5000) == 1)
        getsockopt(sock, SOL_SOCKET, SO_ERROR, &failure, &len);
    return failure;
}

static int make_socket(void) {
    outcome.sockets = 0;
    control_make_socket(outcome.control);
    assert_true(fixture_wait(&fixture, &outcome, has_socket));
    assert_true(outcome.socket != -1);
    assert_true(fcntl(outcome.socket, F_GETFL) & O_NONBLOCK);
    return outcome.socket;
}

static void test_socket_leads_inside(void **state) {
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    OWN_FD int host = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(host, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(host, 1), 0);
    assert_int_equal(getsockname(host, (struct sockaddr *)&address, &len), 0);
    begin();
    RUN(1, "listen", "5000");
    wait_output(1, "listening\n");
    assert_int_equal(connect_to(make_socket(), 5000), 0);
    assert_int_equal(connect_to(make_socket(), ntohs(address.sin_port)), ECONNREFUSED);
    end();
}

/* Fitting. */

static const char *const sleeper[] = {"/usr/bin/sleep", "1000", NULL};

static void begin_bare(void) {
    struct plan plan = fixture_plan(sleeper);
    plan.program.working_dir = "/";
    plan.mount_count = 0;
    fixture_begin(&fixture, &plan, &outcome);
    outcome.outlives_program = true;
    assert_true(fixture_wait(&fixture, &outcome, has_started));
    assert_true(outcome.has_started);
}

static void fit(const struct plan *plan) {
    const int mount_fds[] = {fixture.code_fd, fixture.code_fd};
    outcome.fits = 0;
    sandbox_fit(fixture.host, outcome.id, plan, mount_fds);
    assert_int_equal(outcome.fits, 0);
    assert_true(fixture_wait(&fixture, &outcome, is_fitted));
}

static void test_fit(void **state) {
    (void)state;
    uint64_t kills = 1;
    struct plan plan = fixture_plan(NULL);
    begin_bare();
    plan.memory_mb = 80;
    plan.tmp_mb = 24;
    plan.processes = 12;
    fit(&plan);
    if (outcome.unfit.code != ERR_NONE)
        fail_msg("%s", outcome.unfit.text);
    RUN(1, "fill_tmp", "25");
    assert_exits(1, 0, "ENOSPC after 24 MB\n");
    assert_int_equal(sandbox_count_oom_kills(outcome.fds.memory_events, &kills), fixture.has_memory_limit);
    assert_int_equal(kills, fixture.has_memory_limit ? 0 : 1);
    clear(); /* of the one that sleeps, which counts */
    RUN(1, "count_processes");
    wait_output(1, "EAGAIN after 11\n");
    wait_exited(1);
    clear();
    RUN(1, "use_memory", "30");
    assert_exits(1, 0, "used it\n");
    RUN(1, "use_memory", "90");
    assert_int_equal(wait_exited(1)->signal, SIGKILL);
    assert_true(sandbox_count_oom_kills(outcome.fds.memory_events, &kills));
    assert_true(kills >= 1);
    end();
    assert_true(outcome.end.out_of_memory);
}

static void assert_unfit(const struct plan *plan, const char *reason) {
    fit(plan);
    assert_int_not_equal(outcome.unfit.code, ERR_NONE);
    if (!strstr(outcome.unfit.text, reason))
        fail_msg("\"%s\" does not name \"%s\"", outcome.unfit.text, reason);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
    assert_true(outcome.has_ended);
}

static void test_fit_fails(void **state) {
    (void)state;
    struct plan plan = fixture_plan(NULL);
    begin();
    assert_unfit(&plan, "directories already");
    begin_bare();
    plan.mounts[0].target = "/nowhere";
    assert_unfit(&plan, "/nowhere");
    begin_bare();
    plan.mounts[0].target = "/../etc";
    assert_unfit(&plan, "/../etc");
    int fits = outcome.fits;
    sandbox_fit(fixture.host, 999999, &plan, (int[]){fixture.code_fd}); /* nobody minds */
    begin();
    end();
    assert_int_equal(fits, 1);
}

/* Handing over. */

static void run_with_handover(const char *const *argv, const char *text) {
    int pair[2];
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    assert_int_equal(write(pair[1], text, strlen(text)), strlen(text));
    struct plan plan = fixture_plan(argv);
    plan.has_handover = true;
    fixture_begin_with(&fixture, &plan, pair[0], &outcome);
    close(pair[0]);
    close(pair[1]);
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
}

static void test_handover(void **state) {
    (void)state;
    run_with_handover((const char *const[]){PROBE, "read_descriptor", "3", NULL}, "from outside");
    assert_string_equal(outcome.output, "from outside\n");
    run_with_handover((const char *const[]){PROBE, "list", "/proc/self/fd", NULL}, "");
    assert_string_equal(outcome.output, "0 1 2 3 4\n"); /* 4 is the listing's own */
}

/* The line. */

static void test_closing_the_line_ends_the_sandbox(void **state) {
    (void)state;
    begin();
    control_free(outcome.control);
    outcome.control = NULL;
    assert_true(fixture_wait(&fixture, &outcome, outcome_is_over));
    assert_false(outcome.end.killed);
}

static void test_stop_and_go(void **state) {
    (void)state;
    begin();
    RUN(1, "tick");
    awaited = 1;
    assert_true(fixture_wait(&fixture, &outcome, has_output));
    control_stop(outcome.control, true);
    make_socket(); /* an order behind it: by now they are stopped, and lamb-init is not */
    loop_turn(fixture.loop, false);
    size_t before = sides[1].len;
    poll(NULL, 0, 100);
    loop_turn(fixture.loop, false);
    assert_int_equal(sides[1].len, before);
    sides[1].len = 0;
    control_stop(outcome.control, false);
    assert_true(fixture_wait(&fixture, &outcome, has_output));
    end();
}

static int set_up(void **state) {
    (void)state;
    struct err err;
    if (!fixture_make_files(&fixture))
        return -1;
    for (size_t i = 0; i < FIXTURE_PROGRAMS; i++)
        sides[i].fd = -1;
    if (fixture_start(&fixture, INSTANCE, 2, &err))
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
        cmocka_unit_test(test_each_has_its_own_output_and_end),
        cmocka_unit_test(test_it_is_as_confined_as_the_first),
        cmocka_unit_test(test_one_that_can_not_be_executed),
        cmocka_unit_test(test_signal_to_one),
        cmocka_unit_test(test_more_processes_than_allowed),
        cmocka_unit_test(test_more_programs_than_allowed),
        cmocka_unit_test(test_clear_ends_everything_and_keeps_the_sandbox),
        cmocka_unit_test(test_clear_and_run_at_once),
        cmocka_unit_test(test_clear_of_what_is_stopped),
        cmocka_unit_test(test_socket_leads_inside),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_fit_fails),
        cmocka_unit_test(test_handover),
        cmocka_unit_test(test_closing_the_line_ends_the_sandbox),
        cmocka_unit_test(test_stop_and_go),
    };
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skip_all)};
    if (geteuid() != 0)
        return cmocka_run_group_tests_name("programs", skipped, NULL, NULL);
    return cmocka_run_group_tests_name("programs", tests, set_up, tear_down);
}

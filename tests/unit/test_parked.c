/* The stock of parked runtimes over a sandbox host that only takes notes: the tests play the interpreters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "invoke/parked.h"
#include "sys/fd.h"

#define MAX_SANDBOXES 32
#define WAIT_US 5000000

/* ---- the sandbox host ---- */

static uint64_t started_count;
static bool is_killed[MAX_SANDBOXES + 1];
static int handovers[MAX_SANDBOXES + 1]; /* the runtime's side */
static char programs[MAX_SANDBOXES + 1][32];

uint64_t sandbox_start(struct sandbox_host *host, const struct plan *plan, const int *mount_fds,
                       int handover_fd) {
    assert_non_null(host);
    assert_null(mount_fds);
    assert_int_equal(plan->mount_count, 0);
    assert_true(plan->has_handover && started_count < MAX_SANDBOXES);
    uint64_t id = ++started_count;
    handovers[id] = fcntl(handover_fd, F_DUPFD_CLOEXEC, 0);
    snprintf(programs[id], sizeof programs[id], "%s", plan->program.argv[0]);
    return id;
}

void sandbox_kill(struct sandbox_host *host, uint64_t id) {
    assert_non_null(host);
    assert_false(is_killed[id]);
    is_killed[id] = true;
}

void sandbox_fds_close(struct sandbox_fds *fds) {
    fd_close(&fds->output);
}

/* ---- fixture ---- */

static struct loop *loop;
static struct clock test_clock;
static int64_t ahead_us;
static struct runtime_set runtimes;
static struct function *function;
static struct parked *parked;
static int outputs[2];

static int64_t mono_us(void *context) {
    (void)context;
    struct clock machine = clock_system();
    return clock_mono_us(&machine) + ahead_us;
}

static void make(uint32_t least, uint32_t most) {
    const struct parked_options options = {.least = least, .most = most};
    parked = parked_new(loop, &test_clock, &runtimes, &options);
    parked_set_host(parked, (struct sandbox_host *)(void *)&loop);
}

static int set_up(void **state) {
    (void)state;
    loop = loop_new();
    test_clock = (struct clock){.mono_us = mono_us};
    ahead_us = 0;
    started_count = 0;
    memset(is_killed, 0, sizeof is_killed);
    for (size_t i = 0; i <= MAX_SANDBOXES; i++)
        handovers[i] = -1;
    runtime_set_add(&runtimes, runtime_find("python3.12"), "/usr/bin/python3.12");
    runtime_set_add(&runtimes, runtime_find("nodejs20.x"), "/usr/bin/node");
    function = function_new();
    function_set_text(&function->runtime, "python3.12");
    return pipe2(outputs, O_CLOEXEC | O_NONBLOCK);
}

static int tear_down(void **state) {
    (void)state;
    parked_free(parked);
    parked = NULL;
    for (size_t i = 0; i <= MAX_SANDBOXES; i++)
        fd_close(&handovers[i]);
    fd_close(&outputs[0]);
    fd_close(&outputs[1]);
    function_unref(function);
    runtime_set_done(&runtimes);
    loop_turn(loop, false);
    loop_free(loop);
    return 0;
}

#define turn_until(condition)                                                                                \
    do {                                                                                                     \
        struct clock machine = clock_system();                                                               \
        int64_t began_us = clock_mono_us(&machine);                                                          \
        while (!(condition)) {                                                                               \
            loop_turn(loop, false);                                                                          \
            assert_true(clock_mono_us(&machine) - began_us < WAIT_US);                                       \
        }                                                                                                    \
    } while (0)

static void tell_started(uint64_t id) {
    struct sandbox_fds fds = {.runtime_listener = -1,
                              .api_listener = -1,
                              .output = dup(outputs[0]),
                              .memory_peak = -1,
                              .freezer = -1,
                              .control = (int)(1000 + id),
                              .memory_events = -1};
    assert_true(parked_started(parked, id, &fds));
    assert_int_equal(fds.output, -1);
}

static struct parked_counts counts(size_t index) {
    struct parked_counts found;
    assert_true(parked_count_runtime(parked, index, &found));
    return found;
}

static void get_ready(uint64_t id) {
    tell_started(id);
    size_t ready = counts(0).ready;
    assert_int_equal(write(handovers[id], "", 1), 1);
    turn_until(counts(0).ready > ready);
}

/* Lets every start get ready, in turn, until there are so many. */
static void fill(size_t count) {
    while (counts(0).ready < count) {
        turn_until(counts(0).starting > 0);
        get_ready(started_count);
    }
}

/* Longer than it takes to refill. */
static void turn_a_while(void) {
    struct clock machine = clock_system();
    for (int64_t began_us = clock_mono_us(&machine); clock_mono_us(&machine) - began_us < 60000;)
        loop_turn(loop, false);
}

static uint64_t take(void) {
    struct parked_sandbox taken;
    if (!parked_take(parked, function, false, &taken))
        return 0;
    assert_int_equal(taken.fds.control, (int)(1000 + taken.id));
    sandbox_fds_close(&taken.fds);
    close(taken.handover);
    return taken.id;
}

/* ---- the stock ---- */

static void nothing_is_started_for_runtimes_that_nobody_uses(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "provided.al2023");
    parked_want(parked, "python3.11");
    parked_want(parked, "java21");
    assert_int_equal(parked_count(parked), 0);
    assert_int_equal(take(), 0);
    assert_int_equal(counts(0).missed, 1);
}

static void the_least_is_kept_of_each_runtime_in_use(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "python3.12");
    parked_want(parked, "nodejs20.x");
    parked_want(parked, "python3.12");
    fill(1);
    assert_string_equal(programs[1], "/usr/bin/python3.12");
    turn_until(started_count == 2);
    assert_string_equal(programs[2], "/usr/bin/node");
    assert_int_equal(counts(1).starting, 1);
    assert_int_equal(parked_count(parked), 2);
    assert_string_equal(counts(1).runtime, "nodejs20.x");
}

static void one_starts_after_the_other(void **state) {
    (void)state;
    make(3, 4);
    parked_want(parked, "python3.12");
    turn_until(started_count == 1);
    tell_started(1);
    loop_turn(loop, false);
    assert_int_equal(started_count, 1);
    assert_int_equal(write(handovers[1], "", 1), 1);
    turn_until(started_count == 2);
}

static void it_serves_once_and_is_replaced(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "python3.12");
    fill(1);
    assert_int_equal(take(), 1);
    assert_int_equal(counts(0).taken, 1);
    assert_int_equal(parked_count(parked), 0);
    assert_int_equal(take(), 0);
    assert_int_equal(counts(0).missed, 1);
    assert_int_equal(started_count, 1); /* not on the way of the call */
    turn_until(started_count == 2);
    assert_false(parked_ended(parked, 1));
}

static void demand_makes_the_stock_larger_and_its_end_smaller(void **state) {
    (void)state;
    make(1, 3);
    parked_want(parked, "python3.12");
    fill(1);
    for (int i = 0; i < 5; i++)
        take();
    fill(3);
    ahead_us += 11 * 1000000;
    parked_want(parked, "nodejs20.x"); /* wakes it */
    turn_until(parked_count(parked) == 2);
    assert_true(is_killed[2] && is_killed[3] && !is_killed[4]);
    assert_true(parked_ended(parked, 2));
    assert_true(parked_ended(parked, 3));
    assert_int_equal(counts(0).ready, 1);
    assert_int_equal(take(), 4);
}

static void it_can_be_switched_off(void **state) {
    (void)state;
    make(0, 0);
    parked_want(parked, "python3.12");
    assert_int_equal(take(), 0);
    struct parked_counts none;
    assert_false(parked_count_runtime(parked, 0, &none));
}

static void short_memory_ends_one_until_it_is_used_again(void **state) {
    (void)state;
    make(1, 4);
    assert_false(parked_drop_one(parked));
    parked_want(parked, "python3.12");
    fill(1);
    assert_true(parked_drop_one(parked));
    assert_true(is_killed[1]);
    assert_false(parked_drop_one(parked));
    assert_int_equal(parked_count(parked), 0);
    assert_true(parked_ended(parked, 1));
    parked_want(parked, "nodejs20.x");
    turn_until(started_count == 2);
    assert_string_equal(programs[2], "/usr/bin/node");
    tell_started(2);
    assert_int_equal(write(handovers[2], "", 1), 1);
    assert_int_equal(take(), 0);
    turn_until(started_count == 3);
    assert_string_equal(programs[3], "/usr/bin/python3.12");
}

/* ---- who gets one ---- */

static void one_that_still_starts_is_better_than_none(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "python3.12");
    turn_until(started_count == 1);
    assert_int_equal(take(), 0); /* the sandbox is not there yet */
    tell_started(1);
    assert_int_equal(take(), 1);
}

static void one_that_is_ready_goes_first(void **state) {
    (void)state;
    make(2, 4);
    parked_want(parked, "python3.12");
    turn_until(started_count == 1);
    tell_started(1);
    assert_int_equal(write(handovers[1], "", 1), 1);
    turn_until(started_count == 2);
    tell_started(2);
    assert_int_equal(take(), 1);
    assert_int_equal(take(), 2);
}

static void functions_that_have_to_be_started_plainly(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "python3.12");
    fill(1);
    struct parked_sandbox taken;
    assert_false(parked_take(parked, function, true, &taken));
    const struct function_variable own = {"LD_PRELOAD", "/opt/x.so"};
    function_set_variables(function, &own, 1);
    assert_int_equal(take(), 0);
    assert_int_equal(counts(0).missed, 0);
    assert_int_equal(counts(0).ready, 1);
}

/* ---- failures ---- */

static void a_sandbox_that_can_not_be_made(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "python3.12");
    turn_until(started_count == 1);
    struct err failure;
    err_set(&failure, ERR_IO, "no namespace");
    assert_false(parked_failed(parked, 2, &failure));
    assert_true(parked_failed(parked, 1, &failure));
    assert_int_equal(parked_count(parked), 0);
    take();
    turn_a_while();
    assert_int_equal(started_count, 1);
    ahead_us += 2 * 1000000;
    take();
    turn_until(started_count == 2);
}

static void an_interpreter_that_ends_while_it_waits(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "python3.12");
    turn_until(started_count == 1);
    tell_started(1);
    assert_int_equal(write(outputs[1], "no such file", 12), 12);
    fd_close(&handovers[1]);
    turn_until(is_killed[1]);
    assert_int_equal(take(), 0);
    assert_true(parked_ended(parked, 1));
    ahead_us += 2 * 1000000;
    take();
    turn_until(started_count == 2);
    get_ready(2);
    assert_true(parked_ended(parked, 2)); /* a sandbox that ended by itself */
    assert_int_equal(parked_count(parked), 0);
    assert_int_equal(take(), 0);
}

static void an_interpreter_that_never_gets_ready(void **state) {
    (void)state;
    make(1, 4);
    parked_want(parked, "python3.12");
    turn_until(started_count == 1);
    tell_started(1);
    ahead_us += 31 * 1000000;
    parked_want(parked, "nodejs20.x"); /* wakes it */
    turn_until(is_killed[1]);
    assert_true(parked_ended(parked, 1));
}

/* ---- handing over ---- */

static struct launch launch_with(const char *const *envp) {
    return (struct launch){.plan = {.program = {.envp = envp}}};
}

static void the_runtime_gets_its_variables_and_the_end(void **state) {
    (void)state;
    int pair[2];
    assert_true(fd_socketpair(pair, NULL));
    assert_int_equal(write(pair[1], "", 1), 1); /* a ready byte that nobody has read */
    const char *const envp[] = {"A=1", "B=", "C=x=y", NULL};
    struct launch launch = launch_with(envp);
    assert_true(parked_hand_over(&pair[0], &launch, NULL));
    assert_int_equal(pair[0], -1);
    char text[64];
    assert_int_equal(read(pair[1], text, sizeof text), 13);
    assert_memory_equal(text, "A=1\0B=\0C=x=y", 13);
    assert_int_equal(read(pair[1], text, sizeof text), 0);
    assert_int_equal(send(pair[1], "", 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
    close(pair[1]);
}

static void the_largest_environment_fits_at_once(void **state) {
    (void)state;
    int pair[2];
    assert_true(fd_socketpair(pair, NULL));
    OWN_MEM char *large = mem_alloc(LIMIT_PLAN_BYTES + 1);
    memset(large, 'x', LIMIT_PLAN_BYTES);
    const char *const envp[] = {large, NULL};
    struct launch launch = launch_with(envp);
    struct err err;
    assert_false(parked_hand_over(&pair[0], &launch, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(pair[0], -1);
    assert_int_equal(read(pair[1], large, 1), 0);
    close(pair[1]);

    assert_true(fd_socketpair(pair, NULL));
    memset(large, 'x', LIMIT_PLAN_BYTES);
    large[LIMIT_PLAN_BYTES - 1] = '\0';
    assert_true(parked_hand_over(&pair[0], &launch, NULL));
    assert_int_equal(read(pair[1], large, LIMIT_PLAN_BYTES), LIMIT_PLAN_BYTES);
    close(pair[1]);
}

static void a_runtime_that_has_ended_meanwhile(void **state) {
    (void)state;
    int pair[2];
    assert_true(fd_socketpair(pair, NULL));
    close(pair[1]);
    const char *const envp[] = {"A=1", NULL};
    struct launch launch = launch_with(envp);
    struct err err;
    assert_false(parked_hand_over(&pair[0], &launch, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(pair[0], -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_started_for_runtimes_that_nobody_uses),
        TEST(the_least_is_kept_of_each_runtime_in_use),
        TEST(one_starts_after_the_other),
        TEST(it_serves_once_and_is_replaced),
        TEST(demand_makes_the_stock_larger_and_its_end_smaller),
        TEST(it_can_be_switched_off),
        TEST(short_memory_ends_one_until_it_is_used_again),
        TEST(one_that_still_starts_is_better_than_none),
        TEST(one_that_is_ready_goes_first),
        TEST(functions_that_have_to_be_started_plainly),
        TEST(a_sandbox_that_can_not_be_made),
        TEST(an_interpreter_that_ends_while_it_waits),
        TEST(an_interpreter_that_never_gets_ready),
        TEST(the_runtime_gets_its_variables_and_the_end),
        TEST(the_largest_environment_fits_at_once),
        TEST(a_runtime_that_has_ended_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

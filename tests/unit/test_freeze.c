/* When an environment is frozen and when it runs; see invoke_fixture.h for how. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "invoke_fixture.h"

/* Longer than an idle environment waits to be frozen. */
#define A_WHILE_US 40000

/* It has so long at least to read the answer of a call of its own. */
#define TO_READ_US 190000

static void let_time_pass(void) {
    int64_t end_us = clock_mono_us(&test_clock) + A_WHILE_US;
    turn_until(clock_mono_us(&test_clock) > end_us);
}

/* One call, after which the runtime is back at /next. */
static struct runtime serve_one(void) {
    call(0);
    struct runtime runtime = cold_start(started_count);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    return runtime;
}

static void an_idle_environment_is_frozen(void **state) {
    (void)state;
    struct runtime runtime = serve_one();
    assert_false(is_frozen[1]);
    turn_until(is_frozen[1]);
    call(1);
    assert_false(is_frozen[1]); /* before it could read its event */
    assert_non_null(strstr(read_answer(&runtime), "000000000001"));
    respond(&runtime, &callers[1], "1");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(is_frozen[1]);
    stop_runtime(&runtime);
}

static void one_that_works_is_not(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = start_sandbox(1);
    let_time_pass(); /* initialises */
    assert_false(is_frozen[1]);
    ask_next(&runtime);
    read_answer(&runtime);
    let_time_pass(); /* has an event */
    assert_false(is_frozen[1]);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    let_time_pass(); /* answered, but is not back yet */
    assert_false(is_frozen[1]);
    ask_next(&runtime);
    turn_until(is_frozen[1]);
    stop_runtime(&runtime);
}

static void a_caller_in_a_row_never_meets_a_frozen_one(void **state) {
    (void)state;
    struct runtime runtime = serve_one();
    for (int i = 1; i < 6; i++) {
        call(i);
        read_answer(&runtime);
        let_time_pass();
        assert_false(is_frozen[1]);
        respond(&runtime, &callers[i], "0");
        read_answer(&runtime);
        ask_next(&runtime);
        turn_until(count_idle() == 1);
        assert_false(is_frozen[1]);
    }
    stop_runtime(&runtime);
}

static void an_own_call_to_the_api_is_waited_for(void **state) {
    (void)state;
    set_upper();
    upper.is_busy = true;
    struct runtime runtime = serve_one();
    let_time_pass();
    assert_false(is_frozen[1]);
    upper.is_busy = false;
    int64_t answered_us = machine_us();
    turn_until(is_frozen[1]);
    assert_true(machine_us() - answered_us >= TO_READ_US);
    stop_runtime(&runtime);
}

/* What it wrote just before it was frozen belongs to the time before, and is not lost. */
static void output_is_taken_first(void **state) {
    (void)state;
    struct runtime runtime = serve_one();
    assert_int_equal(write(runtime.output, "late line\n", 10), 10);
    turn_until(is_frozen[1]);
    call_with(1, "{}", true);
    read_answer(&runtime);
    assert_int_equal(write(runtime.output, "own line\n", 9), 9);
    respond(&runtime, &callers[1], "1");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(callers[1].is_done);
    assert_null(strstr(callers[1].tail, "late line"));
    assert_non_null(strstr(callers[1].tail, "own line"));
    stop_runtime(&runtime);
}

static void a_frozen_one_ends_like_any_other(void **state) {
    (void)state;
    struct runtime runtime = serve_one();
    turn_until(is_frozen[1]);
    invoke_retire(invoke, function);
    assert_true(is_killed[1]);
    end_sandbox(1, (struct sandbox_end){.killed = true});
    assert_int_equal(count_environments(), 0);
    stop_runtime(&runtime);
}

static void one_that_is_ending_is_not_frozen(void **state) {
    (void)state;
    struct runtime runtime = serve_one();
    invoke_retire(invoke, function);
    assert_true(is_killed[1]);
    let_time_pass();
    assert_false(is_frozen[1]);
    stop_runtime(&runtime);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_idle_environment_is_frozen),
        TEST(one_that_works_is_not),
        TEST(a_caller_in_a_row_never_meets_a_frozen_one),
        TEST(an_own_call_to_the_api_is_waited_for),
        TEST(output_is_taken_first),
        TEST(a_frozen_one_ends_like_any_other),
        TEST(one_that_is_ending_is_not_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

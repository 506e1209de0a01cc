/* Phases of an environment with extensions, and their limits, on timers and a clock that the tests move; see
 * phases_fixture.h for how. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "phases_fixture.h"

/* ---- what an invocation waits for ---- */

static void an_invocation_ends_with_its_extensions(void **state) {
    (void)state;
    struct extension extension;
    call(0);
    struct runtime runtime = start_with_internal(&extension, "\"INVOKE\"");
    assert_true(has_event(&extension, "\"eventType\":\"INVOKE\""));
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    assert_true(callers[0].is_done); /* the caller waits for nobody else */
    ask_next(&runtime);
    turn_a_bit();
    assert_int_equal(figures().environments[ENVIRONMENT_RESPONDED], 1);
    ask_event(&extension);
    turn_until(count_idle() == 1);
    call(1);
    assert_true(has_event(&extension, "\"requestId\":\"00000000-0000-4000-8000-000000000001\""));
    stop_runtime(&runtime);
    leave(&extension);
}

static void a_caller_of_the_log_waits_for_extensions(void **state) {
    (void)state;
    struct extension extension;
    call_with(0, "{}", true);
    struct runtime runtime = start_with_internal(&extension, "\"INVOKE\"");
    read_answer(&extension.client);
    respond(&runtime, &callers[0], "\"kept\"");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_a_bit();
    assert_false(callers[0].is_done);
    pass(500);
    ask_event(&extension);
    turn_until(callers[0].is_done);
    assert_non_null(strstr(callers[0].tail, "\tDuration: 5"));
    assert_string_equal(callers[0].payload, "\"kept\"");
    assert_non_null(strstr(callers[0].tail, "REPORT RequestId"));
    stop_runtime(&runtime);
    leave(&extension);
}

static void who_did_not_ask_for_events_is_not_waited_for(void **state) {
    (void)state;
    struct extension extension;
    call(0);
    struct runtime runtime = start_with_internal(&extension, "");
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    assert_false(is_readable(&extension.client));
    stop_runtime(&runtime);
    leave(&extension);
}

/* Idle after one call. */
static struct runtime serve_alone(void) {
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    return runtime;
}

static void an_extension_may_use_up_the_time_of_the_function(void **state) {
    (void)state;
    struct extension extension;
    function->timeout_s = 3;
    call(0);
    struct runtime runtime = start_with_internal(&extension, "\"INVOKE\"");
    read_answer(&extension.client);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_a_bit();
    pass(2998);
    assert_int_equal(clears[1], 0);
    pass(2);
    turn_until(clears[1] == 1);
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    assert_int_equal(callers[0].outcome, INVOKE_DONE);
    stop_runtime(&runtime);
    leave(&extension);
}

/* ---- limits of the phases ---- */

static void an_initialisation_has_ten_seconds_and_then_the_time_of_the_function(void **state) {
    (void)state;
    function->timeout_s = 3;
    struct caller *caller = call_with(0, "{}", true);
    struct runtime runtime = start_sandbox(1);
    pass(LIMIT_INIT_MS - 1);
    assert_int_equal(clears[1], 0);
    pass(1);
    turn_until(clears[1] == 1);
    stop_runtime(&runtime);
    turn_until(runs[1] == 1);
    assert_false(caller->is_done);
    pass(2999);
    assert_int_equal(clears[1], 1);
    pass(1);
    turn_until(clears[1] == 2);
    assert_true(caller->is_done);
    assert_non_null(strstr(caller->payload, "Task timed out after 3.00 seconds"));
    assert_non_null(strstr(caller->tail, "Phase: init\tStatus: timeout"));
    assert_non_null(strstr(caller->tail, "Phase: invoke\tStatus: timeout"));
    assert_non_null(strstr(caller->tail, "\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\t"));
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    assert_int_equal(started_count, 1);
}

static void a_program_for_another_machine_is_an_invalid_entrypoint(void **state) {
    (void)state;
    struct caller *caller = call_with(0, "{}", true);
    const struct program_end end = {.exited = true, .exit_status = 126, .exec_errno = ENOEXEC};
    struct runtime runtime = start_sandbox(1);
    exit_program(1, 0, end);
    turn_until(runs[1] == 1);
    exit_program(1, last_run[1], end);
    stop_runtime(&runtime);
    assert_true(caller->is_done);
    assert_string_equal(caller->payload,
                        "{\"errorType\":\"Runtime.InvalidEntrypoint\",\"errorMessage\":\"RequestId: "
                        "00000000-0000-4000-8000-000000000000 Error: fork/exec /var/task/bootstrap: "
                        "exec format error\"}");
    assert_non_null(
        strstr(caller->tail, "Phase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint"));
    assert_non_null(strstr(caller->tail, "Status: error\tError Type: Runtime.InvalidEntrypoint\t"));
}

static void a_timeout_empties_the_environment_which_is_used_again(void **state) {
    (void)state;
    function->timeout_s = 3;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    pass(2999);
    assert_false(callers[0].is_done);
    pass(1);
    assert_non_null(strstr(callers[0].payload, "Task timed out after 3.00 seconds"));
    stop_runtime(&runtime);
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    struct caller *caller = call_with(1, "{}", true);
    assert_int_equal(runs[1], 1);
    runtime = again(1);
    read_answer(&runtime);
    respond(&runtime, caller, "1");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_DONE);
    assert_null(strstr(caller->tail, "Init Duration")); /* it was a part of the invocation */
    assert_int_equal(started_count, 1);
    stop_runtime(&runtime);
}

static void what_init_writes_comes_before_the_call(void **state) {
    (void)state;
    struct caller *caller = call_with(0, "{}", true);
    struct runtime runtime = start_sandbox(1);
    assert_int_equal(write(runtime.output, "from init\n", 10), 10);
    ask_next(&runtime);
    read_answer(&runtime);
    respond(&runtime, caller, "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(caller->is_done);
    const char *line = strstr(caller->tail, "from init");
    assert_true(line && strstr(line, "START RequestId"));
    assert_null(strstr(caller->tail, "INIT_START"));
    stop_runtime(&runtime);
}

static void an_idle_environment_has_no_limit(void **state) {
    (void)state;
    struct runtime runtime = serve_alone();
    pass((int64_t)function->timeout_s * 1000 + LIMIT_INIT_MS);
    assert_int_equal(count_idle(), 1);
    assert_int_equal(figures().totals.resets, 0);
    stop_runtime(&runtime);
}

/* 1,769 MB are one processor. */
static void an_initialisation_has_a_whole_processor(void **state) {
    (void)state;
    function->memory_mb = 128;
    struct runtime runtime = serve_alone();
    assert_int_equal(cpus_millis[1], 72);
    call(1);
    read_answer(&runtime);
    exit_program(1, 0, (struct program_end){.signal = SIGKILL});
    assert_int_equal(cpus_millis[1], 1000);
    stop_runtime(&runtime);
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    call(2);
    runtime = again(1);
    read_answer(&runtime);
    assert_int_equal(cpus_millis[1], 72);
    stop_runtime(&runtime);
}

static void without_extensions_an_idle_environment_is_killed(void **state) {
    (void)state;
    struct runtime runtime = serve_alone();
    invoke_retire(invoke, function);
    assert_true(is_killed[1]);
    assert_int_equal(signals[1], 0);
    stop_runtime(&runtime);
}

static void with_an_internal_extension_the_runtime_has_half_a_second(void **state) {
    (void)state;
    struct extension extension;
    call(0);
    struct runtime runtime = start_with_internal(&extension, "");
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    invoke_retire(invoke, function);
    assert_int_equal(signals[1], SIGTERM);
    pass(499);
    assert_false(is_killed[1]);
    pass(1);
    assert_true(is_killed[1]);
    stop_runtime(&runtime);
    leave(&extension);
}

/* ---- external ones ---- */

static void the_runtime_is_started_once(void **state) {
    (void)state;
    add_extensions("one", NULL);
    call(0);
    struct runtime first = start_sandbox(1);
    struct extension extension = join(1, "one", "");
    ask_event(&extension); /* before the runtime has called */
    assert_int_equal(runs[1], 1);
    struct runtime runtime = again(1);
    read_answer(&runtime);
    assert_int_equal(runs[1], 1);
    stop_runtime(&first);
    stop_runtime(&runtime);
    leave(&extension);
}

static void shutdown_has_two_seconds(void **state) {
    (void)state;
    struct extension extension;
    struct runtime runtime = serve_with_external(&extension, "\"INVOKE\",\"SHUTDOWN\"");
    invoke_retire(invoke, function);
    assert_int_equal(signals[1], SIGTERM);
    pass(299);
    assert_int_equal(signals[1], SIGTERM);
    pass(1);
    assert_int_equal(signals[1], SIGKILL);
    assert_false(is_readable(&extension.client)); /* before the runtime is gone */
    assert_true(has_event(&extension, "\"shutdownReason\":\"spindown\""));
    pass(1699);
    assert_false(is_killed[1]);
    pass(1);
    assert_true(is_killed[1]);
    stop_runtime(&runtime);
    leave(&extension);
}

static void shutdown_waits_no_longer_than_needed(void **state) {
    (void)state;
    struct extension extension;
    struct runtime runtime = serve_with_external(&extension, "\"SHUTDOWN\"");
    invoke_retire(invoke, function);
    exit_program(1, last_run[1], (struct program_end){.signal = SIGTERM});
    assert_true(has_event(&extension, "\"shutdownReason\":\"spindown\""));
    assert_false(is_killed[1]);
    exit_program(1, 0, (struct program_end){.exited = true});
    assert_true(is_killed[1]);
    stop_runtime(&runtime);
    leave(&extension);
}

static void a_crash_is_told_to_extensions(void **state) {
    (void)state;
    struct extension extension;
    struct runtime runtime = serve_with_external(&extension, "\"SHUTDOWN\"");
    call(1);
    read_answer(&runtime);
    exit_program(1, last_run[1], (struct program_end){.exited = true, .exit_status = 7});
    assert_non_null(strstr(callers[1].payload, "exit status 7"));
    assert_true(has_event(&extension, "\"shutdownReason\":\"failure\""));
    assert_int_equal(clears[1], 0);
    exit_program(1, 0, (struct program_end){.exited = true});
    assert_int_equal(clears[1], 1);
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    stop_runtime(&runtime);
    leave(&extension);
}

static void an_extension_that_crashes_fails_the_invocation(void **state) {
    (void)state;
    struct extension extension;
    struct runtime runtime = serve_with_external(&extension, "\"INVOKE\"");
    call(1);
    read_answer(&runtime);
    exit_program(1, 0, (struct program_end){.exited = true, .exit_status = 1});
    assert_string_equal(callers[1].payload,
                        "{\"errorType\":\"Extension.Crash\",\"errorMessage\":\"RequestId: "
                        "00000000-0000-4000-8000-000000000001 Error: exit code 1\"}");
    stop_runtime(&runtime);
    leave(&extension);
}

static void an_extension_that_never_registers_fails_init(void **state) {
    (void)state;
    add_extensions("one", "two");
    struct caller *caller = call_with(0, "{}", true);
    function->timeout_s = 3;
    struct runtime first = start_sandbox(1);
    assert_int_equal(runs[1], 1); /* the second one; the runtime waits for both */
    struct extension extension = join(1, "two", "");
    turn_a_bit();
    assert_int_equal(runs[1], 1);
    pass(LIMIT_INIT_MS);
    assert_int_equal(clears[1], 1);
    turn_until(runs[1] == 3); /* both again, for the call */
    exit_program(1, last_run[1], (struct program_end){.exited = true, .exit_status = 2});
    assert_true(caller->is_done);
    assert_non_null(strstr(caller->payload, "Extension.Crash"));
    assert_non_null(strstr(caller->payload, "exit code 2"));
    stop_runtime(&first);
    leave(&extension);
}

static void a_posted_init_error_of_an_extension_fails_init(void **state) {
    (void)state;
    struct extension extension;
    call(0);
    struct runtime runtime = start_sandbox(1);
    extension = join(1, "internal", "");
    send_request(&extension, "POST", "init/error",
                 "Lambda-Extension-Function-Error-Type: Extension.ConfigInvalid\r\n", "{}");
    read_answer(&extension.client);
    assert_int_equal(clears[1], 1);
    stop_runtime(&runtime);
    leave(&extension);
}

/* ---- what a function could use up ---- */

static void an_event_is_repeated_a_few_times(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    assert_non_null(strstr(read_answer(&runtime), "200 OK"));
    for (int i = 0; i < 3; i++) {
        ask_next(&runtime);
        assert_non_null(strstr(read_answer(&runtime), "200 OK"));
    }
    ask_next(&runtime);
    assert_non_null(strstr(read_answer(&runtime), "State transition from Running to Ready failed"));
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    assert_int_equal(callers[0].outcome, INVOKE_DONE);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    call(1);
    read_answer(&runtime);
    ask_next(&runtime);
    assert_non_null(strstr(read_answer(&runtime), "200 OK"));
    stop_runtime(&runtime);
}

static void at_the_bound_who_leaves_makes_room(void **state) {
    (void)state;
    invoke_free(invoke);
    make_invoke(1);
    struct extension extension;
    struct runtime runtime = serve_with_external(&extension, "\"SHUTDOWN\"");
    call(1);
    read_answer(&runtime);
    exit_program(1, last_run[1], (struct program_end){.exited = true, .exit_status = 7});
    assert_true(callers[1].is_done);
    assert_int_equal(figures().environments[ENVIRONMENT_RESETTING], 1);
    assert_false(is_killed[1]);
    call(2);
    assert_true(is_killed[1]);
    assert_int_equal(started_count, 2);
    stop_runtime(&runtime);
    leave(&extension);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_invocation_ends_with_its_extensions),
        TEST(an_event_is_repeated_a_few_times),
        TEST(at_the_bound_who_leaves_makes_room),
        TEST(a_caller_of_the_log_waits_for_extensions),
        TEST(who_did_not_ask_for_events_is_not_waited_for),
        TEST(an_extension_may_use_up_the_time_of_the_function),
        TEST(an_initialisation_has_ten_seconds_and_then_the_time_of_the_function),
        TEST(a_program_for_another_machine_is_an_invalid_entrypoint),
        TEST(a_timeout_empties_the_environment_which_is_used_again),
        TEST(what_init_writes_comes_before_the_call),
        TEST(an_idle_environment_has_no_limit),
        TEST(an_initialisation_has_a_whole_processor),
        TEST(without_extensions_an_idle_environment_is_killed),
        TEST(with_an_internal_extension_the_runtime_has_half_a_second),
        TEST(the_runtime_is_started_once),
        TEST(shutdown_has_two_seconds),
        TEST(shutdown_waits_no_longer_than_needed),
        TEST(a_crash_is_told_to_extensions),
        TEST(an_extension_that_crashes_fails_the_invocation),
        TEST(an_extension_that_never_registers_fails_init),
        TEST(a_posted_init_error_of_an_extension_fails_init),
    };
    is_clock_stopped = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What invoke/ does with calls and environments; see invoke_fixture.h for how. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "invoke_fixture.h"
#include "sys/fs.h"

static void a_call_gets_the_functions_answer(void **state) {
    (void)state;
    struct caller *caller = call(0);
    assert_int_equal(started_count, 1);
    struct runtime runtime = cold_start(1);
    const char *event = read_answer(&runtime);
    assert_non_null(strstr(event, "HTTP/1.1 200"));
    assert_non_null(strstr(event, "Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-000000000000\r\n"));
    assert_non_null(strstr(
        event, "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f\r\n"));
    assert_non_null(strstr(event, "Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000\r\n"));
    assert_non_null(strstr(event, "Lambda-Runtime-Deadline-Ms: "));
    assert_non_null(strstr(event, "\r\n\r\n{\"n\":1}"));
    assert_false(caller->is_done);
    respond(&runtime, caller, "\"hello\"");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 202"));
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_DONE);
    assert_string_equal(caller->payload, "\"hello\"");
    stop_runtime(&runtime);
}

static void the_newest_idle_environment_is_used(void **state) {
    (void)state;
    call(0);
    call(1);
    assert_int_equal(started_count, 2);
    struct runtime first = cold_start(1);
    read_answer(&first);
    struct runtime second = cold_start(2);
    read_answer(&second);
    respond(&first, &callers[0], "1");
    read_answer(&first);
    ask_next(&first);
    turn_until(count_idle() == 1);
    respond(&second, &callers[1], "2");
    read_answer(&second);
    ask_next(&second);
    turn_until(count_idle() == 2);
    call(2);
    assert_non_null(strstr(read_answer(&second), "000000000002"));
    assert_false(is_readable(&first));
    assert_int_equal(started_count, 2);
    stop_runtime(&first);
    stop_runtime(&second);
}

static void a_caller_in_a_row_causes_one_cold_start(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    call(1);
    assert_int_equal(started_count, 1);
    ask_next(&runtime);
    assert_non_null(strstr(read_answer(&runtime), "000000000001"));
    assert_int_equal(started_count, 1);
    stop_runtime(&runtime);
}

static void an_environment_that_does_not_return_is_replaced(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    call(1);
    turn_until(started_count == 2);
    stop_runtime(&runtime);
}

static void the_oldest_waiting_call_is_served_first(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime second = cold_start(2);
    assert_non_null(strstr(read_answer(&second), "000000000000"));
    struct runtime first = cold_start(1);
    assert_non_null(strstr(read_answer(&first), "000000000001"));
    assert_int_equal(figures().waiting, 0);
    stop_runtime(&first);
    stop_runtime(&second);
}

/* Two callers that call again at once never need more than two environments, however slow the second one
 * starts. */
static void no_more_environments_than_callers(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime first = cold_start(1);
    int served = 0;
    for (int next = 2; next < 7; next++) {
        read_answer(&first);
        respond(&first, &callers[served++], "0");
        read_answer(&first);
        call(next);
        ask_next(&first);
    }
    assert_int_equal(started_count, 2);
    assert_int_equal(count_environments(), 2);
    stop_runtime(&first);
}

static void a_burst_is_paced(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++)
        call(i);
    assert_int_equal(started_count, 2);
    struct runtime first = cold_start(1);
    read_answer(&first);
    assert_int_equal(started_count, 3);
    turn_until(started_count == 5); /* the others take long: they hold up nobody */
    stop_runtime(&first);
}

static void the_account_limit_throttles(void **state) {
    (void)state;
    invoke_free(invoke);
    make_invoke(1);
    call(0);
    struct caller *refused = call(1);
    assert_true(refused->is_done);
    assert_int_equal(refused->outcome, INVOKE_THROTTLED);
    assert_string_equal(refused->reason, "ConcurrentInvocationLimitExceeded");
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    assert_false(call(2)->is_done);
    stop_runtime(&runtime);
}

static void a_retired_epoch_never_serves_again(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime idle = cold_start(1);
    read_answer(&idle);
    struct runtime busy = cold_start(2);
    read_answer(&busy);
    respond(&idle, &callers[0], "0");
    read_answer(&idle);
    ask_next(&idle);
    turn_until(count_idle() == 1);
    invoke_retire(invoke, function);
    assert_true(is_killed[1]);
    assert_false(is_killed[2]);
    update_function();
    call(2);
    assert_int_equal(started_count, 3);
    respond(&busy, &callers[1], "1");
    read_answer(&busy);
    assert_true(callers[1].is_done);
    ask_next(&busy);
    turn_until(is_killed[2]);
    assert_false(callers[2].is_done);
    stop_runtime(&idle);
    stop_runtime(&busy);
}

static void a_failed_initialisation_is_tried_once_more(void **state) {
    (void)state;
    const struct program_end end = {.exited = true, .exit_status = 3};
    struct caller *caller = call_with(0, "{}", true);
    struct runtime first = start_sandbox(1);
    exit_program(1, 0, end);
    assert_false(caller->is_done);
    turn_until(runs[1] == 1); /* in the same sandbox */
    assert_int_equal(clears[1], 1);
    exit_program(1, last_run[1], end);
    assert_true(caller->is_done);
    assert_int_equal(started_count, 1);
    assert_int_equal(caller->outcome, INVOKE_FUNCTION_ERROR);
    assert_non_null(strstr(caller->payload, "Runtime exited with error: exit status 3"));
    assert_non_null(strstr(caller->tail, "Phase: init\tStatus: error\tError Type: Runtime.ExitError"));
    assert_non_null(strstr(caller->tail, "Phase: invoke\tStatus: error\tError Type: Runtime.ExitError"));
    assert_non_null(strstr(caller->tail, "REPORT RequestId"));
    stop_runtime(&first);
}

static void a_posted_init_error_reaches_the_caller(void **state) {
    (void)state;
    struct caller *caller = call(0);
    struct runtime runtime = start_sandbox(1);
    for (int i = 0; i < 2; i++) {
        post(&runtime, "init/error", "{\"errorMessage\":\"no\",\"errorType\":\"Runtime.ImportModuleError\"}");
        assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 202"));
        stop_runtime(&runtime);
        assert_false(caller->is_done);
        exit_program(1, last_run[1], (struct program_end){.exited = true, .exit_status = 1});
        if (i == 0) {
            turn_until(runs[1] == 1);
            runtime = connect_to(1, dup(last_output[1]));
        }
    }
    assert_true(caller->is_done);
    assert_string_equal(caller->payload,
                        "{\"errorMessage\":\"no\",\"errorType\":\"Runtime.ImportModuleError\"}");
}

static void a_crash_is_told_to_its_caller_alone(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime first = cold_start(1);
    read_answer(&first);
    struct runtime second = cold_start(2);
    read_answer(&second);
    exit_program(1, 0, (struct program_end){.signal = SIGSEGV});
    assert_true(callers[0].is_done);
    assert_int_equal(callers[0].outcome, INVOKE_FUNCTION_ERROR);
    assert_non_null(strstr(callers[0].payload, "signal: segmentation fault"));
    assert_false(callers[1].is_done);
    assert_true(clears[1] == 1 && clears[2] == 0 && !is_killed[1]);
    stop_runtime(&first);
    stop_runtime(&second);
}

static void calls_out_of_order_are_refused(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = start_sandbox(1);
    respond(&runtime, &callers[0], "0");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 400"));
    ask_next(&runtime);
    read_answer(&runtime);
    post(&runtime, "invocation/00000000-0000-4000-8000-000000000009/response", "0");
    assert_non_null(strstr(read_answer(&runtime), "InvalidRequestID"));
    post(&runtime, "init/error", "{}");
    const char *answer = read_answer(&runtime);
    assert_non_null(strstr(answer, "HTTP/1.1 403"));
    assert_non_null(strstr(answer, "State transition from Running to InitError failed for runtime."));
    ask_next(&runtime);
    assert_non_null(strstr(read_answer(&runtime), "000000000000"));
    respond(&runtime, &callers[0], "0");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 202"));
    respond(&runtime, &callers[0], "0");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 400"));
    stop_runtime(&runtime);
}

static void an_abandoned_call_still_runs(void **state) {
    (void)state;
    char payload[] = "{\"kept\":true}";
    struct caller *caller = call_with(0, payload, false);
    invocation_abandon(caller->invocation);
    memset(payload, 'x', sizeof payload - 1);
    struct runtime runtime = cold_start(1);
    assert_non_null(strstr(read_answer(&runtime), "{\"kept\":true}"));
    respond(&runtime, caller, "0");
    read_answer(&runtime);
    assert_false(caller->is_done);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    stop_runtime(&runtime);
}

static void the_log_tail_has_everything_of_the_call(void **state) {
    (void)state;
    struct caller *caller = call_with(0, "{}", true);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    assert_int_equal(write(runtime.output, "one\ntwo\nthree\n", 14), 14);
    respond(&runtime, caller, "0");
    read_answer(&runtime);
    assert_false(caller->is_done); /* the log is complete when the runtime is back */
    ask_next(&runtime);
    turn_until(caller->is_done);
    assert_string_equal(caller->payload, "0");
    const char *start = strstr(caller->tail,
                               "START RequestId: 00000000-0000-4000-8000-000000000000 Version: $LATEST\n");
    const char *lines = strstr(caller->tail, "one\ntwo\nthree\n");
    const char *end = strstr(caller->tail, "END RequestId: ");
    assert_true(start && lines && end && start < lines && lines < end);
    assert_non_null(strstr(end, "Init Duration: "));
    stop_runtime(&runtime);
}

static void a_dying_idle_runtime_gets_no_event(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    stop_runtime(&runtime);
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    call(1);
    turn_until(runs[1] == 1); /* another one in its place does */
    assert_int_equal(started_count, 1);
}

static void the_oldest_idle_environment_makes_room(void **state) {
    (void)state;
    invoke_free(invoke);
    make_invoke(1);
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    update_function();
    call(1);
    assert_true(is_killed[1]);
    assert_int_equal(started_count, 2);
    stop_runtime(&runtime);
}

static void a_function_without_bootstrap_is_told_so(void **state) {
    (void)state;
    OWN_MEM char *bootstrap = fs_join(code_dir, DIGEST "/bootstrap");
    assert_int_equal(unlink(bootstrap), 0);
    struct caller *caller = call_with(0, "{}", true);
    assert_true(caller->is_done);
    assert_null(caller->invocation);
    assert_int_equal(started_count, 0);
    assert_non_null(
        strstr(caller->payload, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"));
    assert_non_null(strstr(caller->tail, "Error Type: Runtime.InvalidEntrypoint"));
}

/* A sandbox that has answered `caller` and waits for the next event. */
static struct runtime make_idle(uint64_t id, int caller) {
    call(caller);
    struct runtime runtime = cold_start(id);
    read_answer(&runtime);
    respond(&runtime, &callers[caller], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    return runtime;
}

static bool has_variable(const char *line) {
    OWN_MEM char *whole = mem_format("\n%s\n", line);
    return strstr(launched.variables, whole) != NULL;
}

static void without_upper_there_is_no_api(void **state) {
    (void)state;
    call(0);
    assert_null(strstr(launched.variables, "AWS_ENDPOINT_URL"));
    assert_null(strstr(launched.variables, "AWS_ACCESS_KEY_ID"));
    assert_string_equal(launched.program, "/var/task/bootstrap");
    assert_int_equal(launched.mount_count, 1);
    assert_string_equal(launched.targets[0], "/var/task");
}

static void environments_get_credentials_and_the_api(void **state) {
    (void)state;
    set_upper();
    struct runtime runtime = make_idle(1, 0);
    assert_true(has_variable("AWS_ACCESS_KEY_ID=ASIA0000000000000000"));
    assert_true(has_variable("AWS_SECRET_ACCESS_KEY=secret"));
    assert_true(has_variable("AWS_SESSION_TOKEN=token"));
    assert_true(has_variable("AWS_ENDPOINT_URL=http://127.0.0.1:9002"));
    assert_int_equal(upper.opened, 1);
    invoke_retire(invoke, function);
    assert_true(is_killed[1]);
    assert_int_equal(upper.closed, 0); /* perhaps it was a call through it that retired the function */
    end_sandbox(1, (struct sandbox_end){.killed = true});
    assert_int_equal(upper.closed, 1);
    stop_runtime(&runtime);
}

static void the_upper_modules_may_leave_first(void **state) {
    (void)state;
    set_upper();
    struct runtime runtime = make_idle(1, 0);
    invoke_leave_upper(invoke);
    assert_int_equal(upper.closed, 1);
    update_function();
    call(1);
    assert_null(strstr(launched.variables, "AWS_ENDPOINT_URL"));
    struct runtime second = start_sandbox(2);
    end_sandbox(1, (struct sandbox_end){.killed = true});
    assert_int_equal(upper.opened, 1);
    assert_int_equal(upper.closed, 1);
    stop_runtime(&runtime);
    stop_runtime(&second);
}

static void a_role_without_credentials_still_runs(void **state) {
    (void)state;
    set_upper();
    upper.has_credentials = false;
    upper.lifetime_ms = 0;
    struct runtime runtime = make_idle(1, 0);
    assert_null(strstr(launched.variables, "AWS_ACCESS_KEY_ID"));
    assert_true(has_variable("AWS_ENDPOINT_URL=http://127.0.0.1:9002"));
    clock_ahead_us = INT64_C(3599) * 1000000; /* just not the idle time-out */
    call(1);
    assert_non_null(strstr(read_answer(&runtime), "000000000001"));
    stop_runtime(&runtime);
}

static void an_idle_environment_is_not_used_past_its_credentials(void **state) {
    (void)state;
    set_upper();
    struct runtime runtime = make_idle(1, 0);
    clock_ahead_us = INT64_C(3590) * 1000000;
    call(1);
    assert_non_null(strstr(read_answer(&runtime), "000000000001"));
    respond(&runtime, &callers[1], "1");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    clock_ahead_us = INT64_C(3600) * 1000000;
    call(2);
    assert_true(is_killed[1]);
    assert_int_equal(started_count, 2);
    assert_false(callers[2].is_done);
    stop_runtime(&runtime);
}

static void a_busy_environment_ends_after_its_call_past_its_credentials(void **state) {
    (void)state;
    set_upper();
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    clock_ahead_us = INT64_C(3600) * 1000000;
    respond(&runtime, &callers[0], "0");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 202"));
    assert_true(callers[0].is_done && callers[0].outcome == INVOKE_DONE);
    call(1);
    ask_next(&runtime);
    turn_until(is_killed[1]);
    assert_false(callers[1].is_done);
    assert_int_equal(started_count, 2);
    stop_runtime(&runtime);
}

static void an_environment_serves_its_first_call_in_any_case(void **state) {
    (void)state;
    set_upper();
    upper.lifetime_ms = 0;
    call(0);
    struct runtime runtime = cold_start(1);
    assert_non_null(strstr(read_answer(&runtime), "000000000000"));
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(is_killed[1]);
    assert_int_equal(started_count, 1);
    stop_runtime(&runtime);
}

static void idle_environments_end_with_their_credentials(void **state) {
    (void)state;
    set_upper();
    upper.lifetime_ms = 1800000;
    struct runtime runtime = make_idle(1, 0);
    clock_ahead_us = INT64_C(1800) * 1000000; /* they may idle twice as long */
    turn_until(is_killed[1]);
    stop_runtime(&runtime);
}

static void reserved_concurrency_is_of_the_function(void **state) {
    (void)state;
    invoke_set_reserved(invoke, "000000000000", "f", 1);
    call(0);
    update_function(); /* another version counts as well */
    struct caller *refused = call(1);
    assert_int_equal(refused->outcome, INVOKE_THROTTLED);
    assert_string_equal(refused->reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
    assert_int_equal(started_count, 1);
    invoke_set_reserved(invoke, "000000000000", "f", -1);
    assert_false(call(2)->is_done);
    invoke_set_reserved(invoke, "000000000000", "f", 0);
    assert_string_equal(call(3)->reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0"); /* what ran before goes on */
    read_answer(&runtime);
    assert_true(callers[0].is_done && callers[0].outcome == INVOKE_DONE);
    stop_runtime(&runtime);
}

#define LAYER "1111111111111111111111111111111111111111111111111111111111111111"

static void use_layer(void) {
    const struct function_layer layer = {.arn = "arn:1", .digest = LAYER};
    function_set_layers(function, &layer, 1);
}

static void a_bootstrap_in_a_layer_runs(void **state) {
    (void)state;
    OWN_MEM char *bootstrap = fs_join(code_dir, DIGEST "/bootstrap");
    assert_int_equal(unlink(bootstrap), 0);
    add_file(LAYER, "bootstrap", 0755);
    use_layer();
    call(0);
    assert_int_equal(started_count, 1);
    assert_string_equal(launched.program, "/opt/bootstrap");
    assert_int_equal(launched.mount_count, 2);
    assert_string_equal(launched.targets[0], "/var/task");
    assert_string_equal(launched.targets[1], "/opt");
}

static void the_functions_bootstrap_comes_first(void **state) {
    (void)state;
    add_file(LAYER, "bootstrap", 0755);
    use_layer();
    call(0);
    assert_string_equal(launched.program, "/var/task/bootstrap");
}

static void a_missing_layer_fails_the_call_alone(void **state) {
    (void)state;
    use_layer();
    assert_int_equal(call(0)->outcome, INVOKE_FAILED);
    assert_int_equal(started_count, 0);
    add_file(LAYER, "bootstrap", 0755);
    assert_false(call(1)->is_done);
}

static void on_drained(void *arg) {
    *(bool *)arg = true;
}

static void draining_waits_for_calls_and_their_log(void **state) {
    (void)state;
    bool is_drained = false;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    invoke_drain(invoke, on_drained, &is_drained);
    assert_int_equal(call(1)->outcome, INVOKE_FAILED);
    loop_turn(loop, false);
    assert_false(is_drained);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    loop_turn(loop, false);
    assert_false(is_drained);
    ask_next(&runtime);
    turn_until(is_drained);
    OWN(buf) struct buf text;
    buf_init(&text, 65536);
    OWN_MEM char *path = mem_format("%s/000000000000/f.log", log_dir);
    assert_true(fs_read(path, &text, NULL));
    assert_non_null(strstr(buf_text(&text), "REPORT RequestId: 00000000-0000-4000-8000-000000000000"));
    stop_runtime(&runtime);
}

int main(void) {
    const struct CMUnitTest tests[] = {TEST(a_call_gets_the_functions_answer),
                                       TEST(the_newest_idle_environment_is_used),
                                       TEST(a_caller_in_a_row_causes_one_cold_start),
                                       TEST(an_environment_that_does_not_return_is_replaced),
                                       TEST(the_oldest_waiting_call_is_served_first),
                                       TEST(no_more_environments_than_callers),
                                       TEST(a_burst_is_paced),
                                       TEST(the_account_limit_throttles),
                                       TEST(a_retired_epoch_never_serves_again),
                                       TEST(a_failed_initialisation_is_tried_once_more),
                                       TEST(a_posted_init_error_reaches_the_caller),
                                       TEST(a_crash_is_told_to_its_caller_alone),
                                       TEST(calls_out_of_order_are_refused),
                                       TEST(an_abandoned_call_still_runs),
                                       TEST(the_log_tail_has_everything_of_the_call),
                                       TEST(a_dying_idle_runtime_gets_no_event),
                                       TEST(the_oldest_idle_environment_makes_room),
                                       TEST(a_function_without_bootstrap_is_told_so),
                                       TEST(without_upper_there_is_no_api),
                                       TEST(environments_get_credentials_and_the_api),
                                       TEST(the_upper_modules_may_leave_first),
                                       TEST(a_role_without_credentials_still_runs),
                                       TEST(an_idle_environment_is_not_used_past_its_credentials),
                                       TEST(a_busy_environment_ends_after_its_call_past_its_credentials),
                                       TEST(an_environment_serves_its_first_call_in_any_case),
                                       TEST(idle_environments_end_with_their_credentials),
                                       TEST(reserved_concurrency_is_of_the_function),
                                       TEST(a_bootstrap_in_a_layer_runs),
                                       TEST(the_functions_bootstrap_comes_first),
                                       TEST(a_missing_layer_fails_the_call_alone),
                                       TEST(draining_waits_for_calls_and_their_log)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

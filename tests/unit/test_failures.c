/* What becomes of calls, environments and counters when something fails or ends; see phases_fixture.h for
 * how. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "phases_fixture.h"

/* ---- what is counted and told of failures ---- */

static uint64_t answers(enum totals_answer answer) {
    return figures().totals.answers[answer];
}

/* After the response of the runtime, which waits for the log. */
static void a_time_out_after_the_response_is_none_of_its_outcome(void **state) {
    (void)state;
    struct extension extension;
    function->timeout_s = 3;
    struct caller *caller = call_with(0, "{}", true);
    struct runtime runtime = start_with_internal(&extension, "\"INVOKE\"");
    OWN_MEM char *path = mem_format("invocation/%s/error", caller->request_id);
    post(&runtime, path, "{\"errorType\":\"E\"}");
    read_answer(&runtime);
    pass(3000);
    assert_string_equal(caller->payload, "{\"errorType\":\"E\"}");
    assert_non_null(strstr(caller->tail, "\tStatus: timeout\t"));
    assert_int_equal(answers(TOTALS_FUNCTION_ERROR), 1);
    assert_int_equal(answers(TOTALS_TIMEOUT), 0);
    stop_runtime(&runtime);
    leave(&extension);
}

static void the_end_of_a_runtime_in_init_is_told_once(void **state) {
    (void)state;
    function->logs_json = true;
    function->system_log_level = FUNCTION_LOG_DEBUG;
    struct caller *caller = call_with(0, "{}", true);
    struct runtime runtime = start_sandbox(1);
    struct extension extension = join(1, "internal", "");
    ask_next(&runtime);
    turn_a_bit(); /* its part is done, and told */
    exit_program(1, 0, (struct program_end){.exited = true, .exit_status = 7});
    turn_until(runs[1] == 1);
    exit_program(1, last_run[1], (struct program_end){.exited = true, .exit_status = 7});
    assert_true(caller->is_done);
    const char *first = strstr(caller->tail, "platform.initRuntimeDone");
    assert_non_null(first); /* of the second try */
    assert_non_null(strstr(first, "\"phase\":\"invoke\""));
    assert_null(strstr(first + 1, "platform.initRuntimeDone"));
    stop_runtime(&runtime);
    leave(&extension);
}

static void a_sandbox_that_does_not_start_is_no_time_out_of_the_function(void **state) {
    (void)state;
    struct caller *caller = call(0);
    pass(LIMIT_INIT_MS - 1);
    assert_false(is_killed[1]);
    pass(1);
    assert_true(is_killed[1]);
    end_sandbox(1, (struct sandbox_end){.killed = true});
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_FAILED);
    assert_int_equal(figures().totals.ended[TOTALS_END_NO_SANDBOX], 1);
}

static void a_sandbox_that_is_lost_twice_has_failed_to_initialise(void **state) {
    (void)state;
    struct caller *caller = call_with(0, "{}", true);
    for (uint64_t id = 1; id <= 2; id++) {
        struct runtime runtime = start_sandbox(id);
        end_sandbox(id, (struct sandbox_end){.signal = SIGKILL});
        stop_runtime(&runtime);
    }
    assert_int_equal(started_count, 2);
    assert_int_equal(caller->outcome, INVOKE_FUNCTION_ERROR);
    assert_int_equal(answers(TOTALS_INIT_ERROR), 1);
    assert_non_null(strstr(caller->tail, "INIT_REPORT"));
    assert_non_null(strstr(caller->tail, "END RequestId"));
    assert_int_equal(figures().running, 0);
}

/* The runtime's turn comes once the extension has registered. */
static void what_can_not_be_started_again_fails_its_call_at_once(void **state) {
    (void)state;
    add_extensions("one", NULL);
    struct caller *caller = call(0);
    struct runtime first = start_sandbox(1);
    exit_program(1, 0, (struct program_end){.exited = true, .exit_status = 1});
    turn_until(runs[1] == 1);
    is_full = true;
    struct extension extension = join(1, "one", "");
    turn_a_bit();
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_FAILED);
    assert_true(is_killed[1]);
    end_sandbox(1, (struct sandbox_end){.killed = true});
    assert_int_equal(figures().waiting, 0);
    assert_int_equal(figures().running, 0);
    assert_int_equal(count_environments(), 0);
    stop_runtime(&first);
    leave(&extension);
}

/* ---- others ---- */

static void registration_is_closed_where_nobody_has_registered(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    struct extension extension = ask_to_join(1, "late", "\"INVOKE\"");
    assert_true(has_event(&extension, "Extension registration closed already"));
    stop_runtime(&runtime);
    leave(&extension);
}

/* It was frozen, and nothing was delivered meanwhile. */
static void subscribers_hear_of_the_end_of_a_frozen_one(void **state) {
    (void)state;
    static const char wish[] = "{\"schemaVersion\":\"2022-07-01\",\"types\":[\"platform\"],"
                               "\"destination\":{\"protocol\":\"TCP\",\"port\":8080}}";
    add_extensions("one", NULL);
    call(0);
    struct runtime first = start_sandbox(1);
    struct extension extension = join(1, "one", "\"SHUTDOWN\"");
    turn_until(runs[1] == 1);
    struct runtime runtime = connect_to(1, dup(last_output[1]));
    send_to(&extension, "PUT", "/2022-07-01/telemetry", "", wish);
    read_answer(&extension.client);
    ask_event(&extension);
    ask_next(&runtime);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);
    pass(10);
    assert_true(is_frozen[1]);
    int before = sockets[1];
    exit_program(1, last_run[1], (struct program_end){.signal = SIGKILL});
    assert_false(is_frozen[1]);
    assert_int_equal(sockets[1], before + 1);
    stop_runtime(&first);
    stop_runtime(&runtime);
    leave(&extension);
}

static void an_environment_that_can_not_be_emptied_ends(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    exit_program(1, 0, (struct program_end){.exited = true, .exit_status = 1});
    assert_int_equal(clears[1], 1);
    pass(9999);
    assert_false(is_killed[1]);
    pass(1);
    assert_true(is_killed[1]);
    stop_runtime(&runtime);
}

static void an_empty_environment_has_no_credentials_that_could_end(void **state) {
    (void)state;
    set_upper();
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    exit_program(1, 0, (struct program_end){.exited = true, .exit_status = 1});
    stop_runtime(&runtime);
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    clock_ahead_us += 2 * upper.lifetime_ms * 1000;
    call(1);
    assert_int_equal(started_count, 1);
    assert_int_equal(runs[1], 1);
}

static void an_empty_environment_is_the_last_to_be_used(void **state) {
    (void)state;
    struct runtime runtimes_of[3];
    for (int i = 1; i <= 2; i++)
        call(i);
    for (int i = 1; i <= 2; i++) {
        runtimes_of[i] = cold_start((uint64_t)i);
        read_answer(&runtimes_of[i]);
    }
    for (int i = 1; i <= 2; i++) {
        respond(&runtimes_of[i], &callers[i], "0");
        read_answer(&runtimes_of[i]);
        ask_next(&runtimes_of[i]);
        turn_until(count_idle() == (size_t)i);
    }
    call(3);
    read_answer(&runtimes_of[2]);
    exit_program(2, 0, (struct program_end){.exited = true, .exit_status = 1});
    turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    call(4);
    assert_non_null(strstr(read_answer(&runtimes_of[1]), callers[4].request_id));
    assert_int_equal(runs[2], 0);
    call(5); /* before a third one is made */
    assert_int_equal(runs[2], 1);
    assert_int_equal(started_count, 2);
    for (int i = 1; i <= 2; i++)
        stop_runtime(&runtimes_of[i]);
}

static void a_call_relies_on_no_environment_for_long(void **state) {
    (void)state;
    struct extension extension;
    call(0);
    struct runtime slow = start_with_internal(&extension, "\"INVOKE\"");
    respond(&slow, &callers[0], "0");
    read_answer(&slow);
    ask_next(&slow);
    turn_a_bit();
    assert_int_equal(figures().environments[ENVIRONMENT_RESPONDED], 1);
    for (int i = 1; i <= 4; i++)
        call(i); /* the first relies on the slow one; two are started, the last has to wait for these */
    assert_int_equal(started_count, 3);
    pass(20); /* no room for the first either */
    assert_int_equal(started_count, 3);
    struct runtime others[3];
    for (int i = 0; i < 2; i++) {
        others[i] = cold_start((uint64_t)i + 2);
        read_answer(&others[i]);
    }
    pass(50);
    assert_int_equal(started_count, 5);
    assert_int_equal(figures().environments[ENVIRONMENT_RESPONDED], 1);
    stop_runtime(&slow);
    for (int i = 0; i < 2; i++)
        stop_runtime(&others[i]);
    leave(&extension);
}

static void on_drained(void *arg) {
    *(bool *)arg = true;
}

static void a_stop_waits_for_extensions_that_hear_of_a_failure(void **state) {
    (void)state;
    bool is_drained = false;
    struct extension extension;
    struct runtime runtime = serve_with_external(&extension, "\"SHUTDOWN\"");
    call(1);
    read_answer(&runtime);
    exit_program(1, last_run[1], (struct program_end){.exited = true, .exit_status = 7});
    invoke_drain(invoke, on_drained, &is_drained);
    turn_a_bit();
    assert_false(is_drained);
    exit_program(1, 0, (struct program_end){.exited = true});
    turn_until(is_killed[1]);
    end_sandbox(1, (struct sandbox_end){.killed = true});
    turn_until(is_drained);
    assert_int_equal(figures().totals.ended[TOTALS_END_SHUTDOWN], 1);
    stop_runtime(&runtime);
    leave(&extension);
}

static void a_response_that_is_there_is_not_lost_by_a_stop(void **state) {
    (void)state;
    struct caller *caller = call_with(0, "{}", true);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, caller, "\"kept\"");
    read_answer(&runtime);
    assert_false(caller->is_done);
    invoke_free(take_ptr(invoke));
    assert_int_equal(caller->outcome, INVOKE_DONE);
    assert_string_equal(caller->payload, "\"kept\"");
    stop_runtime(&runtime);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_time_out_after_the_response_is_none_of_its_outcome),
        TEST(the_end_of_a_runtime_in_init_is_told_once),
        TEST(a_sandbox_that_does_not_start_is_no_time_out_of_the_function),
        TEST(a_sandbox_that_is_lost_twice_has_failed_to_initialise),
        TEST(what_can_not_be_started_again_fails_its_call_at_once),
        TEST(registration_is_closed_where_nobody_has_registered),
        TEST(subscribers_hear_of_the_end_of_a_frozen_one),
        TEST(an_environment_that_can_not_be_emptied_ends),
        TEST(an_empty_environment_has_no_credentials_that_could_end),
        TEST(an_empty_environment_is_the_last_to_be_used),
        TEST(a_call_relies_on_no_environment_for_long),
        TEST(a_stop_waits_for_extensions_that_hear_of_a_failure),
        TEST(a_response_that_is_there_is_not_lost_by_a_stop),
    };
    is_clock_stopped = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

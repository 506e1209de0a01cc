/* Environments that are initialised ahead of calls, and how many may be started for calls. See
 * invoke_fixture.h. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "invoke_fixture.h"

#define ACCOUNT "000000000000"

static int setup_version(void **state) {
    setup(state);
    snprintf(function->version, sizeof function->version, "1");
    called_qualifier = "live";
    return 0;
}

static void provision(const struct function *version, uint32_t count) {
    const struct provision_wish wish = {
        .qualifier = "live", .count = count, .targets = {{version, count}}, .target_count = 1};
    invoke_provision(invoke, ACCOUNT, "f", &wish, count > 0);
    for (int i = 0; i < 3; i++)
        loop_turn(loop, false);
}

static struct provision_status status(void) {
    struct provision_status found;
    assert_true(invoke_provision_status(invoke, ACCOUNT, "f", "live", &found));
    return found;
}

static struct runtime ready(uint64_t id) {
    struct runtime runtime = cold_start(id);
    size_t before = count_idle();
    turn_until(count_idle() == before + 1);
    return runtime;
}

/* The runtime answers its call and asks for the next one. */
static void finish(const struct runtime *runtime, int index) {
    respond(runtime, &callers[index], "0");
    read_answer(runtime);
    ask_next(runtime);
}

static bool is_type(const char *type) {
    char line[64];
    snprintf(line, sizeof line, "AWS_LAMBDA_INITIALIZATION_TYPE=%s\n", type);
    return strstr(launched.variables, line) != NULL;
}

static void environments_are_initialised_ahead(void **state) {
    (void)state;
    struct runtime runtimes_ahead[3];
    provision(function, 3);
    assert_int_equal(started_count, 2); /* as many at once as for calls */
    assert_true(is_type("provisioned-concurrency"));
    assert_int_equal(status().available, 0);
    runtimes_ahead[0] = ready(1);
    turn_until(started_count == 3);
    runtimes_ahead[1] = ready(2);
    runtimes_ahead[2] = ready(3);
    assert_int_equal(status().available, 3);
    assert_int_equal(status().allocated, 3);
    for (int i = 0; i < 3; i++) {
        call(i);
        assert_non_null(strstr(read_answer(&runtimes_ahead[2 - i]), callers[i].request_id));
    }
    assert_int_equal(status().available, 3); /* busy ones are available */
    for (int i = 0; i < 20; i++)
        loop_turn(loop, false);
    assert_int_equal(started_count, 3);
    for (int i = 0; i < 3; i++)
        stop_runtime(&runtimes_ahead[i]);
}

static void calls_beyond_them_spill_over(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime ahead = ready(1);
    call(0);
    read_answer(&ahead);
    call(1);
    assert_int_equal(started_count, 2);
    assert_true(is_type("on-demand"));
    struct runtime other = cold_start(2);
    assert_non_null(strstr(read_answer(&other), callers[1].request_id));
    finish(&ahead, 0);
    finish(&other, 1);
    turn_until(count_idle() == 2);
    call(2); /* the newest idle one is the other */
    assert_non_null(strstr(read_answer(&ahead), callers[2].request_id));
    stop_runtime(&ahead);
    stop_runtime(&other);
}

static void calls_through_another_name_do_not_use_them(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime ahead = ready(1);
    called_qualifier = "1";
    call(0);
    assert_int_equal(started_count, 2);
    assert_false(is_readable(&ahead));
    stop_runtime(&ahead);
}

static void a_version_s_own_are_for_its_aliases_too(void **state) {
    (void)state;
    const struct provision_wish wish = {
        .qualifier = "1", .count = 1, .targets = {{function, 1}}, .target_count = 1};
    invoke_provision(invoke, ACCOUNT, "f", &wish, 1);
    turn_until(started_count == 1);
    struct runtime ahead = ready(1);
    call(0);
    assert_non_null(strstr(read_answer(&ahead), callers[0].request_id));
    stop_runtime(&ahead);
}

static void a_caller_in_a_row_never_spills_over(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime ahead = ready(1);
    call(0);
    read_answer(&ahead);
    respond(&ahead, &callers[0], "0");
    read_answer(&ahead);
    call(1);
    ask_next(&ahead);
    assert_non_null(strstr(read_answer(&ahead), callers[1].request_id));
    assert_int_equal(started_count, 1);
    stop_runtime(&ahead);
}

/* What is provisioned and what is not ready yet has room of its own. */
static void all_that_is_reserved_may_be_provisioned(void **state) {
    (void)state;
    invoke_set_reserved(invoke, ACCOUNT, "f", 1);
    provision(function, 1);
    call(0);
    assert_int_equal(started_count, 2);
    assert_true(is_type("on-demand"));
    called_qualifier = "1";
    assert_string_equal(call(1)->reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
    called_qualifier = "live";
    assert_string_equal(call(2)->reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
    struct runtime ahead = cold_start(1); /* it is ready first */
    assert_non_null(strstr(read_answer(&ahead), callers[0].request_id));
    stop_runtime(&ahead);
}

static void one_that_ends_is_replaced(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime ahead = ready(1);
    call(0);
    read_answer(&ahead);
    stop_runtime(&ahead);
    end_sandbox(1, (struct sandbox_end){0});
    assert_true(callers[0].is_done);
    assert_int_equal(status().available, 0);
    turn_until(started_count == 2);
    assert_true(is_type("provisioned-concurrency"));
    struct runtime next = ready(2);
    assert_int_equal(status().available, 1);
    stop_runtime(&next);
}

static void failures_are_tried_again_after_a_while(void **state) {
    (void)state;
    provision(function, 3);
    assert_int_equal(started_count, 2);
    end_sandbox(1, (struct sandbox_end){0});
    end_sandbox(2, (struct sandbox_end){0});
    for (int i = 0; i < 20; i++)
        loop_turn(loop, false);
    assert_int_equal(started_count, 2); /* no busy loop */
    assert_false(status().is_failed);
    turn_until(started_count == 3); /* one is enough to try it out */
    end_sandbox(3, (struct sandbox_end){0});
    turn_until(started_count == 4);
    end_sandbox(4, (struct sandbox_end){0});
    assert_true(status().is_failed);
    assert_string_equal(status().reason, "FUNCTION_ERROR_INIT_FAILURE");
    invoke_provision_retry(invoke, ACCOUNT, "f", "live");
    assert_false(status().is_failed);
    turn_until(started_count == 6);
    struct runtime ahead = ready(5);
    turn_until(started_count == 7);
    assert_false(status().is_failed);
    stop_runtime(&ahead);
}

static void one_that_dies_without_a_call_has_failed(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime ahead = ready(1);
    stop_runtime(&ahead);
    turn_until(is_killed[1]);
    end_sandbox(1, (struct sandbox_end){0});
    for (int i = 0; i < 20; i++)
        loop_turn(loop, false);
    assert_int_equal(started_count, 1);
    turn_until(started_count == 2);
}

static void a_function_without_bootstrap_fails(void **state) {
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/" DIGEST "/bootstrap", code_dir);
    assert_int_equal(unlink(path), 0);
    provision(function, 1);
    assert_int_equal(started_count, 0);
    turn_until(status().is_failed);
    assert_string_equal(status().reason, "FUNCTION_ERROR_INIT_FAILURE");
}

static void fewer_end_idle_ones_first(void **state) {
    (void)state;
    provision(function, 2);
    struct runtime first = ready(1);
    struct runtime second = ready(2);
    call(0);
    read_answer(&second);
    provision(function, 1);
    assert_true(is_killed[1] && !is_killed[2]);
    provision(function, 0);
    assert_false(is_killed[2]);
    finish(&second, 0);
    turn_until(is_killed[2]);
    assert_true(callers[0].outcome == INVOKE_DONE);
    end_sandbox(1, (struct sandbox_end){0});
    end_sandbox(2, (struct sandbox_end){0});
    struct provision_status found;
    assert_false(invoke_provision_status(invoke, ACCOUNT, "f", "live", &found));
    assert_int_equal(count_environments(), 0);
    stop_runtime(&first);
    stop_runtime(&second);
}

static void the_old_version_goes_when_the_new_one_is_ready(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime old = ready(1);
    update_function();
    provision(function, 1);
    assert_int_equal(started_count, 2);
    assert_false(is_killed[1]);
    assert_int_equal(status().available, 0);
    assert_int_equal(status().allocated, 1);
    struct runtime new = ready(2);
    turn_until(is_killed[1]);
    assert_int_equal(status().available, 1);
    assert_int_equal(status().allocated, 1);
    end_sandbox(1, (struct sandbox_end){0});
    call(0);
    assert_non_null(strstr(read_answer(&new), callers[0].request_id));
    assert_int_equal(started_count, 2);
    stop_runtime(&old);
    stop_runtime(&new);
}

static void two_versions_have_their_parts(void **state) {
    (void)state;
    const struct function *old = function_ref(function);
    update_function();
    const struct provision_wish wish = {
        .qualifier = "live", .count = 3, .targets = {{old, 2}, {function, 1}}, .target_count = 2};
    invoke_provision(invoke, ACCOUNT, "f", &wish, 1);
    turn_until(started_count == 3);
    struct runtime one = ready(1);
    struct runtime two = ready(2);
    struct runtime three = ready(3);
    assert_int_equal(status().available, 3);
    call(0);
    assert_non_null(strstr(read_answer(&three), callers[0].request_id));
    function_unref(old);
    stop_runtime(&one);
    stop_runtime(&two);
    stop_runtime(&three);
}

static void a_retired_version_starts_nothing(void **state) {
    (void)state;
    provision(function, 2);
    struct runtime ahead = ready(1);
    invoke_retire(invoke, function);
    provision(function, 0);
    assert_true(is_killed[1] && is_killed[2]);
    end_sandbox(1, (struct sandbox_end){0});
    end_sandbox(2, (struct sandbox_end){0});
    assert_int_equal(started_count, 2);
    assert_int_equal(count_environments(), 0);
    stop_runtime(&ahead);
}

static void they_do_not_end_for_being_idle(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime ahead = ready(1);
    called_qualifier = "1";
    call(0);
    struct runtime other = cold_start(2);
    read_answer(&other);
    finish(&other, 0);
    turn_until(count_idle() == 2);
    clock_ahead_us = 2 * 3600000000ll;
    turn_until(is_killed[2]);
    assert_false(is_killed[1]);
    stop_runtime(&ahead);
    stop_runtime(&other);
}

static void they_are_replaced_with_their_credentials(void **state) {
    (void)state;
    set_upper();
    provision(function, 1);
    struct runtime ahead = ready(1);
    clock_ahead_us = 2 * 3600000000ll;
    turn_until(is_killed[1]);
    end_sandbox(1, (struct sandbox_end){0});
    turn_until(started_count == 2);
    struct runtime next = ready(2);
    assert_int_equal(status().available, 1);
    stop_runtime(&ahead);
    stop_runtime(&next);
}

/* What ends while a call runs in it still counts until that is over. */
static void a_call_outlives_what_it_was_admitted_in(void **state) {
    (void)state;
    provision(function, 1);
    struct runtime ahead = ready(1);
    call(0);
    read_answer(&ahead);
    provision(function, 0);
    invoke_set_reserved(invoke, ACCOUNT, "f", 1);
    assert_string_equal(call(1)->reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
    respond(&ahead, &callers[0], "0");
    read_answer(&ahead);
    assert_false(call(2)->is_done);
    stop_runtime(&ahead);
}

/* ---- how many may be started for calls ---- */

#define REASON "ConcurrentInvocationLimitExceeded"

static void limit_starts(uint32_t starts) {
    invoke_free(invoke);
    scaling_rate = starts;
    make_invoke(10);
}

static void a_start_too_many_is_throttled(void **state) {
    (void)state;
    limit_starts(3); /* the third is put off by the first two, but has its right */
    for (int i = 0; i < 3; i++)
        assert_false(call(i)->is_done);
    struct caller *refused = call(3);
    assert_int_equal(refused->outcome, INVOKE_THROTTLED);
    assert_string_equal(refused->reason, REASON);
    assert_int_equal(refused->retry_after_s, 4);
    struct runtime first = cold_start(1);
    read_answer(&first);
    finish(&first, 0);
    read_answer(&first); /* the oldest that waits */
    struct runtime second = cold_start(2);
    read_answer(&second);
    finish(&second, 2);
    turn_until(count_idle() == 1);
    assert_false(call(4)->is_done); /* idle */
    assert_false(call(5)->is_done); /* started for the third call, which did not need it in the end */
    assert_true(call(6)->is_done);
    clock_ahead_us += 3400000;
    assert_false(call(6)->is_done);
    assert_true(call(7)->is_done);
    stop_runtime(&first);
    stop_runtime(&second);
}

static void an_idle_environment_needs_no_start(void **state) {
    (void)state;
    limit_starts(1);
    call(0);
    struct runtime runtime = cold_start(1);
    for (int i = 0; i < 5; i++) {
        read_answer(&runtime);
        finish(&runtime, i);
        turn_until(count_idle() == 1);
        assert_false(call(i + 1)->is_done);
    }
    assert_string_equal(call(6)->reason, REASON);
    stop_runtime(&runtime);
}

/* One that relied on an environment which did not come back. */
static void a_waiting_call_may_be_throttled_too(void **state) {
    (void)state;
    limit_starts(1);
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    struct caller *waiting = call(1);
    assert_false(waiting->is_done);
    turn_until(waiting->is_done);
    assert_string_equal(waiting->reason, REASON);
    stop_runtime(&runtime);
}

static void a_second_try_of_an_initialisation_is_no_start(void **state) {
    (void)state;
    limit_starts(1);
    struct caller *caller = call(0);
    end_sandbox(1, (struct sandbox_end){0});
    assert_int_equal(started_count, 2);
    assert_false(caller->is_done);
    end_sandbox(2, (struct sandbox_end){0});
    assert_int_equal(caller->outcome, INVOKE_FUNCTION_ERROR);
    assert_string_equal(call(1)->reason, REASON); /* although all that it had has ended */
}

static void what_is_provisioned_needs_no_start_of_calls(void **state) {
    (void)state;
    limit_starts(1);
    provision(function, 2);
    struct runtime first = ready(1);
    struct runtime second = ready(2);
    for (int i = 0; i < 3; i++)
        assert_false(call(i)->is_done);
    assert_int_equal(started_count, 3);
    assert_string_equal(call(3)->reason, REASON);
    stop_runtime(&first);
    stop_runtime(&second);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_version, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(environments_are_initialised_ahead),
        TEST(calls_beyond_them_spill_over),
        TEST(calls_through_another_name_do_not_use_them),
        TEST(a_version_s_own_are_for_its_aliases_too),
        TEST(a_caller_in_a_row_never_spills_over),
        TEST(all_that_is_reserved_may_be_provisioned),
        TEST(one_that_ends_is_replaced),
        TEST(failures_are_tried_again_after_a_while),
        TEST(one_that_dies_without_a_call_has_failed),
        TEST(a_function_without_bootstrap_fails),
        TEST(fewer_end_idle_ones_first),
        TEST(the_old_version_goes_when_the_new_one_is_ready),
        TEST(two_versions_have_their_parts),
        TEST(a_retired_version_starts_nothing),
        TEST(they_do_not_end_for_being_idle),
        TEST(they_are_replaced_with_their_credentials),
        TEST(a_call_outlives_what_it_was_admitted_in),
        TEST(a_start_too_many_is_throttled),
        TEST(an_idle_environment_needs_no_start),
        TEST(a_waiting_call_may_be_throttled_too),
        TEST(a_second_try_of_an_initialisation_is_no_start),
        TEST(what_is_provisioned_needs_no_start_of_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The schedule of asynchronous events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/retry.h"

#define SECOND_US 1000000ll

static const struct retry_delays delays = {
    .first_ms = 60000, .second_ms = 120000, .put_back_ms = 1000, .put_back_most_ms = 300000};
static const struct retry_policy by_default = {.most_retries = 2, .most_age_ms = 21600000};

static void errors_are_tried_again_after_one_minute_and_two(void **state) {
    (void)state;
    struct retry_history history = {.accepted_us = 0, .errors = 1};
    struct retry_decision decision = retry_after_error(&delays, &by_default, &history, 5 * SECOND_US);
    assert_int_equal(decision.condition, RETRY_NOT_OVER);
    assert_int_equal(decision.due_us, 65 * SECOND_US);
    history.errors = 2;
    decision = retry_after_error(&delays, &by_default, &history, 70 * SECOND_US);
    assert_int_equal(decision.due_us, 190 * SECOND_US);
    history.errors = 3;
    decision = retry_after_error(&delays, &by_default, &history, 200 * SECOND_US);
    assert_int_equal(decision.condition, RETRY_EXHAUSTED);
}

static void fewer_retries_may_be_set(void **state) {
    (void)state;
    struct retry_policy policy = {.most_retries = 0, .most_age_ms = 21600000};
    struct retry_history history = {.errors = 1};
    assert_int_equal(retry_after_error(&delays, &policy, &history, 0).condition, RETRY_EXHAUSTED);
    policy.most_retries = 1;
    assert_int_equal(retry_after_error(&delays, &policy, &history, 0).condition, RETRY_NOT_OVER);
    history.errors = 2;
    assert_int_equal(retry_after_error(&delays, &policy, &history, 0).condition, RETRY_EXHAUSTED);
}

static void no_retry_is_waited_for_that_would_come_too_late(void **state) {
    (void)state;
    const struct retry_policy policy = {.most_retries = 2, .most_age_ms = 60000};
    const struct retry_history history = {.accepted_us = 100 * SECOND_US, .errors = 1};
    assert_int_equal(retry_after_error(&delays, &policy, &history, 100 * SECOND_US).condition, RETRY_TOO_OLD);
    assert_false(retry_is_too_old(&policy, &history, 160 * SECOND_US - 1));
    assert_true(retry_is_too_old(&policy, &history, 160 * SECOND_US));
}

static void check_delay(uint32_t put_backs, int64_t least_ms, int64_t most_ms) {
    const struct retry_history history = {.put_backs = put_backs};
    const struct retry_decision first = retry_after_put_back(&delays, &by_default, &history, 0, 0);
    const struct retry_decision last = retry_after_put_back(&delays, &by_default, &history, 0, UINT16_MAX);
    assert_int_equal(first.condition, RETRY_NOT_OVER);
    assert_int_equal(first.due_us, least_ms * 1000);
    assert_int_equal(last.due_us, most_ms * 1000);
}

static void being_put_back_takes_ever_longer(void **state) {
    (void)state;
    check_delay(1, 500, 1000);
    check_delay(2, 1000, 2000);
    check_delay(5, 8000, 16000);
    check_delay(9, 128000, 256000);
    check_delay(10, 150000, 300000);
    check_delay(4000000000u, 150000, 300000);
}

static void being_put_back_ends_with_the_age(void **state) {
    (void)state;
    const struct retry_policy policy = {.most_retries = 0, .most_age_ms = 60000};
    const struct retry_history history = {.errors = 0, .put_backs = 20};
    struct retry_decision decision = retry_after_put_back(&delays, &policy, &history, 59 * SECOND_US, 0);
    assert_int_equal(decision.condition, RETRY_NOT_OVER);
    assert_int_equal(decision.due_us, 60 * SECOND_US);
    decision = retry_after_put_back(&delays, &policy, &history, decision.due_us, 0);
    assert_int_equal(decision.condition, RETRY_TOO_OLD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_tried_again_after_one_minute_and_two),
        cmocka_unit_test(fewer_retries_may_be_set),
        cmocka_unit_test(no_retry_is_waited_for_that_would_come_too_late),
        cmocka_unit_test(being_put_back_takes_ever_longer),
        cmocka_unit_test(being_put_back_ends_with_the_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

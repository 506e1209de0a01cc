/* Who may run how many invocations at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "invoke/admission.h"

#define LIMIT 10
#define ONE "000000000001"
#define TWO "000000000002"

#define STARTS 5

#define UNRESERVED "ConcurrentInvocationLimitExceeded"
#define RESERVED "ReservedFunctionConcurrentInvocationLimitExceeded"
#define RATE "FunctionInvocationRateLimitExceeded"
#define RESERVED_RATE "ReservedFunctionInvocationRateLimitExceeded"

static struct admission admission;
static int64_t now_us;
static uint32_t retry_after_s; /* of the last refusal */

static int set_up(void **state) {
    (void)state;
    now_us = 1000000000;
    admission_init(&admission, LIMIT, STARTS);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(admission.running, 0);
    admission_done(&admission);
    return 0;
}

static void assert_refused(const struct admission_refusal *refusal, const char *reason) {
    assert_string_equal(refusal->reason, reason);
    retry_after_s = refusal->retry_after_s;
}

/* How many of `wanted` calls are admitted; the reason of the first refusal. */
static int enter(struct admission_group *group, int wanted, const char *reason) {
    int admitted = 0;
    struct admission_refusal refusal;
    struct admission_share *share = NULL;
    while (admitted < wanted && admission_enter(group, &share, now_us, &refusal))
        admitted++;
    if (admitted < wanted)
        assert_refused(&refusal, reason);
    return admitted;
}

static void leave(struct admission_group *group, int count) {
    while (count-- > 0)
        admission_leave(group, NULL);
}

/* How many of `wanted` calls begin, each of them over at once. */
static int pass(struct admission_group *group, int wanted, const char *reason) {
    int passed = 0;
    while (passed < wanted && enter(group, 1, reason) == 1) {
        leave(group, 1);
        passed++;
    }
    return passed;
}

static int start(struct admission_group *group, int wanted) {
    int started = 0;
    struct admission_refusal refusal;
    while (started < wanted && admission_start(group, now_us, &refusal))
        started++;
    if (started < wanted)
        assert_refused(&refusal, UNRESERVED);
    return started;
}

/* Whether calls through a share are admitted in it, one each. */
static int enter_share(struct admission_share *share, int wanted) {
    int inside = 0;
    struct admission_refusal refusal;
    for (; inside < wanted; inside++) {
        struct admission_share *used = share;
        if (!admission_enter(share->group, &used, now_us, &refusal))
            break;
        if (!used) {
            leave(share->group, 1);
            break;
        }
    }
    return inside;
}

static void leave_share(struct admission_share *share, int count) {
    while (count-- > 0)
        admission_leave(share->group, share);
}

static void forget(void) {
    now_us += 10000000;
    admission_tidy(&admission, now_us);
}

static void functions_share_what_the_account_has(void **state) {
    (void)state;
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(enter(f, 7, UNRESERVED), 7);
    assert_int_equal(enter(g, 7, UNRESERVED), 3);
    leave(f, 1);
    assert_int_equal(enter(g, 7, UNRESERVED), 1);
    leave(f, 6);
    leave(g, 4);
    admission_group_release(f);
    admission_group_release(g);
}

static void accounts_do_not_share(void **state) {
    (void)state;
    struct admission_group *one = admission_group_take(&admission, ONE, "f");
    struct admission_group *two = admission_group_take(&admission, TWO, "f");
    assert_int_equal(enter(one, 20, UNRESERVED), LIMIT);
    assert_int_equal(enter(two, 20, UNRESERVED), LIMIT);
    assert_int_equal(admission.running, 2 * LIMIT);
    leave(one, LIMIT);
    leave(two, LIMIT);
    admission_group_release(one);
    admission_group_release(two);
}

static void a_group_is_one_for_all_versions(void **state) {
    (void)state;
    struct admission_group *first = admission_group_take(&admission, ONE, "f");
    struct admission_group *second = admission_group_take(&admission, ONE, "f");
    assert_ptr_equal(first, second);
    admission_group_release(first);
    assert_int_equal(admission.groups.count, 1);
    admission_group_release(second);
    forget();
    assert_int_equal(admission.groups.count, 0);
    assert_int_equal(admission.accounts.count, 0);
}

static void a_reservation_is_kept_for_its_function(void **state) {
    (void)state;
    admission_reserve(&admission, ONE, "f", 4);
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(enter(g, 20, UNRESERVED), LIMIT - 4);
    assert_int_equal(enter(f, 20, RESERVED), 4);
    leave(f, 1);
    assert_int_equal(enter(g, 1, UNRESERVED), 0);
    assert_int_equal(enter(f, 2, RESERVED), 1);
    leave(f, 4);
    leave(g, LIMIT - 4);
    admission_group_release(f);
    admission_group_release(g);
    forget();
    assert_int_equal(admission.groups.count, 1);
    admission_reserve(&admission, ONE, "f", -1);
    forget();
    assert_int_equal(admission.groups.count, 0);
}

static void nothing_reserved_means_nothing_runs(void **state) {
    (void)state;
    admission_reserve(&admission, ONE, "f", 0);
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    assert_int_equal(enter(f, 1, RESERVED), 0);
    admission_group_release(f);
}

/* What runs counts in the other total from the moment of the change. */
static void reservations_come_and_go_while_calls_run(void **state) {
    (void)state;
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(enter(f, 6, UNRESERVED), 6);
    admission_reserve(&admission, ONE, "f", 2);
    assert_int_equal(enter(f, 1, RESERVED), 0);
    assert_int_equal(enter(g, 20, UNRESERVED), LIMIT - 2);
    admission_reserve(&admission, ONE, "f", 7);
    assert_int_equal(enter(f, 2, RESERVED), 1);
    assert_int_equal(enter(g, 1, UNRESERVED), 0);
    admission_reserve(&admission, ONE, "f", -1);
    admission_reserve(&admission, ONE, "f", -1);
    leave(f, 5);
    assert_int_equal(enter(f, 1, UNRESERVED), 0); /* 2 and 8 are running */
    leave(f, 2);
    assert_int_equal(enter(g, 20, UNRESERVED), 2);
    leave(g, LIMIT);
    admission_group_release(f);
    admission_group_release(g);
    forget();
    assert_int_equal(admission.groups.count, 0);
}

static void reservations_end_with_everything(void **state) {
    (void)state;
    admission_reserve(&admission, ONE, "f", 4);
    admission_reserve(&admission, TWO, "g", 5);
    admission_reserve(&admission, TWO, "h", -1);
    forget();
    assert_int_equal(admission.groups.count, 2);
}

static void ten_calls_a_second_for_each_that_may_run(void **state) {
    (void)state;
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(pass(f, 1000, RATE), 10 * LIMIT);
    assert_int_equal(retry_after_s, 1);
    assert_int_equal(pass(g, 1, RATE), 0);
    now_us += 9999;
    assert_int_equal(pass(g, 1, RATE), 0);
    now_us += 1;
    assert_int_equal(pass(g, 2, RATE), 1);
    now_us += 500000;
    assert_int_equal(pass(f, 1000, RATE), 5 * LIMIT);
    now_us += 60000000;
    assert_int_equal(pass(f, 1000, RATE), 10 * LIMIT);
    admission_group_release(f);
    admission_group_release(g);
}

static void a_reservation_has_a_rate_of_its_own(void **state) {
    (void)state;
    admission_reserve(&admission, ONE, "f", 2);
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(pass(f, 1000, RESERVED_RATE), 20);
    assert_int_equal(retry_after_s, 1);
    assert_int_equal(pass(g, 1000, RATE), 10 * (LIMIT - 2));
    admission_group_release(f);
    admission_group_release(g);
}

/* What is refused for another reason uses up nothing. */
static void a_refused_call_does_not_count_in_the_rate(void **state) {
    (void)state;
    admission_reserve(&admission, ONE, "f", 1);
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    assert_int_equal(enter(f, 1, RESERVED), 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(enter(f, 1, RESERVED), 0);
    leave(f, 1);
    assert_int_equal(pass(f, 100, RESERVED_RATE), 9);
    admission_group_release(f);
}

static void environments_start_at_a_rate(void **state) {
    (void)state;
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(start(f, 100), STARTS);
    assert_int_equal(retry_after_s, 2);
    assert_int_equal(start(g, 100), STARTS);
    admission_start_undo(f);
    assert_int_equal(start(f, 100), 1);
    now_us += 1999999;
    assert_int_equal(start(f, 1), 0);
    assert_int_equal(retry_after_s, 1);
    now_us += 1;
    assert_int_equal(start(f, 2), 1);
    now_us += 10000000;
    assert_int_equal(start(f, 100), STARTS);
    admission_group_release(f);
    admission_group_release(g);
}

/* Also when all that it had has ended. */
static void a_function_keeps_its_rate(void **state) {
    (void)state;
    struct admission_group *f = admission_group_take(&admission, ONE, "f");
    assert_int_equal(start(f, 100), STARTS);
    admission_group_release(f);
    now_us += 4000000;
    admission_tidy(&admission, now_us);
    f = admission_group_take(&admission, ONE, "f");
    assert_int_equal(start(f, 100), 2);
    admission_group_release(f);
    forget();
    assert_int_equal(admission.groups.count, 0);
}

static void a_share_is_taken_from_the_account(void **state) {
    (void)state;
    struct admission_share share;
    admission_share_init(&share, &admission, ONE, "f");
    admission_share_set(&share, 4);
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(enter(g, 20, UNRESERVED), LIMIT - 4);
    assert_int_equal(enter_share(&share, 20), 4);
    assert_int_equal(enter(share.group, 1, UNRESERVED), 0);
    leave(g, 1);
    assert_int_equal(enter(share.group, 2, UNRESERVED), 1); /* beyond its share like any other */
    leave(share.group, 1);
    leave_share(&share, 4);
    leave(g, LIMIT - 5);
    admission_group_release(g);
    admission_share_done(&share);
    forget();
    assert_int_equal(admission.groups.count, 0);
}

static void a_share_is_taken_from_the_reservation(void **state) {
    (void)state;
    struct admission_share share;
    admission_reserve(&admission, ONE, "f", 4);
    admission_share_init(&share, &admission, ONE, "f");
    admission_share_set(&share, 3);
    struct admission_group *g = admission_group_take(&admission, ONE, "g");
    assert_int_equal(enter(g, 20, UNRESERVED), LIMIT - 4);
    assert_int_equal(enter(share.group, 20, RESERVED), 1);
    assert_int_equal(enter_share(&share, 20), 3);
    leave(share.group, 1);
    admission_share_set(&share, 4);
    assert_int_equal(enter(share.group, 1, RESERVED), 0);
    admission_reserve(&admission, ONE, "f", -1);
    leave(g, LIMIT - 4);
    assert_int_equal(enter(g, 20, UNRESERVED), LIMIT - 4);
    leave(g, LIMIT - 4);
    leave_share(&share, 3);
    admission_group_release(g);
    admission_share_done(&share);
}

/* What runs in a share counts in it to its end. */
static void a_share_shrinks_with_its_calls(void **state) {
    (void)state;
    struct admission_share share;
    admission_share_init(&share, &admission, ONE, "f");
    admission_share_set(&share, 6);
    assert_int_equal(enter_share(&share, 5), 5);
    admission_share_set(&share, 0);
    assert_int_equal(enter(share.group, 20, UNRESERVED), LIMIT - 5);
    leave_share(&share, 1);
    assert_int_equal(enter_share(&share, 1), 0);
    assert_int_equal(enter(share.group, 20, UNRESERVED), 1);
    leave_share(&share, 4);
    leave(share.group, LIMIT - 4);
    admission_share_done(&share);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void refusals_are_counted_by_limit(void **state) {
    (void)state;
    struct admission_group *group = admission_group_take(&admission, ONE, "f");
    struct admission_group *reserved = admission_group_take(&admission, ONE, "r");
    admission_reserve(&admission, ONE, "r", 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(start(group, STARTS + 1), i == 0 ? STARTS : 0);
    assert_int_equal(enter(group, LIMIT, UNRESERVED), LIMIT - 1);
    leave(group, LIMIT - 1);
    assert_int_equal(enter(reserved, 2, RESERVED), 1);
    leave(reserved, 1);
    assert_int_equal(pass(reserved, 20, RESERVED_RATE), 9);
    assert_int_equal(pass(group, 1000, RATE), (LIMIT - 1) * 9);
    const uint64_t expected[ADMISSION_LIMITS] = {
        [ADMISSION_ACCOUNT] = 1,       [ADMISSION_RESERVED] = 1, [ADMISSION_ACCOUNT_RATE] = 1,
        [ADMISSION_RESERVED_RATE] = 1, [ADMISSION_STARTS] = 2,
    };
    assert_memory_equal(admission.refused, expected, sizeof expected);
    admission_reserve(&admission, ONE, "r", -1);
    admission_group_release(group);
    admission_group_release(reserved);
}

static bool enter_event(struct admission_group *group, struct admission_share **share) {
    struct admission_refusal refusal;
    return admission_enter_event(group, share, &refusal);
}

static void events_have_no_rate(void **state) {
    (void)state;
    struct admission_group *group = admission_group_take(&admission, ONE, "f");
    assert_int_equal(pass(group, 1000, RATE), LIMIT * 10);
    for (int i = 0; i < 1000; i++) {
        struct admission_share *share = NULL;
        assert_true(enter_event(group, &share));
        leave(group, 1);
    }
    struct admission_share *none = NULL;
    for (int i = 0; i < LIMIT; i++)
        assert_true(enter_event(group, &none));
    assert_false(enter_event(group, &none));
    leave(group, LIMIT);
    admission_group_release(group);
}

static uint32_t room(const char *name) {
    return admission_room(&admission, ONE, name);
}

static void room_is_what_concurrency_leaves(void **state) {
    (void)state;
    assert_int_equal(room("f"), LIMIT);
    struct admission_group *group = admission_group_take(&admission, ONE, "f");
    assert_int_equal(enter(group, 3, NULL), 3);
    assert_int_equal(room("f"), LIMIT - 3);
    assert_int_equal(room("other"), LIMIT - 3);
    assert_int_equal(admission_room(&admission, TWO, "f"), LIMIT);
    admission_reserve(&admission, ONE, "other", 4);
    assert_int_equal(room("f"), LIMIT - 3 - 4);
    assert_int_equal(room("other"), 4);
    admission_reserve(&admission, ONE, "f", 0);
    assert_int_equal(room("f"), 0);
    leave(group, 3);
    admission_reserve(&admission, ONE, "f", -1);
    admission_group_release(group);
}

static void room_counts_what_is_provisioned_and_idle(void **state) {
    (void)state;
    struct admission_group *group = admission_group_take(&admission, ONE, "f");
    struct admission_share share;
    admission_reserve(&admission, ONE, "f", 3);
    admission_share_init(&share, &admission, ONE, "f");
    admission_share_set(&share, 3);
    assert_int_equal(room("f"), 3);
    struct admission_share *taken = &share;
    assert_true(enter_event(group, &taken));
    assert_ptr_equal(taken, &share);
    assert_int_equal(room("f"), 2);
    admission_leave(group, taken);
    assert_int_equal(room("f"), 3);
    admission_share_done(&share);
    admission_reserve(&admission, ONE, "f", -1);
    admission_group_release(group);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(functions_share_what_the_account_has),
        TEST(accounts_do_not_share),
        TEST(a_group_is_one_for_all_versions),
        TEST(a_reservation_is_kept_for_its_function),
        TEST(nothing_reserved_means_nothing_runs),
        TEST(reservations_come_and_go_while_calls_run),
        TEST(reservations_end_with_everything),
        TEST(ten_calls_a_second_for_each_that_may_run),
        TEST(a_reservation_has_a_rate_of_its_own),
        TEST(a_refused_call_does_not_count_in_the_rate),
        TEST(environments_start_at_a_rate),
        TEST(a_function_keeps_its_rate),
        TEST(a_share_is_taken_from_the_account),
        TEST(a_share_is_taken_from_the_reservation),
        TEST(a_share_shrinks_with_its_calls),
        TEST(refusals_are_counted_by_limit),
        TEST(events_have_no_rate),
        TEST(room_is_what_concurrency_leaves),
        TEST(room_counts_what_is_provisioned_and_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static struct admission admission;

static int set_up(void **state) {
    (void)state;
    admission_init(&admission, LIMIT);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    assert_int_equal(admission.running, 0);
    admission_done(&admission);
    return 0;
}

/* How many of `wanted` calls are admitted; the reason of the first refusal. */
static int enter(struct admission_group *group, int wanted, const char *reason) {
    int admitted = 0;
    const char *refusal = NULL;
    while (admitted < wanted && admission_enter(group, &refusal))
        admitted++;
    if (admitted < wanted)
        assert_string_equal(refusal, reason);
    return admitted;
}

static void leave(struct admission_group *group, int count) {
    while (count-- > 0)
        admission_leave(group);
}

#define UNRESERVED "ConcurrentInvocationLimitExceeded"
#define RESERVED "ReservedFunctionConcurrentInvocationLimitExceeded"

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
    assert_int_equal(admission.groups.count, 1);
    admission_reserve(&admission, ONE, "f", -1);
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
    assert_int_equal(admission.groups.count, 0);
}

static void reservations_end_with_everything(void **state) {
    (void)state;
    admission_reserve(&admission, ONE, "f", 4);
    admission_reserve(&admission, TWO, "g", 5);
    admission_reserve(&admission, TWO, "h", -1);
    assert_int_equal(admission.groups.count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(functions_share_what_the_account_has), TEST(accounts_do_not_share),
        TEST(a_group_is_one_for_all_versions),      TEST(a_reservation_is_kept_for_its_function),
        TEST(nothing_reserved_means_nothing_runs),  TEST(reservations_come_and_go_while_calls_run),
        TEST(reservations_end_with_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

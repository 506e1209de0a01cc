/* Messages that are pushed as taken, and queues with one taker: what asynchronous invocation needs. */
#include <string.h>

#include "queue_fixture.h"

#define HOUR_MS 3600000

static struct queue_receipt push_taken(const char *body) {
    const struct queue_entry entry = {.body = body, .body_len = strlen(body), .lease_ms = HOUR_MS};
    return (struct queue_receipt){.sequence = push_entry(queue, &entry), .receives = 1};
}

static void what_is_pushed_as_taken_is_in_flight(void **state) {
    (void)state;
    struct queue_receipt receipt = push_taken("a");
    assert_counts(queue, "0 1 0");
    assert_int_equal(receive(queue, 1, HOUR_MS)->count, 0);
    assert_int_equal(remove_message(queue, receipt), QUEUE_SETTLED);
    assert_counts(queue, "0 0 0");
}

static void it_can_be_released_with_a_mark(void **state) {
    (void)state;
    struct queue_receipt receipt = push_taken("a");
    const struct queue_settlement again = {
        .receipt = receipt, .action = QUEUE_RELEASE, .delay_ms = 5000, .mark = 7};
    assert_int_equal(settle(queue, again), QUEUE_SETTLED);
    assert_counts(queue, "0 0 1");
    pass(5000);
    const struct answer *answer = receive(queue, 1, HOUR_MS);
    assert_string_equal(answer->text, "a");
    assert_int_equal(answer->mark, 7);
    assert_int_equal(answer->receipts[0].receives, 2);
}

static void its_lease_ends_like_any_other(void **state) {
    (void)state;
    push_taken("a");
    pass(HOUR_MS);
    assert_string_equal(receive(queue, 1, HOUR_MS)->text, "a");
}

static void all_leases_can_be_ended_at_a_start(void **state) {
    (void)state;
    push_taken("a");
    push(queue, "b");
    const struct queue_entry later = {.body = "c", .body_len = 1, .delay_ms = 60000};
    push_entry(queue, &later);
    assert_string_equal(receive(queue, 1, HOUR_MS)->text, "b");
    reopen();
    assert_counts(queue, "0 2 1");
    assert_true(queue_release_all(queue, NULL));
    assert_counts(queue, "2 0 1");
    assert_string_equal(receive(queue, 10, HOUR_MS)->text, "a b");
    assert_counts(queue, "0 2 1");
}

static void a_queue_without_messages_has_no_leases(void **state) {
    (void)state;
    assert_true(queue_release_all(queue, NULL));
    assert_counts(queue, "0 0 0");
    push(queue, "a");
    assert_string_equal(receive(queue, 1, HOUR_MS)->text, "a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fresh, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_pushed_as_taken_is_in_flight),   TEST(it_can_be_released_with_a_mark),
        TEST(its_lease_ends_like_any_other),          TEST(all_leases_can_be_ended_at_a_start),
        TEST(a_queue_without_messages_has_no_leases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* FIFO queues: groups, duplicates, dead letters. */
#include "queue_fixture.h"

#include <string.h>

static int open_fifo(void **state) {
    open_fresh(state);
    queue_configure(queue, &(struct queue_settings){.is_fifo = true});
    return 0;
}

static void put(const char *body, const char *group) {
    push_fifo(queue, body, group, NULL);
}

static void test_groups(void **state) {
    (void)state;
    put("a1", "a");
    put("a2", "a");
    put("b1", "b");
    put("a3", "a");
    assert_counts(queue, "4 0 0");
    const struct answer *answer = receive(queue, 1, 30000);
    assert_string_equal(answer->text, "a1");
    struct queue_receipt a1 = answer->receipts[0];
    assert_string_equal(receive(queue, 10, 30000)->text, "b1"); /* a gives nothing */
    put("a4", "a");
    assert_string_equal(receive(queue, 10, 30000)->text, "");
    assert_int_equal(remove_message(queue, a1), QUEUE_SETTLED);
    assert_string_equal(receive(queue, 2, 30000)->text, "a2 a3");
    assert_string_equal(receive(queue, 10, 30000)->text, "");
    assert_counts(queue, "1 3 0");
}

static void test_lease_ends(void **state) {
    (void)state;
    put("a1", "a");
    put("a2", "a");
    put("a3", "a");
    struct queue_receipt a1 = receive(queue, 1, 5000)->receipts[0];
    pass(5000);
    assert_int_equal(remove_message(queue, a1), QUEUE_STALE);
    assert_string_equal(receive(queue, 10, 5000)->text, "a1 a2 a3");
    pass(5000);
    assert_string_equal(receive(queue, 2, 5000)->text, "a1 a2");
}

/* One of two leased messages comes back early: it waits for the other, and comes first again. */
static void test_back_early(void **state) {
    (void)state;
    put("a1", "a");
    put("a2", "a");
    put("a3", "a");
    const struct answer *answer = receive(queue, 2, 5000);
    assert_string_equal(answer->text, "a1 a2");
    struct queue_receipt a1 = answer->receipts[0];
    struct queue_receipt a2 = answer->receipts[1];
    assert_int_equal(settle(queue, (struct queue_settlement){.receipt = a1, .action = QUEUE_EXTEND}),
                     QUEUE_SETTLED);
    assert_string_equal(receive(queue, 10, 5000)->text, "");
    assert_int_equal(remove_message(queue, a2), QUEUE_SETTLED);
    assert_string_equal(receive(queue, 10, 5000)->text, "a1 a3");
}

static void test_back_late(void **state) {
    (void)state;
    put("a1", "a");
    put("a2", "a");
    put("a3", "a");
    struct queue_receipt a1 = receive(queue, 2, 5000)->receipts[0];
    settle(queue, (struct queue_settlement){.receipt = a1, .action = QUEUE_EXTEND, .delay_ms = 1000});
    pass(1000);
    assert_string_equal(receive(queue, 10, 5000)->text, "");
    pass(4000);
    assert_string_equal(receive(queue, 10, 5000)->text, "a1 a2 a3");
}

static void test_delay(void **state) {
    (void)state;
    queue_configure(queue, &(struct queue_settings){.is_fifo = true, .delay_ms = 2000});
    put("a1", "a");
    pass(1000);
    put("a2", "a");
    assert_counts(queue, "0 0 2");
    pass(1000);
    struct queue_receipt a1 = receive(queue, 10, 30000)->receipts[0];
    assert_int_equal(remove_message(queue, a1), QUEUE_SETTLED);
    assert_string_equal(receive(queue, 10, 30000)->text, "");
    pass(1000);
    assert_string_equal(receive(queue, 10, 30000)->text, "a2");
}

static void test_dead_letters(void **state) {
    (void)state;
    struct queue *dead = queues_get(queues, "dead");
    queue_configure(queue,
                    &(struct queue_settings){.is_fifo = true, .max_receives = 1, .dead_letter_key = "dead"});
    queue_configure(dead, &(struct queue_settings){.is_fifo = true});
    put("a1", "a");
    put("a2", "a");
    receive(queue, 2, 1000);
    put("a3", "a");
    pass(1000);
    assert_string_equal(receive(queue, 10, 1000)->text, "a3");
    assert_string_equal(receive(dead, 1, 1000)->text, "a1");
    assert_string_equal(receive(dead, 10, 1000)->text, "");
    assert_int_equal(receive(queue, 10, 1000)->count, 0);
    assert_counts(dead, "1 1 0");
    reopen();
    assert_counts(queues_get(queues, "dead"), "1 1 0");
}

/* The first of a group becomes a dead letter while the next one is delayed: that one's time wakes the group.
 */
static void test_dead_letter_before_delay(void **state) {
    (void)state;
    queue_configure(queue,
                    &(struct queue_settings){.is_fifo = true, .max_receives = 1, .dead_letter_key = "dead"});
    queues_get(queues, "dead");
    put("a1", "a");
    receive(queue, 1, 1000);
    push_entry(queue, &(struct queue_entry){.body = "a2", .body_len = 2, .delay_ms = 5000, .group = "a"});
    pass(1000);
    assert_string_equal(receive(queue, 10, 1000)->text, "");
    pass(4000);
    assert_string_equal(receive(queue, 10, 1000)->text, "a2");
}

static void test_retention(void **state) {
    (void)state;
    queue_configure(queue, &(struct queue_settings){.is_fifo = true, .retention_ms = 60000});
    put("a1", "a");
    receive(queue, 1, 600000);
    pass(30000);
    put("a2", "a");
    pass(30000); /* a1 is removed although it is leased */
    assert_string_equal(receive(queue, 10, 1000)->text, "a2");
}

static void test_deduplication(void **state) {
    (void)state;
    struct queue_pushed first = push_fifo(queue, "a", "g", "once");
    assert_false(first.is_duplicate);
    pass(299999);
    struct queue_pushed second = push_fifo(queue, "b", "g", "once");
    assert_true(second.is_duplicate);
    assert_int_equal(second.sequence, first.sequence);
    assert_string_equal(second.message_id, first.message_id);
    remove_message(queue, receive(queue, 1, 1000)->receipts[0]);
    assert_true(push_fifo(queue, "c", "g", "once").is_duplicate); /* also when it is gone */
    assert_false(push_fifo(queue, "d", "g", "other").is_duplicate);
    queue_configure(queues_get(queues, "q2"), &(struct queue_settings){.is_fifo = true});
    assert_false(push_fifo(queues_get(queues, "q2"), "e", "g", "once").is_duplicate);
    reopen();
    assert_true(push_fifo(queue, "f", "g", "once").is_duplicate);
    pass(1);
    assert_false(push_fifo(queue, "g", "g", "once").is_duplicate);
    assert_counts(queue, "2 0 0");
}

static void test_duplicates_within_a_push(void **state) {
    (void)state;
    const struct queue_entry entries[] = {{.body = "a", .body_len = 1, .group = "g", .dedup = "x"},
                                          {.body = "b", .body_len = 1, .group = "g", .dedup = "x"}};
    push_entry(queue, &entries[0]);
    push_entry(queue, &entries[1]);
    assert_string_equal(receive(queue, 10, 1000)->text, "a");
}

/* A long group that gives nothing does not keep a later one from being found. */
static void test_many_groups(void **state) {
    (void)state;
    for (int i = 0; i < 300; i++)
        put("a", "a");
    put("b", "b");
    assert_string_equal(receive(queue, 1, 1000)->text, "a");
    assert_string_equal(receive(queue, 10, 1000)->text, "b");
    pass(1000);
    assert_int_equal(receive(queue, 10, 1000)->count, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fifo, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_groups),
        TEST(test_lease_ends),
        TEST(test_back_early),
        TEST(test_back_late),
        TEST(test_delay),
        TEST(test_dead_letters),
        TEST(test_dead_letter_before_delay),
        TEST(test_retention),
        TEST(test_deduplication),
        TEST(test_duplicates_within_a_push),
        TEST(test_many_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Receives that wait: what wakes them, in which order, and how they end. */
#include "queue_fixture.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

static void test_push_wakes(void **state) {
    (void)state;
    struct answer first, second;
    start_receive(queue, 1, 20000, &first);
    settle_down();
    start_receive(queue, 1, 20000, &second);
    settle_down();
    assert_false(first.is_there || second.is_there);
    struct queue_counts counts;
    queue_count(queue, &counts);
    assert_int_equal(counts.receivers, 2);
    push(queue, "a");
    settle_down();
    assert_string_equal(first.text, "a");
    assert_false(second.is_there);
    push(queue, "b");
    settle_down();
    assert_string_equal(second.text, "b");
}

static void test_order_of_coming(void **state) {
    (void)state;
    struct answer answers[5];
    for (int i = 0; i < 5; i++)
        start_receive(queue, 1, 20000, &answers[i]);
    settle_down();
    push(queue, "a b");
    settle_down();
    assert_string_equal(answers[0].text, "a");
    assert_string_equal(answers[1].text, "b");
    push(queue, "c");
    push(queue, "d e");
    settle_down();
    assert_string_equal(answers[2].text, "c");
    assert_string_equal(answers[3].text, "d");
    assert_string_equal(answers[4].text, "e");
}

static void test_due_time_wakes(void **state) {
    (void)state;
    struct answer answer;
    push_entry(queue, &(struct queue_entry){.body = "late", .body_len = 4, .delay_ms = 3000});
    start_receive(queue, 1, 20000, &answer);
    settle_down();
    pass(2999);
    assert_false(answer.is_there);
    pass(1);
    assert_string_equal(answer.text, "late");
}

static void test_end_of_lease_wakes(void **state) {
    (void)state;
    struct answer answer;
    push(queue, "a");
    struct queue_receipt receipt = receive(queue, 1, 3000)->receipts[0];
    start_receive(queue, 1, 20000, &answer);
    settle_down();
    pass(2999);
    assert_false(answer.is_there);
    pass(1);
    assert_string_equal(answer.text, "a");
    assert_int_equal(remove_message(queue, receipt), QUEUE_STALE);
    receipt = answer.receipts[0];
    start_receive(queue, 1, 20000, &answer);
    settle_down();
    settle(queue, (struct queue_settlement){.receipt = receipt, .action = QUEUE_EXTEND});
    settle_down();
    assert_string_equal(answer.text, "a");
}

static void test_next_of_group_wakes(void **state) {
    (void)state;
    struct answer answer;
    queue_configure(queue, &(struct queue_settings){.is_fifo = true});
    push_fifo(queue, "a1", "a", NULL);
    push_fifo(queue, "a2", "a", NULL);
    struct queue_receipt a1 = receive(queue, 1, 3000)->receipts[0];
    start_receive(queue, 1, 20000, &answer);
    settle_down();
    assert_false(answer.is_there);
    remove_message(queue, a1);
    settle_down();
    assert_string_equal(answer.text, "a2");
}

static void test_in_vain(void **state) {
    (void)state;
    struct answer first, second;
    start_receive(queue, 1, 5000, &first);
    settle_down();
    pass(1000);
    start_receive(queue, 1, 1000, &second);
    pass(999);
    assert_false(first.is_there || second.is_there);
    pass(1);
    assert_true(second.is_there && second.code == ERR_NONE && second.count == 0);
    assert_false(first.is_there);
    pass(3000);
    assert_true(first.is_there && first.code == ERR_NONE && first.count == 0);
}

static void test_cancel(void **state) {
    (void)state;
    struct answer asked, waiting, running, other;
    start_receive(queue, 1, 20000, &asked);
    queue_receive_cancel(asked.receive);
    start_receive(queue, 1, 20000, &waiting);
    settle_down();
    queue_receive_cancel(waiting.receive);
    push(queue, "a");
    settle_down();
    assert_counts(queue, "1 0 0");
    start_receive(queue, 1, 20000, &running);
    loop_turn(loop, false); /* it is in a transaction now */
    queue_receive_cancel(running.receive);
    settle_down();
    assert_false(asked.is_there || waiting.is_there || running.is_there);
    assert_counts(queue, "1 0 0");
    start_receive(queue, 1, 20000, &other);
    settle_down();
    assert_string_equal(other.text, "a");
}

static void done(void *arg, const struct err *err) {
    *(bool *)arg = err == NULL;
}

static void test_drop(void **state) {
    (void)state;
    struct answer answer;
    bool is_dropped = false;
    push(queue, "a");
    receive(queue, 1, 60000);
    start_receive(queue, 1, 20000, &answer);
    settle_down();
    struct queue *old = queue;
    assert_true(queue_drop(old, done, &is_dropped, NULL));
    assert_false(answer.is_there);
    queue = queues_get(queues, "q");
    assert_ptr_not_equal(queue, old);
    push(queue, "b");
    assert_true(is_dropped);
    assert_int_equal(answer.code, ERR_NOT_FOUND);
    settle_down();
    reopen();
    assert_counts(queue, "1 0 0");
    assert_string_equal(receive(queue, 10, 1000)->text, "b");
}

static void test_drop_while_running(void **state) {
    (void)state;
    struct answer answer;
    bool is_dropped = false;
    start_receive(queue, 1, 20000, &answer);
    loop_turn(loop, false);
    assert_true(queue_drop(queue, done, &is_dropped, NULL));
    while (!is_dropped || !answer.is_there)
        loop_turn(loop, true);
    assert_int_equal(answer.code, ERR_NOT_FOUND);
}

static void note_pushed(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    (void)pushed;
    (void)count;
    *(bool *)arg = err == NULL;
}

static void test_close(void **state) {
    (void)state;
    struct answer waiting, running;
    bool is_pushed = false;
    start_receive(queue, 1, 20000, &waiting);
    settle_down();
    start_receive(queues_get(queues, "other"), 1, 20000, &running);
    loop_turn(loop, false);
    const struct queue_entry entry = {.body = "a", .body_len = 1};
    assert_true(queue_push(queues_get(queues, "third"), &entry, 1, note_pushed, &is_pushed, NULL));
    close_queues();
    assert_true(is_pushed);
    assert_int_equal(waiting.code, ERR_CLOSED);
    assert_int_equal(running.code, ERR_CLOSED);
    open_queues();
    assert_counts(queues_get(queues, "third"), "1 0 0");
}

/* More than one transaction takes. */
static void test_many(void **state) {
    (void)state;
    size_t count = 3 * LIMIT_QUEUE_BATCH_RECEIVES;
    struct answer *answers = mem_alloc_array(count, sizeof *answers);
    for (size_t i = 0; i < count; i++)
        start_receive(queue, 1, 20000, &answers[i]);
    settle_down();
    for (size_t i = 0; i < count; i++)
        push(queue, "a");
    settle_down();
    for (size_t i = 0; i < count; i++)
        assert_string_equal(answers[i].text, "a");
    assert_counts(queue, "0 96 0");
    for (size_t i = 0; i < count; i++)
        start_receive(queue, 1, 60000, &answers[i]);
    settle_down();
    pass(30000);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(answers[i].text, "a");
    free(answers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fresh, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_push_wakes),
        TEST(test_order_of_coming),
        TEST(test_due_time_wakes),
        TEST(test_end_of_lease_wakes),
        TEST(test_next_of_group_wakes),
        TEST(test_in_vain),
        TEST(test_cancel),
        TEST(test_drop),
        TEST(test_drop_while_running),
        TEST(test_close),
        TEST(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

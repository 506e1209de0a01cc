/* What comes while a transaction runs: it joins the next one, which may lie on the lane already. */
#include "queue_fixture.h"

#include <string.h>

#include <semaphore.h>

#include "queue/engine.h"

/* A job that holds the lane up. */
struct block {
    sem_t began;
    sem_t end;
    bool is_over;
};

static void block_run(void *arg) {
    struct block *block = arg;
    sem_post(&block->began);
    sem_wait(&block->end);
}

static void block_done(void *arg) {
    struct block *block = arg;
    block->is_over = true;
}

static void block_lane(struct block *block) {
    block->is_over = false;
    sem_init(&block->began, 0, 0);
    sem_init(&block->end, 0, 0);
    work_lane_run(queues->lane, block_run, block_done, block);
}

static void unblock(struct block *block) {
    sem_post(&block->end);
    while (!block->is_over)
        loop_turn(loop, true);
    sem_destroy(&block->began);
    sem_destroy(&block->end);
}

static void note_pushed(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    (void)pushed;
    (void)count;
    assert_null(err);
    *(bool *)arg = true;
}

/* It lies in the batch that waits. */
static void push_soon(const char *body, bool *is_pushed) {
    *is_pushed = false;
    const struct queue_entry entry = {.body = body, .body_len = strlen(body), .delay_ms = -1};
    assert_true(queue_push(queue, &entry, 1, note_pushed, is_pushed, NULL));
    loop_turn(loop, false);
}

static void receive_soon(size_t most, int64_t wait_ms, struct answer *answer) {
    start_receive(queue, most, wait_ms, answer);
    loop_turn(loop, false);
}

static void test_what_waits_is_done_together(void **state) {
    (void)state;
    struct block block;
    struct answer answer;
    bool is_pushed[3];
    push(queue, "a");
    block_lane(&block);
    sem_wait(&block.began);
    for (int i = 0; i < 3; i++)
        push_soon("b", &is_pushed[i]);
    receive_soon(10, 0, &answer);
    assert_int_equal(queues->batch_count, 1);
    assert_int_equal(queues->open->step_count, 4);
    unblock(&block);
    settle_down();
    assert_string_equal(answer.text, "a b b b");
}

static void test_new_dead_letter_queue(void **state) {
    (void)state;
    struct block block;
    struct answer answer;
    bool is_pushed;
    struct queue *dead = queues_get(queues, "dead");
    push(dead, "letter");
    push(queue, "a");
    block_lane(&block);
    push_soon("b", &is_pushed);
    queue_configure(queue, &(struct queue_settings){.max_receives = 3, .dead_letter_key = "dead"});
    receive_soon(10, 0, &answer);
    unblock(&block);
    settle_down();
    assert_string_equal(answer.text, "a b");
    assert_counts(dead, "1 0 0");
}

static void test_new_delay(void **state) {
    (void)state;
    struct block block;
    bool is_pushed[2];
    push(queue, "a");
    block_lane(&block);
    push_soon("b", &is_pushed[0]);
    queue_configure(queue, &(struct queue_settings){.delay_ms = 5000});
    push_soon("c", &is_pushed[1]);
    unblock(&block);
    settle_down();
    assert_counts(queue, "2 0 1");
}

/* Two batches that found nothing. */
static void test_order_of_receives(void **state) {
    (void)state;
    struct block blocks[2];
    struct answer first, second;
    push(queue, "x");
    remove_message(queue, receive(queue, 1, 1000)->receipts[0]);
    block_lane(&blocks[0]);
    receive_soon(1, 20000, &first);
    block_lane(&blocks[1]); /* so that the second one comes into another batch */
    receive_soon(1, 20000, &second);
    assert_int_equal(queues->batch_count, 2);
    unblock(&blocks[0]);
    unblock(&blocks[1]);
    settle_down();
    push(queue, "a");
    settle_down();
    assert_string_equal(first.text, "a");
    assert_false(second.is_there);
    queue_receive_cancel(second.receive);
}

static void note_dropped(void *arg, const struct err *err) {
    assert_null(err);
    *(bool *)arg = true;
}

/* The dead letter queue goes and comes back between two receives of one transaction. */
static void test_dead_letter_queue_that_is_made_again(void **state) {
    (void)state;
    struct block block;
    struct answer first, second;
    bool is_dropped = false;
    struct queue *dead = queues_get(queues, "dead");
    push(dead, "letter");
    push(queue, "a");
    receive(queue, 1, 1000);
    pass(1000);
    queue_configure(queue, &(struct queue_settings){.max_receives = 1, .dead_letter_key = "dead"});
    block_lane(&block);
    receive_soon(10, 0, &first);
    assert_true(queue_drop(dead, note_dropped, &is_dropped, NULL));
    dead = queues_get(queues, "dead");
    receive_soon(10, 0, &second);
    unblock(&block);
    settle_down();
    assert_true(is_dropped);
    assert_string_equal(first.text, "");
    push(dead, "new");
    reopen();
    assert_counts(queues_get(queues, "dead"), "1 0 0");
    assert_counts(queue, "0 0 0");
}

/* What is received next becomes a dead letter. */
static void receive_too_often(void) {
    push(queue, "a");
    receive(queue, 1, 1000);
    pass(1000);
    queue_configure(queue, &(struct queue_settings){.max_receives = 1, .dead_letter_key = "dead"});
}

static void drop_and_make_again(struct queue *dropped) {
    bool is_dropped = false;
    assert_true(queue_drop(dropped, note_dropped, &is_dropped, NULL));
    struct queue *dead = queues_get(queues, "dead");
    settle_down();
    assert_true(is_dropped);
    assert_counts(dead, "1 0 0");
    reopen();
    assert_string_equal(receive(queues_get(queues, "dead"), 10, 1000)->text, "a");
}

/* The queue that is made again has something before the one that was dropped is gone. */
static void test_key_that_is_used_again(void **state) {
    (void)state;
    struct answer answer;
    struct queue *dead = queues_get(queues, "dead");
    push(dead, "letter");
    receive_too_often();
    start_receive(queue, 10, 0, &answer);
    drop_and_make_again(dead);
}

/* Likewise; and the one that was dropped was not in the database until then. */
static void test_push_into_a_queue_that_is_dropped(void **state) {
    (void)state;
    struct answer answer;
    bool is_pushed;
    struct queue *dead = queues_get(queues, "dead");
    const struct queue_entry entry = {.body = "letter", .body_len = 6};
    receive_too_often();
    start_receive(queue, 10, 0, &answer);
    assert_true(queue_push(dead, &entry, 1, note_pushed, &is_pushed, NULL));
    drop_and_make_again(dead);
}

/* A dead letter queue that has nothing is made once: batches behind a receive don't wait for it to end. */
static void test_unused_dead_letter_queue(void **state) {
    (void)state;
    struct block block;
    struct answer answer;
    bool is_pushed;
    queues_get(queues, "dead");
    push(queue, "a b");
    queue_configure(queue, &(struct queue_settings){.max_receives = 3, .dead_letter_key = "dead"});
    assert_string_equal(receive(queue, 1, 1000)->text, "a");
    block_lane(&block);
    receive_soon(1, 0, &answer);
    assert_false(queues->is_changing);
    engine_seal(queues);
    push_soon("c", &is_pushed);
    assert_int_equal(queues->batch_count, 2);
    unblock(&block);
    settle_down();
    assert_string_equal(answer.text, "b");
    assert_true(is_pushed);
    reopen();
    assert_counts(queues_get(queues, "dead"), "0 0 0");
}

/* Nor does one that receives from an empty queue make anything. */
static void test_receive_from_nothing(void **state) {
    (void)state;
    struct block block;
    struct answer answer;
    queues_get(queues, "dead");
    queue_configure(queue, &(struct queue_settings){.max_receives = 3, .dead_letter_key = "dead"});
    block_lane(&block);
    receive_soon(1, 0, &answer);
    assert_false(queues->is_changing);
    unblock(&block);
    settle_down();
    assert_true(answer.is_there);
    assert_int_equal(queues_get(queues, "dead")->id, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fresh, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_waits_is_done_together),
        TEST(test_new_dead_letter_queue),
        TEST(test_new_delay),
        TEST(test_order_of_receives),
        TEST(test_dead_letter_queue_that_is_made_again),
        TEST(test_key_that_is_used_again),
        TEST(test_push_into_a_queue_that_is_dropped),
        TEST(test_unused_dead_letter_queue),
        TEST(test_receive_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

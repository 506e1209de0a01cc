/* Queues: order, delay, leases, dead letters, retention, counts, and what of it outlives a restart. */
#include "queue_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/db.h"

static int64_t rows_of(const char *table) {
    struct db *db;
    struct db_statement *statement;
    bool row;
    settle_down();
    assert_true(db_open_queues(queue_path, &db, NULL));
    const char *sql = table[0] == 'q' ? "SELECT COUNT(*) FROM queue" : "SELECT COUNT(*) FROM message";
    assert_true(db_statement(db, sql, &statement, NULL) && db_step(statement, &row, NULL) && row);
    int64_t rows = db_integer(statement, 0);
    db_reset(statement);
    db_close(db);
    return rows;
}

static void test_order(void **state) {
    (void)state;
    assert_string_equal(receive(queue, 10, 1000)->text, "");
    int64_t first = push(queue, "a b");
    assert_true(push(queue, "c") > first);
    assert_counts(queue, "3 0 0");
    assert_string_equal(receive(queue, 2, 30000)->text, "a b");
    assert_string_equal(receive(queue, 10, 30000)->text, "c");
    assert_string_equal(receive(queue, 10, 30000)->text, "");
    assert_counts(queue, "0 3 0");
}

/* Counts are to the second; what is due at once is visible at once. */
static void test_counts(void **state) {
    (void)state;
    pass(700);
    push(queue, "a b c");
    assert_counts(queue, "3 0 0");
    receive(queue, 1, 2000);
    push_entry(queue, &(struct queue_entry){.body = "d", .body_len = 1, .delay_ms = 3000});
    assert_counts(queue, "2 1 1");
    reopen();
    assert_counts(queue, "2 1 1");
    pass(2000);
    assert_counts(queue, "3 0 1");
    pass(1000);
    assert_counts(queue, "4 0 0");
    assert_int_equal(receive(queue, 10, 1000)->count, 4);
    pass(5000);
    assert_counts(queue, "4 0 0");
}

static void test_contents(void **state) {
    (void)state;
    const struct queue_entry entry = {
        .message_id = "my id", .body = "body", .body_len = 4, .attributes = "{}", .attributes_len = 2};
    push_entry(queue, &entry);
    const struct answer *answer = receive(queue, 1, 1000);
    assert_string_equal(answer->text, "body");
    assert_string_equal(answer->message_id, "my id");
    assert_string_equal(answer->attributes, "{}");
    assert_string_equal(answer->source, "-");
    assert_int_equal(answer->sent_ms, clock_ms());
    assert_int_equal(answer->first_receive_ms, clock_ms());
    push(queue, "x");
    assert_true(ident_is_uuid(receive(queue, 1, 1000)->message_id, 36));
}

static void test_delay(void **state) {
    (void)state;
    queue_configure(queue, &(struct queue_settings){.delay_ms = 5000});
    push(queue, "late");
    push_entry(queue, &(struct queue_entry){.body = "now", .body_len = 3, .delay_ms = 0});
    push_entry(queue, &(struct queue_entry){.body = "later", .body_len = 5, .delay_ms = 7000});
    assert_counts(queue, "1 0 2");
    assert_string_equal(receive(queue, 10, 60000)->text, "now");
    pass(4999);
    assert_string_equal(receive(queue, 10, 60000)->text, "");
    pass(1);
    assert_counts(queue, "1 1 1");
    assert_string_equal(receive(queue, 10, 60000)->text, "late");
    pass(2000);
    assert_string_equal(receive(queue, 10, 60000)->text, "later");
}

static void test_visibility(void **state) {
    (void)state;
    push(queue, "a");
    struct queue_receipt first = receive(queue, 1, 3000)->receipts[0];
    assert_int_equal(first.receives, 1);
    int64_t first_receive_ms = clock_ms();
    pass(2999);
    assert_string_equal(receive(queue, 1, 3000)->text, "");
    pass(1);
    assert_counts(queue, "1 0 0");
    const struct answer *again = receive(queue, 1, 3000);
    assert_string_equal(again->text, "a");
    assert_int_equal(again->receipts[0].receives, 2);
    assert_int_equal(again->first_receive_ms, first_receive_ms);
    struct queue_receipt second = again->receipts[0];
    assert_int_equal(remove_message(queue, first), QUEUE_STALE);
    assert_int_equal(remove_message(queue, second), QUEUE_SETTLED);
    assert_int_equal(remove_message(queue, second), QUEUE_GONE);
    assert_counts(queue, "0 0 0");
}

static void test_no_visibility(void **state) {
    (void)state;
    push(queue, "a b");
    assert_string_equal(receive(queue, 10, 0)->text, "a b");
    pass(1);
    assert_string_equal(receive(queue, 10, 0)->text, "a b");
}

static void test_remove_after_lease(void **state) {
    (void)state;
    push(queue, "a");
    struct queue_receipt receipt = receive(queue, 1, 1000)->receipts[0];
    pass(1000);
    assert_int_equal(settle(queue, (struct queue_settlement){.receipt = receipt, .action = QUEUE_EXTEND}),
                     QUEUE_NOT_LEASED);
    assert_int_equal(settle(queue, (struct queue_settlement){.receipt = receipt, .action = QUEUE_RELEASE}),
                     QUEUE_NOT_LEASED);
    assert_int_equal(remove_message(queues_get(queues, "other"), receipt), QUEUE_GONE);
    assert_int_equal(remove_message(queue, receipt), QUEUE_SETTLED);
}

/* From the receive on, however often it was extended. */
static void test_lease_lasts_twelve_hours(void **state) {
    (void)state;
    push(queue, "a");
    struct queue_receipt receipt = receive(queue, 1, 1000)->receipts[0];
    struct queue_settlement extension = {.receipt = receipt, .action = QUEUE_EXTEND};
    extension.delay_ms = LIMIT_QUEUE_LEASE_MS;
    assert_int_equal(settle(queue, extension), QUEUE_SETTLED);
    pass(LIMIT_QUEUE_LEASE_MS / 2);
    assert_int_equal(settle(queue, extension), QUEUE_TOO_LONG);
    extension.delay_ms = LIMIT_QUEUE_LEASE_MS / 2 + 1000;
    assert_int_equal(settle(queue, extension), QUEUE_TOO_LONG);
    extension.delay_ms = LIMIT_QUEUE_LEASE_MS / 2;
    assert_int_equal(settle(queue, extension), QUEUE_SETTLED);
    pass(LIMIT_QUEUE_LEASE_MS / 2);
    extension.receipt = receive(queue, 1, 1000)->receipts[0];
    extension.delay_ms = LIMIT_QUEUE_LEASE_MS;
    assert_int_equal(settle(queue, extension), QUEUE_SETTLED);
}

static void test_extend_and_release(void **state) {
    (void)state;
    push(queue, "a");
    struct queue_receipt receipt = receive(queue, 1, 1000)->receipts[0];
    struct queue_settlement extend = {.receipt = receipt, .action = QUEUE_EXTEND, .delay_ms = 5000};
    assert_int_equal(settle(queue, extend), QUEUE_SETTLED);
    pass(4999);
    assert_string_equal(receive(queue, 1, 1000)->text, "");
    extend.delay_ms = 0;
    assert_int_equal(settle(queue, extend), QUEUE_SETTLED);
    receipt = receive(queue, 1, 1000)->receipts[0];
    assert_int_equal(receipt.receives, 2);
    const struct queue_settlement release = {
        .receipt = receipt, .action = QUEUE_RELEASE, .delay_ms = 60000, .mark = 7};
    assert_int_equal(settle(queue, release), QUEUE_SETTLED);
    assert_counts(queue, "0 0 1");
    pass(60000);
    const struct answer *answer = receive(queue, 1, 1000);
    assert_string_equal(answer->text, "a");
    assert_int_equal(answer->mark, 7);
}

static void test_dead_letters(void **state) {
    (void)state;
    struct queue *dead = queues_get(queues, "dead");
    queue_configure(queue, &(struct queue_settings){.max_receives = 2, .dead_letter_key = "dead"});
    push(queue, "bad");
    int64_t sent_ms = clock_ms();
    for (int i = 0; i < 2; i++) {
        assert_string_equal(receive(queue, 1, 1000)->text, "bad");
        pass(1000);
    }
    push(queue, "good");
    assert_counts(queue, "2 0 0");
    assert_string_equal(receive(queue, 10, 1000)->text, "good");
    assert_counts(queue, "0 1 0");
    assert_counts(dead, "1 0 0");
    const struct answer *answer = receive(dead, 1, 1000);
    assert_string_equal(answer->text, "bad");
    assert_string_equal(answer->source, "q");
    assert_int_equal(answer->sent_ms, sent_ms);
    assert_int_equal(answer->receipts[0].receives, 3);
    assert_int_equal(remove_message(dead, answer->receipts[0]), QUEUE_SETTLED);
}

/* It keeps the time it was sent at, so it may be older than what is there before it. */
static void test_retention_of_dead_letters(void **state) {
    (void)state;
    struct queue_counts counts;
    struct queue *dead = queues_get(queues, "dead");
    queue_configure(dead, &(struct queue_settings){.retention_ms = 60000});
    queue_configure(queue, &(struct queue_settings){.max_receives = 1, .dead_letter_key = "dead"});
    int64_t sent_ms = clock_ms();
    push(queue, "letter");
    receive(queue, 1, 1000);
    pass(20000);
    push(dead, "direct");
    pass(10000);
    receive(queue, 1, 1000);
    assert_counts(dead, "2 0 0");
    queue_count(dead, &counts);
    assert_int_equal(counts.oldest_sent_ms, sent_ms);
    pass(29999);
    assert_counts(dead, "2 0 0");
    pass(1);
    assert_counts(dead, "1 0 0");
    queue_count(dead, &counts);
    assert_int_equal(counts.oldest_sent_ms, sent_ms + 20000);
    pass(20000);
    assert_counts(dead, "0 0 0");
}

/* What counts is how often it was received here. */
static void test_dead_letters_of_dead_letters(void **state) {
    (void)state;
    queue_configure(queue, &(struct queue_settings){.max_receives = 2, .dead_letter_key = "dead"});
    queue_configure(queues_get(queues, "dead"),
                    &(struct queue_settings){.max_receives = 1, .dead_letter_key = "deader"});
    queues_get(queues, "deader");
    push(queue, "bad");
    for (int i = 0; i < 3; i++) {
        receive(queue, 1, 1000);
        pass(1000);
    }
    assert_string_equal(receive(queues_get(queues, "dead"), 1, 1000)->text, "bad");
    pass(1000);
    assert_string_equal(receive(queues_get(queues, "dead"), 1, 1000)->text, "");
    const struct answer *answer = receive(queues_get(queues, "deader"), 1, 1000);
    assert_string_equal(answer->source, "dead");
    assert_int_equal(answer->receipts[0].receives, 4);
}

/* Without the other queue it stays. */
/* However long a chain of them is, only the next one is looked at: a megabyte of stack does. */
static void test_chain_of_dead_letters(void **state) {
    (void)state;
    char key[32];
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_STACK, &before), 0);
    const struct rlimit small = {1 << 20, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_STACK, &small), 0);
    struct queue *last = queue;
    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof key, "chain/%d", i);
        queue_configure(last, &(struct queue_settings){.max_receives = 1, .dead_letter_key = key});
        last = queues_get(queues, key);
    }
    queue_configure(last, &(struct queue_settings){.max_receives = 1, .dead_letter_key = "q"});
    push(queue, "a");
    receive(queue, 1, 0);
    pass(1000);
    assert_string_equal(receive(queue, 1, 0)->text, "");
    assert_counts(queues_get(queues, "chain/0"), "1 0 0");
    assert_int_equal(setrlimit(RLIMIT_STACK, &before), 0);
}

static void test_no_dead_letter_queue(void **state) {
    (void)state;
    queue_configure(queue, &(struct queue_settings){.max_receives = 1, .dead_letter_key = "missing"});
    push(queue, "bad");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(receive(queue, 1, 1000)->text, "bad");
        pass(1000);
    }
}

static void test_deliveries(void **state) {
    (void)state;
    const struct queue_delivery deliveries[] = {
        {queues_get(queues, "x"), {.body = "record", .body_len = 6}},
        {queues_get(queues, "y"), {.body = "letter", .body_len = 6}},
    };
    push(queue, "a");
    struct queue_receipt receipt = receive(queue, 1, 1000)->receipts[0];
    const struct queue_settlement move = {
        .receipt = receipt, .action = QUEUE_REMOVE, .deliveries = deliveries, .delivery_count = 2};
    assert_int_equal(settle(queue, move), QUEUE_SETTLED);
    assert_int_equal(settle(queue, move), QUEUE_GONE);
    assert_counts(queue, "0 0 0");
    assert_string_equal(receive(queues_get(queues, "x"), 10, 1000)->text, "record");
    assert_string_equal(receive(queues_get(queues, "y"), 10, 1000)->text, "letter");
}

static void test_retention(void **state) {
    (void)state;
    queue_configure(queue, &(struct queue_settings){.retention_ms = 60000});
    push(queue, "a b");
    receive(queue, 1, 3600000);
    pass(30000);
    push(queue, "c");
    pass(29999);
    assert_counts(queue, "2 1 0");
    pass(1); /* nobody receives: a timer removes them, the leased one too */
    assert_counts(queue, "1 0 0");
    assert_string_equal(receive(queue, 10, 1000)->text, "c");
    pass(30000);
    assert_counts(queue, "0 0 0");
}

static void test_purge(void **state) {
    (void)state;
    push(queue, "a b");
    struct queue_receipt receipt = receive(queue, 1, 60000)->receipts[0];
    purge(queue);
    assert_counts(queue, "0 0 0");
    assert_int_equal(remove_message(queue, receipt), QUEUE_GONE);
    reopen();
    assert_counts(queue, "0 0 0");
    push(queue, "c");
    assert_string_equal(receive(queue, 10, 60000)->text, "c");
    assert_counts(queue, "0 1 0");
    reopen();
    assert_counts(queue, "0 1 0");
}

/* More than one transaction sweeps: what is left of it is gone after a restart, too. */
static void test_purge_of_many(void **state) {
    (void)state;
    for (int i = 0; i < 150; i++)
        push(queue, "a b c d e f g h i j k l m n o p");
    purge(queue);
    reopen();
    assert_counts(queue, "0 0 0");
    settle_down();
    assert_string_equal(receive(queue, 1, 1000)->text, "");
    push(queue, "q");
    assert_string_equal(receive(queue, 10, 1000)->text, "q");
}

static void note_pushed(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    (void)arg;
    (void)pushed;
    (void)count;
    assert_null(err);
}

/* Both in one transaction. */
static void test_push_and_purge(void **state) {
    (void)state;
    const struct queue_entry late = {.body = "late", .body_len = 4, .delay_ms = 5000};
    assert_true(queue_push(queue, &late, 1, note_pushed, NULL, NULL));
    purge(queue);
    assert_counts(queue, "0 0 0");
    assert_int_equal(rows_of("queue"), 0);
    push(queue, "a");
    assert_counts(queue, "1 0 0");
    assert_int_equal(rows_of("message"), 1);
}

static void test_reopen(void **state) {
    (void)state;
    struct queue *other = queues_get(queues, "other");
    push(queue, "a b c d");
    int64_t sent_ms = clock_ms();
    int64_t last = push(other, "x");
    struct queue_receipt receipt = receive(queue, 1, 10000)->receipts[0];
    push_entry(queue, &(struct queue_entry){.body = "e", .body_len = 1, .delay_ms = 20000});
    remove_message(other, receive(other, 1, 1000)->receipts[0]);
    pass(1000);
    assert_counts(queue, "3 1 1");
    reopen();
    assert_counts(queue, "3 1 1");
    struct queue_counts counts;
    queue_count(queue, &counts);
    assert_int_equal(counts.oldest_sent_ms, sent_ms);
    assert_counts(queues_get(queues, "other"), "0 0 0");
    queue_count(queues_get(queues, "other"), &counts);
    assert_int_equal(counts.oldest_sent_ms, 0);
    assert_string_equal(receive(queue, 10, 60000)->text, "b c d");
    assert_true(push(queue, "f") > last); /* also where the last number was removed */
    assert_int_equal(remove_message(queue, receipt), QUEUE_SETTLED); /* a lease survives */
    pass(19000);
    assert_counts(queue, "2 3 0");
}

static void test_big_answers(void **state) {
    (void)state;
    size_t len = LIMIT_QUEUE_ANSWER_BYTES / 2;
    OWN_MEM char *body = mem_alloc(len);
    memset(body, 'x', len);
    for (int i = 0; i < 3; i++)
        push_entry(queue, &(struct queue_entry){.body = body, .body_len = len});
    assert_int_equal(receive(queue, 10, 60000)->count, 2);
    assert_int_equal(receive(queue, 10, 60000)->count, 1);
}

static void count_answer(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    (void)pushed;
    (void)count;
    assert_null(err);
    (*(size_t *)arg)++;
}

static void test_limit(void **state) {
    (void)state;
    const struct queue_entry entry = {.body = "x", .body_len = 1};
    struct err err;
    size_t asked = 0;
    size_t answered = 0;
    while (queue_push(queue, &entry, 1, count_answer, &answered, &err))
        asked++;
    assert_int_equal(err.code, ERR_LIMIT);
    assert_int_equal(asked, LIMIT_QUEUE_WAITING_STEPS);
    while (answered < asked)
        loop_turn(loop, true);
    struct queue_counts counts;
    queue_count(queue, &counts);
    assert_int_equal(counts.visible, asked);
    assert_true(push(queue, "y") > 0);
}

static void note_sequence(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    int64_t *last = arg;
    assert_null(err);
    assert_int_equal(count, 1);
    assert_true(pushed[0].sequence > *last);
    *last = pushed[0].sequence;
}

/* Whichever transactions they come into. */
static void test_order_over_transactions(void **state) {
    (void)state;
    enum { COUNT = 2000 };
    char body[16];
    int64_t last = 0;
    for (int i = 0; i < COUNT; i++) {
        const struct queue_entry entry = {.body = body,
                                          .body_len = (size_t)snprintf(body, sizeof body, "%d", i)};
        assert_true(queue_push(queue, &entry, 1, note_sequence, &last, NULL));
        if (i % 7 == 0)
            loop_turn(loop, false);
    }
    settle_down();
    assert_int_equal(rows_of("message"), COUNT);
    assert_counts(queue, "2000 0 0");
    for (int i = 0; i < COUNT; i++) {
        snprintf(body, sizeof body, "%d", i);
        const struct answer *answer = receive(queue, 1, 60000);
        assert_string_equal(answer->text, body);
    }
}

static void test_receipts(void **state) {
    (void)state;
    struct queue_receipt receipt = {999999999999999999, 12};
    struct queue_receipt read;
    char text[QUEUE_RECEIPT_BYTES], other[QUEUE_RECEIPT_BYTES], plain[QUEUE_RECEIPT_BYTES];
    size_t len;
    queue_receipt_write(queues, receipt, text);
    reopen();
    assert_true(queue_receipt_read(queues, text, &read, NULL));
    assert_int_equal(read.sequence, 999999999999999999);
    assert_int_equal(read.receives, 12);
    const char *wrong[] = {
        "",   "x", "MS4x", "MS4x=", "LTEuMQ==", "MS4wMQ==", "MS4xAA==", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuMQ==",
        other};
    assert_true(digest_base64_decode(text, strlen(text), plain, &len));
    for (size_t changed = 0; changed < len; changed++) {
        plain[changed] ^= 1;
        digest_base64_encode(plain, len, other);
        plain[changed] ^= 1;
        struct err err;
        assert_false(queue_receipt_read(queues, other, &read, &err));
        assert_int_equal(err.code, ERR_PARAMETER);
    }
    digest_base64_encode(plain, len - 1, other);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(queue_receipt_read(queues, wrong[i], &read, NULL));
    char sequence[QUEUE_SEQUENCE_BYTES];
    queue_sequence_text(42, sequence);
    assert_string_equal(sequence, "18000000000000000042");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fresh, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_order),
        TEST(test_counts),
        TEST(test_contents),
        TEST(test_delay),
        TEST(test_visibility),
        TEST(test_no_visibility),
        TEST(test_remove_after_lease),
        TEST(test_lease_lasts_twelve_hours),
        TEST(test_extend_and_release),
        TEST(test_dead_letters),
        TEST(test_retention_of_dead_letters),
        TEST(test_dead_letters_of_dead_letters),
        TEST(test_chain_of_dead_letters),
        TEST(test_no_dead_letter_queue),
        TEST(test_deliveries),
        TEST(test_retention),
        TEST(test_purge),
        TEST(test_purge_of_many),
        TEST(test_push_and_purge),
        TEST(test_reopen),
        TEST(test_big_answers),
        TEST(test_limit),
        TEST(test_order_over_transactions),
        TEST(test_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

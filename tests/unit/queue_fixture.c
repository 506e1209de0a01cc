/* See queue_fixture.h. */
#include "queue_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/fs.h"
#include "timer_fake.h"

struct loop *loop;
struct queues *queues;
struct queue *queue;
char queue_path[64];

static char dir[32];
static int64_t ahead_us;
static struct clock test_clock;

static int64_t read_clock(void *context) {
    (void)context;
    return 1700000000000000 + ahead_us;
}

int64_t clock_ms(void) {
    return read_clock(NULL) / 1000;
}

void advance(int64_t ms) {
    pass_time(ms, &ahead_us);
}

void pass(int64_t ms) {
    advance(ms);
    settle_down();
}

void open_queues(void) {
    struct err err;
    if (!queues_open(loop, &test_clock, queue_path, &queues, &err))
        fail_msg("%s", err.text);
    queue = queues_get(queues, "q");
}

static void note(void *arg) {
    *(bool *)arg = true;
}

static void wait_for(const bool *flag) {
    while (!*flag)
        loop_turn(loop, true);
}

void close_queues(void) {
    bool closed = false;
    queues_close(queues, note, &closed);
    assert_false(closed);
    wait_for(&closed);
    queues = NULL;
}

void reopen(void) {
    close_queues();
    open_queues();
}

int open_fresh(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lamb-queue-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(queue_path, sizeof queue_path, "%s/queues.db", dir);
    test_clock = (struct clock){read_clock, read_clock, NULL};
    loop = loop_new();
    open_queues();
    return 0;
}

int close_all(void **state) {
    (void)state;
    if (queues)
        close_queues();
    loop_free(loop);
    assert_true(fs_remove_tree(dir, NULL));
    return 0;
}

struct outcome {
    bool is_there;
    enum err_code code;
    struct queue_pushed pushed;
    enum queue_outcome settled;
};

static enum err_code code_of(const struct err *err) {
    return err ? err->code : ERR_NONE;
}

static void note_pushed(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    struct outcome *outcome = arg;
    outcome->is_there = true;
    outcome->code = code_of(err);
    if (!err)
        outcome->pushed = pushed[count - 1];
}

static struct outcome push_all(struct queue *to, const struct queue_entry *entries, size_t count) {
    struct outcome outcome = {0};
    assert_true(queue_push(to, entries, count, note_pushed, &outcome, NULL));
    assert_false(outcome.is_there);
    wait_for(&outcome.is_there);
    return outcome;
}

int64_t push_entry(struct queue *to, const struct queue_entry *entry) {
    struct outcome outcome = push_all(to, entry, 1);
    return outcome.code == ERR_NONE ? outcome.pushed.sequence : -1;
}

int64_t push(struct queue *to, const char *words) {
    struct queue_entry entries[16];
    size_t count = 0;
    for (const char *word = words; *word; count++) {
        size_t len = strcspn(word, " ");
        entries[count] = (struct queue_entry){.body = word, .body_len = len, .delay_ms = -1};
        word += len + (word[len] == ' ');
    }
    struct outcome outcome = push_all(to, entries, count);
    return outcome.code == ERR_NONE ? outcome.pushed.sequence : -1;
}

struct queue_pushed push_fifo(struct queue *to, const char *body, const char *group, const char *dedup) {
    const struct queue_entry entry = {
        .body = body, .body_len = strlen(body), .delay_ms = -1, .group = group, .dedup = dedup};
    struct outcome outcome = push_all(to, &entry, 1);
    assert_int_equal(outcome.code, ERR_NONE);
    return outcome.pushed;
}

static void note_received(void *arg, const struct queue_message *messages, size_t count,
                          const struct err *err) {
    struct answer *answer = arg;
    assert_false(answer->is_there);
    answer->is_there = true;
    answer->receive = NULL;
    answer->code = code_of(err);
    answer->count = count;
    answer->text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct queue_message *message = &messages[i];
        size_t used = strlen(answer->text);
        snprintf(answer->text + used, sizeof answer->text - used, i == 0 ? "%s" : " %s", message->body);
        assert_int_equal(strlen(message->body), message->body_len);
        assert_int_equal(strlen(message->attributes), message->attributes_len);
        answer->receipts[i] = message->receipt;
        answer->sent_ms = message->sent_ms;
        answer->first_receive_ms = message->first_receive_ms;
        answer->mark = message->mark;
        snprintf(answer->message_id, sizeof answer->message_id, "%s", message->message_id);
        snprintf(answer->attributes, sizeof answer->attributes, "%s", message->attributes);
        snprintf(answer->source, sizeof answer->source, "%s", message->source ? message->source : "-");
    }
}

static void ask(struct queue *from, size_t most, int64_t visibility_ms, int64_t wait_ms,
                struct answer *answer) {
    memset(answer, 0, sizeof *answer);
    answer->receive = queue_receive(from, most, visibility_ms, wait_ms, note_received, answer, NULL);
    assert_non_null(answer->receive);
}

const struct answer *receive(struct queue *from, size_t most, int64_t visibility_ms) {
    static struct answer answer;
    ask(from, most, visibility_ms, 0, &answer);
    wait_for(&answer.is_there);
    assert_int_equal(answer.code, ERR_NONE);
    return &answer;
}

void start_receive(struct queue *from, size_t most, int64_t wait_ms, struct answer *answer) {
    ask(from, most, 30000, wait_ms, answer);
}

/* What goes through the database behind everything that was asked for, and again for what that leads to: as
 * many transactions as the longest of the tests needs. */
void settle_down(void) {
    struct queue *other = queues_get(queues, "settle down");
    for (int i = 0; i < 5; i++) {
        struct answer answer;
        ask(other, 1, 0, 0, &answer);
        wait_for(&answer.is_there);
    }
}

static void note_settled(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct outcome *outcome = arg;
    outcome->is_there = true;
    outcome->code = code_of(err);
    if (!err)
        outcome->settled = outcomes[count - 1];
}

enum queue_outcome settle(struct queue *of, struct queue_settlement settlement) {
    struct outcome outcome = {0};
    assert_true(queue_settle(of, &settlement, 1, note_settled, &outcome, NULL));
    wait_for(&outcome.is_there);
    assert_int_equal(outcome.code, ERR_NONE);
    return outcome.settled;
}

enum queue_outcome remove_message(struct queue *of, struct queue_receipt receipt) {
    return settle(of, (struct queue_settlement){.receipt = receipt, .action = QUEUE_REMOVE});
}

static void note_done(void *arg, const struct err *err) {
    struct outcome *outcome = arg;
    outcome->is_there = true;
    outcome->code = code_of(err);
}

void purge(struct queue *of) {
    struct outcome outcome = {0};
    assert_true(queue_purge(of, note_done, &outcome, NULL));
    wait_for(&outcome.is_there);
    assert_int_equal(outcome.code, ERR_NONE);
}

const char *counts_of(struct queue *of) {
    static char text[80];
    struct queue_counts counts;
    queue_count(of, &counts);
    snprintf(text, sizeof text, "%d %d %d", (int)counts.visible, (int)counts.in_flight, (int)counts.delayed);
    return text;
}

/* Random requests over a few queues, while several transactions are under way and some commits fail. Whenever
 * all has come to rest, what the engine knows of its queues in memory is compared with what SQL finds in
 * queues.db, and every request must have been answered once.
 *
 * Each seed is printed, and after how many steps it ended or failed. With an argument: the first of the
 * seeds. A seed decides what is asked for; how the transactions overlap is up to the threads as well, so one
 * that has failed may want more than one try. */
#include "queue_fixture.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "queue/engine.h"

#define SEEDS 4
#define ROUNDS 20 /* each ends with a comparison */
#define STEPS_PER_ROUND 150
#define ACTIONS_PER_STEP 3 /* at most */
#define REQUESTS 12000     /* in all rounds */
#define LEASES 400

/* ---- chance ---- */

static unsigned chance;

static int dice(int sides) {
    return (int)(rand_r(&chance) % (unsigned)sides);
}

static bool one_in(int sides) {
    return dice(sides) == 0;
}

/* ---- commits that fail: the linker puts this in place of db_commit(); see tests/meson.build ---- */

static atomic_int failing_percent;
static atomic_int failed_commits;
static unsigned commit_chance; /* the lane's thread has its own */

bool __real_db_commit(struct db *db, struct err *err);
bool __wrap_db_commit(struct db *db, struct err *err);

bool __wrap_db_commit(struct db *db, struct err *err) {
    if ((int)(rand_r(&commit_chance) % 100) >= failing_percent)
        return __real_db_commit(db, err);
    failed_commits++;
    return err_set(err, ERR_IO, "made to fail");
}

/* ---- the lane held up: what is asked for meanwhile goes into the transactions behind ---- */

static sem_t lane_may_go_on;
static bool is_lane_held;
static int holds; /* whose end the loop has not heard of */

static void hold(void *arg) {
    (void)arg;
    sem_wait(&lane_may_go_on);
}

static void hold_done(void *arg) {
    (void)arg;
    holds--;
}

static void hold_lane(void) {
    if (is_lane_held)
        return;
    is_lane_held = true;
    holds++;
    work_lane_run(queues->lane, hold, hold_done, NULL);
}

static void release_lane(void) {
    if (!is_lane_held)
        return;
    is_lane_held = false;
    sem_post(&lane_may_go_on);
}

/* The engine does not wait for what it knows nothing of when it is closed. */
static void end_holds(void) {
    release_lane();
    while (holds > 0)
        loop_turn(loop, true);
}

/* ---- what the test knows ---- */

struct subject {
    const char *key;
    bool is_fifo;
    const char *dead_letter_key; /* NULL: never any */
    struct queue *queue;
};

static struct subject subjects[] = {
    {.key = "standard", .dead_letter_key = "letters"},
    {.key = "fifo", .is_fifo = true, .dead_letter_key = "fifo letters"},
    {.key = "letters", .dead_letter_key = "letters of itself"},
    {.key = "fifo letters", .is_fifo = true},
    {.key = "letters of itself", .dead_letter_key = "letters of itself"},
};

#define SUBJECTS (sizeof subjects / sizeof subjects[0])

struct request {
    int answers;
    bool is_cancelled;
    struct subject *subject;
    struct queue_receive *receive; /* NULL: another request, or it is over */
};

static struct request requests[REQUESTS]; /* in the order of the calls */
static size_t request_count;

/* Messages that were received and not settled. */
static struct lease {
    struct subject *subject;
    struct queue_receipt receipt;
} leases[LEASES];
static size_t lease_count;

static int configuration_count;
static int steps_done;
static size_t most_batches; /* at once */

static struct subject *any_subject(void) {
    return &subjects[dice(SUBJECTS)];
}

static struct request *new_request(struct subject *subject) {
    assert_true(request_count < REQUESTS);
    struct request *request = &requests[request_count++];
    *request = (struct request){.subject = subject};
    return request;
}

/* ---- answers: counted here and checked later, as an assertion must not jump out of the engine ---- */

static void note_answer(struct request *request) {
    request->answers++;
    request->receive = NULL;
}

static void note_pushed(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    (void)pushed;
    (void)count;
    (void)err;
    note_answer(arg);
}

static void note_settled(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    (void)outcomes;
    (void)count;
    (void)err;
    note_answer(arg);
}

static void note_purged(void *arg, const struct err *err) {
    (void)err;
    note_answer(arg);
}

static void note_received(void *arg, const struct queue_message *messages, size_t count,
                          const struct err *err) {
    struct request *request = arg;
    note_answer(request);
    for (size_t i = 0; !err && i < count && lease_count < LEASES; i++)
        leases[lease_count++] = (struct lease){request->subject, messages[i].receipt};
}

/* ---- actions ---- */

/* Delays only grow: what has less than its queue was set to is made from old settings. */
static void configure(const struct subject *subject) {
    struct queue_settings settings = {.is_fifo = subject->is_fifo, .delay_ms = 10 * configuration_count++};
    settings.retention_ms = one_in(2) ? 2000 + dice(4000) : 0;
    if (subject->dead_letter_key && !one_in(4)) {
        settings.max_receives = 1 + dice(3);
        settings.dead_letter_key = subject->dead_letter_key;
    }
    queue_configure(subject->queue, &settings);
}

static void get_queue(struct subject *subject) {
    subject->queue = queues_get(queues, subject->key);
    configure(subject);
}

/* The body is the least delay that the message may have. */
static void act_push(void) {
    static const char *const groups[] = {"red", "green", "blue"};
    struct subject *subject = any_subject();
    bool has_delay = one_in(3);
    int delay_ms = has_delay ? dice(3000) : (int)subject->queue->settings.delay_ms;
    char body[16];
    struct queue_entry entry = {.body = body, .delay_ms = has_delay ? delay_ms : -1};
    entry.body_len = (size_t)snprintf(body, sizeof body, "%d", delay_ms);
    entry.lease_ms = one_in(10) ? 1 + dice(2000) : 0;
    entry.group = subject->is_fifo ? groups[dice(3)] : NULL;
    assert_true(queue_push(subject->queue, &entry, 1, note_pushed, new_request(subject), NULL));
}

static void act_receive(void) {
    struct subject *subject = any_subject();
    struct request *request = new_request(subject);
    size_t most = 1 + (size_t)dice(5);
    int64_t visibility_ms = dice(3000);
    int64_t wait_ms = one_in(2) ? dice(5000) : 0;
    request->receive = queue_receive(subject->queue, most, visibility_ms, wait_ms, note_received, request,
                                     NULL);
    assert_non_null(request->receive);
}

/* Of the recent ones: waiting, asked for, or in a transaction. */
static void act_cancel(void) {
    struct request *end = &requests[request_count];
    struct request *request = request_count > 40 ? end - 40 : requests;
    while (request < end && !request->receive)
        request++;
    if (request == end)
        return;
    request->is_cancelled = true;
    queue_receive_cancel(take_ptr(request->receive));
}

static struct lease take_lease(void) {
    size_t place = (size_t)dice((int)lease_count);
    struct lease lease = leases[place];
    leases[place] = leases[--lease_count];
    return lease;
}

static void act_settle(void) {
    if (lease_count == 0)
        return;
    struct lease lease = take_lease();
    const struct queue_delivery delivery = {
        .target = subjects[0].queue,
        .entry = {.body = "0", .body_len = 1, .delay_ms = -1},
    };
    struct queue_settlement settlement = {.receipt = lease.receipt};
    settlement.action = (enum queue_action)dice(QUEUE_RELEASE + 1);
    settlement.delay_ms = one_in(2) ? dice(2000) : 0;
    if (settlement.action == QUEUE_REMOVE && one_in(3)) {
        settlement.deliveries = &delivery;
        settlement.delivery_count = 1;
    }
    struct request *request = new_request(lease.subject);
    assert_true(queue_settle(lease.subject->queue, &settlement, 1, note_settled, request, NULL));
}

static void act_purge(void) {
    struct subject *subject = any_subject();
    assert_true(queue_purge(subject->queue, note_purged, new_request(subject), NULL));
}

static void act_make_again(void) {
    struct subject *subject = any_subject();
    assert_true(queue_drop(subject->queue, note_purged, new_request(subject), NULL));
    get_queue(subject);
}

static void act_configure(void) {
    configure(any_subject());
}

static void act(void) {
    static const struct {
        int percent; /* 100 together */
        void (*run)(void);
    } actions[] = {
        {40, act_push}, {25, act_receive},   {3, act_cancel},    {25, act_settle},
        {2, act_purge}, {2, act_make_again}, {3, act_configure},
    };
    int rest = dice(100);
    size_t i = 0;
    while (rest >= actions[i].percent)
        rest -= actions[i++].percent;
    actions[i].run();
}

/* ---- steps ---- */

static void step(void) {
    for (int count = dice(ACTIONS_PER_STEP + 1); count > 0; count--)
        act();
    if (one_in(10))
        hold_lane();
    else if (one_in(5))
        release_lane();
    if (one_in(3))
        advance(dice(100));
    bool may_wait = queues->batch_count > 0 && !is_lane_held;
    loop_turn(loop, may_wait && one_in(2));
    if (queues->batch_count > most_batches)
        most_batches = queues->batch_count;
    steps_done++;
}

static bool is_busy(void) {
    return work_lane_pending(queues->lane) > 0 || queues->is_turn_due || queues->is_retired_due ||
           !list_is_empty(&queues->steps) || !list_is_empty(&queues->due) || !list_is_empty(&queues->refused);
}

static void come_to_rest(void) {
    int turns = 0;
    while (is_busy()) {
        loop_turn(loop, work_lane_pending(queues->lane) > 0);
        turns++;
        assert_in_range(turns, 1, 20000); /* else it turns for nothing */
    }
}

/* ---- comparisons ---- */

/* The only number that the statement gives, with `values` for its parameters; QUEUE_ROWS_NEVER for NULL. */
static int64_t find_number(const char *sql, size_t count, const int64_t *values) {
    struct db_statement *statement;
    bool is_row;
    assert_true(db_statement(queues->db, sql, &statement, NULL));
    for (size_t i = 0; i < count; i++)
        db_bind_integer(statement, (int)i + 1, values[i]);
    assert_true(db_step(statement, &is_row, NULL));
    assert_true(is_row);
    int64_t number = db_is_null(statement, 0) ? QUEUE_ROWS_NEVER : db_integer(statement, 0);
    db_reset(statement);
    return number;
}

#define FIND(sql, ...)                                                                                       \
    find_number(sql, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

static void compare_messages(const struct queue *known) {
    int64_t messages = FIND("SELECT COUNT(*) FROM message WHERE queue = ?", known->id);
    int64_t written_down = FIND("SELECT COALESCE(SUM(messages), 0) FROM queue WHERE id = ?", known->id);
    int64_t rows = FIND("SELECT COUNT(*) FROM queue WHERE id = ? AND key IS NOT NULL", known->id);
    assert_int_equal(rows, known->id != 0);
    assert_int_equal(known->messages, messages);
    assert_int_equal(written_down, messages);
}

static void compare_hidden(struct queue *known) {
    static const char *const sql = "SELECT COUNT(*) FROM message WHERE queue = ? AND is_leased = ?"
                                   " AND due / 1000 > ?";
    int64_t now_s = clock_ms() / 1000;
    struct queue_counts counts;
    queue_count(known, &counts);
    assert_int_equal(counts.in_flight, FIND(sql, known->id, true, now_s));
    assert_int_equal(counts.delayed, FIND(sql, known->id, false, now_s));
}

static void compare_times(const struct queue *known) {
    int64_t oldest_ms = FIND("SELECT MIN(sent) FROM message WHERE queue = ?", known->id);
    int64_t due_ms = FIND("SELECT MIN(due) FROM message WHERE queue = ? AND is_parked = 0", known->id);
    assert_int_equal(known->oldest_sent_ms, oldest_ms);
    assert_int_equal(known->next_due_ms, due_ms);
    if (known->settings.retention_ms > 0)
        assert_true(oldest_ms > clock_ms() - known->settings.retention_ms);
    if (!list_is_empty(&known->waiting))
        assert_true(due_ms > clock_ms());
}

/* Nobody would ever receive from a group in which everything is parked. */
static void check_groups(const struct queue *known) {
    int64_t stuck = FIND("SELECT COUNT(*) FROM (SELECT MIN(is_parked) AS all_are FROM message WHERE queue = ?"
                         " GROUP BY fifo_group) WHERE all_are = 1",
                         known->id);
    assert_int_equal(stuck, 0);
}

static void check_delays(const struct queue *known) {
    int64_t too_early = FIND("SELECT COUNT(*) FROM message JOIN body ON body.id = message.body"
                             " WHERE queue = ? AND receives = 0"
                             " AND due - sent < CAST(CAST(body.body AS TEXT) AS INTEGER)",
                             known->id);
    assert_int_equal(too_early, 0);
}

static void check_order_of_waiting(const struct queue *known) {
    const struct request *before = NULL;
    list_each (link, &known->waiting) {
        const struct request *request = list_item(link, struct step, link)->arg;
        assert_true(!before || before < request);
        before = request;
    }
}

static void check_leftovers(void) {
    int64_t retired = find_number("SELECT COUNT(*) FROM queue WHERE key IS NULL", 0, NULL);
    int64_t without_queue = find_number(
        "SELECT COUNT(*) FROM message WHERE queue NOT IN (SELECT id FROM queue)", 0, NULL);
    int64_t without_body = find_number("SELECT COUNT(*) FROM message WHERE body NOT IN (SELECT id FROM body)",
                                       0, NULL);
    int64_t without_message = find_number(
        "SELECT COUNT(*) FROM body WHERE id NOT IN (SELECT body FROM message)", 0, NULL);
    assert_int_equal(retired, queues->retired_count);
    assert_int_equal(without_queue, 0);
    assert_int_equal(without_body, 0);
    assert_int_equal(without_message, 0);
}

static void check_answers(void) {
    size_t unanswered = 0;
    for (size_t i = 0; i < request_count; i++) {
        assert_in_range(requests[i].answers, 0, requests[i].is_cancelled ? 0 : 1);
        unanswered += requests[i].answers == 0 && !requests[i].is_cancelled;
    }
    assert_int_equal(unanswered, queues->receiver_count);
}

static void compare_all(void) {
    for (size_t i = 0; i < SUBJECTS; i++) {
        struct queue *known = subjects[i].queue;
        compare_messages(known);
        compare_hidden(known);
        compare_times(known);
        check_groups(known);
        check_delays(known);
        check_order_of_waiting(known);
    }
    check_leftovers();
    check_answers();
}

/* ---- rounds ---- */

static void get_queues(void) {
    for (size_t i = 0; i < SUBJECTS; i++)
        get_queue(&subjects[i]);
}

/* A power failure is not what this is about, and the disk would take most of the time. */
static void do_not_sync(void) {
    struct db_statement *statement;
    assert_true(db_statement(queues->db, "PRAGMA synchronous = OFF", &statement, NULL));
    assert_true(db_run(statement, NULL));
}

/* Of transactions, and with something that is in none yet. */
static void close_in_the_middle(void) {
    for (int i = 0; i < 20; i++) {
        loop_turn(loop, false);
        act();
    }
    close_queues();
    failing_percent = 0;
    open_queues();
    do_not_sync();
    get_queues();
}

static void run_round(int percent) {
    failing_percent = percent;
    for (int i = 0; i < STEPS_PER_ROUND; i++)
        step();
    end_holds();
    if (one_in(4))
        close_in_the_middle();
    come_to_rest();
    failing_percent = 0;
    advance(1500); /* what has failed and nobody asked for is tried again */
    come_to_rest();
    compare_all();
}

static void test_random_requests(void **state) {
    (void)state;
    do_not_sync();
    get_queues();
    for (int i = 0; i < ROUNDS; i++)
        run_round(i % 2 ? 10 : 0);
    assert_true(most_batches > 1);
    assert_true(failed_commits > 0);
}

static unsigned seeds[SEEDS];

static int open_with_seed(void **state) {
    const unsigned *seed = *state;
    print_message("seed %u\n", *seed);
    chance = commit_chance = *seed;
    request_count = 0;
    lease_count = 0;
    configuration_count = 0;
    steps_done = 0;
    most_batches = 0;
    failed_commits = 0;
    sem_init(&lane_may_go_on, 0, 0);
    return open_fresh(state);
}

/* After a failure too, which may have left the lane held. */
static int tell_and_close(void **state) {
    const unsigned *seed = *state;
    print_message("seed %u ended: %zu requests in %d steps, %zu batches at once, %d commits failed\n", *seed,
                  request_count, steps_done, most_batches, failed_commits);
    end_holds();
    failing_percent = 0;
    int result = close_all(state);
    sem_destroy(&lane_may_go_on);
    return result;
}

int main(int argc, char **argv) {
    struct CMUnitTest tests[SEEDS];
    unsigned first = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
    for (unsigned i = 0; i < SEEDS; i++) {
        seeds[i] = first + i;
        tests[i] = (struct CMUnitTest)cmocka_unit_test_prestate_setup_teardown(
            test_random_requests, open_with_seed, tell_and_close, &seeds[i]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

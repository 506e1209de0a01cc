/* The cycle of transactions. See engine.h.
 *
 * One batch runs at a time. What is asked for in one turn of the loop is gathered at its end, into the batch
 * that waits behind the running one: so the lane goes from one to the next without waiting for the loop, and
 * the slower the disk the larger they are. Receives that wait join a batch that touches their queue. A batch
 * is made from what is known of its queues; so none is made while another makes or empties queues.
 *
 * The log of the database grows with each commit, and a commit that had to move it into the database would
 * take tens of milliseconds. So a second connection moves it, while commits go on. What was added to the log
 * in that time is little; the next batch moves it before it begins, and the log starts again from nothing. */
#include "queue/engine.h"

#include <assert.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/work.h"

/* After a failure, for what nobody asked for and nobody would be told of. */
#define RETRY_MS 1000

/* One that has ended and the loop has not heard of, one that runs, and one that waits. */
#define BATCHES_MOST 3

static void queue_woken(struct wake *wake) {
    struct queue *queue = list_item(wake, struct queue, wake);
    list_remove(&queue->due_link);
    list_push_back(&queue->queues->due, &queue->due_link);
    engine_wake(queue->queues);
}

struct queue *engine_queue_new(struct queues *queues, const char *key) {
    struct queue *queue = mem_alloc(sizeof *queue);
    queue->queues = queues;
    queue->key = mem_text(key);
    queue->next_due_ms = QUEUE_ROWS_NEVER;
    queue->oldest_sent_ms = QUEUE_ROWS_NEVER;
    list_init(&queue->waiting);
    list_init(&queue->due_link);
    queue->wake.run = queue_woken;
    return queue;
}

void engine_queue_free(struct queue *queue) {
    assert(queue->references == 0 && list_is_empty(&queue->waiting) && !queue->place);
    wakes_set(&queue->queues->wakes, &queue->wake, WAKES_NEVER);
    list_remove(&queue->due_link);
    due_counts_done(&queue->hidden);
    free((void *)(uintptr_t)queue->settings.dead_letter_key);
    free(queue->key);
    free(queue);
}

void engine_queue_release(struct queue *queue) {
    queue->references--;
    if (queue->is_dropped && queue->references == 0)
        engine_queue_free(queue);
}

int64_t engine_now_ms(const struct queues *queues) {
    return clock_wall_us(queues->clock) / 1000;
}

bool engine_admit(const struct queues *queues, struct err *err) {
    if (queues->closed)
        return err_set(err, ERR_CLOSED, "The queues are closed: Lamb is stopping");
    if (queues->step_count >= LIMIT_QUEUE_WAITING_STEPS || queues->step_bytes >= LIMIT_QUEUE_WAITING_BYTES)
        return err_set(err, ERR_LIMIT, "The queues have %zu requests with %zu bytes waiting for the disk",
                       queues->step_count, queues->step_bytes);
    return true;
}

static void hold_targets(struct step *step) {
    if (step->kind != STEP_SETTLE)
        return;
    struct settle_step *settle = step_as_settle(step);
    for (size_t i = 0; i < settle->delivery_count; i++)
        settle->deliveries[i].target->references++;
}

static void count_step(struct step *step) {
    step->queue->references++;
    step->queue->queues->step_count++;
    step->queue->queues->step_bytes += step->size_bytes;
    hold_targets(step);
}

static void release_targets(struct step *step) {
    if (step->kind != STEP_SETTLE)
        return;
    struct settle_step *settle = step_as_settle(step);
    for (size_t i = 0; i < settle->delivery_count; i++)
        engine_queue_release(settle->deliveries[i].target);
}

/* The reverse of count_step(); the queue may be gone afterwards. */
static void uncount_step(struct step *step) {
    step->queue->queues->step_count--;
    step->queue->queues->step_bytes -= step->size_bytes;
    release_targets(step);
    engine_queue_release(step->queue);
}

void engine_submit(struct queues *queues, struct step *step) {
    count_step(step);
    list_push_back(&queues->steps, &step->link);
    engine_wake(queues);
}

static void give_back_done(void *arg, const enum queue_outcome *outcomes, size_t count,
                           const struct err *err) {
    (void)arg;
    (void)outcomes;
    (void)count;
    if (err)
        log_warn("queues.give_back", "error=\"%s\"", err->text);
}

/* What a cancelled receive got is visible at once instead of after its lease. */
static void give_back(const struct queue_receive *receive) {
    struct queue *queue = receive->step.queue;
    if (receive->count == 0 || queue->is_dropped || !engine_admit(queue->queues, NULL))
        return;
    struct queue_settlement *settlements = mem_alloc_array(receive->count, sizeof *settlements);
    for (size_t i = 0; i < receive->count; i++)
        settlements[i] = (struct queue_settlement){receive->messages[i].receipt, .action = QUEUE_EXTEND};
    struct settle_step *settle = step_settle(queue, settlements, receive->count);
    settle->done = give_back_done;
    engine_submit(queue->queues, &settle->step);
    free(settlements);
}

static void answer(struct step *step, const struct err *err) {
    if (step->kind == STEP_RECEIVE && step_as_receive(step)->is_cancelled && !err)
        give_back(step_as_receive(step));
    uncount_step(step);
    step_answer(step, err);
    step_free(step);
}

void engine_forget(struct queue_receive *receive) {
    list_remove(&receive->step.link);
    uncount_step(&receive->step);
    step_free(&receive->step);
}

/* Nothing has come in time. */
static void waited_in_vain(struct wake *wake) {
    struct queue_receive *receive = list_item(wake, struct queue_receive, wake);
    struct queue *queue = receive->step.queue;
    engine_stop_waiting(receive);
    engine_look(queue);
    step_answer(&receive->step, NULL);
    step_free(&receive->step);
}

void engine_wait(struct queue_receive *receive) {
    struct queue *queue = receive->step.queue;
    receive->state = RECEIVE_WAITING;
    receive->wake.run = waited_in_vain;
    list_push_back(&queue->waiting, &receive->step.link);
    queue->receiver_count++;
    queue->queues->receiver_count++;
    wakes_set(&queue->queues->wakes, &receive->wake, receive->deadline_ms);
}

void engine_stop_waiting(struct queue_receive *receive) {
    struct queue *queue = receive->step.queue;
    struct queues *queues = queue->queues;
    assert(receive->state == RECEIVE_WAITING);
    receive->state = RECEIVE_ASKED;
    list_remove(&receive->step.link);
    queue->receiver_count--;
    queues->receiver_count--;
    wakes_set(&queues->wakes, &receive->wake, WAKES_NEVER);
}

void engine_refuse_all(struct queue *queue) {
    list_each (link, &queue->waiting) {
        struct queue_receive *receive = step_as_receive(list_item(link, struct step, link));
        engine_stop_waiting(receive);
        count_step(&receive->step);
        list_push_back(&queue->queues->refused, &receive->step.link);
        engine_wake(queue->queues);
    }
}

static int64_t sum_of_times(int64_t moment_ms, int64_t duration_ms) {
    return moment_ms == QUEUE_ROWS_NEVER ? QUEUE_ROWS_NEVER : moment_ms + duration_ms;
}

/* When something in it gets too old. */
static int64_t expiry_ms(const struct queue *queue) {
    return queue->settings.retention_ms > 0
               ? sum_of_times(queue->oldest_sent_ms, queue->settings.retention_ms)
               : QUEUE_ROWS_NEVER;
}

void engine_look(struct queue *queue) {
    static_assert(QUEUE_ROWS_NEVER == WAKES_NEVER, "one never for all");
    int64_t at_ms = expiry_ms(queue);
    if (!list_is_empty(&queue->waiting) && queue->next_due_ms < at_ms)
        at_ms = queue->next_due_ms;
    if (at_ms <= engine_now_ms(queue->queues)) {
        wakes_set(&queue->queues->wakes, &queue->wake, WAKES_NEVER);
        queue_woken(&queue->wake);
    } else {
        wakes_set(&queue->queues->wakes, &queue->wake, at_ms);
    }
}

void engine_add_retired(struct queues *queues, int64_t queue) {
    if (queues->retired_count == queues->retired_capacity) {
        queues->retired_capacity = queues->retired_capacity ? queues->retired_capacity * 2 : 16;
        queues->retired = mem_resize(queues->retired, queues->retired_capacity * sizeof *queues->retired);
    }
    queues->retired[queues->retired_count++] = queue;
    queues->is_retired_due = true;
}

static struct place *place_of(struct batch *batch, struct queue *queue) {
    if (!queue->place) {
        queue->place = place_new(queue, queue->key, queue->id, &queue->settings);
        queue->references++;
        batch_add_place(batch, queue->place);
    }
    queue->place->is_dropped = queue->is_dropped;
    return queue->place;
}

/* Something may be added there. */
static void note_addition(struct batch *batch, const struct place *place) {
    batch->changes_queues |= place->id == 0;
}

/* SQS Developer Guide, dead-letter queues: it has to exist, or the message stays. */
static struct place *dead_letters_of(struct batch *batch, const struct queue *queue) {
    const struct queue_settings *settings = &queue->settings;
    if (settings->max_receives <= 0 || !settings->dead_letter_key)
        return NULL;
    struct queue *letters = map_get(&queue->queues->by_key, settings->dead_letter_key);
    return letters ? place_of(batch, letters) : NULL;
}

static void place_targets(struct batch *batch, struct step *step) {
    if (step->kind != STEP_SETTLE)
        return;
    struct settle_step *settle = step_as_settle(step);
    for (size_t i = 0; i < settle->delivery_count; i++) {
        settle->deliveries[i].place = place_of(batch, settle->deliveries[i].target);
        note_addition(batch, settle->deliveries[i].place);
    }
}

static void place_receive(struct batch *batch, struct queue_receive *receive) {
    batch->receive_count++;
    receive->state = RECEIVE_RUNNING;
    receive->dead_letters = dead_letters_of(batch, receive->step.queue);
    if (receive->dead_letters && receive->step.place->id != 0)
        note_addition(batch, receive->dead_letters);
}

static void add_step(struct batch *batch, struct step *step) {
    list_remove(&step->link);
    list_push_back(&batch->steps, &step->link);
    batch->step_count++;
    batch->size_bytes += step->size_bytes;
    batch->changes_queues |= step->kind == STEP_PURGE;
    step->place = place_of(batch, step->queue);
    place_targets(batch, step);
    if (step->kind == STEP_PUSH)
        note_addition(batch, step->place);
    if (step->kind == STEP_RECEIVE)
        place_receive(batch, step_as_receive(step));
}

/* What was asked for, in its order. */
static void add_steps(struct queues *queues, struct batch *batch) {
    list_each (link, &queues->steps) {
        if (batch->step_count >= LIMIT_QUEUE_BATCH_STEPS || batch->size_bytes >= LIMIT_QUEUE_BATCH_BYTES ||
            batch->receive_count >= LIMIT_QUEUE_BATCH_RECEIVES)
            return;
        add_step(batch, list_item(link, struct step, link));
    }
}

static bool can_sweep_retired(const struct queues *queues) {
    return queues->is_retired_due && !queues->is_sweeping_retired;
}

static void add_due(struct queues *queues, struct batch *batch) {
    int64_t now_ms = engine_now_ms(queues);
    list_each (link, &queues->due) {
        struct queue *queue = list_item(link, struct queue, due_link);
        list_remove(link);
        struct place *place = place_of(batch, queue);
        place->wants_sweep |= expiry_ms(queue) <= now_ms;
        place->has_only_added = false;
    }
    if (!can_sweep_retired(queues))
        return;
    batch->swept_queue = queues->retired[queues->retired_count - 1];
    queues->is_sweeping_retired = true;
}

/* Those that wait for queues of the batch: they may get something. */
static void add_waiting(struct batch *batch) {
    for (size_t i = 0; i < batch->place_count; i++)
        list_each (link, &batch->places[i]->queue->waiting) {
            if (batch->receive_count >= LIMIT_QUEUE_BATCH_RECEIVES)
                return;
            struct queue_receive *receive = step_as_receive(list_item(link, struct step, link));
            engine_stop_waiting(receive);
            count_step(&receive->step);
            add_step(batch, &receive->step);
        }
}

static void run_batch(void *arg) {
    batch_run(arg);
}

static void batch_done(void *arg);

static bool has_work(const struct queues *queues) {
    bool has_chores = !list_is_empty(&queues->due) || can_sweep_retired(queues);
    return !list_is_empty(&queues->steps) || (has_chores && !queues->closed);
}

static struct batch *new_batch(struct queues *queues) {
    struct batch *batch = mem_alloc(sizeof *batch);
    batch->transaction = (struct transaction){.db = queues->db, .numbers = &queues->numbers};
    batch->queues = queues;
    list_init(&batch->steps);
    queues->batch_count++;
    return batch;
}

void engine_seal(struct queues *queues) {
    struct batch *batch = take_ptr(queues->open);
    for (size_t i = 0; batch && i < batch->place_count; i++)
        batch->places[i]->queue->place = NULL;
}

/* The batch for what comes next; NULL: there can be none now. */
static struct batch *open_batch(struct queues *queues) {
    if (queues->open && work_lane_recall(queues->lane, queues->open))
        return take_ptr(queues->open);
    engine_seal(queues);
    return queues->is_changing || queues->batch_count == BATCHES_MOST ? NULL : new_batch(queues);
}

static void gather(struct queues *queues) {
    struct batch *batch = has_work(queues) ? open_batch(queues) : NULL;
    if (!batch)
        return;
    batch->transaction.now_ms = engine_now_ms(queues);
    add_steps(queues, batch);
    add_due(queues, batch);
    add_waiting(batch);
    if (queues->checkpoint == CHECKPOINT_TO_END) {
        queues->checkpoint = CHECKPOINT_ENDING;
        batch->has_checkpoint_to_end = true;
    }
    queues->is_changing |= batch->changes_queues;
    queues->open = batch;
    work_lane_run(queues->lane, run_batch, batch_done, batch);
}

/* Twice: the second time there is only what was added during the first. */
static void checkpoint(void *arg) {
    struct queues *queues = arg;
    struct err err;
    if (!db_checkpoint(queues->checkpoint_db, &err) || !db_checkpoint(queues->checkpoint_db, &err))
        log_warn("queues.checkpoint", "error=\"%s\"", err.text);
}

static void checkpoint_done(void *arg) {
    struct queues *queues = arg;
    queues->checkpoint = CHECKPOINT_TO_END;
    if (queues->closed)
        engine_wake(queues);
}

static void look_at_log(struct queues *queues, const struct batch *batch) {
    if (batch->has_checkpoint_to_end)
        queues->checkpoint = CHECKPOINT_NONE;
    if (queues->checkpoint == CHECKPOINT_NONE && batch->log_pages >= LIMIT_QUEUE_LOG_PAGES) {
        queues->checkpoint = CHECKPOINT_RUNNING;
        work_run(queues->loop, checkpoint, checkpoint_done, queues);
    }
}

static void take_over_counts(struct queue *queue, const struct place *place) {
    if (place->was_purged) {
        queue->messages = 0;
        due_counts_clear(&queue->hidden);
    }
    queue->id = place->id;
    queue->messages += place->added;
    for (size_t i = 0; i < place->shift_count; i++)
        due_counts_add(&queue->hidden, place->shifts[i].second, place->shifts[i].is_leased,
                       place->shifts[i].messages);
    due_counts_pass(&queue->hidden, engine_now_ms(queue->queues));
    if (!place->has_only_added || place->next_due_ms < queue->next_due_ms)
        queue->next_due_ms = place->next_due_ms;
    if (!place->has_only_added || place->oldest_sent_ms < queue->oldest_sent_ms)
        queue->oldest_sent_ms = place->oldest_sent_ms;
}

static void take_over_places(struct queues *queues, struct batch *batch) {
    for (size_t i = 0; i < batch->place_count; i++) {
        struct place *place = batch->places[i];
        struct queue *queue = place->queue;
        if (!batch->is_failed) {
            take_over_counts(queue, place);
            engine_look(queue);
        } else if (expiry_ms(queue) != QUEUE_ROWS_NEVER || !list_is_empty(&queue->waiting)) {
            wakes_set(&queues->wakes, &queue->wake, engine_now_ms(queues) + RETRY_MS);
        }
        place_free(place);
        engine_queue_release(queue);
    }
    batch->place_count = 0;
}

static void take_over_sweep(struct queues *queues, const struct batch *batch) {
    if (batch->swept_queue == 0)
        return;
    queues->is_sweeping_retired = false;
    if (batch->is_failed) {
        queues->is_retired_due = false;
        wakes_set(&queues->wakes, &queues->retired_wake, engine_now_ms(queues) + RETRY_MS);
    } else if (batch->swept_queue_is_gone) {
        size_t i = 0;
        while (queues->retired[i] != batch->swept_queue)
            i++;
        queues->retired[i] = queues->retired[--queues->retired_count];
        queues->is_retired_due = queues->retired_count > 0;
    }
}

static void take_over_retired(struct queues *queues, const struct batch *batch) {
    for (size_t i = 0; !batch->is_failed && i < batch->transaction.retired_count; i++)
        engine_add_retired(queues, batch->transaction.retired[i]);
}

/* Before those that came later. */
static void wait_in_order(struct queue_receive *receive) {
    struct list *waiting = &receive->step.queue->waiting;
    struct list *place = waiting->next;
    engine_wait(receive);
    list_remove(&receive->step.link);
    while (place != waiting && step_as_receive(list_item(place, struct step, link))->number < receive->number)
        place = place->next;
    list_insert_before(place, &receive->step.link);
}

/* Receives that got nothing and have time left. */
static void wait_again(struct batch *batch) {
    if (batch->is_failed)
        return;
    list_each (link, &batch->steps) {
        struct step *step = list_item(link, struct step, link);
        if (step->kind != STEP_RECEIVE)
            continue;
        struct queue_receive *receive = step_as_receive(step);
        struct queues *queues = step->queue->queues;
        if (receive->count > 0 || receive->is_cancelled || receive->deadline_ms <= engine_now_ms(queues))
            continue;
        list_remove(link);
        if (step->queue->is_dropped || queues->closed) {
            receive->state = RECEIVE_ASKED;
            list_push_back(&queues->refused, link);
            engine_wake(queues);
            continue;
        }
        uncount_step(step);
        wait_in_order(receive);
    }
}

static void answer_all(struct list *steps, const struct err *err) {
    while (!list_is_empty(steps)) {
        struct step *step = list_item(steps->next, struct step, link);
        list_remove(&step->link);
        answer(step, err);
    }
}

static void batch_done(void *arg) {
    struct batch *batch = arg;
    struct queues *queues = batch->queues;
    queues->batch_count--;
    if (batch == queues->open)
        engine_seal(queues);
    if (batch->changes_queues)
        queues->is_changing = false;
    wait_again(batch);
    if (batch->is_failed)
        err_wrap(&batch->err, "Can't write the queues");
    take_over_sweep(queues, batch);
    take_over_retired(queues, batch);
    take_over_places(queues, batch);
    look_at_log(queues, batch);
    gather(queues);
    answer_all(&batch->steps, batch->is_failed ? &batch->err : NULL);
    batch_free(batch);
    if (queues->closed)
        engine_wake(queues);
}

static void refuse(struct queues *queues) {
    struct err err;
    while (!list_is_empty(&queues->refused)) {
        struct step *step = list_item(queues->refused.next, struct step, link);
        list_remove(&step->link);
        if (step->queue->is_dropped)
            err_set(&err, ERR_NOT_FOUND, "The queue was deleted");
        else
            err_set(&err, ERR_CLOSED, "The queues are closed: Lamb is stopping");
        answer(step, &err);
    }
}

static bool is_idle(const struct queues *queues) {
    return queues->batch_count == 0 && list_is_empty(&queues->steps) && list_is_empty(&queues->refused) &&
           queues->checkpoint != CHECKPOINT_RUNNING;
}

void engine_free(struct queues *queues) {
    size_t cursor = 0;
    const char *key;
    void *queue;
    while (map_next(&queues->by_key, &cursor, &key, &queue))
        engine_queue_free(queue);
    map_done(&queues->by_key);
    wakes_set(&queues->wakes, &queues->retired_wake, WAKES_NEVER);
    wakes_done(&queues->wakes);
    work_lane_free(queues->lane);
    db_close(queues->checkpoint_db);
    db_close(queues->db);
    free(queues->retired);
    free(queues);
}

static void turn(void *arg) {
    struct queues *queues = arg;
    queues->is_turn_due = false;
    refuse(queues);
    gather(queues);
    if (!queues->closed || !is_idle(queues) || queues->is_turn_due)
        return;
    void (*closed)(void *arg) = queues->closed;
    void *closed_arg = queues->closed_arg;
    engine_free(queues);
    closed(closed_arg);
}

void engine_wake(struct queues *queues) {
    if (queues->is_turn_due)
        return;
    queues->is_turn_due = true;
    loop_defer(queues->loop, turn, queues);
}

static void retired_woken(struct wake *wake) {
    struct queues *queues = list_item(wake, struct queues, retired_wake);
    queues->is_retired_due = queues->retired_count > 0;
    engine_wake(queues);
}

struct queues *engine_new(struct loop *loop, const struct clock *clock) {
    struct queues *queues = mem_alloc(sizeof *queues);
    queues->loop = loop;
    queues->clock = clock;
    queues->lane = work_lane_new(loop);
    map_init(&queues->by_key);
    wakes_init(&queues->wakes, loop, clock);
    list_init(&queues->steps);
    list_init(&queues->due);
    list_init(&queues->refused);
    queues->retired_wake.run = retired_woken;
    return queues;
}

/* See move_run.h. A run is at one thing at a time:
 *
 *   step ─▶ receive a few ─▶ move them ─▶ step ... ─▶ turn ─▶ store how it ended
 *
 * and a step waits for its time when there is a rate. */
#include "api/sqs/move_run.h"

#include <stdio.h>
#include <string.h>

#include "api/change.h"
#include "api/context.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/loop.h"

#define MOVED_AT_ONCE 50
#define LEASE_MS 10000
#define PAUSE_MS 1000 /* after a failure of the disk */

struct move_run {
    struct sqs *sqs;
    struct queue_definition *definition; /* NULL: it is gone, and the run ends with what it is at */
    struct move_task task;
    struct loop_timer *timer;
    int64_t started_us; /* of this run: monotonic */
    int64_t moved;      /* in this run */
    bool is_busy;       /* something will call back */

    struct turn turn;
    struct store_step step;
    struct record *record;
    struct change change;
};

/* ---- the end ---- */

static void run_free(struct move_run *run) {
    loop_timer_free(run->timer);
    record_free(run->record);
    free(run);
}

void move_run_free(struct move_run *run) {
    if (!run)
        return;
    run->definition = NULL;
    if (!run->is_busy)
        run_free(run);
}

/* Whether the run is still wanted, now that what it waited for has come. */
static bool goes_on(struct move_run *run) {
    run->is_busy = false;
    if (run->definition)
        return true;
    run_free(run);
    return false;
}

static void stored(struct change *change) {
    struct move_run *run = list_item(change, struct move_run, change);
    struct sqs *sqs = run->sqs;
    struct queue_location location = run->definition->location;
    if (!change->ok)
        log_error("sqs.move_not_stored", "queue=%s text=\"%s\"", location.name, change->err.text);
    run->definition->run = NULL;
    run_free(run);
    definitions_refresh(sqs, &location);
    turns_pass_on(&sqs->turns);
}

/* While this has its turn nobody else changes the queue or deletes it. */
static void store(struct turn *turn) {
    struct move_run *run = list_item(turn, struct move_run, turn);
    struct sqs *sqs = run->sqs;
    if (!goes_on(run)) {
        turns_pass_on(&sqs->turns);
        return;
    }
    struct queue_document document = queue_document_copy(&run->definition->document);
    const struct record_key key = definitions_record(&run->definition->location);
    document.tasks[0] = run->task;
    OWN_MEM char *text = queue_document_encode(&document);
    queue_document_done(&document);
    run->is_busy = true;
    run->record = record_new(&key, text);
    run->step = (struct store_step){
        .kind = STORE_RECORD_PUT, .key = run->record->key, .document = run->record->document};
    run->change.steps = &run->step;
    run->change.step_count = 1;
    run->change.done = stored;
    change_start(sqs->api, &run->change);
}

/* What ends with the daemon goes on at its next start. */
static void finish(struct move_run *run, enum move_status status) {
    if (run->sqs->is_draining)
        return;
    run->task.status = status;
    run->is_busy = true;
    run->turn.run = store;
    turns_take(&run->sqs->turns, &run->turn);
}

/* ---- moving ---- */

static void step(void *arg);

/* The failure is the disk's, or the end of the daemon. */
static void try_later(struct move_run *run, const struct err *err) {
    if (err->code != ERR_CLOSED)
        loop_timer_start(run->timer, PAUSE_MS);
}

static void moved(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct move_run *run = arg;
    if (!goes_on(run))
        return;
    if (err) {
        try_later(run, err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (outcomes[i] == QUEUE_SETTLED) {
            run->moved++;
            run->task.moved++;
        }
    /* The number was an approximate one. */
    if (run->task.to_move < run->task.moved)
        run->task.to_move = run->task.moved;
    step(run);
}

static void given_back(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct move_run *run = arg;
    (void)outcomes;
    (void)count;
    (void)err;
    if (goes_on(run))
        finish(run, MOVE_FAILED);
}

/* The queue that a message goes to; NULL after the reason was written. */
static struct queue *find_target(struct move_run *run, const struct queue_message *message) {
    struct queue_location location;
    bool is_known = run->task.destination_arn[0]
                        ? location_from_arn(run->task.destination_arn, run->sqs->api->options.region,
                                            &location)
                        : message->source && location_from_key(message->source, &location);
    const struct queue_definition *target = is_known ? definitions_find(run->sqs, &location) : NULL;
    if (!target)
        snprintf(run->task.failure, sizeof run->task.failure, "%s",
                 is_known ? "AWS.SimpleQueueService.NonExistentQueue" : "CouldNotDetermineMessageSource");
    return target ? target->queue : NULL;
}

/* All that were received, or when one of them has nowhere to go none of them. */
static void move_all(struct move_run *run, const struct queue_message *messages, size_t count) {
    struct queue_settlement settlements[MOVED_AT_ONCE] = {0};
    struct queue_delivery deliveries[MOVED_AT_ONCE] = {0};
    bool has_targets = true;
    for (size_t i = 0; i < count; i++) {
        const struct queue_message *message = &messages[i];
        struct queue *target = find_target(run, message);
        has_targets = has_targets && target;
        deliveries[i].target = target;
        deliveries[i].entry = (struct queue_entry){
            .body = message->body,
            .body_len = message->body_len,
            .attributes = message->attributes,
            .attributes_len = message->attributes_len,
            .group = message->group,
            .delay_ms = -1,
        };
        settlements[i] = (struct queue_settlement){.receipt = message->receipt,
                                                   .action = QUEUE_REMOVE,
                                                   .deliveries = &deliveries[i],
                                                   .delivery_count = 1};
    }
    for (size_t i = 0; !has_targets && i < count; i++)
        settlements[i] = (struct queue_settlement){.receipt = messages[i].receipt, .action = QUEUE_EXTEND};
    struct err err;
    run->is_busy = queue_settle(run->definition->queue, settlements, count, has_targets ? moved : given_back,
                                run, &err);
    if (!run->is_busy)
        try_later(run, &err);
}

static void received(void *arg, const struct queue_message *messages, size_t count, const struct err *err) {
    struct move_run *run = arg;
    if (!goes_on(run))
        return;
    if (err)
        try_later(run, err);
    else if (count == 0)
        finish(run, MOVE_COMPLETED);
    else
        move_all(run, messages, count);
}

/* How many may go now; 0 after a timer was started for the next. */
static size_t allowance(struct move_run *run) {
    if (run->task.rate == 0)
        return MOVED_AT_ONCE;
    int64_t ran_ms = (clock_mono_us(run->sqs->api->clock) - run->started_us) / 1000;
    int64_t allowed = ran_ms * run->task.rate / 1000 - run->moved;
    if (allowed < 1) {
        int64_t next_ms = ((run->moved + 1) * 1000 + run->task.rate - 1) / run->task.rate;
        loop_timer_start(run->timer, next_ms > ran_ms ? next_ms - ran_ms : 1);
    }
    return allowed < 1 ? 0 : allowed < MOVED_AT_ONCE ? (size_t)allowed : MOVED_AT_ONCE;
}

static void step(void *arg) {
    struct move_run *run = arg;
    struct err err;
    if (run->sqs->is_draining)
        return;
    if (run->task.status == MOVE_CANCELLING) {
        finish(run, MOVE_CANCELLED);
        return;
    }
    size_t most = allowance(run);
    if (most == 0)
        return;
    run->is_busy = queue_receive(run->definition->queue, most, LEASE_MS, 0, received, run, &err) != NULL;
    if (!run->is_busy)
        try_later(run, &err);
}

void move_run_start(struct sqs *sqs, struct queue_definition *definition) {
    const struct queue_document *document = &definition->document;
    if (document->task_count == 0 || document->tasks[0].status != MOVE_RUNNING)
        return;
    struct move_run *run = mem_alloc(sizeof *run);
    run->sqs = sqs;
    run->definition = definition;
    run->task = document->tasks[0];
    run->timer = loop_timer_new(sqs->api->loop, step, run);
    run->started_us = clock_mono_us(sqs->api->clock);
    definition->run = run;
    loop_timer_start(run->timer, 0);
}

const struct move_task *move_run_task(const struct move_run *run) {
    return &run->task;
}

void move_run_cancel(struct move_run *run) {
    run->task.status = MOVE_CANCELLING;
    if (!run->is_busy)
        loop_timer_start(run->timer, 0);
}

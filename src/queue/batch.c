/* See batch.h. */
#include "queue/batch.h"

#include <assert.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "queue/take.h"

void batch_free(struct batch *batch) {
    assert(list_is_empty(&batch->steps) && batch->place_count == 0);
    free(batch->transaction.retired);
    free(batch->places);
    free(batch);
}

void batch_add_place(struct batch *batch, struct place *place) {
    if (batch->place_count == batch->place_capacity) {
        batch->place_capacity = batch->place_capacity ? batch->place_capacity * 2 : 16;
        batch->places = mem_resize(batch->places, batch->place_capacity * sizeof *batch->places);
    }
    batch->places[batch->place_count++] = place;
}

static bool find_duplicate(struct transaction *transaction, const struct place *place, const char *name,
                           struct queue_pushed *pushed, struct err *err) {
    static_assert(sizeof pushed->message_id == QUEUE_ROWS_ID_BYTES, "a UUID");
    pushed->is_duplicate = false;
    if (!name || place->id == 0)
        return true;
    return queue_rows_find_dedup(transaction->db, place->id, name, transaction->now_ms, &pushed->sequence,
                                 pushed->message_id, &pushed->is_duplicate, err);
}

static bool push_entry(struct transaction *transaction, struct place *place, const struct queue_entry *entry,
                       struct queue_pushed *pushed, struct err *err) {
    if (!find_duplicate(transaction, place, entry->dedup, pushed, err))
        return false;
    if (pushed->is_duplicate)
        return true;
    if (entry->message_id)
        snprintf(pushed->message_id, sizeof pushed->message_id, "%s", entry->message_id);
    else
        ident_uuid(pushed->message_id);
    int64_t delay_ms = entry->delay_ms < 0 ? place->settings.delay_ms : entry->delay_ms;
    struct queue_row row = {
        .due_ms = transaction->now_ms + delay_ms,
        .sent_ms = transaction->now_ms,
        .body = transaction->numbers->next,
        .group = (char *)(uintptr_t)entry->group,
    };
    if (entry->lease_ms > 0) {
        row.due_ms = transaction->now_ms + entry->lease_ms;
        row.is_leased = true;
        row.receives = 1;
        row.first_receive_ms = row.last_receive_ms = transaction->now_ms;
    }
    if (!place_add(transaction, place, &row, err) ||
        !queue_rows_add_body(transaction->db, row.body, pushed->message_id, entry->body, entry->body_len,
                             entry->attributes, entry->attributes_len, err))
        return false;
    pushed->sequence = row.sequence;
    return !entry->dedup ||
           queue_rows_put_dedup(transaction->db, place->id, entry->dedup, row.sequence, pushed->message_id,
                                transaction->now_ms, transaction->now_ms + LIMIT_QUEUE_DEDUP_MS, err);
}

static bool run_push(struct transaction *transaction, struct push_step *push, struct err *err) {
    for (size_t i = 0; i < push->count; i++)
        if (!push_entry(transaction, push->step.place, &push->entries[i], &push->pushed[i], err))
            return false;
    return true;
}

/* Whether the receipt allows the action. SQS API, DeleteMessage: an old handle of a standard queue deletes
 * nothing; SQS Developer Guide, FIFO queues: one whose lease is over is refused. */
static enum queue_outcome judge(const struct transaction *transaction, const struct place *place,
                                const struct queue_settlement *settlement, const struct queue_row *row) {
    bool is_leased = row->is_leased && row->due_ms > transaction->now_ms;
    if (row->receives != settlement->receipt.receives)
        return QUEUE_STALE;
    int64_t passed_s = (transaction->now_ms - row->last_receive_ms) / 1000;
    bool is_too_long = passed_s * 1000 + settlement->delay_ms > LIMIT_QUEUE_LEASE_MS;
    if (is_leased && settlement->action == QUEUE_EXTEND && is_too_long)
        return QUEUE_TOO_LONG;
    if (is_leased)
        return QUEUE_SETTLED;
    if (settlement->action != QUEUE_REMOVE)
        return QUEUE_NOT_LEASED;
    return place->settings.is_fifo ? QUEUE_STALE : QUEUE_SETTLED;
}

static bool remove_and_deliver(struct transaction *transaction, struct place *place,
                               const struct queue_row *row, const struct step_delivery *deliveries,
                               size_t delivery_count, struct err *err) {
    if (!place_remove(transaction, place, row, err) || !place_move_up(transaction, place, row->group, err))
        return false;
    struct queue_pushed pushed;
    for (size_t i = 0; i < delivery_count; i++)
        if (!push_entry(transaction, deliveries[i].place, &deliveries[i].entry, &pushed, err))
            return false;
    return true;
}

static bool settle_row(struct transaction *transaction, struct place *place,
                       const struct queue_settlement *settlement, const struct queue_row *row,
                       const struct step_delivery *deliveries, struct err *err) {
    struct queue_row settled = *row;
    settled.due_ms = transaction->now_ms + settlement->delay_ms;
    switch (settlement->action) {
    case QUEUE_REMOVE:
        return remove_and_deliver(transaction, place, row, deliveries, settlement->delivery_count, err);
    case QUEUE_EXTEND: return place_update(transaction, place, row, &settled, err);
    case QUEUE_RELEASE:
        settled.is_leased = false;
        settled.mark = settlement->mark;
        return place_update(transaction, place, row, &settled, err);
    }
    return err_set(err, ERR_INTERNAL, "no such way to settle a message: %d", (int)settlement->action);
}

static bool run_settlement(struct transaction *transaction, struct place *place,
                           const struct queue_settlement *settlement, const struct step_delivery *deliveries,
                           enum queue_outcome *ret_outcome, struct err *err) {
    struct queue_row row;
    bool is_found = false;
    if (place->id != 0 &&
        !queue_rows_find(transaction->db, place->id, settlement->receipt.sequence, &row, &is_found, err))
        return false;
    *ret_outcome = is_found ? judge(transaction, place, settlement, &row) : QUEUE_GONE;
    bool succeeded = *ret_outcome != QUEUE_SETTLED ||
                     settle_row(transaction, place, settlement, &row, deliveries, err);
    if (is_found)
        queue_row_done(&row);
    return succeeded;
}

static bool run_settle(struct transaction *transaction, struct settle_step *settle, struct err *err) {
    const struct step_delivery *deliveries = settle->deliveries;
    for (size_t i = 0; i < settle->count; i++) {
        if (!run_settlement(transaction, settle->step.place, &settle->settlements[i], deliveries,
                            &settle->outcomes[i], err))
            return false;
        deliveries += settle->settlements[i].delivery_count;
    }
    return true;
}

static bool run_step(struct transaction *transaction, struct step *step, struct err *err) {
    switch (step->kind) {
    case STEP_PUSH: return run_push(transaction, step_as_push(step), err);
    case STEP_RECEIVE: return take_messages(transaction, step_as_receive(step), err);
    case STEP_SETTLE: return run_settle(transaction, step_as_settle(step), err);
    case STEP_PURGE: return place_purge(transaction, step->place, err);
    }
    return err_set(err, ERR_INTERNAL, "no such step of a transaction: %d", (int)step->kind);
}

static bool sweep(struct batch *batch, struct err *err) {
    struct transaction *transaction = &batch->transaction;
    for (size_t i = 0; i < batch->place_count; i++)
        if (batch->places[i]->wants_sweep && !place_sweep(transaction, batch->places[i], err))
            return false;
    return batch->swept_queue == 0 ||
           queue_rows_sweep_queue(transaction->db, batch->swept_queue, LIMIT_QUEUE_BATCH_SWEPT,
                                  &batch->swept_queue_is_gone, err);
}

/* So many are written down at once; a daemon that was killed goes on behind them. */
#define NUMBERS_AHEAD 4096

static bool write_numbers(struct transaction *transaction, struct err *err) {
    struct numbers *numbers = transaction->numbers;
    if (numbers->next <= numbers->end)
        return true;
    numbers->end = numbers->next + NUMBERS_AHEAD;
    return queue_rows_write_sequence(transaction->db, numbers->end, err);
}

static bool run_all(struct batch *batch, struct err *err) {
    struct transaction *transaction = &batch->transaction;
    list_each (link, &batch->steps) {
        if (!run_step(transaction, list_item(link, struct step, link), err))
            return false;
    }
    if (!sweep(batch, err))
        return false;
    for (size_t i = 0; i < batch->place_count; i++)
        if (!place_finish(transaction, batch->places[i], err))
            return false;
    return write_numbers(transaction, err);
}

/* What could not be moved stays in the log: it is tried again, and nothing else depends on it. */
static void end_checkpoint(struct db *db) {
    struct err err;
    if (!db_checkpoint(db, &err))
        log_warn("queues.checkpoint", "error=\"%s\"", err.text);
}

void batch_run(struct batch *batch) {
    struct db *db = batch->transaction.db;
    struct err *err = &batch->err;
    struct numbers before = *batch->transaction.numbers;
    if (batch->has_checkpoint_to_end)
        end_checkpoint(db);
    batch->is_failed = !db_begin(db, err) || !run_all(batch, err) || !db_commit(db, err);
    if (batch->is_failed) {
        db_rollback(db);
        *batch->transaction.numbers = before;
    }
    batch->log_pages = db_log_pages(db);
}

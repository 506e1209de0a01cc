/* See place.h. */
#include "queue/place.h"

#include "base/limits.h"
#include "base/mem.h"
#include "queue/due_counts.h"
#include "queue/group.h"

struct place *place_new(struct queue *queue, const char *key, int64_t id,
                        const struct queue_settings *settings) {
    struct place *place = mem_alloc(sizeof *place);
    place->queue = queue;
    place->key = key;
    place->id = id;
    place->settings = *settings;
    place->has_only_added = true;
    place->next_due_ms = QUEUE_ROWS_NEVER;
    place->oldest_sent_ms = QUEUE_ROWS_NEVER;
    return place;
}

void place_free(struct place *place) {
    free(place->shifts);
    free(place);
}

static void shift(const struct transaction *transaction, struct place *place, const struct queue_row *row,
                  int64_t messages) {
    int64_t second = due_counts_second(row->due_ms);
    if (second <= transaction->now_ms / 1000)
        return;
    if (place->shift_count == place->shift_capacity) {
        place->shift_capacity = place->shift_capacity ? place->shift_capacity * 2 : 16;
        place->shifts = mem_resize(place->shifts, place->shift_capacity * sizeof *place->shifts);
    }
    place->shifts[place->shift_count++] = (struct place_shift){second, messages, row->is_leased};
}

static void note_retired(struct transaction *transaction, int64_t queue) {
    if (queue == 0)
        return;
    if (transaction->retired_count == transaction->retired_capacity) {
        transaction->retired_capacity = transaction->retired_capacity ? transaction->retired_capacity * 2 : 4;
        transaction->retired = mem_resize(transaction->retired,
                                          transaction->retired_capacity * sizeof *transaction->retired);
    }
    transaction->retired[transaction->retired_count++] = queue;
}

/* One that has the key already is left from a queue that could not be dropped. */
static bool add_queue(struct transaction *transaction, struct place *place, struct err *err) {
    int64_t left;
    if (place->is_dropped) {
        if (!queue_rows_add_queue(transaction->db, NULL, &place->id, err))
            return false;
        note_retired(transaction, place->id);
        return true;
    }
    if (!queue_rows_retire_key(transaction->db, place->key, &left, err) ||
        !queue_rows_add_queue(transaction->db, place->key, &place->id, err))
        return false;
    note_retired(transaction, left);
    return true;
}

bool place_make(struct transaction *transaction, struct place *place, struct err *err) {
    return place->id != 0 || add_queue(transaction, place, err);
}

bool place_add(struct transaction *transaction, struct place *place, struct queue_row *row, struct err *err) {
    if (!place_make(transaction, place, err))
        return false;
    row->is_parked = false;
    if (place->settings.is_fifo && row->group &&
        !group_has_front(transaction->db, place->id, row->group, &row->is_parked, err))
        return false;
    row->queue = place->id;
    row->sequence = transaction->numbers->next++;
    place->is_known_empty = false;
    place->added++;
    if (!row->is_parked && row->due_ms < place->next_due_ms)
        place->next_due_ms = row->due_ms;
    if (row->sent_ms < place->oldest_sent_ms)
        place->oldest_sent_ms = row->sent_ms;
    shift(transaction, place, row, 1);
    return queue_rows_add(transaction->db, row, err);
}

static bool take_out(struct transaction *transaction, struct place *place, const struct queue_row *row,
                     struct err *err) {
    place->added--;
    place->has_only_added = false;
    shift(transaction, place, row, -1);
    return queue_rows_remove(transaction->db, row, err);
}

bool place_remove(struct transaction *transaction, struct place *place, const struct queue_row *row,
                  struct err *err) {
    return take_out(transaction, place, row, err) && queue_rows_remove_body(transaction->db, row->body, err);
}

bool place_move_up(struct transaction *transaction, struct place *place, const char *group, struct err *err) {
    if (!group)
        return true;
    place->is_known_empty = false;
    place->has_only_added = false;
    return group_move_up(transaction->db, place->id, group, err);
}

bool place_update(struct transaction *transaction, struct place *place, const struct queue_row *before,
                  const struct queue_row *row, struct err *err) {
    place->is_known_empty = false;
    place->has_only_added = false;
    shift(transaction, place, before, -1);
    shift(transaction, place, row, 1);
    return queue_rows_update(transaction->db, row, err);
}

bool place_is_too_old(const struct transaction *transaction, const struct place *place,
                      const struct queue_row *row) {
    int64_t retention_ms = place->settings.retention_ms;
    return retention_ms > 0 && row->sent_ms <= transaction->now_ms - retention_ms;
}

/* SQS Developer Guide, dead-letter queues: from a standard queue it keeps the time it was sent at, from a
 * FIFO queue it gets a new one. */
bool place_bury(struct transaction *transaction, struct place *place, const struct queue_row *row,
                bool *ret_is_buried, struct err *err) {
    *ret_is_buried = place->dead_letters &&
                     row->receives - row->earlier_receives >= place->settings.max_receives;
    if (!*ret_is_buried)
        return true;
    struct queue_row letter = *row;
    letter.due_ms = transaction->now_ms;
    letter.sent_ms = place->settings.is_fifo ? transaction->now_ms : row->sent_ms;
    letter.is_leased = false;
    letter.earlier_receives = row->receives;
    letter.source = (char *)(uintptr_t)place->key; /* borrowed, as the row's texts are */
    transaction->swept++;
    return take_out(transaction, place, row, err) &&
           place_add(transaction, place->dead_letters, &letter, err);
}

bool place_purge(struct transaction *transaction, struct place *place, struct err *err) {
    int64_t retired = 0;
    if (place->id != 0 && !queue_rows_retire(transaction->db, place->id, &retired, err))
        return false;
    note_retired(transaction, retired);
    place->id = 0;
    place->was_purged = true;
    place->has_only_added = false;
    place->added = 0;
    place->shift_count = 0;
    return true;
}

bool place_sweep(struct transaction *transaction, struct place *place, struct err *err) {
    int64_t until_ms = transaction->now_ms - place->settings.retention_ms;
    bool is_found = place->id != 0 && place->settings.retention_ms > 0;
    while (is_found && transaction->swept < LIMIT_QUEUE_BATCH_SWEPT) {
        struct queue_row row;
        if (!queue_rows_first_sent(transaction->db, place->id, until_ms, &row, &is_found, err))
            return false;
        if (!is_found)
            break;
        transaction->swept++;
        bool is_removed = place_remove(transaction, place, &row, err) &&
                          place_move_up(transaction, place, row.group, err);
        queue_row_done(&row);
        if (!is_removed)
            return false;
    }
    return true;
}

bool place_finish(struct transaction *transaction, struct place *place, struct err *err) {
    if (place->added != 0 && !queue_rows_add_count(transaction->db, place->id, place->added, err))
        return false;
    if (place->has_only_added)
        return true;
    place->next_due_ms = QUEUE_ROWS_NEVER;
    place->oldest_sent_ms = QUEUE_ROWS_NEVER;
    return place->id == 0 ||
           (queue_rows_next_due(transaction->db, place->id, &place->next_due_ms, err) &&
            queue_rows_oldest_sent(transaction->db, place->id, &place->oldest_sent_ms, err));
}

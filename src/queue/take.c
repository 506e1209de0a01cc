/* See take.h. */
#include "queue/take.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "queue/group.h"

struct taking {
    struct transaction *transaction;
    struct place *place;
    struct queue_receive *receive;
    size_t size_bytes;
    const struct queue_row *row; /* the one whose body is read */
};

static bool is_full(const struct taking *taking) {
    return taking->receive->count == taking->receive->most ||
           taking->size_bytes >= LIMIT_QUEUE_ANSWER_BYTES ||
           taking->transaction->swept >= LIMIT_QUEUE_BATCH_SWEPT;
}

static char *pack(char **room, const void *data, size_t len) {
    char *place = *room;
    memcpy(place, data, len);
    place[len] = '\0';
    *room += len + 1;
    return place;
}

static const char *pack_text(char **room, const char *text) {
    return text ? pack(room, text, strlen(text)) : NULL;
}

static size_t text_room(const char *text) {
    return text ? strlen(text) + 1 : 0;
}

/* All of a message is in one block, which its message_id begins. */
static void take_body(void *arg, const char *message_id, const void *data, size_t len, const void *attributes,
                      size_t attributes_len) {
    struct taking *taking = arg;
    struct queue_receive *receive = taking->receive;
    const struct queue_row *row = taking->row;
    size_t size = text_room(message_id) + len + 1 + attributes_len + 1 + text_room(row->group) +
                  text_room(row->source);
    char *room = mem_alloc(size);
    if (!receive->messages)
        receive->messages = mem_alloc_array(receive->most, sizeof *receive->messages);
    struct queue_message *message = &receive->messages[receive->count++];
    *message = (struct queue_message){
        .receipt = {row->sequence, row->receives},
        .message_id = pack_text(&room, message_id),
        .body = pack(&room, data, len),
        .body_len = len,
        .attributes = pack(&room, attributes, attributes_len),
        .attributes_len = attributes_len,
        .group = pack_text(&room, row->group),
        .source = pack_text(&room, row->source),
        .sent_ms = row->sent_ms,
        .first_receive_ms = row->first_receive_ms,
        .mark = row->mark,
    };
    taking->size_bytes += size;
}

/* A lease lasts a millisecond at least: nothing is received twice at the same moment. */
static bool lease(struct taking *taking, const struct queue_row *row, struct err *err) {
    int64_t now_ms = taking->transaction->now_ms;
    int64_t visibility_ms = taking->receive->visibility_ms;
    struct queue_row leased = *row;
    leased.is_leased = true;
    leased.due_ms = now_ms + (visibility_ms > 0 ? visibility_ms : 1);
    leased.receives++;
    leased.last_receive_ms = now_ms;
    if (leased.first_receive_ms == 0)
        leased.first_receive_ms = now_ms;
    taking->row = &leased;
    return place_update(taking->transaction, taking->place, row, &leased, err) &&
           queue_rows_read_body(taking->transaction->db, row->body, take_body, taking, err);
}

/* Leases it, unless it is too old or a dead letter. */
static bool take_row(struct taking *taking, const struct queue_row *row, bool *ret_is_leased,
                     struct err *err) {
    *ret_is_leased = false;
    if (place_is_too_old(taking->transaction, taking->place, row)) {
        taking->transaction->swept++;
        return place_remove(taking->transaction, taking->place, row, err);
    }
    bool is_buried;
    if (!place_bury(taking->transaction, taking->place, row, &is_buried, err))
        return false;
    *ret_is_leased = !is_buried;
    return is_buried || lease(taking, row, err);
}

/* Takes the first message of an open group, which is wholly parked but for what was taken so far. */
static bool take_first_of_group(struct taking *taking, const char *group, bool *ret_is_taken,
                                struct err *err) {
    struct db *db = taking->transaction->db;
    struct queue_row row;
    bool is_found;
    if (!queue_rows_first_of_group(db, taking->place->id, group, true, &row, &is_found, err))
        return false;
    *ret_is_taken = is_found && row.due_ms <= taking->transaction->now_ms;
    bool is_leased;
    bool succeeded = !*ret_is_taken || (take_row(taking, &row, &is_leased, err) &&
                                        (!is_leased || queue_rows_park(db, &row, false, err)));
    if (is_found)
        queue_row_done(&row);
    return succeeded;
}

static bool take_group(struct taking *taking, const char *group, struct err *err) {
    bool is_open;
    if (!group_open(taking->transaction->db, taking->place->id, group, taking->transaction->now_ms, &is_open,
                    err))
        return false;
    if (!is_open)
        return true;
    bool is_taken = true;
    while (is_taken && !is_full(taking))
        if (!take_first_of_group(taking, group, &is_taken, err))
            return false;
    return place_move_up(taking->transaction, taking->place, group, err);
}

/* A dead letter queue gets its number with the first receive that could fill it, not with the first dead
 * letter: until it has one, each receive might give it one, and no other batch could be made meanwhile. */
static bool make_dead_letters(const struct taking *taking, struct err *err) {
    return !taking->place->dead_letters || place_make(taking->transaction, taking->place->dead_letters, err);
}

static bool take_next(struct taking *taking, const struct queue_row *row, struct err *err) {
    if (!make_dead_letters(taking, err))
        return false;
    if (taking->place->settings.is_fifo && row->group)
        return take_group(taking, row->group, err);
    bool is_leased;
    return take_row(taking, row, &is_leased, err);
}

bool take_messages(struct transaction *transaction, struct queue_receive *receive, struct err *err) {
    struct place *place = receive->step.place;
    struct taking taking = {.transaction = transaction, .place = place, .receive = receive};
    assert(receive->most > 0 && receive->count == 0);
    place->has_only_added = false; /* a look at a group that gives nothing parks some of it */
    place->dead_letters = receive->dead_letters;
    while (place->id != 0 && !place->is_known_empty && !is_full(&taking)) {
        struct queue_row row;
        bool is_found;
        if (!queue_rows_first_due(transaction->db, place->id, transaction->now_ms, &row, &is_found, err))
            return false;
        place->is_known_empty = !is_found;
        if (!is_found)
            break;
        bool is_taken = take_next(&taking, &row, err);
        queue_row_done(&row);
        if (!is_taken)
            return false;
    }
    return true;
}

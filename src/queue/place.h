/* A queue in a transaction: its number, and what changed in it, which the loop takes over once the
 * transaction is on disk. Every change of a message goes through here, so that the numbers stay right. On the
 * lane's thread. For queue/. */
#pragma once

#include "queue/message.h"
#include "store/queue_rows.h"

/* The numbers of messages. Those below `end` may have been given away: so much is written down. */
struct numbers {
    int64_t next;
    int64_t end;
};

/* What all of a transaction shares. */
struct transaction {
    struct db *db;
    int64_t now_ms;
    struct numbers *numbers; /* the lane's; as they were after a failure */
    size_t swept;            /* messages that were removed beside what was asked for */
    int64_t *retired;        /* numbers of queues that have no key any more, for the loop to sweep */
    size_t retired_count;
    size_t retired_capacity;
};

/* So many messages more, or less, are hidden until that second. */
struct place_shift {
    int64_t second;
    int64_t messages;
    bool is_leased;
};

struct place {
    struct queue *queue; /* the loop's: not to be looked into on the lane */
    const char *key;
    struct queue_settings settings;
    struct place *dead_letters; /* of the receive that runs; NULL: none */
    int64_t id;                 /* its number in the database; 0: it has none yet */
    bool is_dropped;            /* its key may be another queue's */
    bool wants_sweep;           /* messages may have become too old */
    bool is_known_empty;        /* nothing in it is due */
    bool was_purged;            /* before the shifts and counts below */
    int64_t added;              /* messages more, or less */
    struct place_shift *shifts;
    size_t shift_count;
    size_t shift_capacity;
    bool has_only_added; /* then the two times are of what was added; else of the queue */
    int64_t next_due_ms; /* after the transaction; QUEUE_ROWS_NEVER: nothing, like the next one */
    int64_t oldest_sent_ms;
};

/* Of a queue that has that number; the key is borrowed. */
struct place *place_new(struct queue *queue, const char *key, int64_t id,
                        const struct queue_settings *settings);
void place_free(struct place *place);

/* Gives the queue its number, if it has none. */
bool place_make(struct transaction *transaction, struct place *place, struct err *err);

/* Adds the row: with the next sequence and this queue's number, parked if it has to wait for its group. */
bool place_add(struct transaction *transaction, struct place *place, struct queue_row *row, struct err *err);

/* Removes a message. place_move_up() is for afterwards, unless its group (NULL: none) is being received. */
bool place_remove(struct transaction *transaction, struct place *place, const struct queue_row *row,
                  struct err *err);
bool place_move_up(struct transaction *transaction, struct place *place, const char *group, struct err *err);

/* Writes what changed since the row was `before`. */
bool place_update(struct transaction *transaction, struct place *place, const struct queue_row *before,
                  const struct queue_row *row, struct err *err);

bool place_is_too_old(const struct transaction *transaction, const struct place *place,
                      const struct queue_row *row);

/* Makes a message that was received too often a dead letter, as place_remove() otherwise; says whether it
 * did. */
bool place_bury(struct transaction *transaction, struct place *place, const struct queue_row *row,
                bool *ret_is_buried, struct err *err);

bool place_purge(struct transaction *transaction, struct place *place, struct err *err);

/* Removes messages that are too old, as far as the transaction may. */
bool place_sweep(struct transaction *transaction, struct place *place, struct err *err);

/* At the end: writes the count, reads the two times unless they follow from what was added. */
bool place_finish(struct transaction *transaction, struct place *place, struct err *err);

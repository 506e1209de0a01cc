/* The rows of queues.db: statements, nothing of what they mean; see queue/. Calls block and are meant for a
 * transaction of the caller's; see db.h. No statement looks at more rows than it gives or changes, but
 * for those that start with.
 *
 * A message is *parked* when it waits for another one of its group, and *leased* from its receive until it is
 * given back; it can be received when it is not parked and its due time has come. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

/* Of a queue without a message that is due some day, without a message. */
#define QUEUE_ROWS_NEVER INT64_MAX

struct queue_row {
    int64_t sequence; /* with the queue the key */
    int64_t queue;    /* number of its queue */
    int64_t due_ms;   /* when it can be received (again) */
    int64_t sent_ms;
    bool is_parked;
    bool is_leased;
    int64_t receives;         /* all of them */
    int64_t earlier_receives; /* of them, in queues that it was in before */
    int64_t first_receive_ms; /* 0: never received */
    int64_t last_receive_ms;  /* likewise */
    int64_t mark;
    int64_t body; /* number of its body, which stays when it becomes a dead letter */
    char *group;  /* NULL outside of FIFO queues */
    char *source; /* key of the queue it came from as a dead letter, NULL for others */
};

void queue_row_done(struct queue_row *row);

#define QUEUE_ROWS_SECRET_BYTES 32

/* A number that no message has reached, and a secret that was made with the database. */
bool queue_rows_read_sequence(struct db *db, int64_t *ret_next, uint8_t ret_secret[QUEUE_ROWS_SECRET_BYTES],
                              struct err *err);
bool queue_rows_write_sequence(struct db *db, int64_t next, struct err *err);

/* A new queue; none may have the key. Without one (NULL) it is a retired one. */
bool queue_rows_add_queue(struct db *db, const char *key, int64_t *ret_queue, struct err *err);
bool queue_rows_add_count(struct db *db, int64_t queue, int64_t messages, struct err *err);

/* Takes the key off the queue that has it, or that queue's; its messages stay until they are swept.
 * *ret_queue is its number, 0 when none had a key. */
bool queue_rows_retire_key(struct db *db, const char *key, int64_t *ret_queue, struct err *err);
bool queue_rows_retire(struct db *db, int64_t queue, int64_t *ret_queue, struct err *err);

/* Removes up to `most` messages of a retired queue, and the queue once it is empty. */
bool queue_rows_sweep_queue(struct db *db, int64_t queue, size_t most, bool *ret_is_gone, struct err *err);

/* Every queue; `key` is NULL for retired ones. At start. */
bool queue_rows_each_queue(struct db *db,
                           void (*each)(void *arg, int64_t queue, const char *key, int64_t messages),
                           void *arg, struct err *err);

/* How many messages are due in which second after now. Looks at each of those. At start. */
bool queue_rows_each_second(struct db *db, int64_t queue, int64_t now_ms,
                            void (*each)(void *arg, int64_t second, bool is_leased, int64_t messages),
                            void *arg, struct err *err);

/* Ends all leases of a queue: what was leased is due now. */
bool queue_rows_release(struct db *db, int64_t queue, int64_t now_ms, struct err *err);

/* The earliest times in a queue, QUEUE_ROWS_NEVER when it has none; the first without parked ones. */
bool queue_rows_next_due(struct db *db, int64_t queue, int64_t *ret_due_ms, struct err *err);
bool queue_rows_oldest_sent(struct db *db, int64_t queue, int64_t *ret_sent_ms, struct err *err);

bool queue_rows_add(struct db *db, const struct queue_row *row, struct err *err);
bool queue_rows_remove(struct db *db, const struct queue_row *row, struct err *err);

/* Writes what changes in a message's life: due_ms, is_leased, receives, first_receive_ms,
 * last_receive_ms, mark. */
bool queue_rows_update(struct db *db, const struct queue_row *row, struct err *err);
bool queue_rows_park(struct db *db, const struct queue_row *row, bool is_parked, struct err *err);

/* One message: of a number; the first that is due and not parked; the oldest if it was sent by then; the
 * first of a group that is parked or is not. *ret_is_found says whether there is one; the caller ends
 * *ret_row with queue_row_done() then. */
bool queue_rows_find(struct db *db, int64_t queue, int64_t sequence, struct queue_row *ret_row,
                     bool *ret_is_found, struct err *err);
bool queue_rows_first_due(struct db *db, int64_t queue, int64_t now_ms, struct queue_row *ret_row,
                          bool *ret_is_found, struct err *err);
bool queue_rows_first_sent(struct db *db, int64_t queue, int64_t until_ms, struct queue_row *ret_row,
                           bool *ret_is_found, struct err *err);
bool queue_rows_first_of_group(struct db *db, int64_t queue, const char *group, bool is_parked,
                               struct queue_row *ret_row, bool *ret_is_found, struct err *err);

/* What of a group is not parked: whether there is anything, and the latest due time. */
bool queue_rows_front(struct db *db, int64_t queue, const char *group, int64_t *ret_latest_due_ms,
                      bool *ret_is_found, struct err *err);

/* Parks what of a group is not. */
bool queue_rows_park_front(struct db *db, int64_t queue, const char *group, int64_t due_until_ms,
                           struct err *err);

bool queue_rows_add_body(struct db *db, int64_t body, const char *message_id, const void *data, size_t len,
                         const void *attributes, size_t attributes_len, struct err *err);
bool queue_rows_remove_body(struct db *db, int64_t body, struct err *err);

/* Calls `take` with it; the bytes live during the call. ERR_CORRUPT when there is none. */
bool queue_rows_read_body(struct db *db, int64_t body,
                          void (*take)(void *arg, const char *message_id, const void *data, size_t len,
                                       const void *attributes, size_t attributes_len),
                          void *arg, struct err *err);

#define QUEUE_ROWS_ID_BYTES 37 /* a UUID and NUL */

/* Who had that name last, if its time is not over. */
bool queue_rows_find_dedup(struct db *db, int64_t queue, const char *name, int64_t now_ms,
                           int64_t *ret_sequence, char ret_message_id[QUEUE_ROWS_ID_BYTES],
                           bool *ret_is_found, struct err *err);

/* Sets it, and removes two others whose time is over, so that there are never many of those. */
bool queue_rows_put_dedup(struct db *db, int64_t queue, const char *name, int64_t sequence,
                          const char *message_id, int64_t now_ms, int64_t until_ms, struct err *err);

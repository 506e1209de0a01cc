/* See queue_rows.h. Statements name the index they stand on: one that the database can't use is an error,
 * where a plan of its own could be a scan. */
#include "store/queue_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define COLUMNS                                                                                              \
    "sequence, queue, due, sent, is_parked, is_leased, receives, earlier_receives, first_receive,"           \
    " last_receive, mark, body, fifo_group, source"

/* Two messages of queue ?1, of which one is the oldest: the first, and the oldest dead letter. Only dead
 * letters are older than what has a smaller number. */
#define OLDEST                                                                                               \
    "SELECT * FROM (SELECT " COLUMNS " FROM message WHERE queue = ?1 ORDER BY sequence LIMIT 1)"             \
    " UNION ALL SELECT * FROM (SELECT " COLUMNS " FROM message INDEXED BY message_letter"                    \
    " WHERE queue = ?1 AND source IS NOT NULL ORDER BY sent LIMIT 1)"

void queue_row_done(struct queue_row *row) {
    free(row->group);
    free(row->source);
}

static void bind_text(struct db_statement *statement, int index, const char *text) {
    if (text)
        db_bind_text(statement, index, text, strlen(text));
}

static char *copy_text(struct db_statement *statement, int column) {
    if (db_is_null(statement, column))
        return NULL;
    size_t len;
    const char *text = db_text(statement, column, &len);
    return mem_copy_text(text, len);
}

/* A statement whose only parameters are numbers, ready to step. */
static bool prepare(struct db *db, const char *sql, const int64_t *numbers, int count,
                    struct db_statement **ret_statement, struct err *err) {
    if (!db_statement(db, sql, ret_statement, err))
        return false;
    for (int i = 0; i < count; i++)
        db_bind_integer(*ret_statement, i + 1, numbers[i]);
    return true;
}

#define NUMBERS(...)                                                                                         \
    (const int64_t[]){__VA_ARGS__}, (int)(sizeof(const int64_t[]){__VA_ARGS__} / sizeof(int64_t))

static bool run(struct db *db, const char *sql, const int64_t *numbers, int count, struct err *err) {
    struct db_statement *statement;
    return prepare(db, sql, numbers, count, &statement, err) && db_run(statement, err);
}

/* The number in the only column of the first row; `otherwise` when there is none. */
static bool read_number(struct db_statement *statement, int64_t otherwise, int64_t *ret_number,
                        struct err *err) {
    bool row;
    if (!db_step(statement, &row, err))
        return false;
    *ret_number = row && !db_is_null(statement, 0) ? db_integer(statement, 0) : otherwise;
    db_reset(statement);
    return true;
}

bool queue_rows_read_sequence(struct db *db, int64_t *ret_next, uint8_t ret_secret[QUEUE_ROWS_SECRET_BYTES],
                              struct err *err) {
    struct db_statement *statement;
    bool row;
    if (!db_statement(db, "SELECT next, secret FROM sequence", &statement, err) ||
        !db_step(statement, &row, err))
        return false;
    size_t len = 0;
    const void *secret = row ? db_blob(statement, 1, &len) : NULL;
    bool is_whole = len == QUEUE_ROWS_SECRET_BYTES;
    if (is_whole) {
        *ret_next = db_integer(statement, 0);
        memcpy(ret_secret, secret, len);
    }
    db_reset(statement);
    return is_whole || err_set(err, ERR_CORRUPT, "The number of the next message is missing");
}

bool queue_rows_write_sequence(struct db *db, int64_t next, struct err *err) {
    return run(db, "UPDATE sequence SET next = ?", NUMBERS(next), err);
}

bool queue_rows_add_queue(struct db *db, const char *key, int64_t *ret_queue, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "INSERT INTO queue (key, messages) VALUES (?, 0) RETURNING id", &statement, err))
        return false;
    bind_text(statement, 1, key);
    return read_number(statement, 0, ret_queue, err);
}

bool queue_rows_add_count(struct db *db, int64_t queue, int64_t messages, struct err *err) {
    return run(db, "UPDATE queue SET messages = messages + ? WHERE id = ?", NUMBERS(messages, queue), err);
}

bool queue_rows_retire_key(struct db *db, const char *key, int64_t *ret_queue, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "UPDATE queue SET key = NULL WHERE key = ? RETURNING id", &statement, err))
        return false;
    bind_text(statement, 1, key);
    return read_number(statement, 0, ret_queue, err);
}

bool queue_rows_retire(struct db *db, int64_t queue, int64_t *ret_queue, struct err *err) {
    struct db_statement *statement;
    return prepare(db, "UPDATE queue SET key = NULL WHERE id = ? AND key IS NOT NULL RETURNING id",
                   NUMBERS(queue), &statement, err) &&
           read_number(statement, 0, ret_queue, err);
}

bool queue_rows_sweep_queue(struct db *db, int64_t queue, size_t most, bool *ret_is_gone, struct err *err) {
    struct queue_row row;
    bool is_found = true;
    for (size_t i = 0; i < most && is_found; i++) {
        if (!queue_rows_first_sent(db, queue, QUEUE_ROWS_NEVER, &row, &is_found, err))
            return false;
        if (!is_found)
            break;
        bool is_removed = queue_rows_remove(db, &row, err) && queue_rows_remove_body(db, row.body, err);
        queue_row_done(&row);
        if (!is_removed)
            return false;
    }
    if (!is_found && !run(db, "DELETE FROM queue WHERE id = ?", NUMBERS(queue), err))
        return false;
    *ret_is_gone = !is_found;
    return true;
}

bool queue_rows_each_queue(struct db *db,
                           void (*each)(void *arg, int64_t queue, const char *key, int64_t messages),
                           void *arg, struct err *err) {
    struct db_statement *rows;
    if (!db_statement(db, "SELECT id, key, messages FROM queue", &rows, err))
        return false;
    bool row;
    while (db_step(rows, &row, err)) {
        if (!row) {
            db_reset(rows);
            return true;
        }
        const char *key = db_is_null(rows, 1) ? NULL : db_text(rows, 1, NULL);
        each(arg, db_integer(rows, 0), key, db_integer(rows, 2));
    }
    return false;
}

bool queue_rows_each_second(struct db *db, int64_t queue, int64_t now_ms,
                            void (*each)(void *arg, int64_t second, bool is_leased, int64_t messages),
                            void *arg, struct err *err) {
    struct db_statement *rows;
    if (!prepare(db,
                 "SELECT due / 1000, is_leased, COUNT(*) FROM message INDEXED BY message_due"
                 " WHERE queue = ? AND is_parked IN (0, 1) AND due > ? GROUP BY 1, 2 ORDER BY 1",
                 NUMBERS(queue, now_ms), &rows, err))
        return false;
    bool row;
    while (db_step(rows, &row, err)) {
        if (!row) {
            db_reset(rows);
            return true;
        }
        each(arg, db_integer(rows, 0), db_integer(rows, 1) != 0, db_integer(rows, 2));
    }
    return false;
}

bool queue_rows_release(struct db *db, int64_t queue, int64_t now_ms, struct err *err) {
    return run(db,
               "UPDATE message INDEXED BY message_due SET due = ?, is_leased = 0"
               " WHERE queue = ? AND is_parked IN (0, 1) AND due > ? AND is_leased = 1",
               NUMBERS(now_ms, queue, now_ms), err);
}

bool queue_rows_next_due(struct db *db, int64_t queue, int64_t *ret_due_ms, struct err *err) {
    struct db_statement *statement;
    return prepare(db,
                   "SELECT due FROM message INDEXED BY message_due WHERE queue = ? AND is_parked = 0"
                   " ORDER BY due LIMIT 1",
                   NUMBERS(queue), &statement, err) &&
           read_number(statement, QUEUE_ROWS_NEVER, ret_due_ms, err);
}

bool queue_rows_oldest_sent(struct db *db, int64_t queue, int64_t *ret_sent_ms, struct err *err) {
    struct db_statement *statement;
    return prepare(db, "SELECT MIN(sent) FROM (" OLDEST ")", NUMBERS(queue), &statement, err) &&
           read_number(statement, QUEUE_ROWS_NEVER, ret_sent_ms, err);
}

bool queue_rows_add(struct db *db, const struct queue_row *row, struct err *err) {
    struct db_statement *statement;
    if (!prepare(db, "INSERT INTO message (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 NUMBERS(row->sequence, row->queue, row->due_ms, row->sent_ms, row->is_parked, row->is_leased,
                         row->receives, row->earlier_receives, row->first_receive_ms, row->last_receive_ms,
                         row->mark, row->body),
                 &statement, err))
        return false;
    bind_text(statement, 13, row->group);
    bind_text(statement, 14, row->source);
    return db_run(statement, err);
}

bool queue_rows_remove(struct db *db, const struct queue_row *row, struct err *err) {
    return run(db, "DELETE FROM message WHERE queue = ? AND sequence = ?", NUMBERS(row->queue, row->sequence),
               err);
}

bool queue_rows_update(struct db *db, const struct queue_row *row, struct err *err) {
    return run(db,
               "UPDATE message SET due = ?, is_leased = ?, receives = ?, first_receive = ?, last_receive = ?,"
               " mark = ? WHERE queue = ? AND sequence = ?",
               NUMBERS(row->due_ms, row->is_leased, row->receives, row->first_receive_ms,
                       row->last_receive_ms, row->mark, row->queue, row->sequence),
               err);
}

bool queue_rows_park(struct db *db, const struct queue_row *row, bool is_parked, struct err *err) {
    return run(db, "UPDATE message SET is_parked = ? WHERE queue = ? AND sequence = ?",
               NUMBERS(is_parked, row->queue, row->sequence), err);
}

/* Steps a statement that gives COLUMNS. */
static bool read_row(struct db_statement *statement, struct queue_row *ret_row, bool *ret_is_found,
                     struct err *err) {
    bool is_found;
    if (!db_step(statement, &is_found, err))
        return false;
    if (is_found)
        *ret_row = (struct queue_row){
            .sequence = db_integer(statement, 0),
            .queue = db_integer(statement, 1),
            .due_ms = db_integer(statement, 2),
            .sent_ms = db_integer(statement, 3),
            .is_parked = db_integer(statement, 4) != 0,
            .is_leased = db_integer(statement, 5) != 0,
            .receives = db_integer(statement, 6),
            .earlier_receives = db_integer(statement, 7),
            .first_receive_ms = db_integer(statement, 8),
            .last_receive_ms = db_integer(statement, 9),
            .mark = db_integer(statement, 10),
            .body = db_integer(statement, 11),
            .group = copy_text(statement, 12),
            .source = copy_text(statement, 13),
        };
    db_reset(statement);
    *ret_is_found = is_found;
    return true;
}

bool queue_rows_find(struct db *db, int64_t queue, int64_t sequence, struct queue_row *ret_row,
                     bool *ret_is_found, struct err *err) {
    struct db_statement *statement;
    return prepare(db, "SELECT " COLUMNS " FROM message WHERE queue = ? AND sequence = ?",
                   NUMBERS(queue, sequence), &statement, err) &&
           read_row(statement, ret_row, ret_is_found, err);
}

bool queue_rows_first_due(struct db *db, int64_t queue, int64_t now_ms, struct queue_row *ret_row,
                          bool *ret_is_found, struct err *err) {
    struct db_statement *statement;
    return prepare(db,
                   "SELECT " COLUMNS " FROM message INDEXED BY message_due"
                   " WHERE queue = ? AND is_parked = 0 AND due <= ? ORDER BY due, sequence LIMIT 1",
                   NUMBERS(queue, now_ms), &statement, err) &&
           read_row(statement, ret_row, ret_is_found, err);
}

bool queue_rows_first_sent(struct db *db, int64_t queue, int64_t until_ms, struct queue_row *ret_row,
                           bool *ret_is_found, struct err *err) {
    struct db_statement *statement;
    return prepare(db, "SELECT " COLUMNS " FROM (" OLDEST ") WHERE sent <= ? ORDER BY sent LIMIT 1",
                   NUMBERS(queue, until_ms), &statement, err) &&
           read_row(statement, ret_row, ret_is_found, err);
}

bool queue_rows_first_of_group(struct db *db, int64_t queue, const char *group, bool is_parked,
                               struct queue_row *ret_row, bool *ret_is_found, struct err *err) {
    struct db_statement *statement;
    if (!prepare(db,
                 "SELECT " COLUMNS " FROM message INDEXED BY message_group"
                 " WHERE queue = ? AND is_parked = ? AND fifo_group = ? ORDER BY sequence LIMIT 1",
                 NUMBERS(queue, is_parked), &statement, err))
        return false;
    bind_text(statement, 3, group);
    return read_row(statement, ret_row, ret_is_found, err);
}

bool queue_rows_front(struct db *db, int64_t queue, const char *group, int64_t *ret_latest_due_ms,
                      bool *ret_is_found, struct err *err) {
    struct db_statement *statement;
    if (!prepare(db,
                 "SELECT MAX(due) FROM message INDEXED BY message_group"
                 " WHERE queue = ? AND is_parked = 0 AND fifo_group = ?",
                 NUMBERS(queue), &statement, err))
        return false;
    bind_text(statement, 2, group);
    if (!read_number(statement, QUEUE_ROWS_NEVER, ret_latest_due_ms, err))
        return false;
    *ret_is_found = *ret_latest_due_ms != QUEUE_ROWS_NEVER;
    return true;
}

bool queue_rows_park_front(struct db *db, int64_t queue, const char *group, int64_t due_until_ms,
                           struct err *err) {
    struct db_statement *statement;
    if (!prepare(db,
                 "UPDATE message INDEXED BY message_group SET is_parked = 1"
                 " WHERE queue = ? AND due <= ? AND is_parked = 0 AND fifo_group = ?",
                 NUMBERS(queue, due_until_ms), &statement, err))
        return false;
    bind_text(statement, 3, group);
    return db_run(statement, err);
}

bool queue_rows_add_body(struct db *db, int64_t body, const char *message_id, const void *data, size_t len,
                         const void *attributes, size_t attributes_len, struct err *err) {
    struct db_statement *statement;
    if (!prepare(db, "INSERT INTO body (id, message_id, body, attributes) VALUES (?, ?, ?, ?)", NUMBERS(body),
                 &statement, err))
        return false;
    bind_text(statement, 2, message_id);
    db_bind_blob(statement, 3, data, len);
    db_bind_blob(statement, 4, attributes, attributes_len);
    return db_run(statement, err);
}

bool queue_rows_remove_body(struct db *db, int64_t body, struct err *err) {
    return run(db, "DELETE FROM body WHERE id = ?", NUMBERS(body), err);
}

bool queue_rows_read_body(struct db *db, int64_t body,
                          void (*take)(void *arg, const char *message_id, const void *data, size_t len,
                                       const void *attributes, size_t attributes_len),
                          void *arg, struct err *err) {
    struct db_statement *statement;
    bool row;
    if (!prepare(db, "SELECT message_id, body, attributes FROM body WHERE id = ?", NUMBERS(body), &statement,
                 err) ||
        !db_step(statement, &row, err))
        return false;
    if (row) {
        size_t len;
        size_t attributes_len;
        const void *data = db_blob(statement, 1, &len);
        const void *attributes = db_blob(statement, 2, &attributes_len);
        take(arg, db_text(statement, 0, NULL), data, len, attributes, attributes_len);
    }
    db_reset(statement);
    return row || err_set(err, ERR_CORRUPT, "A message's body, number %lld, is missing", (long long)body);
}

bool queue_rows_find_dedup(struct db *db, int64_t queue, const char *name, int64_t now_ms,
                           int64_t *ret_sequence, char ret_message_id[QUEUE_ROWS_ID_BYTES],
                           bool *ret_is_found, struct err *err) {
    struct db_statement *statement;
    if (!prepare(db, "SELECT sequence, message_id FROM dedup WHERE queue = ? AND until > ? AND name = ?",
                 NUMBERS(queue, now_ms), &statement, err))
        return false;
    bind_text(statement, 3, name);
    if (!db_step(statement, ret_is_found, err))
        return false;
    if (*ret_is_found) {
        *ret_sequence = db_integer(statement, 0);
        snprintf(ret_message_id, QUEUE_ROWS_ID_BYTES, "%s", db_text(statement, 1, NULL));
    }
    db_reset(statement);
    return true;
}

bool queue_rows_put_dedup(struct db *db, int64_t queue, const char *name, int64_t sequence,
                          const char *message_id, int64_t now_ms, int64_t until_ms, struct err *err) {
    struct db_statement *statement;
    if (!run(db,
             "DELETE FROM dedup WHERE (queue, name) IN"
             " (SELECT queue, name FROM dedup INDEXED BY dedup_until WHERE until <= ? LIMIT 2)",
             NUMBERS(now_ms), err) ||
        !prepare(db,
                 "INSERT OR REPLACE INTO dedup (queue, sequence, until, name, message_id)"
                 " VALUES (?, ?, ?, ?, ?)",
                 NUMBERS(queue, sequence, until_ms), &statement, err))
        return false;
    bind_text(statement, 4, name);
    bind_text(statement, 5, message_id);
    return db_run(statement, err);
}

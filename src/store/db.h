/* One statement API over the database drivers. Calls block and belong to one lane (sys/work.h): a connection
 * is used by one thread at a time. Statements are prepared once per connection and kept by their text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct db;
struct db_statement;

/* Opens or makes the SQLite database (WAL, synchronous=FULL, foreign keys on; what a transaction changes is
 * in memory until its commit; readable by its owner alone) and brings the schema up to date. ERR_CORRUPT for
 * a damaged file, ERR_UNSUPPORTED for one of a newer Lamb. */
bool db_open(const char *path, struct db **ret_db, struct err *err);

/* The same for the database of store/queue_rows.h. Its log is moved into the database by db_checkpoint()
 * alone, which is for another connection: on the writer's a commit would wait for it. */
bool db_open_queues(const char *path, struct db **ret_db, struct err *err);
bool db_checkpoint(struct db *db, struct err *err); /* as much as can be without making anybody wait */
int db_log_pages(const struct db *db);              /* in the log after the last commit of this connection */

void db_close(struct db *db); /* NULL is fine; checkpoints */

/* A statement ready to bind, from the cache. `sql` must be a string literal: its address is the key. A
 * statement that has given a row is in use until it ends or is reset: it can't be asked for meanwhile. */
bool db_statement(struct db *db, const char *sql, struct db_statement **ret_statement, struct err *err);

/* Parameters count from 1; what is not bound is NULL. Texts must live until the statement was reset. */
void db_bind_text(struct db_statement *statement, int index, const char *text, size_t len);
void db_bind_blob(struct db_statement *statement, int index, const void *data, size_t len);
void db_bind_integer(struct db_statement *statement, int index, int64_t number);

/* Steps: *ret_row says whether there is a row. Columns count from 0 and live until the next step. Failures
 * are ERR_CONFLICT for a broken uniqueness or reference, ERR_CORRUPT, ERR_TIMEOUT when another process holds
 * the database, ERR_IO; the statement is reset then. */
bool db_step(struct db_statement *statement, bool *ret_row, struct err *err);
const char *db_text(struct db_statement *statement, int column, size_t *ret_len); /* never NULL */
const void *db_blob(struct db_statement *statement, int column, size_t *ret_len); /* never NULL */
int64_t db_integer(struct db_statement *statement, int column);
bool db_is_null(struct db_statement *statement, int column);
void db_reset(struct db_statement *statement);

/* Steps once, expects no row, resets. */
bool db_run(struct db_statement *statement, struct err *err);

/* Rows that the last INSERT, UPDATE or DELETE touched; those of a cascade are not counted. */
int64_t db_changed(const struct db *db);

/* A write transaction (BEGIN IMMEDIATE). After a failure inside, roll back. */
bool db_begin(struct db *db, struct err *err);
bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db);

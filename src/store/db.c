/* The SQLite driver. Every other file of store/ speaks SQL through it; only db_log.c knows SQLite as well. */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/map.h"
#include "base/mem.h"
#include "store/db_log.h"
#include "store/schema.h"
#include "sys/fd.h"
#include "sys/fs.h"

/* How long to wait for another process that holds the database: an operator's sqlite3 shell, say. */
#define BUSY_MS 5000

struct db {
    sqlite3 *handle;
    struct map statements; /* address of the text -> struct db_statement */
    int log_pages;
};

struct db_statement {
    sqlite3_stmt *handle;
    int bind_result; /* the first failure of a bind, told by the next step */
};

static enum err_code code_of(int result) {
    switch (result & 0xff) {
    case SQLITE_CONSTRAINT: return ERR_CONFLICT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_TIMEOUT;
    case SQLITE_TOOBIG: return ERR_LIMIT;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return ERR_INTERNAL;
    default: return ERR_IO;
    }
}

static bool fail(sqlite3 *handle, int result, struct err *err) {
    err_set(err, code_of(result), "The database refused: %s",
            handle ? sqlite3_errmsg(handle) : sqlite3_errstr(result));
    if (err && code_of(result) == ERR_IO)
        err->errnum = handle ? sqlite3_system_errno(handle) : 0;
    return false;
}

static bool execute(struct db *db, const char *sql, struct err *err) {
    int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return result == SQLITE_OK || fail(db->handle, result, err);
}

/* A new file gets its mode at birth; SQLite gives the files beside it the same. An existing one is changed by
 * name: closing a descriptor of it would drop the locks of another connection in this process. */
static bool prepare_file(const char *path, struct err *err) {
    OWN_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return chmod(path, 0600) == 0 || err_set_errno(err, errno, "Can't set the mode of %s", path);
    if (fd < 0)
        return err_set_errno(err, errno, "Can't create %s", path);
    OWN_MEM char *copy = mem_text(path);
    return fs_sync_dir(dirname(copy), err);
}

static bool read_version(struct db *db, int *ret_version, struct err *err) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW || fail(db->handle, result, err);
}

static bool apply_step(struct db *db, const struct schema *schema, int version, struct err *err) {
    OWN_MEM char *mark = mem_format("PRAGMA user_version = %d", version + 1);
    return execute(db, schema->steps[version], err) && execute(db, mark, err);
}

/* The version is read inside the transaction: two processes may start at once. */
static bool migrate(struct db *db, const struct schema *schema, struct err *err) {
    int version = 0;
    if (!db_begin(db, err))
        return false;
    bool migrated = read_version(db, &version, err);
    if (migrated && version > schema->version)
        migrated = err_set(err, ERR_UNSUPPORTED,
                           "It was written by a newer version of Lamb (schema %d; this one knows %d)",
                           version, schema->version);
    for (; migrated && version < schema->version; version++)
        migrated = apply_step(db, schema, version, err);
    if (migrated && db_commit(db, err))
        return true;
    db_rollback(db);
    return false;
}

/* What a transaction changes stays in memory until its commit (see db_log.h). So what it removes must not be
 * changed page by page: Debian's SQLite would overwrite all of a large body with zeros. */
#define SETTINGS                                                                                             \
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_spill = OFF;"                        \
    "PRAGMA secure_delete = FAST; PRAGMA foreign_keys = ON"

static bool open_with(const char *path, const struct schema *schema, struct db **ret_db, struct err *err) {
    if (!prepare_file(path, err))
        return false;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* no lock at each allocation; heard before the first open */
    struct db *db = mem_alloc(sizeof *db);
    map_init(&db->statements);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int result = sqlite3_open_v2(path, &db->handle, flags, db_log_vfs());
    bool opened = result == SQLITE_OK || fail(db->handle, result, err);
    if (opened)
        sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (!opened || !execute(db, SETTINGS, err) || !migrate(db, schema, err)) {
        db_close(db);
        return err_wrap(err, "Can't open the database %s", path);
    }
    *ret_db = db;
    return true;
}

bool db_open(const char *path, struct db **ret_db, struct err *err) {
    return open_with(path, &schema_main, ret_db, err);
}

/* Called after each commit, in the place of SQLite's own checkpoints. */
static int note_log(void *arg, sqlite3 *handle, const char *name, int pages) {
    (void)handle;
    (void)name;
    struct db *db = arg;
    db->log_pages = pages;
    return SQLITE_OK;
}

bool db_open_queues(const char *path, struct db **ret_db, struct err *err) {
    if (!open_with(path, &schema_queues, ret_db, err))
        return false;
    struct db *db = *ret_db;
    sqlite3_wal_hook(db->handle, note_log, db);
    return true;
}

bool db_checkpoint(struct db *db, struct err *err) {
    int result = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return result == SQLITE_OK || fail(db->handle, result, err);
}

int db_log_pages(const struct db *db) {
    return db->log_pages;
}

/* Closing the last connection moves everything from the WAL into the database. */
void db_close(struct db *db) {
    if (!db)
        return;
    size_t cursor = 0;
    const char *key;
    void *value;
    while (map_next(&db->statements, &cursor, &key, &value)) {
        struct db_statement *statement = value;
        sqlite3_finalize(statement->handle);
        free(statement);
    }
    map_done(&db->statements);
    int result = sqlite3_close(db->handle);
    assert(result == SQLITE_OK);
    free(db);
}

bool db_statement(struct db *db, const char *sql, struct db_statement **ret_statement, struct err *err) {
    struct db_statement *statement = map_get_bytes(&db->statements, &sql, sizeof sql);
    if (!statement) {
        sqlite3_stmt *handle;
        int result = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
        if (result != SQLITE_OK)
            return fail(db->handle, result, err);
        statement = mem_alloc(sizeof *statement);
        statement->handle = handle;
        map_put_bytes(&db->statements, &sql, sizeof sql, statement);
    }
    assert(!sqlite3_stmt_busy(statement->handle));
    db_reset(statement);
    *ret_statement = statement;
    return true;
}

static void note_bind(struct db_statement *statement, int result) {
    if (statement->bind_result == SQLITE_OK)
        statement->bind_result = result;
}

void db_bind_text(struct db_statement *statement, int index, const char *text, size_t len) {
    note_bind(statement,
              sqlite3_bind_text64(statement->handle, index, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_blob(struct db_statement *statement, int index, const void *data, size_t len) {
    note_bind(statement,
              sqlite3_bind_blob64(statement->handle, index, len > 0 ? data : "", len, SQLITE_STATIC));
}

void db_bind_integer(struct db_statement *statement, int index, int64_t number) {
    note_bind(statement, sqlite3_bind_int64(statement->handle, index, number));
}

bool db_step(struct db_statement *statement, bool *ret_row, struct err *err) {
    sqlite3 *handle = sqlite3_db_handle(statement->handle);
    int result = statement->bind_result;
    if (result == SQLITE_OK)
        result = sqlite3_step(statement->handle);
    if (result == SQLITE_ROW || result == SQLITE_DONE) {
        *ret_row = result == SQLITE_ROW;
        return true;
    }
    fail(handle, result, err);
    db_reset(statement);
    return false;
}

const char *db_text(struct db_statement *statement, int column, size_t *ret_len) {
    const char *text = (const char *)sqlite3_column_text(statement->handle, column);
    if (ret_len)
        *ret_len = text ? (size_t)sqlite3_column_bytes(statement->handle, column) : 0;
    return text ? text : "";
}

const void *db_blob(struct db_statement *statement, int column, size_t *ret_len) {
    const void *blob = sqlite3_column_blob(statement->handle, column);
    *ret_len = blob ? (size_t)sqlite3_column_bytes(statement->handle, column) : 0;
    return blob ? blob : "";
}

bool db_is_null(struct db_statement *statement, int column) {
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

int64_t db_integer(struct db_statement *statement, int column) {
    return sqlite3_column_int64(statement->handle, column);
}

void db_reset(struct db_statement *statement) {
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
    statement->bind_result = SQLITE_OK;
}

bool db_run(struct db_statement *statement, struct err *err) {
    bool row;
    if (!db_step(statement, &row, err))
        return false;
    assert(!row);
    db_reset(statement);
    return true;
}

int64_t db_changed(const struct db *db) {
    return sqlite3_changes64(db->handle);
}

static bool execute_prepared(struct db *db, const char *sql, struct err *err) {
    struct db_statement *statement;
    return db_statement(db, sql, &statement, err) && db_run(statement, err);
}

bool db_begin(struct db *db, struct err *err) {
    return execute_prepared(db, "BEGIN IMMEDIATE", err);
}

bool db_commit(struct db *db, struct err *err) {
    return execute_prepared(db, "COMMIT", err);
}

/* Some failures end the transaction themselves. */
void db_rollback(struct db *db) {
    if (!sqlite3_get_autocommit(db->handle))
        execute(db, "ROLLBACK", NULL);
}

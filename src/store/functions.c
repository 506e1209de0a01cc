/* The rows of functions. What a function is in the store: schema.c. */
#include "store/functions.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* Most bytes of one stored function. Its texts are bounded by the API far below this. */
#define DOCUMENT_BYTES (256u * 1024)

static void bind(struct db_statement *statement, int index, const char *text) {
    db_bind_text(statement, index, text, strlen(text));
}

/* Runs a statement that must touch exactly one row. */
static bool change_one(struct db *db, struct db_statement *statement, const char *name, struct err *err) {
    if (!db_run(statement, err))
        return false;
    return db_changed(db) == 1 || err_set(err, ERR_NOT_FOUND, "The store has no function %s", name);
}

/* Ends the transaction as its work went. */
static bool finish(struct db *db, bool done, struct err *err) {
    if (done && db_commit(db, err))
        return true;
    db_rollback(db);
    return false;
}

/* Reading. */

static bool read_version(struct db_statement *versions, const struct store_functions_reader *reader,
                         struct err *err) {
    size_t len;
    const char *document = db_text(versions, 0, &len);
    struct function *version;
    return function_decode(document, len, &version, err) && reader->each_version(reader->arg, version, err);
}

static bool read_versions(struct db *db, const char *account, const char *name,
                          const struct store_functions_reader *reader, struct err *err) {
    static const char sql[] = "SELECT document FROM function_version WHERE account = ? AND name = ?"
                              " ORDER BY CAST(version AS INTEGER)"; /* $LATEST counts as 0 */
    struct db_statement *versions;
    if (!db_statement(db, sql, &versions, err))
        return false;
    bind(versions, 1, account);
    bind(versions, 2, name);
    bool row;
    while (db_step(versions, &row, err)) {
        if (!row) {
            db_reset(versions);
            return true;
        }
        if (!read_version(versions, reader, err)) {
            db_reset(versions);
            return err_wrap(err, "Function %s", name);
        }
    }
    return false;
}

static bool read_function(struct db *db, struct db_statement *functions,
                          const struct store_functions_reader *reader, struct err *err) {
    const char *account = db_text(functions, 0, NULL);
    const char *name = db_text(functions, 1, NULL);
    int64_t next_version = db_integer(functions, 2);
    const char *tags = db_text(functions, 3, NULL);
    return reader->each_function(reader->arg, account, name, next_version, tags, err) &&
           read_versions(db, account, name, reader, err);
}

bool store_functions_read(struct db *db, const struct store_functions_reader *reader, struct err *err) {
    struct db_statement *functions;
    if (!db_statement(db, "SELECT account, name, next_version, tags FROM function ORDER BY account, name",
                      &functions, err))
        return false;
    bool row;
    while (db_step(functions, &row, err)) {
        if (!row || !read_function(db, functions, reader, err)) {
            db_reset(functions);
            return !row;
        }
    }
    return false;
}

/* Writing. */

static bool put_document(struct db *db, struct db_statement *statement, const struct function *version,
                         struct err *err) {
    OWN(buf) struct buf document;
    buf_init(&document, DOCUMENT_BYTES);
    function_encode(version, &document);
    if (!buf_ok(&document))
        return err_set(err, ERR_LIMIT, "Function %s is larger than %u bytes in the store", version->name,
                       DOCUMENT_BYTES);
    db_bind_text(statement, 1, buf_text(&document), document.len);
    bind(statement, 2, version->account);
    bind(statement, 3, version->name);
    bind(statement, 4, version->version);
    return change_one(db, statement, version->name, err);
}

static bool add_version(struct db *db, const struct function *version, struct err *err) {
    struct db_statement *statement;
    return db_statement(db,
                        "INSERT INTO function_version (document, account, name, version) VALUES (?, ?, ?, ?)",
                        &statement, err) &&
           put_document(db, statement, version, err);
}

static bool replace_version(struct db *db, const struct function *version, struct err *err) {
    struct db_statement *statement;
    return db_statement(
               db, "UPDATE function_version SET document = ? WHERE account = ? AND name = ? AND version = ?",
               &statement, err) &&
           put_document(db, statement, version, err);
}

static int64_t number_after(const struct function *published) {
    return strtoll(published->version, NULL, 10) + 1;
}

static bool publish(struct db *db, const struct function *published, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "UPDATE function SET next_version = ? WHERE account = ? AND name = ?", &statement,
                      err))
        return false;
    db_bind_integer(statement, 1, number_after(published));
    bind(statement, 2, published->account);
    bind(statement, 3, published->name);
    return change_one(db, statement, published->name, err) && add_version(db, published, err);
}

static bool add_function(struct db *db, const struct function *latest, const char *tags_json,
                         struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "INSERT INTO function (account, name, next_version, tags) VALUES (?, ?, 1, ?)",
                      &statement, err))
        return false;
    bind(statement, 1, latest->account);
    bind(statement, 2, latest->name);
    bind(statement, 3, tags_json);
    if (!db_run(statement, err)) {
        if (err && err->code == ERR_CONFLICT)
            err_set(err, ERR_CONFLICT, "Function already exist: %s", latest->name);
        return false;
    }
    return add_version(db, latest, err);
}

bool store_function_create(struct db *db, const struct function *latest, const struct function *published,
                           const char *tags_json, struct err *err) {
    if (!db_begin(db, err))
        return false;
    bool done = add_function(db, latest, tags_json, err) && (!published || publish(db, published, err));
    return finish(db, done, err);
}

bool store_function_update(struct db *db, const struct function *version, const struct function *published,
                           struct err *err) {
    if (!db_begin(db, err))
        return false;
    bool done = replace_version(db, version, err) && (!published || publish(db, published, err));
    return finish(db, done, err);
}

bool store_function_delete(struct db *db, const char *account, const char *name, const char *version,
                           struct err *err) {
    static const char whole[] = "DELETE FROM function WHERE account = ? AND name = ?";
    static const char single[] =
        "DELETE FROM function_version WHERE account = ? AND name = ? AND version = ?";
    struct db_statement *statement;
    if (!db_statement(db, version ? single : whole, &statement, err))
        return false;
    bind(statement, 1, account);
    bind(statement, 2, name);
    if (version)
        bind(statement, 3, version);
    return change_one(db, statement, name, err);
}

bool store_function_set_tags(struct db *db, const char *account, const char *name, const char *tags_json,
                             struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "UPDATE function SET tags = ? WHERE account = ? AND name = ?", &statement, err))
        return false;
    bind(statement, 1, tags_json);
    bind(statement, 2, account);
    bind(statement, 3, name);
    return change_one(db, statement, name, err);
}

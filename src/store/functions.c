/* The rows of functions. What a function is in the store: schema.c. */
#include "store/functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/shared.h"
#include "model/function_stored.h"

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

static int64_t number_of(const struct function *version) {
    return strtoll(version->version, NULL, 10); /* $LATEST is 0 */
}

/* Reading: both tables in the order of their keys at once, so that the versions of a function come when it
 * does. */

struct scan {
    struct db_statement *functions;
    struct db_statement *versions;
    bool has_version; /* `versions` stands on a row */
};

static bool next_version(struct scan *scan, struct err *err) {
    return db_step(scan->versions, &scan->has_version, err);
}

static bool is_of(struct db_statement *version, const char *account, const char *name) {
    return strcmp(db_text(version, 1, NULL), name) == 0 && strcmp(db_text(version, 0, NULL), account) == 0;
}

/* `sibling` is NULL for the first version of a function. */
static struct function *read_version(struct db_statement *row, const char *account, const char *name,
                                     const struct function *sibling, struct err *err) {
    struct function *version = function_new();
    size_t len;
    int64_t number = db_integer(row, 2);
    const char *document = db_text(row, 3, &len);
    snprintf(version->account, sizeof version->account, "%s", account);
    shared_drop(version->name);
    version->name = sibling ? shared_hold(sibling->name) : shared_text(name);
    if (number == 0)
        memcpy(version->version, FUNCTION_LATEST, sizeof FUNCTION_LATEST);
    else
        snprintf(version->version, sizeof version->version, "%lld", (long long)number);
    if (function_decode(document, len, sibling, version, err))
        return version;
    function_unref(version);
    return NULL;
}

static bool read_versions(struct scan *scan, const char *account, const char *name,
                          const struct store_functions_reader *reader, struct err *err) {
    const struct function *sibling = NULL;
    bool ok = true;
    while (ok && scan->has_version && is_of(scan->versions, account, name)) {
        struct function *version = read_version(scan->versions, account, name, sibling, err);
        if (!version) {
            ok = err_wrap(err, "Function %s", name);
            break;
        }
        function_unref(sibling);
        sibling = function_ref(version);
        ok = reader->each_version(reader->arg, version, err) && next_version(scan, err);
    }
    function_unref(sibling);
    return ok;
}

static bool read_all(struct scan *scan, const struct store_functions_reader *reader, struct err *err) {
    bool has_function;
    if (!next_version(scan, err))
        return false;
    while (db_step(scan->functions, &has_function, err)) {
        if (!has_function)
            return !scan->has_version || err_set(err, ERR_CORRUPT, "A version of function %s is stored alone",
                                                 db_text(scan->versions, 1, NULL));
        const char *account = db_text(scan->functions, 0, NULL);
        const char *name = db_text(scan->functions, 1, NULL);
        if (!reader->each_function(reader->arg, account, name, db_integer(scan->functions, 2),
                                   db_text(scan->functions, 3, NULL), err) ||
            !read_versions(scan, account, name, reader, err))
            return false;
    }
    return false;
}

bool store_functions_read(struct db *db, const struct store_functions_reader *reader, struct err *err) {
    struct scan scan;
    if (!db_statement(db, "SELECT account, name, next_version, tags FROM function ORDER BY account, name",
                      &scan.functions, err) ||
        !db_statement(db,
                      "SELECT account, name, number, document FROM function_version"
                      " ORDER BY account, name, number",
                      &scan.versions, err))
        return false;
    bool done = read_all(&scan, reader, err);
    db_reset(scan.functions);
    db_reset(scan.versions);
    return done;
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
    db_bind_integer(statement, 4, number_of(version));
    return change_one(db, statement, version->name, err);
}

static bool add_version(struct db *db, const struct function *version, struct err *err) {
    struct db_statement *statement;
    return db_statement(db,
                        "INSERT INTO function_version (document, account, name, number) VALUES (?, ?, ?, ?)",
                        &statement, err) &&
           put_document(db, statement, version, err);
}

bool store_function_replace(struct db *db, const struct function *version, struct err *err) {
    struct db_statement *statement;
    return db_statement(
               db, "UPDATE function_version SET document = ? WHERE account = ? AND name = ? AND number = ?",
               &statement, err) &&
           put_document(db, statement, version, err);
}

bool store_function_publish(struct db *db, const struct function *version, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "UPDATE function SET next_version = ? WHERE account = ? AND name = ?", &statement,
                      err))
        return false;
    db_bind_integer(statement, 1, number_of(version) + 1);
    bind(statement, 2, version->account);
    bind(statement, 3, version->name);
    return change_one(db, statement, version->name, err) && add_version(db, version, err);
}

bool store_function_add(struct db *db, const struct function *latest, const char *tags_json,
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

bool store_function_delete(struct db *db, const struct function *function, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "DELETE FROM function WHERE account = ? AND name = ?", &statement, err))
        return false;
    bind(statement, 1, function->account);
    bind(statement, 2, function->name);
    return change_one(db, statement, function->name, err);
}

bool store_function_delete_version(struct db *db, const struct function *version, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "DELETE FROM function_version WHERE account = ? AND name = ? AND number = ?",
                      &statement, err))
        return false;
    bind(statement, 1, version->account);
    bind(statement, 2, version->name);
    db_bind_integer(statement, 3, number_of(version));
    return change_one(db, statement, version->name, err);
}

bool store_function_set_tags(struct db *db, const struct function *function, const char *tags_json,
                             struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "UPDATE function SET tags = ? WHERE account = ? AND name = ?", &statement, err))
        return false;
    bind(statement, 1, tags_json);
    bind(statement, 2, function->account);
    bind(statement, 3, function->name);
    return change_one(db, statement, function->name, err);
}

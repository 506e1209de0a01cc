/* The rows of records. What a record is in the store: schema.c. */
#include "store/records.h"

#include <stdio.h>
#include <string.h>

void record_function_scope(const char *name, char ret_scope[RECORD_FUNCTION_SCOPE_BYTES]) {
    snprintf(ret_scope, RECORD_FUNCTION_SCOPE_BYTES, RECORD_FUNCTION_SCOPE "%s", name);
}

static void bind(struct db_statement *statement, int index, const char *text) {
    db_bind_text(statement, index, text, strlen(text));
}

static void bind_key(struct db_statement *statement, const struct record_key *key) {
    bind(statement, 1, key->account);
    bind(statement, 2, key->scope);
    bind(statement, 3, key->kind);
    bind(statement, 4, key->name);
}

bool store_record_put(struct db *db, const struct record_key *key, const char *document, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db,
                      "INSERT OR REPLACE INTO record (account, scope, kind, name, document)"
                      " VALUES (?, ?, ?, ?, ?)",
                      &statement, err))
        return false;
    bind_key(statement, key);
    bind(statement, 5, document);
    return db_run(statement, err);
}

bool store_record_delete(struct db *db, const struct record_key *key, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "DELETE FROM record WHERE account = ? AND scope = ? AND kind = ? AND name = ?",
                      &statement, err))
        return false;
    bind_key(statement, key);
    return db_run(statement, err);
}

bool store_records_delete_scope(struct db *db, const char *account, const char *scope, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "DELETE FROM record WHERE account = ? AND scope = ?", &statement, err))
        return false;
    bind(statement, 1, account);
    bind(statement, 2, scope);
    return db_run(statement, err);
}

bool store_records_read(struct db *db,
                        bool (*each)(void *arg, const struct record_key *key, const char *document,
                                     struct err *err),
                        void *arg, struct err *err) {
    struct db_statement *rows;
    if (!db_statement(db,
                      "SELECT account, scope, kind, name, document FROM record"
                      " ORDER BY account, scope, kind, name",
                      &rows, err))
        return false;
    bool row;
    while (db_step(rows, &row, err)) {
        if (!row) {
            db_reset(rows);
            return true;
        }
        const struct record_key key = {
            .account = db_text(rows, 0, NULL),
            .scope = db_text(rows, 1, NULL),
            .kind = db_text(rows, 2, NULL),
            .name = db_text(rows, 3, NULL),
        };
        if (!each(arg, &key, db_text(rows, 4, NULL), err)) {
            db_reset(rows);
            return false;
        }
    }
    return false;
}

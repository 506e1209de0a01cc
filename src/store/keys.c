/* The rows of access keys. */
#include "store/keys.h"

#include <string.h>

#include "base/mem.h"

/* The columns, and where they lie in the struct. */
static const struct {
    size_t offset;
    size_t size;
} columns[] = {
    {offsetof(struct access_key, id), sizeof((struct access_key *)0)->id},
    {offsetof(struct access_key, secret), sizeof((struct access_key *)0)->secret},
    {offsetof(struct access_key, account), sizeof((struct access_key *)0)->account},
    {offsetof(struct access_key, arn), sizeof((struct access_key *)0)->arn},
};

#define COLUMN_COUNT (int)(sizeof columns / sizeof columns[0])

bool store_key_put(struct db *db, const struct access_key *key, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "INSERT OR REPLACE INTO access_key (id, secret, account, arn) VALUES (?, ?, ?, ?)",
                      &statement, err))
        return false;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        const char *text = (const char *)key + columns[i].offset;
        db_bind_text(statement, i + 1, text, strnlen(text, columns[i].size));
    }
    return db_run(statement, err);
}

static bool read_key(struct db_statement *statement, struct access_key *key, struct err *err) {
    *key = (struct access_key){0};
    for (int i = 0; i < COLUMN_COUNT; i++) {
        size_t len;
        const char *text = db_text(statement, i, &len);
        if (len >= columns[i].size)
            return err_set(err, ERR_CORRUPT, "A stored access key is too long");
        memcpy((char *)key + columns[i].offset, text, len);
    }
    return true;
}

bool store_keys_read(struct db *db, bool (*each)(void *arg, const struct access_key *key, struct err *err),
                     void *arg, struct err *err) {
    struct db_statement *statement;
    if (!db_statement(db, "SELECT id, secret, account, arn FROM access_key ORDER BY id", &statement, err))
        return false;
    bool row;
    while (db_step(statement, &row, err)) {
        struct access_key key;
        bool going = row && read_key(statement, &key, err) && each(arg, &key, err);
        mem_wipe(&key, sizeof key);
        if (!going) {
            db_reset(statement);
            return !row;
        }
    }
    return false;
}

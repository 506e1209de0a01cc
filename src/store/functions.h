/* Functions in the store: one row a function (counter, tags), one row a version. Calls block; see db.h. The
 * changes are meant for a transaction of the caller's; see store/change.h. */
#pragma once

#include <stdbool.h>

#include "model/function.h"
#include "store/db.h"

/* Everything at start: `each_function` first, then `each_version` of it (takes the reference given). */
struct store_functions_reader {
    bool (*each_function)(void *arg, const char *account, const char *name, int64_t next_version,
                          const char *tags_json, struct err *err);
    bool (*each_version)(void *arg, struct function *version, struct err *err);
    void *arg;
};
bool store_functions_read(struct db *db, const struct store_functions_reader *reader, struct err *err);

/* A new function with its $LATEST. ERR_CONFLICT when the name is taken. */
bool store_function_add(struct db *db, const struct function *latest, const char *tags_json, struct err *err);

/* Replaces a version's document; adds a version and moves the counter; removes all versions; removes one.
 * Like every change of something that isn't there: ERR_NOT_FOUND. */
bool store_function_replace(struct db *db, const struct function *version, struct err *err);
bool store_function_publish(struct db *db, const struct function *version, struct err *err);
bool store_function_delete(struct db *db, const struct function *function, struct err *err);
bool store_function_delete_version(struct db *db, const struct function *version, struct err *err);

bool store_function_set_tags(struct db *db, const struct function *function, const char *tags_json,
                             struct err *err);

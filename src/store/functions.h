/* Functions in the store: one row a function (counter, tags), one row a version. Calls block; see db.h. */
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

/* A new function with its $LATEST and, when `published` is not NULL, its first version; one transaction.
 * ERR_CONFLICT when the name is taken. */
bool store_function_create(struct db *db, const struct function *latest, const struct function *published,
                           const char *tags_json, struct err *err);

/* Replaces a version's document and, when `published` is not NULL, adds that version and moves the counter;
 * one transaction. */
bool store_function_update(struct db *db, const struct function *version, const struct function *published,
                           struct err *err);

/* Removes the function with all versions, or one version when `version` is not NULL. Like every change of
 * something that isn't there: ERR_NOT_FOUND. */
bool store_function_delete(struct db *db, const char *account, const char *name, const char *version,
                           struct err *err);

bool store_function_set_tags(struct db *db, const char *account, const char *name, const char *tags_json,
                             struct err *err);

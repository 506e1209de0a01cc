/* A change of the store: any number of steps, committed together or not at all. Values; the texts and
 * functions they point to are the caller's and must live until the change was applied. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/function.h"
#include "store/records.h"

enum store_step_kind {
    STORE_FUNCTION_ADD,            /* function (its $LATEST), tags_json; ERR_CONFLICT when it exists */
    STORE_FUNCTION_REPLACE,        /* function: the version of that number */
    STORE_FUNCTION_PUBLISH,        /* function: a new version; moves the counter */
    STORE_FUNCTION_DELETE,         /* function: all of it, whichever version is given, and its records */
    STORE_FUNCTION_DELETE_VERSION, /* function: that version */
    STORE_FUNCTION_TAGS,           /* function, tags_json */
    STORE_RECORD_PUT,              /* key, document */
    STORE_RECORD_DELETE,           /* key */
    STORE_RECORD_DELETE_SCOPE,     /* account and scope of key: all records there */
};

struct store_step {
    enum store_step_kind kind;
    const struct function *function;
    const char *tags_json;
    struct record_key key;
    const char *document;
};

/* One transaction. Blocks. */
bool store_apply(struct db *db, const struct store_step *steps, size_t count, struct err *err);

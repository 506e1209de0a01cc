/* Records: everything durable that is neither a function's version nor its counter, as small JSON documents.
 * Calls block; see db.h. */
#pragma once

#include <stdbool.h>

#include "base/limits.h"
#include "store/db.h"

/* The name of a record. Records are kept in this order: account, scope, kind, name. */
struct record_key {
    const char *account;
    const char *scope; /* what it belongs to: "function/NAME", "layer/NAME", or "" */
    const char *kind;  /* "alias", "policy", "role" */
    const char *name;  /* within scope and kind */
};

#define RECORD_FUNCTION_SCOPE "function/"
#define RECORD_FUNCTION_SCOPE_BYTES (sizeof RECORD_FUNCTION_SCOPE + LIMIT_FUNCTION_NAME_CHARS)
#define RECORD_LAYER_SCOPE "layer/"

/* The scope of what belongs to the function of that name. */
void record_function_scope(const char *name, char ret_scope[RECORD_FUNCTION_SCOPE_BYTES]);

/* Each of these is meant for a transaction of the caller's; see store/change.h. */
bool store_record_put(struct db *db, const struct record_key *key, const char *document, struct err *err);
bool store_record_delete(struct db *db, const struct record_key *key, struct err *err); /* absent is fine */
bool store_records_delete_scope(struct db *db, const char *account, const char *scope, struct err *err);

/* Every record, in order. The texts live during the call. */
bool store_records_read(struct db *db,
                        bool (*each)(void *arg, const struct record_key *key, const char *document,
                                     struct err *err),
                        void *arg, struct err *err);

/* See change.h. */
#include "store/change.h"

#include "store/functions.h"

static bool delete_function(struct db *db, const struct function *function, struct err *err) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    record_function_scope(function->name, scope);
    return store_function_delete(db, function, err) &&
           store_records_delete_scope(db, function->account, scope, err);
}

static bool apply_step(struct db *db, const struct store_step *step, struct err *err) {
    switch (step->kind) {
    case STORE_FUNCTION_ADD: return store_function_add(db, step->function, step->tags_json, err);
    case STORE_FUNCTION_REPLACE: return store_function_replace(db, step->function, err);
    case STORE_FUNCTION_PUBLISH: return store_function_publish(db, step->function, err);
    case STORE_FUNCTION_DELETE: return delete_function(db, step->function, err);
    case STORE_FUNCTION_DELETE_VERSION: return store_function_delete_version(db, step->function, err);
    case STORE_FUNCTION_TAGS: return store_function_set_tags(db, step->function, step->tags_json, err);
    case STORE_RECORD_PUT: return store_record_put(db, &step->key, step->document, err);
    case STORE_RECORD_DELETE: return store_record_delete(db, &step->key, err);
    case STORE_RECORD_DELETE_SCOPE:
        return store_records_delete_scope(db, step->key.account, step->key.scope, err);
    }
    return err_set(err, ERR_INTERNAL, "no such step of a change: %d", (int)step->kind);
}

bool store_apply(struct db *db, const struct store_step *steps, size_t count, struct err *err) {
    if (!db_begin(db, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!apply_step(db, &steps[i], err)) {
            db_rollback(db);
            return false;
        }
    if (db_commit(db, err))
        return true;
    db_rollback(db);
    return false;
}

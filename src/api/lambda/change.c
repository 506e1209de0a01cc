/* One transaction per change. What the job reads are immutable values that its starter holds. */
#include "api/lambda/change.h"

#include "api/lambda/lambda.h"
#include "store/functions.h"
#include "sys/work.h"

static bool run_change(struct db *db, struct change *change) {
    const struct function *version = change->version;
    struct err *err = &change->err;
    switch (change->kind) {
    case CHANGE_CREATE: return store_function_create(db, version, change->published, change->tags_json, err);
    case CHANGE_UPDATE: return store_function_update(db, version, change->published, err);
    case CHANGE_DELETE: return store_function_delete(db, version->account, version->name, NULL, err);
    case CHANGE_DELETE_VERSION:
        return store_function_delete(db, version->account, version->name, version->version, err);
    case CHANGE_TAGS:
        return store_function_set_tags(db, version->account, version->name, change->tags_json, err) &&
               store_function_update(db, version, NULL, err);
    }
    return err_set(err, ERR_INTERNAL, "no such change: %d", (int)change->kind);
}

static void run(void *job) {
    struct change *change = job;
    change->ok = run_change(change->lambda->api->db, change);
}

static void done(void *job) {
    struct change *change = job;
    change->lambda->api->background--;
    change->done(change);
}

void change_start(struct lambda *lambda, struct change *change) {
    change->lambda = lambda;
    lambda->api->background++;
    work_lane_run(lambda->api->lane, run, done, change);
}

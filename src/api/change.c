/* See change.h. What the job reads are values that its starter holds. */
#include "api/change.h"

#include "api/context.h"
#include "sys/work_lane.h"

static void run(void *job) {
    struct change *change = job;
    change->ok = store_apply(change->api->db, change->steps, change->step_count, &change->err);
}

static void delete_function_records(struct api *api, const struct function *function) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    record_function_scope(function->name, scope);
    records_delete_scope(&api->records, function->account, scope);
    web_urls_drop_function(&api->urls, function->account, function->name);
}

/* What the committed steps did to records happens in memory too. */
static void take_over(struct api *api, const struct store_step *step) {
    switch (step->kind) {
    case STORE_RECORD_PUT:
        records_put(&api->records, &step->key, step->document);
        web_urls_take(&api->urls, &step->key, step->document);
        break;
    case STORE_RECORD_DELETE:
        records_delete(&api->records, &step->key);
        web_urls_take(&api->urls, &step->key, NULL);
        break;
    case STORE_RECORD_DELETE_SCOPE:
        records_delete_scope(&api->records, step->key.account, step->key.scope);
        break;
    case STORE_FUNCTION_DELETE: delete_function_records(api, step->function); break;
    case STORE_FUNCTION_ADD:
    case STORE_FUNCTION_REPLACE:
    case STORE_FUNCTION_PUBLISH:
    case STORE_FUNCTION_DELETE_VERSION:
    case STORE_FUNCTION_TAGS: break;
    }
}

static void done(void *job) {
    struct change *change = job;
    change->api->background--;
    for (size_t i = 0; change->ok && i < change->step_count; i++)
        take_over(change->api, &change->steps[i]);
    change->done(change);
}

void change_start(struct api *api, struct change *change) {
    change->api = api;
    api->background++;
    work_lane_run(api->lane, run, done, change);
}

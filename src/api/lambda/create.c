/* CreateFunction. The name is reserved as soon as the request is known to be well formed; then the package is
 * taken in, the function written to the store as Pending, and answered. settle.h makes it Active. */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/change.h"
#include "api/lambda/configuration_json.h"
#include "api/lambda/function_input.h"
#include "api/lambda/handlers.h"
#include "api/lambda/intake.h"
#include "api/lambda/settle.h"
#include "api/lambda/target.h"
#include "api/lambda/versions.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/function_constraints.h"
#include "sys/work.h"

struct creation {
    struct api_call *call;
    struct lambda *lambda;
    struct body body;
    bool is_parsed;
    struct err err;

    struct catalogue_entry *entry; /* reserved and locked */
    struct function *function;
    struct function *published; /* version 1, with Publish */
    struct tags tags;
    struct buf tags_json;
    struct intake intake;
    struct change change;
};

static void finish(struct creation *creation) {
    intake_finish(&creation->intake);
    if (creation->entry) {
        if (!creation->entry->latest)
            catalogue_remove(&creation->lambda->catalogue, creation->entry);
        entry_unlock(creation->entry);
        entry_unref(creation->entry);
    }
    function_unref(creation->function);
    function_unref(creation->published);
    tags_done(&creation->tags);
    buf_done(&creation->tags_json);
    body_done(&creation->body);
    free(creation);
}

static void fail(struct creation *creation, const struct err *err) {
    call_fail(creation->call, err);
    finish(creation);
}

static void answer(struct creation *creation) {
    OWN(buf) struct buf body;
    buf_init(&body, CONFIGURATION_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    const struct function *shown = creation->published ? creation->published : creation->function;
    configuration_write(&writer, shown, creation->entry->arn, CONFIGURATION_WHOLE);
    call_answer_json(creation->call, &body);
}

static void stored(struct change *change) {
    struct creation *creation = list_item(change, struct creation, change);
    struct lambda *lambda = creation->lambda;
    struct catalogue_entry *entry = creation->entry;
    if (!change->ok) {
        fail(creation, &change->err);
        return;
    }
    entry->tags = creation->tags;
    creation->tags = (struct tags){0};
    lambda_set_latest(lambda, entry, function_ref(creation->function));
    if (creation->published)
        version_add(lambda, entry, function_ref(creation->published));
    log_info("function.created", "name=%s digest=%s", entry->name, creation->function->code_digest);
    answer(creation);
    settle_start(lambda, entry, creation->function, creation->published);
    finish(creation);
}

/* The first values of the function, as the answer shows them. */
static void complete(struct creation *creation) {
    struct function *function = creation->function;
    intake_describe(&creation->intake, function);
    memcpy(function->version, FUNCTION_LATEST, sizeof FUNCTION_LATEST);
    function->state = FUNCTION_PENDING;
    function->state_reason = FUNCTION_REASON_CREATING;
    function->state_reason_code = FUNCTION_REASON_CODE_CREATING;
    function->last_modified_us = lambda_now_us(creation->lambda);
    ident_uuid(function->revision_id);
    function->epoch = catalogue_next_epoch(&creation->lambda->catalogue);
    if (body_is_true(creation->body.root, "Publish"))
        creation->published = version_new(creation->lambda, creation->entry, function);
}

static void taken_in(struct intake *intake) {
    struct creation *creation = list_item(intake, struct creation, intake);
    struct err err;
    if (!intake->ok) {
        fail(creation, &intake->err);
        return;
    }
    complete(creation);
    if (!version_check_storage(creation->lambda, creation->entry, creation->function, creation->published,
                               &err)) {
        fail(creation, &err);
        return;
    }
    buf_init(&creation->tags_json, LIMIT_CONTROL_REQUEST_BYTES);
    tags_encode(&creation->tags, &creation->tags_json);
    creation->change = (struct change){
        .kind = CHANGE_CREATE,
        .version = creation->function,
        .published = creation->published,
        .tags_json = buf_text(&creation->tags_json),
        .done = stored,
    };
    change_start(creation->lambda, &creation->change);
}

/* Takes the name, so that of two requests at the same time one wins. */
static bool reserve(struct creation *creation, const struct function_ref *ref, struct err *err) {
    struct catalogue *catalogue = &creation->lambda->catalogue;
    const char *account = creation->call->caller->account;
    if (catalogue_find(catalogue, account, ref->name))
        return err_set(err, ERR_CONFLICT, "Function already exist: %s", ref->name);
    creation->entry = entry_ref(catalogue_add(catalogue, account, ref->name));
    entry_lock_new(creation->entry);
    memcpy(creation->function->account, creation->entry->account, sizeof creation->entry->account);
    memcpy(creation->function->name, creation->entry->name, sizeof creation->entry->name);
    return true;
}

static bool read_name(struct creation *creation, struct function_ref *ref, struct err *err) {
    OWN_MEM char *name = body_text(creation->body.root, "FunctionName");
    const struct api_call *call = creation->call;
    return function_ref_parse(name, FUNCTION_REF_WRITE, ref, err) && function_ref_check_new_name(ref, err) &&
           target_check_unqualified(ref, err) &&
           function_ref_check_home(ref, call->api->options.region, call->caller->account, err);
}

static bool read_members(struct creation *creation, struct err *err) {
    struct json_value root = creation->body.root;
    struct json_value tags = body_member(root, "Tags");
    const struct function_input_rules rules = {.runtimes = creation->lambda->api->options.runtimes,
                                               .machine = creation->lambda->machine};
    return function_input_read(root, &rules, creation->function, err) &&
           function_input_check_whole(creation->function, err) &&
           (!json_is_present(tags) || json_size(tags) == 0 || tags_add(&creation->tags, tags, err));
}

static void parsed(void *job) {
    struct creation *creation = job;
    struct err err;
    struct function_ref ref;
    if (!creation->is_parsed) {
        fail(creation, &creation->err);
        return;
    }
    creation->function = function_new();
    if (!read_name(creation, &ref, &err) || !reserve(creation, &ref, &err) || !read_members(creation, &err)) {
        fail(creation, &err);
        return;
    }
    creation->intake = (struct intake){
        .lambda = creation->lambda,
        .code = body_member(creation->body.root, "Code"),
        .verb = "creating",
        .done = taken_in,
    };
    intake_start(&creation->intake);
}

static void parse(void *job) {
    struct creation *creation = job;
    creation->is_parsed = body_parse(&creation->body, create_function_members, &creation->err);
}

void lambda_create_function(struct api_call *call) {
    struct creation *creation = mem_alloc(sizeof *creation);
    creation->call = call;
    creation->lambda = lambda_of(call);
    body_take(&creation->body, call);
    if (body_is_large(&creation->body)) {
        work_run(call->api->loop, parse, parsed, creation);
        return;
    }
    parse(creation);
    parsed(creation);
}

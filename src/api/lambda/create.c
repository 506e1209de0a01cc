/* CreateFunction. The name is reserved as soon as the request is known to be well formed; then the package is
 * taken in, the function written to the store as Pending, and answered. settle.h makes it Active. */
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/change.h"
#include "api/lambda/body.h"
#include "api/lambda/code_signing.h"
#include "api/lambda/configuration_json.h"
#include "api/lambda/execution_role.h"
#include "api/lambda/function_code.h"
#include "api/lambda/function_input.h"
#include "api/lambda/handlers.h"
#include "api/lambda/intake.h"
#include "api/lambda/layers.h"
#include "api/lambda/setting.h"
#include "api/lambda/settle.h"
#include "api/lambda/target.h"
#include "api/lambda/versions.h"
#include "base/log.h"
#include "base/mem.h"

struct creation {
    struct api_call *call;
    struct lambda *lambda;

    struct catalogue_entry *entry; /* reserved and locked */
    struct function *function;
    bool uses_layers;           /* the function's: nobody else needs to, meanwhile */
    struct function *published; /* version 1, with Publish */
    struct tags tags;
    struct buf tags_json;
    struct intake intake;

    char *code_signing_arn; /* NULL: it uses no configuration */
    char *code_signing_use;
    struct turn turn; /* of the service: nobody deletes the configuration meanwhile */
    bool has_turn;

    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    struct store_step steps[3];
    struct change change;
};

static void finish(struct creation *creation) {
    intake_finish(&creation->intake);
    if (creation->entry) {
        if (!creation->entry->latest)
            catalogue_remove(&creation->lambda->catalogue, creation->entry);
        turns_pass_on(&creation->entry->turns);
        entry_unref(creation->entry);
    }
    if (creation->has_turn)
        turns_pass_on(&creation->lambda->turns);
    free(creation->code_signing_arn);
    free(creation->code_signing_use);
    if (creation->uses_layers)
        function_layers_unuse(&creation->lambda->codes, creation->function);
    function_unref(creation->function);
    function_unref(creation->published);
    tags_done(&creation->tags);
    buf_done(&creation->tags_json);
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
    call_answer(creation->call, &body);
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
static bool complete(struct creation *creation, struct err *err) {
    struct function *function = creation->function;
    if (!intake_describe(&creation->intake, function, err))
        return false;
    memcpy(function->version, FUNCTION_LATEST, sizeof FUNCTION_LATEST);
    function->state = FUNCTION_PENDING;
    function->state_reason = FUNCTION_REASON_CREATING;
    function->state_reason_code = FUNCTION_REASON_CODE_CREATING;
    function->last_modified_us = lambda_now_us(creation->lambda);
    ident_uuid(function->revision_id);
    function->epoch = catalogue_next_epoch(&creation->lambda->catalogue);
    if (body_is_true(creation->call->input.root, "Publish"))
        creation->published = version_new(creation->lambda, creation->entry, function);
    return version_check_storage(creation->lambda, creation->entry, function, creation->published, err);
}

static void add_step(struct creation *creation, struct store_step step) {
    creation->steps[creation->change.step_count++] = step;
}

static void store(struct creation *creation) {
    buf_init(&creation->tags_json, LIMIT_CONTROL_REQUEST_BYTES);
    tags_encode(&creation->tags, &creation->tags_json);
    creation->change = (struct change){.steps = creation->steps, .done = stored};
    add_step(creation, (struct store_step){.kind = STORE_FUNCTION_ADD,
                                           .function = creation->function,
                                           .tags_json = buf_text(&creation->tags_json)});
    if (creation->published)
        add_step(creation,
                 (struct store_step){.kind = STORE_FUNCTION_PUBLISH, .function = creation->published});
    if (creation->code_signing_use)
        add_step(creation, (struct store_step){.kind = STORE_RECORD_PUT,
                                               .key = function_record(creation->entry, SETTING_CODE_SIGNING,
                                                                      "", creation->scope),
                                               .document = creation->code_signing_use});
    change_start(creation->lambda->api, &creation->change);
}

static void use_code_signing(struct turn *turn) {
    struct creation *creation = list_item(turn, struct creation, turn);
    struct err err;
    creation->has_turn = true;
    if (!code_signing_check(creation->call, creation->code_signing_arn, &err)) {
        fail(creation, &err);
        return;
    }
    creation->code_signing_use = code_signing_use(creation->code_signing_arn);
    store(creation);
}

static void taken_in(struct intake *intake) {
    struct creation *creation = list_item(intake, struct creation, intake);
    struct err err;
    if (!intake->ok) {
        fail(creation, &intake->err);
        return;
    }
    if (!complete(creation, &err)) {
        fail(creation, &err);
        return;
    }
    if (creation->code_signing_arn)
        turns_take(&creation->lambda->turns, &creation->turn);
    else
        store(creation);
}

/* Takes the name, so that of two requests at the same time one wins. */
static bool reserve(struct creation *creation, const struct function_ref *ref, struct err *err) {
    struct catalogue *catalogue = &creation->lambda->catalogue;
    const char *account = creation->call->caller->account;
    if (catalogue_find(catalogue, account, ref->name))
        return err_set(err, ERR_CONFLICT, "Function already exist: %s", ref->name);
    creation->entry = entry_ref(catalogue_add(catalogue, account, ref->name));
    turns_take_first(&creation->entry->turns);
    memcpy(creation->function->account, creation->entry->account, sizeof creation->entry->account);
    function_set_text(&creation->function->name, creation->entry->name);
    return true;
}

static bool read_name(struct creation *creation, struct function_ref *ref, struct err *err) {
    OWN_MEM char *name = body_text(creation->call->input.root, "FunctionName");
    const struct api_call *call = creation->call;
    return function_ref_parse(name, FUNCTION_REF_WRITE, ref, err) && function_ref_check_new_name(ref, err) &&
           target_check_unqualified(ref, err) &&
           function_ref_check_home(ref, call->api->options.region, call->caller->account, err);
}

static bool read_members(struct creation *creation, struct err *err) {
    struct json_value root = creation->call->input.root;
    struct json_value tags = body_member(root, "Tags");
    const struct function_input_rules rules = {.runtimes = creation->lambda->api->options.runtimes,
                                               .machine = creation->lambda->machine,
                                               .read_layers = layers_read,
                                               .call = creation->call};
    if (!function_input_read(root, &rules, creation->function, err) ||
        !function_input_check_whole(creation->function, err) ||
        !access_check_lambda_role(creation->lambda->api, creation->call->caller, creation->function->role,
                                  err) ||
        !execution_role_check_dead_letters(creation->lambda->api, creation->function, err) ||
        (json_is_present(tags) && json_size(tags) > 0 && !tags_add(&creation->tags, tags, err)))
        return false;
    creation->code_signing_arn = body_text(root, "CodeSigningConfigArn");
    creation->turn.run = use_code_signing;
    if (creation->code_signing_arn && !code_signing_check(creation->call, creation->code_signing_arn, err))
        return false;
    function_layers_use(&creation->lambda->codes, creation->function);
    creation->uses_layers = true;
    return true;
}

static bool prepare(struct creation *creation, struct err *err) {
    struct function_ref ref;
    return read_name(creation, &ref, err) && reserve(creation, &ref, err) && read_members(creation, err);
}

void lambda_create_function(struct api_call *call) {
    struct creation *creation = mem_alloc(sizeof *creation);
    struct err err;
    creation->call = call;
    creation->lambda = lambda_of(call);
    creation->function = function_new();
    if (!prepare(creation, &err)) {
        fail(creation, &err);
        return;
    }
    creation->intake = (struct intake){
        .lambda = creation->lambda,
        .code = body_member(call->input.root, "Code"),
        .verb = "creating",
        .done = taken_in,
    };
    intake_start(&creation->intake);
}

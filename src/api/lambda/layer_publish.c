/* PublishLayerVersion. The content is taken in first; then, in turn, the version gets its number and becomes
 * a record. */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/handlers.h"
#include "api/lambda/intake.h"
#include "api/lambda/layers.h"
#include "api/lambda/location.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

struct publication {
    struct api_call *call;
    struct layer_target target;
    struct intake intake;
};

static bool check_storage(const struct publication *publication, struct err *err) {
    const struct lambda *lambda = publication->intake.lambda;
    const char *account = publication->target.ref.account;
    uint64_t bytes = catalogue_measure(&lambda->catalogue, account).code_bytes +
                     layer_code_bytes(lambda->api, account) + publication->intake.len;
    return bytes <= LIMIT_CODE_STORAGE_BYTES ||
           err_set(err, ERR_STORAGE_FULL, "Code storage limit exceeded.");
}

static struct layer_version describe(const struct publication *publication) {
    struct json_value root = publication->call->input.root;
    const struct intake *intake = &publication->intake;
    struct layer_version version = {
        .description = body_member(root, "Description"),
        .license = body_member(root, "LicenseInfo"),
        .runtimes = body_member(root, "CompatibleRuntimes"),
        .architectures = body_member(root, "CompatibleArchitectures"),
        .size_bytes = intake->len,
        .unzipped_bytes = intake->unzipped_bytes,
        .created_us = lambda_now_us(intake->lambda),
    };
    memcpy(version.digest, intake->digest, sizeof version.digest);
    return version;
}

static bool answer(struct edit *edit, const struct layer_ref *ref, const char *document, struct err *err) {
    struct layer_version version;
    if (!layer_version_decode(document, &version, err))
        return false;
    struct json_writer *writer = edit_answer(edit, LAYER_ANSWER_BYTES);
    layer_write_whole(writer, edit->call, ref, &version);
    layer_version_done(&version);
    return true;
}

static bool prepare(struct edit *edit, struct err *err) {
    const struct publication *publication = edit->state;
    struct layer_ref ref = publication->target.ref;
    if (!check_storage(publication, err))
        return false;
    struct layer_counter counter = layer_counter_find(edit->call->api, &ref);
    counter.code_bytes += publication->intake.len;
    ref.version = ++counter.last_version;
    OWN(buf) struct buf document;
    buf_init(&document, LAYER_DOCUMENT_BYTES);
    const struct layer_version version = describe(publication);
    layer_version_encode(&version, &document);
    struct layer_key_space space;
    const struct record_key key = layer_key(&ref, LAYER_VERSION_KIND, &space);
    edit_put(edit, &key, buf_text(&document));
    layer_counter_put(edit, &ref, counter);
    return answer(edit, &ref, buf_text(&document), err);
}

static void committed(struct edit *edit) {
    const struct publication *publication = edit->state;
    code_share(&publication->intake.lambda->codes, publication->intake.digest);
    log_info("layer.published", "name=%s digest=%s", publication->target.ref.name,
             publication->intake.digest);
}

static void drop(struct publication *publication) {
    intake_finish(&publication->intake);
    free(publication);
}

static void finished(struct edit *edit) {
    drop(edit->state);
}

static void taken_in(struct intake *intake) {
    static const struct edit_actions actions = {
        .prepare = prepare, .committed = committed, .finished = finished};
    struct publication *publication = list_item(intake, struct publication, intake);
    if (intake->ok) {
        edit_start(publication->call, &intake->lambda->turns, NULL, NULL, publication, &actions);
        return;
    }
    call_fail(publication->call, &intake->err);
    drop(publication);
}

void lambda_publish_layer_version(struct api_call *call) {
    struct publication *publication = mem_alloc(sizeof *publication);
    publication->call = call;
    layer_target_read(call, &publication->target);
    publication->intake = (struct intake){
        .lambda = lambda_of(call),
        .code = body_member(call->input.root, "Content"),
        .done = taken_in,
    };
    if (!publication->target.is_elsewhere) {
        intake_start(&publication->intake);
        return;
    }
    call_refuse(call, API_RESOURCE_NOT_FOUND, LAYER_NOT_FOUND);
    drop(publication);
}

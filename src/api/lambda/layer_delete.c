/* DeleteLayerVersion: with its policy. Functions that use it keep its package. */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/handlers.h"
#include "api/lambda/layers.h"
#include "base/log.h"
#include "base/mem.h"

struct deletion {
    struct layer_target target;
    char digest[DIGEST_SHA256_HEX_BYTES];
};

/* What isn't there needs no steps: deleting it succeeds. */
static bool prepare(struct edit *edit, struct err *err) {
    static const char *const kinds[] = {LAYER_VERSION_KIND, LAYER_POLICY_KIND, LAYER_POLICY_REVISION_KIND};
    struct deletion *deletion = edit->state;
    const struct layer_ref *ref = &deletion->target.ref;
    const char *document = layer_find(edit->call->api, &deletion->target);
    struct layer_version version;
    if (!document)
        return true;
    if (!layer_version_decode(document, &version, err))
        return false;
    memcpy(deletion->digest, version.digest, sizeof deletion->digest);
    struct layer_counter counter = layer_counter_find(edit->call->api, ref);
    counter.code_bytes -= version.size_bytes;
    layer_version_done(&version);
    layer_counter_put(edit, ref, counter);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct layer_key_space space;
        const struct record_key key = layer_key(ref, kinds[i], &space);
        edit_delete(edit, &key);
    }
    return true;
}

static void committed(struct edit *edit) {
    const struct deletion *deletion = edit->state;
    code_release(&lambda_of(edit->call)->codes, deletion->digest);
    log_info("layer.deleted", "arn=%s", deletion->target.arn);
}

static void finished(struct edit *edit) {
    free(edit->state);
}

void lambda_delete_layer_version(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare, .committed = committed, .finished = finished};
    struct deletion *deletion = mem_alloc(sizeof *deletion);
    struct err err;
    if (layer_target_read_version(call, &deletion->target, &err)) {
        edit_start(call, &lambda_of(call)->turns, NULL, NULL, deletion, &actions);
        return;
    }
    call_fail(call, &err);
    free(deletion);
}

/* GetLayerVersion, GetLayerVersionByArn, ListLayers and ListLayerVersions. */
#include <string.h>

#include "api/lambda/handlers.h"
#include "api/lambda/layers.h"
#include "api/lambda/page.h"
#include "base/mem.h"

/* ---- one version ---- */

static void answer(struct api_call *call, const struct layer_target *target) {
    const char *document = layer_find(call->api, target);
    struct layer_version version;
    struct err err;
    if (!document) {
        call_refuse(call, API_RESOURCE_NOT_FOUND, LAYER_NOT_FOUND);
        return;
    }
    if (!layer_version_decode(document, &version, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, LAYER_ANSWER_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    layer_write_whole(&writer, call, &target->ref, &version);
    layer_version_done(&version);
    call_answer(call, &body);
}

void lambda_get_layer_version(struct api_call *call) {
    struct layer_target target;
    struct err err;
    if (layer_target_read_version(call, &target, &err))
        answer(call, &target);
    else
        call_fail(call, &err);
}

void lambda_get_layer_version_by_arn(struct api_call *call) {
    struct layer_target target;
    if (layer_target_parse(call, input_text(&call->input, "Arn"), &target) && target.ref.version)
        answer(call, &target);
    else
        call_refuse(call, API_RESOURCE_NOT_FOUND, LAYER_NOT_FOUND);
}

/* ---- lists ---- */

struct filter {
    const char *runtime; /* NULL: any */
    const char *architecture;
};

static struct filter read_filter(const struct api_call *call) {
    return (struct filter){.runtime = input_text(&call->input, "CompatibleRuntime"),
                           .architecture = input_text(&call->input, "CompatibleArchitecture")};
}

/* The first version behind `place`, the newest first, that passes the filter, to be given back with
 * layer_version_done(). *place is then the one behind it. */
static bool next_version(const struct api_call *call, const struct filter *filter, struct layer_ref *ref,
                         size_t *place, struct layer_version *ret_version) {
    struct layer_ref all = *ref;
    struct layer_key_space space;
    all.version = 0;
    const struct record_key key = layer_key(&all, LAYER_VERSION_KIND, &space);
    const struct record *record;
    while ((record = records_at(&call->api->records, (*place)++, &key)) != NULL) {
        if (!layer_version_decode(record->document, ret_version, NULL))
            continue;
        if ((!filter->runtime || layer_lists(ret_version->runtimes, filter->runtime)) &&
            (!filter->architecture || layer_lists(ret_version->architectures, filter->architecture))) {
            ref->version = layer_key_number(record->key.name);
            return true;
        }
        layer_version_done(ret_version);
    }
    return false;
}

static size_t first_version(const struct api_call *call, const struct layer_ref *ref, const char *after) {
    struct layer_key_space space;
    struct record_key key = layer_key(ref, LAYER_VERSION_KIND, &space);
    key.name = after;
    return records_after(&call->api->records, &key);
}

static void put_version(struct json_writer *writer, const struct api_call *call, const struct layer_ref *ref,
                        const struct layer_version *version) {
    json_open_object(writer);
    layer_write(writer, call, ref, version);
    json_close_object(writer);
}

void lambda_list_layer_versions(struct api_call *call) {
    const struct filter filter = read_filter(call);
    struct layer_target target;
    struct page page;
    struct err err;
    layer_target_read(call, &target);
    if (!page_begin(&page, call, "LayerVersions", LIMIT_LIST_PAGE, LAYER_ANSWER_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    struct layer_version version;
    size_t place = first_version(call, &target.ref, page.after);
    bool goes_on = !target.is_elsewhere;
    while (goes_on && next_version(call, &filter, &target.ref, &place, &version)) {
        struct layer_key_space space;
        goes_on = page_take(&page, layer_key(&target.ref, LAYER_VERSION_KIND, &space).name);
        if (goes_on)
            put_version(&page.writer, call, &target.ref, &version);
        layer_version_done(&version);
    }
    page_answer(&page, call);
}

static void put_layer(struct json_writer *writer, const struct api_call *call, const struct layer_ref *ref,
                      const struct layer_version *latest) {
    char arn[LAYER_ARN_BYTES];
    layer_arn_format(call->api->options.region, ref->account, ref->name, 0, arn);
    json_open_object(writer);
    json_key(writer, "LatestMatchingVersion");
    put_version(writer, call, ref, latest);
    json_put_member(writer, "LayerArn", arn);
    json_put_member(writer, "LayerName", ref->name);
    json_close_object(writer);
}

void lambda_list_layers(struct api_call *call) {
    const struct filter filter = read_filter(call);
    struct page page;
    struct err err;
    if (!page_begin(&page, call, "Layers", LIMIT_LIST_PAGE, LAYER_ANSWER_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    const struct records *records = &call->api->records;
    const struct record_key key = layer_counter_key(call->caller->account, page.after);
    const struct record *record;
    bool goes_on = true;
    for (size_t at = records_after(records, &key);
         goes_on && (record = records_at(records, at, &key)) != NULL; at++) {
        struct layer_ref ref = {0};
        struct layer_version latest;
        memcpy(ref.account, call->caller->account, sizeof ref.account);
        memcpy(ref.name, record->key.name, strlen(record->key.name) + 1);
        size_t place = first_version(call, &ref, "");
        if (!next_version(call, &filter, &ref, &place, &latest))
            continue;
        goes_on = page_take(&page, ref.name);
        if (goes_on)
            put_layer(&page.writer, call, &ref, &latest);
        layer_version_done(&latest);
    }
    page_answer(&page, call);
}

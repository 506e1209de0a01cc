/* See layers.h. */
#include "api/lambda/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lambda/location.h"
#include "base/mem.h"

#define COUNTER_TOKENS 8u

/* ---- names ---- */

static void complete(const struct api_call *call, struct layer_target *target) {
    const char *region = call->api->options.region;
    struct layer_ref *ref = &target->ref;
    target->is_elsewhere = ref->region[0] && strcmp(ref->region, region) != 0;
    if (!ref->account[0])
        memcpy(ref->account, call->caller->account, sizeof ref->account);
    layer_arn_format(ref->region[0] ? ref->region : region, ref->account, ref->name, ref->version,
                     target->arn);
}

bool layer_target_parse(const struct api_call *call, const char *text, struct layer_target *ret_target) {
    *ret_target = (struct layer_target){0};
    bool is_name = layer_ref_parse(text, &ret_target->ref);
    complete(call, ret_target);
    return is_name;
}

void layer_target_read(const struct api_call *call, struct layer_target *ret_target) {
    if (!layer_target_parse(call, input_text(&call->input, "LayerName"), ret_target))
        ret_target->is_elsewhere = true;
}

bool layer_target_read_version(const struct api_call *call, struct layer_target *ret_target,
                               struct err *err) {
    int64_t version = input_integer(&call->input, "VersionNumber", 0);
    if (version < 1)
        return err_set(err, ERR_PARAMETER, "Layer Version Cannot be less than 1");
    layer_target_read(call, ret_target);
    ret_target->ref.version = version;
    complete(call, ret_target);
    return true;
}

struct record_key layer_key(const struct layer_ref *ref, const char *kind, struct layer_key_space *space) {
    snprintf(space->scope, sizeof space->scope, RECORD_LAYER_SCOPE "%s", ref->name);
    space->name[0] = '\0';
    if (ref->version)
        snprintf(space->name, sizeof space->name, "%012lld", LAYER_MAX_VERSION - (long long)ref->version);
    return (struct record_key){
        .account = ref->account, .scope = space->scope, .kind = kind, .name = space->name};
}

int64_t layer_key_number(const char *name) {
    return LAYER_MAX_VERSION - strtoll(name, NULL, 10);
}

/* ---- records ---- */

const char *layer_find(const struct api *api, const struct layer_target *target) {
    struct layer_key_space space;
    if (target->is_elsewhere || target->ref.version > LAYER_MAX_VERSION)
        return NULL;
    const struct record_key key = layer_key(&target->ref, LAYER_VERSION_KIND, &space);
    return records_get(&api->records, &key);
}

const char *layer_policy_document(const struct api *api, const char *account, const char *name,
                                  int64_t version) {
    struct layer_ref ref = {.version = version};
    struct layer_key_space space;
    if (version < 1 || version > LAYER_MAX_VERSION || strlen(name) >= sizeof ref.name ||
        strlen(account) >= sizeof ref.account)
        return NULL;
    memcpy(ref.account, account, strlen(account) + 1);
    memcpy(ref.name, name, strlen(name) + 1);
    const struct record_key key = layer_key(&ref, LAYER_POLICY_KIND, &space);
    return records_get(&api->records, &key);
}

/* {"last_version":3,"code_bytes":1234} */
static struct layer_counter read_counter(const char *document) {
    int64_t last_version = 0;
    int64_t code_bytes = 0;
    struct json_doc doc = {0};
    if (document && json_parse(&doc, document, strlen(document), COUNTER_TOKENS, NULL)) {
        json_integer(json_member(json_root(&doc), "last_version"), &last_version);
        json_integer(json_member(json_root(&doc), "code_bytes"), &code_bytes);
    }
    json_doc_done(&doc);
    return (struct layer_counter){.last_version = last_version, .code_bytes = (uint64_t)code_bytes};
}

struct record_key layer_counter_key(const char *account, const char *name) {
    return (struct record_key){.account = account, .scope = "", .kind = LAYER_COUNTER_KIND, .name = name};
}

struct layer_counter layer_counter_find(const struct api *api, const struct layer_ref *ref) {
    const struct record_key key = layer_counter_key(ref->account, ref->name);
    return read_counter(records_get(&api->records, &key));
}

void layer_counter_put(struct edit *edit, const struct layer_ref *ref, struct layer_counter counter) {
    const struct record_key key = layer_counter_key(ref->account, ref->name);
    OWN_MEM char *document = mem_format("{\"last_version\":%lld,\"code_bytes\":%llu}",
                                        (long long)counter.last_version,
                                        (unsigned long long)counter.code_bytes);
    edit_put(edit, &key, document);
}

uint64_t layer_code_bytes(const struct api *api, const char *account) {
    const struct record_key key = layer_counter_key(account, "");
    const struct record *record;
    uint64_t bytes = 0;
    for (size_t place = records_after(&api->records, &key);
         (record = records_at(&api->records, place, &key)) != NULL; place++)
        bytes += read_counter(record->document).code_bytes;
    return bytes;
}

bool layers_restore(struct lambda *lambda, struct err *err) {
    const struct records *records = &lambda->api->records;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = records->items[i];
        struct layer_version version;
        if (strcmp(record->key.kind, LAYER_VERSION_KIND) != 0)
            continue;
        if (!layer_version_decode(record->document, &version, err))
            return err_wrap(err, "read the versions of the layer %s", record->key.scope);
        code_share(&lambda->codes, version.digest);
        layer_version_done(&version);
    }
    return true;
}

/* ---- answers ---- */

void layer_write(struct json_writer *writer, const struct api_call *call, const struct layer_ref *ref,
                 const struct layer_version *version) {
    char arn[LAYER_ARN_BYTES];
    char created[CLOCK_TEXT_BYTES];
    layer_arn_format(call->api->options.region, ref->account, ref->name, ref->version, arn);
    clock_format_modified(version->created_us, created);
    json_put_member_value(writer, "CompatibleArchitectures", version->architectures);
    json_put_member_value(writer, "CompatibleRuntimes", version->runtimes);
    json_put_member(writer, "CreatedDate", created);
    json_put_member_value(writer, "Description", version->description);
    json_put_member(writer, "LayerVersionArn", arn);
    json_put_member_value(writer, "LicenseInfo", version->license);
    json_put_member_integer(writer, "Version", ref->version);
}

void layer_write_whole(struct json_writer *writer, const struct api_call *call, const struct layer_ref *ref,
                       const struct layer_version *version) {
    char arn[LAYER_ARN_BYTES];
    uint8_t hash[DIGEST_SHA256_BYTES];
    char sha256[DIGEST_SHA256_BASE64_BYTES];
    OWN_MEM char *location = location_make(call, version->digest);
    layer_arn_format(call->api->options.region, ref->account, ref->name, 0, arn);
    digest_unhex(version->digest, hash, sizeof hash);
    digest_base64_encode(hash, sizeof hash, sha256);
    json_open_object(writer);
    json_key(writer, "Content");
    json_open_object(writer);
    json_put_member(writer, "CodeSha256", sha256);
    json_put_member_integer(writer, "CodeSize", (int64_t)version->size_bytes);
    json_put_member(writer, "Location", location);
    json_close_object(writer);
    json_put_member(writer, "LayerArn", arn);
    layer_write(writer, call, ref, version);
    json_close_object(writer);
}

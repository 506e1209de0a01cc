/* TagResource, UntagResource and ListTags, on functions. The other kinds of resources that can have tags do
 * not exist yet, so that none of them is ever found. */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/change.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/target.h"
#include "base/mem.h"
#include "model/function_constraints.h"

#define TAGS_BYTES (256u * 1024)
#define RESOURCE_BYTES 2049

/* More keys than a request line has room for. */
#define MAX_KEYS 1024

struct tagging {
    struct api_call *call;
    struct catalogue_entry *entry;
    struct body body;
    char *keys[MAX_KEYS]; /* of UntagResource */
    size_t key_count;
    struct tags tags; /* the new ones */
    struct buf tags_json;
    struct function *latest; /* with its new RevisionId */
    struct catalogue_lock lock;
    struct change change;
};

/* Resources that are no functions, by what stands in their ARN, and how their absence is put. */
static const struct {
    const char *type;
    const char *format;
} other_resources[] = {
    {":layer:", "Layer not found: %s"},
    {":code-signing-config:",
     "The code signing configuration cannot be found. Check that the provided configuration "
     "is not deleted: %s."},
    {":event-source-mapping:", "Event source mapping not found: %s"},
    {":capacity-provider:", "Capacity provider not found: %s"},
};

static bool refuse_other_resources(const char *arn, struct err *err) {
    for (size_t i = 0; i < sizeof other_resources / sizeof other_resources[0]; i++) {
        if (!strstr(arn, other_resources[i].type))
            continue;
        OWN(buf) struct buf text;
        buf_init(&text, ERR_TEXT_BYTES);
        const char *place = strstr(other_resources[i].format, "%s");
        buf_append(&text, other_resources[i].format, (size_t)(place - other_resources[i].format));
        buf_append_text(&text, arn);
        buf_append_text(&text, place + 2);
        return err_set(err, ERR_NOT_FOUND, "%s", buf_text(&text));
    }
    return true;
}

static bool find_resource(const struct api_call *call, struct catalogue_entry **ret_entry, struct err *err) {
    char arn[RESOURCE_BYTES];
    struct violations violations = {0};
    struct function_ref ref;
    if (!call_label(call, 0, arn, sizeof arn, err))
        return false;
    constraint_check_text(&tag_resource_arn, arn, &violations);
    if (!violations_finish(&violations, err) || !refuse_other_resources(arn, err) ||
        !function_ref_parse(arn, FUNCTION_REF_READ, &ref, err))
        return false;
    if (ref.qualifier[0])
        return err_set(
            err, ERR_PARAMETER,
            "Tags on function aliases and versions are not supported. Please specify a function ARN.");
    if (!function_ref_check_home(&ref, call->api->options.region, call->caller->account, err))
        return false;
    *ret_entry = target_find(call, &ref);
    return *ret_entry || target_not_found(call, ref.name, NULL, err);
}

static void free_state(struct tagging *tagging) {
    if (tagging->entry)
        entry_unref(tagging->entry);
    for (size_t i = 0; i < tagging->key_count; i++)
        free(tagging->keys[i]);
    tags_done(&tagging->tags);
    buf_done(&tagging->tags_json);
    body_done(&tagging->body);
    function_unref(tagging->latest);
    free(tagging);
}

static void finish(struct tagging *tagging) {
    entry_unlock(tagging->entry);
    free_state(tagging);
}

static void stored(struct change *change) {
    struct tagging *tagging = list_item(change, struct tagging, change);
    if (change->ok) {
        struct tags old = tagging->entry->tags;
        tagging->entry->tags = tagging->tags;
        tagging->tags = old;
        lambda_set_latest(lambda_of(tagging->call), tagging->entry, take_ptr(tagging->latest));
        call_answer_empty(tagging->call);
    } else {
        call_fail(tagging->call, &change->err);
    }
    finish(tagging);
}

static bool apply(struct tagging *tagging, struct err *err) {
    const struct catalogue_entry *entry = tagging->entry;
    if (entry->is_deleted)
        return target_not_found(tagging->call, entry->name, NULL, err);
    tagging->tags = tags_copy(&entry->tags);
    for (size_t i = 0; i < tagging->key_count; i++)
        tags_remove(&tagging->tags, tagging->keys[i]);
    return tagging->key_count || tags_add(&tagging->tags, body_member(tagging->body.root, "Tags"), err);
}

static void locked(struct catalogue_lock *lock) {
    struct tagging *tagging = list_item(lock, struct tagging, lock);
    struct err err;
    if (!apply(tagging, &err)) {
        call_fail(tagging->call, &err);
        finish(tagging);
        return;
    }
    buf_init(&tagging->tags_json, TAGS_BYTES);
    tags_encode(&tagging->tags, &tagging->tags_json);
    tagging->latest = function_copy(tagging->entry->latest);
    ident_uuid(tagging->latest->revision_id);
    tagging->change = (struct change){
        .kind = CHANGE_TAGS,
        .version = tagging->latest,
        .tags_json = buf_text(&tagging->tags_json),
        .done = stored,
    };
    change_start(lambda_of(tagging->call), &tagging->change);
}

static bool keep_key(void *arg, const char *value) {
    struct tagging *tagging = arg;
    if (tagging->key_count == MAX_KEYS)
        return false;
    tagging->keys[tagging->key_count++] = mem_text(value);
    return true;
}

static bool read_keys(struct tagging *tagging, struct err *err) {
    if (!http_query_each(tagging->call->request->query, "tagKeys", keep_key, tagging))
        return err_set(err, ERR_VALIDATION,
                       "The parameter tagKeys is badly encoded or was sent more than %d times.", MAX_KEYS);
    struct violations violations = {0};
    constraint_check_texts(&untag_resource_keys, (const char *const *)tagging->keys, tagging->key_count,
                           &violations);
    return violations_finish(&violations, err);
}

static bool read_tags(struct tagging *tagging, struct err *err) {
    body_take(&tagging->body, tagging->call);
    return body_parse(&tagging->body, tag_resource_members, err);
}

static void start(struct api_call *call, bool (*read)(struct tagging *tagging, struct err *err)) {
    struct tagging *tagging = mem_alloc(sizeof *tagging);
    struct catalogue_entry *entry;
    struct err err;
    tagging->call = call;
    if (!read(tagging, &err) || !find_resource(call, &entry, &err)) {
        call_fail(call, &err);
        free_state(tagging);
        return;
    }
    tagging->entry = entry_ref(entry);
    tagging->lock.run = locked;
    entry_lock(entry, &tagging->lock);
}

void lambda_tag_resource(struct api_call *call) {
    start(call, read_tags);
}

void lambda_untag_resource(struct api_call *call) {
    start(call, read_keys);
}

void lambda_list_tags(struct api_call *call) {
    struct catalogue_entry *entry;
    struct err err;
    if (!find_resource(call, &entry, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, TAGS_BYTES);
    buf_append_text(&body, "{\"Tags\":");
    tags_encode(&entry->tags, &body);
    buf_append_byte(&body, '}');
    call_answer_json(call, &body);
}

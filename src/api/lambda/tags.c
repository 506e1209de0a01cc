/* TagResource, UntagResource and ListTags. A function's tags are kept with it, those of other resources in
 * records. */
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/code_signing.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/mapping_document.h"
#include "api/lambda/resource_tags.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define TAGS_BYTES (256u * 1024)

/* Resources that are no functions, by what stands in their ARN behind the account and before the name of
 * their record, and how their absence is put. One without a kind of record never exists here. */
static const struct {
    const char *type;
    const char *kind;
    const char *absence;
} others[] = {
    {"layer:", NULL, "Layer not found: "},
    {"code-signing-config:", CODE_SIGNING_KIND,
     "The code signing configuration cannot be found. Check that the provided configuration is not "
     "deleted: "},
    {"event-source-mapping:", MAPPING_RECORD_KIND, "Event source mapping not found: "},
    {"capacity-provider:", NULL, "Capacity provider not found: "},
};

/* The resource that a request names: a function, or by its ARN something else. */
struct resource {
    struct catalogue_entry *entry;
    const char *arn;
};

/* What stands in an ARN behind the account. */
static const char *home_end(const char *arn) {
    for (int colons = 0; colons < 5 && *arn; arn++)
        colons += *arn == ':';
    return arn;
}

static bool is_of_type(const char *arn, const char *type) {
    return strncmp(home_end(arn), type, strlen(type)) == 0;
}

static bool find_other(const struct api_call *call, size_t index, const char *arn, struct err *err) {
    const char *name = home_end(arn) + strlen(others[index].type);
    const struct record_key key = {
        .account = call->caller->account, .scope = "", .kind = others[index].kind, .name = name};
    char own[FUNCTION_ARN_BYTES];
    resource_arn(call, "", "", own);
    bool is_own = strncmp(arn, own, strlen(own) - 1) == 0; /* without the last colon */
    if (is_own && others[index].kind && records_get(&call->api->records, &key))
        return true;
    return err_set(err, ERR_NOT_FOUND, "%s%s%s", others[index].absence, arn,
                   strcmp(others[index].type, "code-signing-config:") == 0 ? "." : "");
}

static bool find_function(const struct api_call *call, const char *arn, struct catalogue_entry **ret_entry,
                          struct err *err) {
    struct function_ref ref;
    if (!function_ref_parse(arn, FUNCTION_REF_READ, &ref, err))
        return false;
    if (ref.qualifier[0])
        return err_set(
            err, ERR_PARAMETER,
            "Tags on function aliases and versions are not supported. Please specify a function ARN.");
    if (!function_ref_check_home(&ref, call->api->options.region, ref.account, err))
        return false;
    *ret_entry = target_find(call, &ref);
    return *ret_entry || target_not_found(call, &ref, err);
}

static bool find_resource(const struct api_call *call, struct resource *ret_resource, struct err *err) {
    const char *arn = input_text(&call->input, "Resource");
    *ret_resource = (struct resource){.arn = arn};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (is_of_type(arn, others[i].type))
            return find_other(call, i, arn, err);
    return find_function(call, arn, &ret_resource->entry, err);
}

static bool change_tags(const struct edit *edit, struct tags *tags, struct err *err) {
    const struct input *input = &edit->call->input;
    if (json_is_present(input->root))
        return tags_add(tags, input_member(input, "Tags"), err);
    const struct constraint_texts *keys = input_texts(input, "TagKeys");
    for (size_t i = 0; i < keys->count; i++)
        tags_remove(tags, keys->items[i]);
    return true;
}

/* ---- functions ---- */

static bool prepare_function(struct edit *edit, struct err *err) {
    struct catalogue_entry *entry = function_edit_entry(edit);
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    struct tags *tags = edit->state;
    *tags = tags_copy(&entry->tags);
    if (!change_tags(edit, tags, err))
        return false;
    OWN(buf) struct buf json;
    buf_init(&json, TAGS_BYTES);
    tags_encode(tags, &json);
    function_edit_revise(edit);
    edit_function_tags(edit, function_ref(entry->latest), buf_text(&json));
    return true;
}

static void function_committed(struct edit *edit) {
    struct catalogue_entry *entry = function_edit_entry(edit);
    struct tags *tags = edit->state;
    struct tags old = entry->tags;
    entry->tags = *tags;
    *tags = old;
    function_edit_swap(edit);
}

static void function_finished(struct edit *edit) {
    tags_done(edit->state);
    free(edit->state);
}

/* ---- others ---- */

static bool prepare_other(struct edit *edit, struct err *err) {
    struct resource resource;
    struct tags tags;
    if (!find_resource(edit->call, &resource, err) ||
        !resource_tags_read(edit->call, resource.arn, &tags, err))
        return false;
    bool ok = change_tags(edit, &tags, err);
    if (ok)
        resource_tags_replace(edit, resource.arn, &tags);
    tags_done(&tags);
    return ok;
}

static void change(struct api_call *call) {
    static const struct edit_actions function_actions = {
        .prepare = prepare_function, .committed = function_committed, .finished = function_finished};
    static const struct edit_actions other_actions = {.prepare = prepare_other};
    struct resource resource;
    struct err err;
    if (!find_resource(call, &resource, &err))
        call_fail(call, &err);
    else if (resource.entry)
        function_edit_start(call, resource.entry, mem_alloc(sizeof(struct tags)), &function_actions);
    else
        edit_start(call, &lambda_of(call)->turns, NULL, NULL, NULL, &other_actions);
}

void lambda_tag_resource(struct api_call *call) {
    change(call);
}

void lambda_untag_resource(struct api_call *call) {
    change(call);
}

void lambda_list_tags(struct api_call *call) {
    struct resource resource;
    struct tags own = {0};
    struct err err;
    if (!find_resource(call, &resource, &err) ||
        (!resource.entry && !resource_tags_read(call, resource.arn, &own, &err))) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, TAGS_BYTES);
    buf_append_text(&body, "{\"Tags\":");
    tags_encode(resource.entry ? &resource.entry->tags : &own, &body);
    buf_append_byte(&body, '}');
    tags_done(&own);
    call_answer(call, &body);
}

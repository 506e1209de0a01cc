/* Layers of a function, from the ARNs in a request. Texts are those of the service. */
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/lambda/layers.h"
#include "base/limits.h"
#include "base/mem.h"

/* The layer versions found so far. */
struct selection {
    const struct api_call *call;
    size_t count;
    struct layer_target targets[LIMIT_LAYERS];
    struct function_layer layers[LIMIT_LAYERS];
};

/* The owner's account, and others by the version's policy. */
static bool check_permission(const struct api_call *call, const struct layer_target *target,
                             struct err *err) {
    const struct layer_ref *ref = &target->ref;
    const char *document = target->is_elsewhere
                               ? NULL
                               : layer_policy_document(call->api, ref->account, ref->name, ref->version);
    struct policy *policy = NULL;
    if (document && !policy_parse(document, strlen(document), POLICY_RESOURCE, &policy, err))
        return err_wrap(err, "read the policy of %s", target->arn);
    const struct policy *policies[] = {policy};
    const struct access_request request = {
        .principal = call->caller,
        .action = "lambda:GetLayerVersion",
        .resource = target->arn,
        .resource_account = ref->account,
        .resource_policies = policies,
        .resource_policy_count = policy ? 1 : 0,
        .call = call,
    };
    bool is_allowed = access_check(call->api, &request, err);
    policy_free(policy);
    return is_allowed;
}

static bool check_distinct(const struct selection *selection, const struct layer_target *target,
                           struct err *err) {
    for (size_t i = 0; i < selection->count; i++) {
        const struct layer_target *other = &selection->targets[i];
        if (strcmp(other->ref.account, target->ref.account) == 0 &&
            strcmp(other->ref.name, target->ref.name) == 0)
            return err_set(err, ERR_PARAMETER,
                           "Two different versions of the same layer are not allowed to be referenced in the "
                           "same function. %s and %s are versions of the same layer.",
                           other->arn, target->arn);
    }
    return true;
}

static bool take(const char *document, const struct layer_target *target, struct function_layer *layer,
                 struct err *err) {
    struct layer_version version;
    if (!layer_version_decode(document, &version, err))
        return false;
    *layer = (struct function_layer){
        .arn = target->arn, .size_bytes = version.size_bytes, .unzipped_bytes = version.unzipped_bytes};
    memcpy(layer->digest, version.digest, sizeof layer->digest);
    layer_version_done(&version);
    return true;
}

static bool refuse_missing(const char *arn, struct err *err) {
    return err_set(err, ERR_PARAMETER, "Layer version %s does not exist.", arn);
}

static bool add(struct selection *selection, const char *arn, struct err *err) {
    const struct api_call *call = selection->call;
    struct layer_target *target = &selection->targets[selection->count];
    if (!layer_target_parse(call, arn, target) || !target->ref.version)
        return refuse_missing(arn, err);
    bool is_own = strcmp(target->ref.account, call->caller->account) == 0;
    if (is_own && target->is_elsewhere)
        return err_set(err, ERR_PARAMETER,
                       "Layers are not in the same region as the function. Layers are expected to be in "
                       "region %s.",
                       call->api->options.region);
    /* Whether another account has a layer is nobody's business who may not use it. */
    const char *document = layer_find(call->api, target);
    if ((document || !is_own) && !check_permission(call, target, err))
        return false;
    if (!document)
        return refuse_missing(arn, err);
    if (!check_distinct(selection, target, err) ||
        !take(document, target, &selection->layers[selection->count], err))
        return false;
    selection->count++;
    return true;
}

/* A function that is being created has no code yet: see intake_describe(). */
static bool check_size(const struct selection *selection, const struct function *function, struct err *err) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < selection->count; i++)
        bytes += selection->layers[i].unzipped_bytes;
    if (bytes > LIMIT_UNZIPPED_BYTES)
        return err_set(err, ERR_PARAMETER, "Layers consume more than the available size of %u bytes",
                       LIMIT_UNZIPPED_BYTES);
    bytes += function->code_unzipped_bytes;
    return bytes <= LIMIT_UNZIPPED_BYTES ||
           err_set(err, ERR_PARAMETER,
                   "Function code combined with layers exceeds the maximum allowed size of %u bytes. The "
                   "actual size is %llu bytes.",
                   LIMIT_UNZIPPED_BYTES, (unsigned long long)bytes);
}

bool layers_read(const struct api_call *call, struct json_value layers, struct function *function,
                 struct err *err) {
    if (json_size(layers) > LIMIT_LAYERS)
        return err_set(err, ERR_PARAMETER, "Cannot reference more than %d layers.", LIMIT_LAYERS);
    struct selection selection = {.call = call};
    struct json_value item;
    for (uint32_t cursor = 0; json_each(layers, &cursor, NULL, &item);) {
        OWN_MEM char *arn = json_string(item);
        if (!add(&selection, arn ? arn : "", err))
            return false;
    }
    if (!check_size(&selection, function, err))
        return false;
    function_set_layers(function, selection.layers, selection.count);
    return true;
}

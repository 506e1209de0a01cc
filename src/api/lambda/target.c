/* Resolution of FunctionName and Qualifier, and the checks on a function's state that several operations
 * share. Texts are those of the service. */
#include "api/lambda/target.h"

#include <string.h>

#include "api/lambda/lambda.h"
#include "model/pattern.h"

static bool complete(const struct api_call *call, struct function_ref *ref, struct err *err) {
    if (!ref->account[0])
        memcpy(ref->account, call->caller->account, sizeof ref->account);
    return function_ref_check_home(ref, call->api->options.region, ref->account, err);
}

static bool refuse_qualifier(struct err *err) {
    return err_set(
        err, ERR_PARAMETER,
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
        "operation. Please specify either a function name or an unqualified function ARN.");
}

bool target_parse(const struct api_call *call, enum function_ref_kind kind, enum target_qualifier qualifier,
                  struct function_ref *ret_ref, struct err *err) {
    if (!function_ref_parse(input_text(&call->input, "FunctionName"), kind, ret_ref, err))
        return false;
    if (qualifier == TARGET_UNQUALIFIED_ONLY)
        return complete(call, ret_ref, err) && target_check_unqualified(ret_ref, err);
    if (qualifier == TARGET_BARE)
        return complete(call, ret_ref, err) && (!ret_ref->qualifier[0] || refuse_qualifier(err));
    const char *sent = input_text(&call->input, "Qualifier");
    return function_ref_qualify(ret_ref, sent ? sent : "", err) && complete(call, ret_ref, err);
}

bool target_parse_raw(const struct api_call *call, struct function_ref *ret_ref, struct err *err) {
    char text[TARGET_TEXT_BYTES];
    return call_label(call, 0, text, sizeof text, err) &&
           function_ref_parse(text, FUNCTION_REF_READ, ret_ref, err) &&
           call_query(call, "Qualifier", text, sizeof text, err) &&
           function_ref_qualify(ret_ref, text, err) && complete(call, ret_ref, err);
}

bool target_check_unqualified(const struct function_ref *ref, struct err *err) {
    return !ref->qualifier[0] || strcmp(ref->qualifier, FUNCTION_LATEST) == 0 || refuse_qualifier(err);
}

struct catalogue_entry *target_find(const struct api_call *call, const struct function_ref *ref) {
    struct catalogue_entry *entry = catalogue_find(&lambda_of(call)->catalogue, ref->account, ref->name);
    return entry && entry->latest ? entry : NULL;
}

const char *target_qualifier(const struct function_ref *ref) {
    return ref->qualifier[0] ? ref->qualifier : FUNCTION_LATEST;
}

void target_arn(const struct api_call *call, const struct function_ref *ref,
                char ret_arn[FUNCTION_ARN_BYTES]) {
    function_arn_format(call->api->options.region, ref->account, ref->name, ref->qualifier, ret_arn);
}

bool target_not_found(const struct api_call *call, const struct function_ref *ref, struct err *err) {
    char arn[FUNCTION_ARN_BYTES];
    target_arn(call, ref, arn);
    return err_set(err, ERR_NOT_FOUND, "Function not found: %s", arn);
}

bool target_entry(const struct api_call *call, const struct function_ref *ref,
                  struct catalogue_entry **ret_entry, struct err *err) {
    *ret_entry = target_find(call, ref);
    return *ret_entry || target_not_found(call, ref, err);
}

bool target_function(const struct api_call *call, enum function_ref_kind kind,
                     struct catalogue_entry **ret_entry, struct err *err) {
    struct function_ref ref;
    return target_parse(call, kind, TARGET_UNQUALIFIED_ONLY, &ref, err) &&
           target_entry(call, &ref, ret_entry, err);
}

bool target_gone(const struct api_call *call, const struct catalogue_entry *entry, struct err *err) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(call->api->options.region, entry->account, entry->name, NULL, arn);
    return err_set(err, ERR_NOT_FOUND, "Function not found: %s", arn);
}

static bool is_alias_name(const char *qualifier) {
    struct pattern_span span = {qualifier, strlen(qualifier)};
    return pattern_some(span, PATTERN_ALNUM, "-_") && !function_qualifier_is_version(qualifier);
}

bool target_check_qualifier(const struct api_call *call, const struct function_ref *ref,
                            const struct catalogue_entry *entry, struct err *err) {
    if (entry && entry_resolve(entry, ref->qualifier))
        return true;
    if (function_qualifier_is_version(ref->qualifier))
        return target_not_found(call, ref, err);
    if (!is_alias_name(ref->qualifier))
        return err_set(err, ERR_NOT_FOUND, "The resource you requested does not exist.");
    char arn[FUNCTION_ARN_BYTES];
    target_arn(call, ref, arn);
    return err_set(err, ERR_NOT_FOUND, "Cannot find alias arn: %s", arn);
}

bool target_version(const struct api_call *call, const struct function_ref *ref,
                    struct function **ret_version, struct catalogue_entry **ret_entry, struct err *err) {
    struct catalogue_entry *entry = target_find(call, ref);
    struct function *version = entry ? entry_resolve(entry, ref->qualifier) : NULL;
    if (!version)
        return target_not_found(call, ref, err);
    *ret_version = version;
    *ret_entry = entry;
    return true;
}

static bool refuse_state(enum function_state state, struct err *err) {
    return err_set(err, ERR_CONFLICT,
                   "The operation cannot be performed at this time. The function is currently in the "
                   "following state: %s",
                   function_state_name(state));
}

bool target_check_active(const struct function *version, struct err *err) {
    return version->state == FUNCTION_ACTIVE || refuse_state(version->state, err);
}

bool target_check_changeable(const struct catalogue_entry *entry, struct err *err) {
    if (entry->latest->state == FUNCTION_PENDING)
        return refuse_state(FUNCTION_PENDING, err);
    if (entry->latest->update == FUNCTION_UPDATE_IN_PROGRESS)
        return err_set(
            err, ERR_CONFLICT,
            "The operation cannot be performed at this time. An update is in progress for resource: %s",
            entry->arn);
    return true;
}

bool target_check_revision(const char *current_id, const char *revision_id, const char *reader,
                           struct err *err) {
    if (!revision_id || !revision_id[0] || strcmp(revision_id, current_id) == 0)
        return true;
    return err_set(err, ERR_PRECONDITION,
                   "The Revision Id provided does not match the latest Revision Id. Call the %s API to "
                   "retrieve the latest Revision Id",
                   reader);
}

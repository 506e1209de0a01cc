/* Resolution of FunctionName and Qualifier, and the checks on a function's state that several operations
 * share. Texts are those of the service. */
#include "api/lambda/target.h"

#include <string.h>

#include "api/lambda/lambda.h"

bool target_parse(const struct api_call *call, enum function_ref_kind kind, enum target_qualifier qualifier,
                  struct function_ref *ret_ref, struct err *err) {
    char text[TARGET_TEXT_BYTES];
    if (!call_label(call, 0, text, sizeof text, err) || !function_ref_parse(text, kind, ret_ref, err))
        return false;
    if (qualifier == TARGET_WITH_QUALIFIER &&
        (!call_query(call, "Qualifier", text, sizeof text, err) || !function_ref_qualify(ret_ref, text, err)))
        return false;
    return function_ref_check_home(ret_ref, call->api->options.region, call->caller->account, err) &&
           (qualifier == TARGET_WITH_QUALIFIER || target_check_unqualified(ret_ref, err));
}

bool target_check_unqualified(const struct function_ref *ref, struct err *err) {
    if (!ref->qualifier[0] || strcmp(ref->qualifier, FUNCTION_LATEST) == 0)
        return true;
    return err_set(
        err, ERR_PARAMETER,
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
        "operation. Please specify either a function name or an unqualified function ARN.");
}

struct catalogue_entry *target_find(const struct api_call *call, const struct function_ref *ref) {
    struct catalogue_entry *entry = catalogue_find(&lambda_of(call)->catalogue, call->caller->account,
                                                   ref->name);
    return entry && entry->latest ? entry : NULL;
}

bool target_not_found(const struct api_call *call, const char *name, const char *qualifier, struct err *err) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(call->api->options.region, call->caller->account, name, qualifier, arn);
    return err_set(err, ERR_NOT_FOUND, "Function not found: %s", arn);
}

bool target_version(const struct api_call *call, const struct function_ref *ref,
                    struct function **ret_version, struct catalogue_entry **ret_entry, struct err *err) {
    struct catalogue_entry *entry = target_find(call, ref);
    struct function *version = entry ? entry_version(entry, ref->qualifier) : NULL;
    if (!version)
        return target_not_found(call, ref->name, ref->qualifier, err);
    *ret_version = version;
    *ret_entry = entry;
    return true;
}

bool target_check_changeable(const struct catalogue_entry *entry, struct err *err) {
    if (entry->latest->state == FUNCTION_PENDING)
        return err_set(err, ERR_CONFLICT,
                       "The operation cannot be performed at this time. The function is currently in the "
                       "following state: %s",
                       function_state_name(entry->latest->state));
    if (entry->latest->update == FUNCTION_UPDATE_IN_PROGRESS)
        return err_set(
            err, ERR_CONFLICT,
            "The operation cannot be performed at this time. An update is in progress for resource: %s",
            entry->arn);
    return true;
}

bool target_check_revision(const struct catalogue_entry *entry, const char *revision_id, struct err *err) {
    if (!revision_id || !revision_id[0] || strcmp(revision_id, entry->latest->revision_id) == 0)
        return true;
    return err_set(
        err, ERR_PRECONDITION,
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API "
        "to retrieve the latest Revision Id");
}

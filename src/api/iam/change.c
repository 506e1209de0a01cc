/* DeleteUser, DeleteRole, DeletePolicy, UpdateAssumeRolePolicy. */
#include <string.h>

#include "api/context.h"
#include "api/iam/access_keys.h"
#include "api/iam/handlers.h"
#include "api/iam/request.h"
#include "base/mem.h"

static bool check_unattached(const struct api_call *call, const struct identity *policy, struct err *err) {
    if (strcmp(policy->account, IDENTITIES_AWS) == 0)
        return err_set(err, ERR_DENIED, "%s is a managed policy of AWS and can't be deleted.", policy->arn);
    return identities_count_attached(&call->api->identities, policy->account, policy->arn) == 0 ||
           err_set(err, ERR_IN_USE, "Cannot delete a policy attached to entities.");
}

static bool check_bare(const struct api_call *call, const struct identity *identity, struct err *err) {
    size_t place = 0;
    if (identity->attached_count)
        return err_set(err, ERR_IN_USE, "Cannot delete entity, must detach all policies first.");
    if (identity->inline_count)
        return err_set(err, ERR_IN_USE, "Cannot delete entity, must delete policies first.");
    return identity->kind != IDENTITY_USER || !access_key_next(call->api, identity, &place) ||
           err_set(err, ERR_IN_USE, "Cannot delete entity, must delete access keys first.");
}

static bool delete_identity(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    bool is_policy = iam_kind(call) == IDENTITY_POLICY;
    const struct identity *identity = is_policy ? iam_policy(call, "was not found.", err)
                                                : iam_subject(call, err);
    if (!identity || !(is_policy ? check_unattached(call, identity, err) : check_bare(call, identity, err)))
        return false;
    iam_delete(edit, identity);
    return iam_done(edit);
}

void iam_delete_identity(struct api_call *call) {
    iam_change(call, delete_identity);
}

static bool update_assume_role_policy(struct edit *edit, struct err *err) {
    OWN(identity) struct identity role = {0};
    if (!iam_copy_subject(edit, &role, err) ||
        !identity_set_document(&role, iam_text(edit->call, "PolicyDocument"), err))
        return false;
    return iam_put(edit, &role, err) && iam_done(edit);
}

void iam_update_assume_role_policy(struct api_call *call) {
    iam_change(call, update_assume_role_policy);
}

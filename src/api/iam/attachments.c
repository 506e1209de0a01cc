/* Attach, Detach and List of the managed policies of a user or a role. */
#include <string.h>

#include "api/context.h"
#include "api/iam/handlers.h"
#include "api/iam/listing.h"
#include "api/iam/request.h"
#include "api/xml.h"
#include "base/mem.h"

#define MAX_ATTACHED 10 /* IAM User Guide, "IAM and AWS STS quotas" */

static bool attach(struct edit *edit, struct err *err) {
    OWN(identity) struct identity identity = {0};
    if (!iam_copy_subject(edit, &identity, err))
        return false;
    const struct identity *policy = iam_policy(edit->call, "does not exist or is not attachable.", err);
    if (!policy)
        return false;
    identity_attach(&identity, policy->arn);
    if (identity.attached_count > MAX_ATTACHED)
        return err_set(err, ERR_LIMIT, "Cannot exceed quota for PoliciesPer%s: %d",
                       identity.kind == IDENTITY_ROLE ? "Role" : "User", MAX_ATTACHED);
    return iam_put(edit, &identity, err) && iam_done(edit);
}

static bool detach(struct edit *edit, struct err *err) {
    OWN(identity) struct identity identity = {0};
    const char *arn = iam_text(edit->call, "PolicyArn");
    if (!iam_copy_subject(edit, &identity, err))
        return false;
    if (!identity_detach(&identity, arn))
        return err_set(err, ERR_NOT_FOUND, "Policy %s was not found.", arn);
    return iam_put(edit, &identity, err) && iam_done(edit);
}

void iam_attach_policy(struct api_call *call) {
    iam_change(call, attach);
}

void iam_detach_policy(struct api_call *call) {
    iam_change(call, detach);
}

static void list_policy(struct listing *listing, const char *arn) {
    const struct identity *policy = identities_find_arn(&listing->call->api->identities, IDENTITY_POLICY,
                                                        arn);
    const char *prefix = iam_text(listing->call, "PathPrefix");
    if (!policy || (prefix && strncmp(policy->path, prefix, strlen(prefix)) != 0) ||
        !listing_takes(listing, arn))
        return;
    xml_open(&listing->body, "member");
    xml_put(&listing->body, "PolicyName", policy->name);
    xml_put(&listing->body, "PolicyArn", arn);
    xml_close(&listing->body, "member");
}

void iam_list_attached_policies(struct api_call *call) {
    struct err err;
    struct listing listing;
    const struct identity *identity = iam_subject(call, &err);
    if (!identity || !listing_begin(&listing, call, "AttachedPolicies", &err)) {
        call_fail(call, &err);
        return;
    }
    for (size_t i = 0; i < identity->attached_count; i++)
        list_policy(&listing, identity->attached[i]);
    listing_answer(&listing);
}

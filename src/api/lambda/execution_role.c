/* See execution_role.h. */
#include "api/lambda/execution_role.h"

#include "api/access.h"
#include "api/context.h"
#include "api/iam/identities.h"
#include "api/session.h"

bool execution_role_allows(const struct api *api, const struct function *function, const char *action,
                           const char *resource) {
    if (!api->options.checks_roles)
        return true;
    const struct identity *role = identities_find_arn(&api->identities, IDENTITY_ROLE, function->role);
    if (!role)
        return false;
    const struct session_request session = {
        .account = role->account, .role = role->name, .role_id = role->id, .name = function->name};
    struct principal principal;
    session_describe(&session, &principal);
    const struct access_request request = {
        .principal = &principal,
        .action = action,
        .resource = resource,
        .resource_account = role->account, /* the identity's side alone */
    };
    return access_check(api, &request, NULL);
}

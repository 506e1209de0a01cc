/* See execution_role.h. */
#include "api/lambda/execution_role.h"

#include <string.h>

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

/* What takes dead letters, told by the third field of the ARN. Source: Lambda Developer Guide, "Dead-letter
 * queues". */
static const struct {
    const char *service;
    const char *action;
    const char *words;
} dead_letter_services[] = {
    {":sns:", "sns:Publish", "Publish on SNS"},
    {":sqs:", "sqs:SendMessage", "SendMessage on SQS"},
};

bool execution_role_check_dead_letters(const struct api *api, const struct function *function,
                                       struct err *err) {
    const char *arn = function->dead_letter_arn;
    if (!arn)
        return true;
    const char *service = strncmp(arn, "arn:", 4) == 0 ? strchr(arn + 4, ':') : NULL;
    for (size_t i = 0; service && i < sizeof dead_letter_services / sizeof dead_letter_services[0]; i++) {
        if (strncmp(service, dead_letter_services[i].service, 5) != 0)
            continue;
        return execution_role_allows(api, function, dead_letter_services[i].action, arn) ||
               err_set(err, ERR_PARAMETER, "The provided execution role does not have permissions to call %s",
                       dead_letter_services[i].words);
    }
    return err_set(err, ERR_PARAMETER,
                   "DeadLetterConfig takes an SQS queue or an SNS topic, and %s is neither.", arn);
}

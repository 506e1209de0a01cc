/* The members of the operations on the policies of functions. */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

const struct constraint add_permission_members[] = {
    FUNCTION_NAME_READ,
    TEXT("StatementId", REQUIRED, SIZE(1, 100), MATCH(statement)),
    TEXT("Action", REQUIRED, SIZE(0, 10000), MATCH(action)),
    TEXT("Principal", REQUIRED, SIZE(0, 2048), MATCH(no_space)),
    TEXT("SourceArn", SIZE(0, 10000), MATCH(arn)),
    TEXT("FunctionUrlAuthType", ONE_OF(part_url_auth_types)),
    BOOLEAN("InvokedViaFunctionUrl"),
    TEXT("SourceAccount", SIZE(0, 12), MATCH(account_id)),
    TEXT("EventSourceToken", SIZE(0, 256), MATCH(event_source_token)),
    QUALIFIER,
    REVISION_ID,
    TEXT("PrincipalOrgID", SIZE(12, 34), MATCH(organization)),
    END,
};

const struct constraint get_policy_members[] = {FUNCTION_NAME_READ, QUALIFIER, END};

const struct constraint remove_permission_members[] = {
    FUNCTION_NAME_READ,
    TEXT("StatementId", IN_PATH("StatementId"), REQUIRED, SIZE(1, 100), MATCH(statement_read)),
    QUALIFIER,
    TEXT("RevisionId", IN_QUERY("RevisionId")),
    END,
};

/* The members of the operations on the account, on tags, and on runtime updates and recursion of a function.
 */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define TAGGED TEXT("Resource", IN_PATH("Resource"), REQUIRED, SIZE(1, 10000), MATCH(taggable))

static const char *const runtime_update_modes[] = {"FunctionUpdate", "Manual", "Auto", NULL};
static const char *const recursion_modes[] = {"Terminate", "Allow", NULL};

const struct constraint get_account_settings_members[] = {END};

const struct constraint tag_resource_members[] = {
    TAGGED,
    MAP("Tags", REQUIRED, KEYS(part_tag_key), OF(part_tag_value)),
    END,
};

const struct constraint untag_resource_members[] = {
    TAGGED,
    LIST("TagKeys", IN_QUERY("tagKeys"), REQUIRED, OF(part_tag_key)),
    END,
};

const struct constraint list_tags_members[] = {TAGGED, END};

const struct constraint get_runtime_management_config_members[] = {FUNCTION_NAME_READ, QUALIFIER, END};

const struct constraint put_runtime_management_config_members[] = {
    FUNCTION_NAME_READ,
    QUALIFIER,
    TEXT("UpdateRuntimeOn", REQUIRED, ONE_OF(runtime_update_modes)),
    TEXT("RuntimeVersionArn", SIZE(26, 2048), MATCH(runtime_version)),
    END,
};

const struct constraint get_function_recursion_config_members[] = {FUNCTION_NAME_UNQUALIFIED, END};

const struct constraint put_function_recursion_config_members[] = {
    FUNCTION_NAME_UNQUALIFIED,
    TEXT("RecursiveLoop", REQUIRED, ONE_OF(recursion_modes)),
    END,
};

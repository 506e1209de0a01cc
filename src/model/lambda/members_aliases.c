/* The members of the operations on aliases. */
#include "base/limits.h"
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define ALIAS_NAME TEXT("Name", IN_PATH("Name"), REQUIRED, SIZE(1, 128), MATCH(alias))

static const struct constraint version_number = TEXT(NULL, SIZE(1, 1024), MATCH(number));
static const struct constraint weight = DOUBLE(NULL, REQUIRED, SIZE(0, 1));

static const struct constraint routing_members[] = {
    MAP("AdditionalVersionWeights", KEYS(version_number), OF(weight)),
    END,
};

const struct constraint create_alias_members[] = {
    FUNCTION_NAME_WRITE,
    TEXT("Name", REQUIRED, SIZE(1, 128), MATCH(alias)),
    TEXT("FunctionVersion", REQUIRED, SIZE(1, 1024), MATCH(version)),
    DESCRIPTION,
    STRUCT("RoutingConfig", MEMBERS(routing_members)),
    END,
};

const struct constraint get_alias_members[] = {FUNCTION_NAME_WRITE, ALIAS_NAME, END};

const struct constraint update_alias_members[] = {
    FUNCTION_NAME_WRITE,
    ALIAS_NAME,
    TEXT("FunctionVersion", SIZE(1, 1024), MATCH(version)),
    DESCRIPTION,
    STRUCT("RoutingConfig", MEMBERS(routing_members)),
    REVISION_ID,
    END,
};

const struct constraint delete_alias_members[] = {FUNCTION_NAME_WRITE, ALIAS_NAME, END};

const struct constraint list_aliases_members[] = {
    FUNCTION_NAME_WRITE,
    TEXT("FunctionVersion", IN_QUERY("FunctionVersion"), SIZE(1, 1024), MATCH(version)),
    MARKER,
    MAX_ITEMS(LIMIT_LIST_MAX_ITEMS),
    END,
};

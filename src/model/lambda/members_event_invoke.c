/* The members of the operations on the settings of asynchronous invocation. */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

const struct constraint put_function_event_invoke_config_members[] = {
    FUNCTION_NAME_READ,
    QUALIFIER,
    INTEGER("MaximumRetryAttempts", SIZE(0, 2)),
    INTEGER("MaximumEventAgeInSeconds", SIZE(60, 21600)),
    STRUCT("DestinationConfig", MEMBERS(part_destination_members)),
    END,
};

const struct constraint update_function_event_invoke_config_members[] = {
    FUNCTION_NAME_READ,
    QUALIFIER,
    INTEGER("MaximumRetryAttempts", SIZE(0, 2)),
    INTEGER("MaximumEventAgeInSeconds", SIZE(60, 21600)),
    STRUCT("DestinationConfig", MEMBERS(part_destination_members)),
    END,
};

const struct constraint get_function_event_invoke_config_members[] = {FUNCTION_NAME_READ, QUALIFIER, END};

const struct constraint delete_function_event_invoke_config_members[] = {
    FUNCTION_NAME_READ,
    QUALIFIER,
    END,
};

const struct constraint list_function_event_invoke_configs_members[] = {
    FUNCTION_NAME_READ,
    MARKER,
    MAX_ITEMS(50),
    END,
};

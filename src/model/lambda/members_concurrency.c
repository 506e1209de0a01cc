/* The members of the operations on reserved and provisioned concurrency and on the scaling of managed
 * instances. */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define PROVISIONED_QUALIFIER                                                                                \
    TEXT("Qualifier", IN_QUERY("Qualifier"), REQUIRED, SIZE(1, 128), MATCH(provisioned_qualifier))
#define PUBLISHED_QUALIFIER                                                                                  \
    TEXT("Qualifier", IN_QUERY("Qualifier"), REQUIRED, SIZE(1, 128), MATCH(published_qualifier))

const struct constraint put_function_concurrency_members[] = {
    FUNCTION_NAME_WRITE,
    INTEGER("ReservedConcurrentExecutions", REQUIRED, LEAST(0)),
    END,
};

const struct constraint get_function_concurrency_members[] = {FUNCTION_NAME_WRITE, END};

const struct constraint delete_function_concurrency_members[] = {FUNCTION_NAME_WRITE, END};

const struct constraint put_provisioned_concurrency_config_members[] = {
    FUNCTION_NAME_WRITE,
    PROVISIONED_QUALIFIER,
    INTEGER("ProvisionedConcurrentExecutions", REQUIRED, LEAST(1)),
    END,
};

const struct constraint get_provisioned_concurrency_config_members[] = {
    FUNCTION_NAME_WRITE,
    PROVISIONED_QUALIFIER,
    END,
};

const struct constraint delete_provisioned_concurrency_config_members[] = {
    FUNCTION_NAME_WRITE,
    PROVISIONED_QUALIFIER,
    END,
};

const struct constraint list_provisioned_concurrency_configs_members[] = {
    FUNCTION_NAME_WRITE,
    MARKER,
    MAX_ITEMS(50),
    END,
};

static const struct constraint function_scaling_members[] = {
    INTEGER("MinExecutionEnvironments", SIZE(0, 15000)),
    INTEGER("MaxExecutionEnvironments", SIZE(0, 15000)),
    END,
};

const struct constraint put_function_scaling_config_members[] = {
    FUNCTION_NAME_UNQUALIFIED,
    PUBLISHED_QUALIFIER,
    STRUCT("FunctionScalingConfig", MEMBERS(function_scaling_members)),
    END,
};

const struct constraint get_function_scaling_config_members[] = {
    FUNCTION_NAME_UNQUALIFIED,
    PUBLISHED_QUALIFIER,
    END,
};

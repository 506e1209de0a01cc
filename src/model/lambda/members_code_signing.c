/* The members of the operations on code signing configurations. */
#include "base/limits.h"
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define CONFIG_ARN                                                                                           \
    TEXT("CodeSigningConfigArn", IN_PATH("CodeSigningConfigArn"), REQUIRED, SIZE(0, 200), MATCH(code_signing))

static const char *const signing_policies[] = {"Enforce", "Warn", NULL};

static const struct constraint arn = TEXT(NULL, SIZE(0, 10000), MATCH(arn));

static const struct constraint publishers_members[] = {
    LIST("SigningProfileVersionArns", REQUIRED, SIZE(1, 20), OF(arn)),
    END,
};

static const struct constraint policies_members[] = {
    TEXT("UntrustedArtifactOnDeployment", ONE_OF(signing_policies)),
    END,
};

const struct constraint create_code_signing_config_members[] = {
    DESCRIPTION,
    STRUCT("AllowedPublishers", REQUIRED, MEMBERS(publishers_members)),
    STRUCT("CodeSigningPolicies", MEMBERS(policies_members)),
    TAGS,
    END,
};

const struct constraint get_code_signing_config_members[] = {CONFIG_ARN, END};

const struct constraint update_code_signing_config_members[] = {
    CONFIG_ARN,
    DESCRIPTION,
    STRUCT("AllowedPublishers", MEMBERS(publishers_members)),
    STRUCT("CodeSigningPolicies", MEMBERS(policies_members)),
    END,
};

const struct constraint delete_code_signing_config_members[] = {CONFIG_ARN, END};

const struct constraint list_code_signing_configs_members[] = {
    MARKER,
    MAX_ITEMS(LIMIT_LIST_MAX_ITEMS),
    END,
};

const struct constraint list_functions_by_code_signing_config_members[] = {
    CONFIG_ARN,
    MARKER,
    MAX_ITEMS(LIMIT_LIST_MAX_ITEMS),
    END,
};

const struct constraint put_function_code_signing_config_members[] = {
    TEXT("CodeSigningConfigArn", REQUIRED, SIZE(0, 200), MATCH(code_signing)),
    FUNCTION_NAME_READ,
    END,
};

const struct constraint get_function_code_signing_config_members[] = {FUNCTION_NAME_READ, END};

const struct constraint delete_function_code_signing_config_members[] = {FUNCTION_NAME_READ, END};

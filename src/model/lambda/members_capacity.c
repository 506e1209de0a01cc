/* The members of the operations on capacity providers. */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define PROVIDER_NAME                                                                                        \
    TEXT("CapacityProviderName", IN_PATH("CapacityProviderName"), REQUIRED, SIZE(1, 140),                    \
         MATCH(capacity_provider_name))

static const char *const scaling_modes[] = {"Manual", "Auto", NULL};
static const char *const scaling_metrics[] = {"LambdaCapacityProviderAverageCPUUtilization", NULL};
static const char *const tag_modes[] = {"Explicit", "None", NULL};
static const char *const provider_states[] = {"Active", "Deleting", "Pending", "Failed", NULL};

static const struct constraint provider_vpc_members[] = {
    LIST("SubnetIds", REQUIRED, SIZE(1, 16), OF(part_subnet)),
    LIST("SecurityGroupIds", REQUIRED, SIZE(0, 5), OF(part_security_group)),
    END,
};

static const struct constraint provider_permissions_members[] = {
    TEXT("CapacityProviderOperatorRoleArn", REQUIRED, SIZE(0, 10000), MATCH(role)),
    END,
};

static const struct constraint instance_type = TEXT(NULL, REQUIRED, SIZE(1, 30), MATCH(instance_type));

static const struct constraint instance_requirements_members[] = {
    LIST("Architectures", SIZE(1, 1), OF(part_architecture)),
    LIST("AllowedInstanceTypes", SIZE(0, 400), OF(instance_type)),
    LIST("ExcludedInstanceTypes", SIZE(0, 400), OF(instance_type)),
    END,
};

static const struct constraint target_tracking_scaling_policy_members[] = {
    TEXT("PredefinedMetricType", REQUIRED, ONE_OF(scaling_metrics)),
    DOUBLE("TargetValue", REQUIRED, SIZE(0, 100)),
    END,
};

static const struct constraint scaling_policy = STRUCT(NULL, MEMBERS(target_tracking_scaling_policy_members));

static const struct constraint provider_scaling_members[] = {
    INTEGER("MaxVCpuCount", SIZE(2, 15000)),
    TEXT("ScalingMode", ONE_OF(scaling_modes)),
    LIST("ScalingPolicies", SIZE(1, 10), OF(scaling_policy)),
    END,
};

static const struct constraint propagate_tags_members[] = {
    TEXT("Mode", ONE_OF(tag_modes)),
    MAP("ExplicitTags", SIZE(0, 40), KEYS(part_tag_key), OF(part_tag_value)),
    END,
};

static const struct constraint provider_logging_members[] = {
    TEXT("SystemLogLevel", ONE_OF(part_system_log_levels)),
    TEXT("LogGroup", SIZE(1, 512), MATCH(log_group)),
    END,
};

static const struct constraint provider_telemetry_members[] = {
    STRUCT("LoggingConfig", MEMBERS(provider_logging_members)),
    END,
};

const struct constraint create_capacity_provider_members[] = {
    TEXT("CapacityProviderName", REQUIRED, SIZE(1, 140), MATCH(capacity_provider_name)),
    STRUCT("VpcConfig", REQUIRED, MEMBERS(provider_vpc_members)),
    STRUCT("PermissionsConfig", REQUIRED, MEMBERS(provider_permissions_members)),
    STRUCT("InstanceRequirements", MEMBERS(instance_requirements_members)),
    STRUCT("CapacityProviderScalingConfig", MEMBERS(provider_scaling_members)),
    TEXT("KmsKeyArn", SIZE(0, 10000), MATCH(service_arn)),
    TAGS,
    STRUCT("PropagateTags", MEMBERS(propagate_tags_members)),
    STRUCT("TelemetryConfig", MEMBERS(provider_telemetry_members)),
    END,
};

const struct constraint get_capacity_provider_members[] = {PROVIDER_NAME, END};

const struct constraint update_capacity_provider_members[] = {
    PROVIDER_NAME,
    STRUCT("CapacityProviderScalingConfig", MEMBERS(provider_scaling_members)),
    STRUCT("PropagateTags", MEMBERS(propagate_tags_members)),
    STRUCT("TelemetryConfig", MEMBERS(provider_telemetry_members)),
    END,
};

const struct constraint delete_capacity_provider_members[] = {PROVIDER_NAME, END};

const struct constraint list_capacity_providers_members[] = {
    TEXT("State", IN_QUERY("State"), ONE_OF(provider_states)),
    MARKER,
    MAX_ITEMS(50),
    END,
};

const struct constraint list_function_versions_by_capacity_provider_members[] = {
    PROVIDER_NAME,
    MARKER,
    MAX_ITEMS(50),
    END,
};

/* The members of the operations on functions and their versions. Bounds of memory and time are those of
 * functions on standard compute, which the service enforces; its model goes further for managed instances. A
 * Runtime is checked by who creates the function: the service has other words for it. */
#include "base/limits.h"
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

static const char *const publish_targets[] = {"LATEST_PUBLISHED", NULL};
static const char *const package_types[] = {"Zip", "Image", NULL};
static const char *const tracing_modes[] = {"Active", "PassThrough", NULL};
static const char *const snapstart_modes[] = {"PublishedVersions", "None", NULL};
static const char *const log_formats[] = {"JSON", "Text", NULL};
static const char *const application_log_levels[] = {"FATAL", "TRACE", "WARN", "ERROR",
                                                     "INFO",  "DEBUG", NULL};
static const char *const tenant_modes[] = {"PER_TENANT", NULL};
static const char *const version_filters[] = {"ALL", NULL};

static const struct constraint code_members[] = {
    BLOB("ZipFile", SENSITIVE),
    CODE_IN_S3,
    TEXT("ImageUri"),
    TEXT("SourceKMSKeyArn", SIZE(0, 10000), MATCH(optional_arn)),
    END,
};

static const struct constraint vpc_members[] = {
    LIST("SubnetIds", SIZE(0, 16), OF(part_subnet)),
    LIST("SecurityGroupIds", SIZE(0, 5), OF(part_security_group)),
    BOOLEAN("Ipv6AllowedForDualStack"),
    END,
};

static const struct constraint dead_letter_members[] = {
    TEXT("TargetArn", SIZE(0, 10000), MATCH(optional_arn)),
    END,
};

static const struct constraint variable_name = TEXT(NULL, MATCH(variable_name));

static const struct constraint environment_members[] = {
    MAP("Variables", SENSITIVE, KEYS(variable_name), OF(part_plain_text)),
    END,
};

static const struct constraint tracing_members[] = {
    TEXT("Mode", ONE_OF(tracing_modes)),
    END,
};

static const struct constraint layer_version = TEXT(NULL, REQUIRED, SIZE(1, 2048), MATCH(layer_version));

static const struct constraint file_system_members[] = {
    TEXT("Arn", REQUIRED, SIZE(0, 256), MATCH(file_system)),
    TEXT("LocalMountPath", REQUIRED, SIZE(0, 160), MATCH(mount_path)),
    END,
};

static const struct constraint file_system = STRUCT(NULL, MEMBERS(file_system_members));

static const struct constraint image_members[] = {
    LIST("EntryPoint", SIZE(0, 1500), OF(part_plain_text)),
    LIST("Command", SIZE(0, 1500), OF(part_plain_text)),
    TEXT("WorkingDirectory", SIZE(0, 1000)),
    END,
};

static const struct constraint storage_members[] = {
    INTEGER("Size", REQUIRED, SIZE(LIMIT_TMP_MIN_MB, LIMIT_TMP_MAX_MB)),
    END,
};

static const struct constraint snapstart_members[] = {
    TEXT("ApplyOn", ONE_OF(snapstart_modes)),
    END,
};

static const struct constraint logging_members[] = {
    TEXT("LogFormat", ONE_OF(log_formats)),
    TEXT("ApplicationLogLevel", ONE_OF(application_log_levels)),
    TEXT("SystemLogLevel", ONE_OF(part_system_log_levels)),
    TEXT("LogGroup", SIZE(1, 512), MATCH(log_group)),
    END,
};

static const struct constraint tenancy_members[] = {
    TEXT("TenantIsolationMode", REQUIRED, ONE_OF(tenant_modes)),
    END,
};

static const struct constraint managed_instances_members[] = {
    TEXT("CapacityProviderArn", REQUIRED, SIZE(1, 140), MATCH(capacity_provider)),
    INTEGER("PerExecutionEnvironmentMaxConcurrency", SIZE(1, 1600)),
    DOUBLE("ExecutionEnvironmentMemoryGiBPerVCpu", SIZE(2, 8)),
    END,
};

static const struct constraint capacity_members[] = {
    STRUCT("LambdaManagedInstancesCapacityProviderConfig", REQUIRED, MEMBERS(managed_instances_members)),
    END,
};

static const struct constraint durable_members[] = {
    TEXT("KMSKeyArn", SIZE(0, 10000), MATCH(optional_arn)),
    INTEGER("RetentionPeriodInDays", SIZE(1, 90)),
    INTEGER("ExecutionTimeout", SIZE(1, 31622400)),
    END,
};

const struct constraint create_function_members[] = {
    TEXT("FunctionName", REQUIRED, SIZE(1, LIMIT_FUNCTION_REFERENCE_CHARS), MATCH(function_write)),
    TEXT("Runtime"),
    TEXT("Role", REQUIRED, SIZE(0, 10000), MATCH(role)),
    TEXT("Handler", SIZE(0, LIMIT_HANDLER_CHARS), MATCH(no_space)),
    STRUCT("Code", REQUIRED, MEMBERS(code_members)),
    DESCRIPTION,
    INTEGER("Timeout", SIZE(LIMIT_TIMEOUT_MIN_S, LIMIT_TIMEOUT_MAX_S)),
    INTEGER("MemorySize", SIZE(LIMIT_MEMORY_MIN_MB, LIMIT_MEMORY_MAX_MB)),
    BOOLEAN("Publish"),
    TEXT("PublishTo", ONE_OF(publish_targets)),
    STRUCT("VpcConfig", MEMBERS(vpc_members)),
    TEXT("PackageType", ONE_OF(package_types)),
    STRUCT("DeadLetterConfig", MEMBERS(dead_letter_members)),
    STRUCT("Environment", MEMBERS(environment_members)),
    TEXT("KMSKeyArn", SIZE(0, 10000), MATCH(optional_arn)),
    STRUCT("TracingConfig", MEMBERS(tracing_members)),
    TAGS,
    LIST("Layers", OF(layer_version)),
    LIST("FileSystemConfigs", SIZE(0, 1), OF(file_system)),
    TEXT("CodeSigningConfigArn", SIZE(0, 200), MATCH(code_signing)),
    STRUCT("ImageConfig", MEMBERS(image_members)),
    LIST("Architectures", SIZE(1, 1), OF(part_architecture)),
    STRUCT("EphemeralStorage", MEMBERS(storage_members)),
    STRUCT("SnapStart", MEMBERS(snapstart_members)),
    STRUCT("LoggingConfig", MEMBERS(logging_members)),
    STRUCT("TenancyConfig", MEMBERS(tenancy_members)),
    STRUCT("CapacityProviderConfig", MEMBERS(capacity_members)),
    STRUCT("DurableConfig", MEMBERS(durable_members)),
    END,
};

const struct constraint get_function_members[] = {FUNCTION_NAME_READ, QUALIFIER, END};

const struct constraint get_function_configuration_members[] = {FUNCTION_NAME_READ, QUALIFIER, END};

const struct constraint update_function_code_members[] = {
    FUNCTION_NAME_WRITE,
    BLOB("ZipFile", SENSITIVE),
    CODE_IN_S3,
    TEXT("ImageUri"),
    LIST("Architectures", SIZE(1, 1), OF(part_architecture)),
    BOOLEAN("Publish"),
    TEXT("PublishTo", ONE_OF(publish_targets)),
    BOOLEAN("DryRun"),
    REVISION_ID,
    TEXT("SourceKMSKeyArn", SIZE(0, 10000), MATCH(optional_arn)),
    END,
};

const struct constraint update_function_configuration_members[] = {
    FUNCTION_NAME_WRITE,
    TEXT("Role", SIZE(0, 10000), MATCH(role)),
    TEXT("Handler", SIZE(0, LIMIT_HANDLER_CHARS), MATCH(no_space)),
    DESCRIPTION,
    INTEGER("Timeout", SIZE(LIMIT_TIMEOUT_MIN_S, LIMIT_TIMEOUT_MAX_S)),
    INTEGER("MemorySize", SIZE(LIMIT_MEMORY_MIN_MB, LIMIT_MEMORY_MAX_MB)),
    STRUCT("VpcConfig", MEMBERS(vpc_members)),
    STRUCT("Environment", MEMBERS(environment_members)),
    TEXT("Runtime"),
    STRUCT("DeadLetterConfig", MEMBERS(dead_letter_members)),
    TEXT("KMSKeyArn", SIZE(0, 10000), MATCH(optional_arn)),
    STRUCT("TracingConfig", MEMBERS(tracing_members)),
    REVISION_ID,
    LIST("Layers", OF(layer_version)),
    LIST("FileSystemConfigs", SIZE(0, 1), OF(file_system)),
    STRUCT("ImageConfig", MEMBERS(image_members)),
    STRUCT("EphemeralStorage", MEMBERS(storage_members)),
    STRUCT("SnapStart", MEMBERS(snapstart_members)),
    STRUCT("LoggingConfig", MEMBERS(logging_members)),
    STRUCT("CapacityProviderConfig", MEMBERS(capacity_members)),
    STRUCT("DurableConfig", MEMBERS(durable_members)),
    END,
};

const struct constraint delete_function_members[] = {FUNCTION_NAME_READ, QUALIFIER, END};

const struct constraint list_functions_members[] = {
    TEXT("MasterRegion", IN_QUERY("MasterRegion"), SIZE(1, 50), MATCH(master_region)),
    TEXT("FunctionVersion", IN_QUERY("FunctionVersion"), ONE_OF(version_filters)),
    MARKER,
    MAX_ITEMS(LIMIT_LIST_MAX_ITEMS),
    END,
};

const struct constraint publish_version_members[] = {
    FUNCTION_NAME_WRITE,
    TEXT("CodeSha256"),
    DESCRIPTION,
    REVISION_ID,
    TEXT("PublishTo", ONE_OF(publish_targets)),
    END,
};

const struct constraint list_versions_by_function_members[] = {
    FUNCTION_NAME_READ,
    MARKER,
    MAX_ITEMS(LIMIT_LIST_MAX_ITEMS),
    END,
};

/* Tables only. Members stand in the order of the service model. Enumerations stand in the order in which the
 * service prints them: by Java's String.hashCode() modulo 32, which reproduces every list recorded from it.
 * Bounds are those the service enforces for functions on its standard compute, which its model exceeds. */
#include "model/function_constraints.h"

#include "base/limits.h"
#include "model/function_patterns.h"

#define TEXT(member, least, most, match)                                                                     \
    { .name = member, .type = CONSTRAINT_TEXT, .min = least, .max = most, .pattern = match }
#define ENUM(member, list)                                                                                   \
    { .name = member, .type = CONSTRAINT_TEXT, .values = list }
#define INTEGER(member, least, most)                                                                         \
    { .name = member, .type = CONSTRAINT_INTEGER, .min = least, .max = most }
#define BOOLEAN(member)                                                                                      \
    { .name = member, .type = CONSTRAINT_BOOLEAN }
#define LIST(member, least, most, of)                                                                        \
    { .name = member, .type = CONSTRAINT_LIST, .min = least, .max = most, .item = of }
#define STRUCT(member, of)                                                                                   \
    { .name = member, .type = CONSTRAINT_STRUCT, .members = of }
#define END                                                                                                  \
    { .name = NULL }

/* A text without any rule: of the model's, or one that the operation checks itself with better words. */
#define PLAIN(member) TEXT(member, 0, 0, NULL)

#define ARN_CHARS 10000

static const char *const architectures[] = {"x86_64", "arm64", NULL};
static const char *const package_types[] = {"Zip", "Image", NULL};
static const char *const storage_modes[] = {"REFERENCE", "COPY", NULL};
static const char *const publish_targets[] = {"LATEST_PUBLISHED", NULL};
static const char *const tracing_modes[] = {"Active", "PassThrough", NULL};
static const char *const snapstart_modes[] = {"PublishedVersions", "None", NULL};
static const char *const log_formats[] = {"JSON", "Text", NULL};
static const char *const application_log_levels[] = {"FATAL", "TRACE", "WARN", "ERROR",
                                                     "INFO",  "DEBUG", NULL};
static const char *const system_log_levels[] = {"WARN", "INFO", "DEBUG", NULL};
static const char *const tenant_modes[] = {"PER_TENANT", NULL};
static const char *const version_filters[] = {"ALL", NULL};
static const char *const invocation_types[] = {"DryRun", "RequestResponse", "Event", NULL};
static const char *const log_types[] = {"Tail", "None", NULL};

static const struct constraint architecture = {
    .type = CONSTRAINT_TEXT, .required = true, .values = architectures};
static const struct constraint plain_text = {.type = CONSTRAINT_TEXT};
static const struct constraint subnet = TEXT(NULL, 0, 1024, &pattern_subnet);
static const struct constraint security_group = TEXT(NULL, 0, 1024, &pattern_security_group);
static const struct constraint layer_version = {
    .type = CONSTRAINT_TEXT, .required = true, .min = 1, .max = 2048, .pattern = &pattern_layer_version};
static const struct constraint tag_key = TEXT(NULL, 1, LIMIT_TAG_KEY_CHARS, &pattern_tag);
static const struct constraint tag_value = TEXT(NULL, 0, LIMIT_TAG_VALUE_CHARS, &pattern_tag);
static const struct constraint variable_name = TEXT(NULL, 0, 0, &pattern_variable_name);

static const struct constraint code_members[] = {
    {.name = "ZipFile", .type = CONSTRAINT_BLOB, .sensitive = true},
    TEXT("S3Bucket", 3, 63, &pattern_bucket),
    TEXT("S3Key", 1, 1024, &pattern_anything),
    TEXT("S3ObjectVersion", 1, 1024, &pattern_anything),
    ENUM("S3ObjectStorageMode", storage_modes),
    PLAIN("ImageUri"),
    TEXT("SourceKMSKeyArn", 0, ARN_CHARS, &pattern_optional_arn),
    END,
};

static const struct constraint vpc_members[] = {
    LIST("SubnetIds", 0, 16, &subnet),
    LIST("SecurityGroupIds", 0, 5, &security_group),
    BOOLEAN("Ipv6AllowedForDualStack"),
    END,
};

static const struct constraint dead_letter_members[] = {
    TEXT("TargetArn", 0, ARN_CHARS, &pattern_optional_arn),
    END,
};

static const struct constraint environment_members[] = {
    {.name = "Variables",
     .type = CONSTRAINT_MAP,
     .sensitive = true,
     .key = &variable_name,
     .item = &plain_text},
    END,
};

static const struct constraint tracing_members[] = {
    ENUM("Mode", tracing_modes),
    END,
};

static const struct constraint file_system_members[] = {
    {.name = "Arn", .type = CONSTRAINT_TEXT, .required = true, .max = 256, .pattern = &pattern_file_system},
    {.name = "LocalMountPath",
     .type = CONSTRAINT_TEXT,
     .required = true,
     .max = 160,
     .pattern = &pattern_mount_path},
    END,
};
static const struct constraint file_system = STRUCT(NULL, file_system_members);

static const struct constraint image_members[] = {
    LIST("EntryPoint", 0, 1500, &plain_text),
    LIST("Command", 0, 1500, &plain_text),
    TEXT("WorkingDirectory", 0, 1000, NULL),
    END,
};

static const struct constraint storage_members[] = {
    {.name = "Size",
     .type = CONSTRAINT_INTEGER,
     .required = true,
     .min = LIMIT_TMP_MIN_MB,
     .max = LIMIT_TMP_MAX_MB},
    END,
};

static const struct constraint snapstart_members[] = {
    ENUM("ApplyOn", snapstart_modes),
    END,
};

static const struct constraint logging_members[] = {
    ENUM("LogFormat", log_formats),
    ENUM("ApplicationLogLevel", application_log_levels),
    ENUM("SystemLogLevel", system_log_levels),
    TEXT("LogGroup", 1, 512, &pattern_log_group),
    END,
};

static const struct constraint tenancy_members[] = {
    {.name = "TenantIsolationMode", .type = CONSTRAINT_TEXT, .required = true, .values = tenant_modes},
    END,
};

static const struct constraint instances_members[] = {
    {.name = "CapacityProviderArn",
     .type = CONSTRAINT_TEXT,
     .required = true,
     .min = 1,
     .max = 140,
     .pattern = &pattern_capacity_provider},
    INTEGER("PerExecutionEnvironmentMaxConcurrency", 1, 1600),
    {.name = "ExecutionEnvironmentMemoryGiBPerVCpu", .type = CONSTRAINT_DOUBLE, .min = 2, .max = 8},
    END,
};
static const struct constraint capacity_members[] = {
    {.name = "LambdaManagedInstancesCapacityProviderConfig",
     .type = CONSTRAINT_STRUCT,
     .required = true,
     .members = instances_members},
    END,
};

static const struct constraint durable_members[] = {
    TEXT("KMSKeyArn", 0, ARN_CHARS, &pattern_optional_arn),
    INTEGER("RetentionPeriodInDays", 1, 90),
    INTEGER("ExecutionTimeout", 1, 31622400),
    END,
};

#define TAGS                                                                                                 \
    { .name = "Tags", .type = CONSTRAINT_MAP, .key = &tag_key, .item = &tag_value }

const struct constraint create_function_members[] = {
    {.name = "FunctionName",
     .type = CONSTRAINT_TEXT,
     .required = true,
     .min = 1,
     .max = LIMIT_FUNCTION_REFERENCE_CHARS,
     .pattern = &pattern_function_write},
    PLAIN("Runtime"),
    {.name = "Role", .type = CONSTRAINT_TEXT, .required = true, .max = ARN_CHARS, .pattern = &pattern_role},
    TEXT("Handler", 0, LIMIT_HANDLER_CHARS, &pattern_handler),
    {.name = "Code", .type = CONSTRAINT_STRUCT, .required = true, .members = code_members},
    TEXT("Description", 0, LIMIT_DESCRIPTION_CHARS, NULL),
    INTEGER("Timeout", LIMIT_TIMEOUT_MIN_S, LIMIT_TIMEOUT_MAX_S),
    INTEGER("MemorySize", LIMIT_MEMORY_MIN_MB, LIMIT_MEMORY_MAX_MB),
    BOOLEAN("Publish"),
    ENUM("PublishTo", publish_targets),
    STRUCT("VpcConfig", vpc_members),
    ENUM("PackageType", package_types),
    STRUCT("DeadLetterConfig", dead_letter_members),
    STRUCT("Environment", environment_members),
    TEXT("KMSKeyArn", 0, ARN_CHARS, &pattern_optional_arn),
    STRUCT("TracingConfig", tracing_members),
    TAGS,
    LIST("Layers", 0, 0, &layer_version),
    LIST("FileSystemConfigs", 0, 1, &file_system),
    TEXT("CodeSigningConfigArn", 0, 200, &pattern_code_signing),
    STRUCT("ImageConfig", image_members),
    LIST("Architectures", 1, 1, &architecture),
    STRUCT("EphemeralStorage", storage_members),
    STRUCT("SnapStart", snapstart_members),
    STRUCT("LoggingConfig", logging_members),
    STRUCT("TenancyConfig", tenancy_members),
    STRUCT("CapacityProviderConfig", capacity_members),
    STRUCT("DurableConfig", durable_members),
    END,
};

const struct constraint update_function_configuration_members[] = {
    TEXT("Role", 0, ARN_CHARS, &pattern_role),
    TEXT("Handler", 0, LIMIT_HANDLER_CHARS, &pattern_handler),
    TEXT("Description", 0, LIMIT_DESCRIPTION_CHARS, NULL),
    INTEGER("Timeout", LIMIT_TIMEOUT_MIN_S, LIMIT_TIMEOUT_MAX_S),
    INTEGER("MemorySize", LIMIT_MEMORY_MIN_MB, LIMIT_MEMORY_MAX_MB),
    STRUCT("VpcConfig", vpc_members),
    STRUCT("Environment", environment_members),
    PLAIN("Runtime"),
    STRUCT("DeadLetterConfig", dead_letter_members),
    TEXT("KMSKeyArn", 0, ARN_CHARS, &pattern_optional_arn),
    STRUCT("TracingConfig", tracing_members),
    PLAIN("RevisionId"),
    LIST("Layers", 0, 0, &layer_version),
    LIST("FileSystemConfigs", 0, 1, &file_system),
    STRUCT("ImageConfig", image_members),
    STRUCT("EphemeralStorage", storage_members),
    STRUCT("SnapStart", snapstart_members),
    STRUCT("LoggingConfig", logging_members),
    STRUCT("CapacityProviderConfig", capacity_members),
    STRUCT("DurableConfig", durable_members),
    END,
};

const struct constraint update_function_code_members[] = {
    {.name = "ZipFile", .type = CONSTRAINT_BLOB, .sensitive = true},
    TEXT("S3Bucket", 3, 63, &pattern_bucket),
    TEXT("S3Key", 1, 1024, &pattern_anything),
    TEXT("S3ObjectVersion", 1, 1024, &pattern_anything),
    ENUM("S3ObjectStorageMode", storage_modes),
    PLAIN("ImageUri"),
    LIST("Architectures", 1, 1, &architecture),
    BOOLEAN("Publish"),
    ENUM("PublishTo", publish_targets),
    BOOLEAN("DryRun"),
    PLAIN("RevisionId"),
    TEXT("SourceKMSKeyArn", 0, ARN_CHARS, &pattern_optional_arn),
    END,
};

const struct constraint tag_resource_members[] = {
    {.name = "Tags", .type = CONSTRAINT_MAP, .required = true, .key = &tag_key, .item = &tag_value},
    END,
};

const struct constraint tag_resource_arn = {.name = "Resource",
                                            .type = CONSTRAINT_TEXT,
                                            .required = true,
                                            .min = 1,
                                            .max = ARN_CHARS,
                                            .pattern = &pattern_taggable};
const struct constraint untag_resource_keys = {
    .name = "TagKeys", .type = CONSTRAINT_LIST, .required = true, .item = &tag_key};

const struct constraint list_functions_master_region = TEXT("MasterRegion", 1, 50, &pattern_master_region);
const struct constraint list_functions_version = ENUM("FunctionVersion", version_filters);
const struct constraint list_functions_max_items = INTEGER("MaxItems", 1, LIMIT_LIST_MAX_ITEMS);

const struct constraint invoke_invocation_type = ENUM("InvocationType", invocation_types);
const struct constraint invoke_log_type = ENUM("LogType", log_types);
const struct constraint invoke_execution_name = TEXT("DurableExecutionName", 1, 64, &pattern_execution_name);
const struct constraint invoke_tenant_id = TEXT("TenantId", 1, 256, &pattern_tenant);

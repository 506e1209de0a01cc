/* The members of the operations on event source mappings. */
#include "base/limits.h"
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define MAPPING_ID TEXT("UUID", IN_PATH("UUID"), REQUIRED, SIZE(36, 36))

static const char *const mapping_metrics[] = {"ErrorCount", "EventCount", "KafkaMetrics", NULL};
static const char *const starting_positions[] = {"LATEST", "AT_TIMESTAMP", "TRIM_HORIZON", NULL};
static const char *const access_types[] = {"CLIENT_CERTIFICATE_TLS_AUTH",
                                           "VPC_SUBNET",
                                           "VPC_SECURITY_GROUP",
                                           "SERVER_ROOT_CA_CERTIFICATE",
                                           "BASIC_AUTH",
                                           "SASL_SCRAM_512_AUTH",
                                           "VIRTUAL_HOST",
                                           "SASL_SCRAM_256_AUTH",
                                           NULL};
static const char *const endpoint_types[] = {"KAFKA_BOOTSTRAP_SERVERS", NULL};
static const char *const response_types[] = {"ReportBatchItemFailures", NULL};
static const char *const record_formats[] = {"JSON", "SOURCE", NULL};
static const char *const registry_access_types[] = {"CLIENT_CERTIFICATE_TLS_AUTH",
                                                    "SERVER_ROOT_CA_CERTIFICATE", "BASIC_AUTH", NULL};
static const char *const schema_attributes[] = {"VALUE", "KEY", NULL};
static const char *const document_modes[] = {"Default", "UpdateLookup", NULL};

static const struct constraint filter_members[] = {
    TEXT("Pattern", SIZE(0, 4096), MATCH(anything)),
    END,
};

static const struct constraint filter = STRUCT(NULL, MEMBERS(filter_members));

static const struct constraint filter_criteria_members[] = {
    LIST("Filters", OF(filter)),
    END,
};

static const struct constraint metric = TEXT(NULL, REQUIRED, ONE_OF(mapping_metrics));

static const struct constraint metrics_members[] = {
    LIST("Metrics", SIZE(0, 3), OF(metric)),
    END,
};

static const struct constraint mapping_logging_members[] = {
    TEXT("SystemLogLevel", ONE_OF(part_system_log_levels)),
    END,
};

static const struct constraint scaling_members[] = {
    INTEGER("MaximumConcurrency", SIZE(2, 1000)),
    END,
};

static const struct constraint topic = TEXT(NULL, REQUIRED, SIZE(1, 249), MATCH(topic));
static const struct constraint queue = TEXT(NULL, REQUIRED, SIZE(1, 1000), MATCH(anything));

static const struct constraint source_access_members[] = {
    TEXT("Type", ONE_OF(access_types)),
    TEXT("URI", SIZE(1, 200), MATCH(uri)),
    END,
};

static const struct constraint source_access = STRUCT(NULL, MEMBERS(source_access_members));
static const struct constraint endpoint_type = TEXT(NULL, ONE_OF(endpoint_types));
static const struct constraint endpoint = TEXT(NULL, REQUIRED, SIZE(1, 300), MATCH(endpoint));
static const struct constraint endpoint_list = LIST(NULL, SIZE(1, 10), OF(endpoint));

static const struct constraint self_managed_members[] = {
    MAP("Endpoints", SIZE(1, 2), KEYS(endpoint_type), OF(endpoint_list)),
    END,
};

static const struct constraint response_type = TEXT(NULL, REQUIRED, ONE_OF(response_types));

static const struct constraint registry_access_members[] = {
    TEXT("Type", ONE_OF(registry_access_types)),
    TEXT("URI", SIZE(0, 10000), MATCH(arn)),
    END,
};

static const struct constraint registry_access = STRUCT(NULL, MEMBERS(registry_access_members));

static const struct constraint schema_validation_members[] = {
    TEXT("Attribute", ONE_OF(schema_attributes)),
    END,
};

static const struct constraint schema_validation = STRUCT(NULL, MEMBERS(schema_validation_members));

static const struct constraint registry_members[] = {
    TEXT("SchemaRegistryURI", SIZE(1, 10000), MATCH(schema_registry)),
    TEXT("EventRecordFormat", ONE_OF(record_formats)),
    LIST("AccessConfigs", OF(registry_access)),
    LIST("SchemaValidationConfigs", OF(schema_validation)),
    END,
};

static const struct constraint kafka_members[] = {
    TEXT("ConsumerGroupId", SIZE(1, 200), MATCH(uri)),
    STRUCT("SchemaRegistryConfig", MEMBERS(registry_members)),
    END,
};

static const struct constraint document_db_members[] = {
    TEXT("DatabaseName", SIZE(1, 63), MATCH(database)),
    TEXT("CollectionName", SIZE(1, 57), MATCH(collection)),
    TEXT("FullDocument", ONE_OF(document_modes)),
    END,
};

static const struct constraint provisioned_poller_members[] = {
    INTEGER("MinimumPollers", SIZE(1, 200)),
    INTEGER("MaximumPollers", SIZE(1, 10000)),
    TEXT("PollerGroupName", SIZE(0, 128), MATCH(poller_group)),
    END,
};

const struct constraint create_event_source_mapping_members[] = {
    TEXT("EventSourceArn", SIZE(0, 10000), MATCH(arn)),
    TEXT("FunctionName", REQUIRED, SIZE(1, LIMIT_FUNCTION_READ_REFERENCE_CHARS), MATCH(function_read)),
    BOOLEAN("Enabled"),
    INTEGER("BatchSize", SIZE(1, 10000)),
    STRUCT("FilterCriteria", MEMBERS(filter_criteria_members)),
    TEXT("KMSKeyArn", SIZE(0, 10000), MATCH(optional_arn)),
    STRUCT("MetricsConfig", MEMBERS(metrics_members)),
    STRUCT("LoggingConfig", MEMBERS(mapping_logging_members)),
    STRUCT("ScalingConfig", MEMBERS(scaling_members)),
    INTEGER("MaximumBatchingWindowInSeconds", SIZE(0, 300)),
    INTEGER("ParallelizationFactor", SIZE(1, 10)),
    TEXT("StartingPosition", ONE_OF(starting_positions)),
    DOUBLE("StartingPositionTimestamp"),
    STRUCT("DestinationConfig", MEMBERS(part_destination_members)),
    INTEGER("MaximumRecordAgeInSeconds", SIZE(-1, 604800)),
    BOOLEAN("BisectBatchOnFunctionError"),
    INTEGER("MaximumRetryAttempts", SIZE(-1, 10000)),
    TAGS,
    INTEGER("TumblingWindowInSeconds", SIZE(0, 900)),
    LIST("Topics", SIZE(1, 1), OF(topic)),
    LIST("Queues", SIZE(1, 1), OF(queue)),
    LIST("SourceAccessConfigurations", SIZE(0, 23), OF(source_access)),
    STRUCT("SelfManagedEventSource", MEMBERS(self_managed_members)),
    LIST("FunctionResponseTypes", SIZE(0, 1), OF(response_type)),
    STRUCT("AmazonManagedKafkaEventSourceConfig", MEMBERS(kafka_members)),
    STRUCT("SelfManagedKafkaEventSourceConfig", MEMBERS(kafka_members)),
    STRUCT("DocumentDBEventSourceConfig", MEMBERS(document_db_members)),
    STRUCT("ProvisionedPollerConfig", MEMBERS(provisioned_poller_members)),
    END,
};

const struct constraint get_event_source_mapping_members[] = {MAPPING_ID, END};

const struct constraint update_event_source_mapping_members[] = {
    MAPPING_ID,
    TEXT("FunctionName", SIZE(1, LIMIT_FUNCTION_READ_REFERENCE_CHARS), MATCH(function_read)),
    BOOLEAN("Enabled"),
    INTEGER("BatchSize", SIZE(1, 10000)),
    STRUCT("FilterCriteria", MEMBERS(filter_criteria_members)),
    TEXT("KMSKeyArn", SIZE(0, 10000), MATCH(optional_arn)),
    STRUCT("MetricsConfig", MEMBERS(metrics_members)),
    STRUCT("LoggingConfig", MEMBERS(mapping_logging_members)),
    STRUCT("ScalingConfig", MEMBERS(scaling_members)),
    INTEGER("MaximumBatchingWindowInSeconds", SIZE(0, 300)),
    INTEGER("ParallelizationFactor", SIZE(1, 10)),
    STRUCT("DestinationConfig", MEMBERS(part_destination_members)),
    INTEGER("MaximumRecordAgeInSeconds", SIZE(-1, 604800)),
    BOOLEAN("BisectBatchOnFunctionError"),
    INTEGER("MaximumRetryAttempts", SIZE(-1, 10000)),
    INTEGER("TumblingWindowInSeconds", SIZE(0, 900)),
    LIST("SourceAccessConfigurations", SIZE(0, 23), OF(source_access)),
    LIST("FunctionResponseTypes", SIZE(0, 1), OF(response_type)),
    STRUCT("AmazonManagedKafkaEventSourceConfig", MEMBERS(kafka_members)),
    STRUCT("SelfManagedKafkaEventSourceConfig", MEMBERS(kafka_members)),
    STRUCT("DocumentDBEventSourceConfig", MEMBERS(document_db_members)),
    STRUCT("ProvisionedPollerConfig", MEMBERS(provisioned_poller_members)),
    END,
};

const struct constraint delete_event_source_mapping_members[] = {MAPPING_ID, END};

const struct constraint list_event_source_mappings_members[] = {
    TEXT("EventSourceArn", IN_QUERY("EventSourceArn"), SIZE(0, 10000), MATCH(arn)),
    TEXT("FunctionName", IN_QUERY("FunctionName"), SIZE(1, LIMIT_FUNCTION_READ_REFERENCE_CHARS),
         MATCH(function_read)),
    MARKER,
    MAX_ITEMS(LIMIT_LIST_MAX_ITEMS),
    END,
};

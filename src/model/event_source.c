/* Tables: which source knows which setting, and what it is when nobody sets it. */
#include "model/event_source.h"

#include <string.h>

#include "base/mem.h"
#include "model/filter_pattern.h"

#define BIT(type) (1u << EVENT_SOURCE_##type)
#define STREAMS (BIT(KINESIS) | BIT(DYNAMODB))
#define KAFKAS (BIT(MSK) | BIT(KAFKA))
#define SLOW_STARTERS (KAFKAS | BIT(MQ) | BIT(DOCUMENTDB))
#define ALL (BIT(SQS) | STREAMS | SLOW_STARTERS)

static const struct {
    const char *member;
    unsigned known_to;
    unsigned has_default; /* these sources show it always */
    const char *value;
} settings[] = {
    {"AmazonManagedKafkaEventSourceConfig", BIT(MSK), 0, NULL},
    {"BatchSize", ALL, BIT(SQS), "10"},
    {"BatchSize", ALL, ALL & ~BIT(SQS), "100"},
    {"BisectBatchOnFunctionError", STREAMS | KAFKAS, STREAMS, "false"},
    {"DestinationConfig", STREAMS | KAFKAS | BIT(DOCUMENTDB), STREAMS, "{\"OnFailure\":{}}"},
    {"DocumentDBEventSourceConfig", BIT(DOCUMENTDB), 0, NULL},
    {"FilterCriteria", ALL & ~BIT(DOCUMENTDB), 0, NULL},
    {"FunctionResponseTypes", STREAMS | BIT(SQS) | KAFKAS, STREAMS | BIT(SQS), "[]"},
    {"LoggingConfig", KAFKAS, 0, NULL},
    {"MaximumBatchingWindowInSeconds", ALL, STREAMS | BIT(SQS), "0"},
    {"MaximumRecordAgeInSeconds", STREAMS | KAFKAS, STREAMS, "-1"},
    {"MaximumRetryAttempts", STREAMS | KAFKAS, STREAMS, "-1"},
    {"MetricsConfig", ALL, 0, NULL},
    {"ParallelizationFactor", STREAMS, STREAMS, "1"},
    {"ProvisionedPollerConfig", KAFKAS | BIT(SQS), 0, NULL},
    {"Queues", BIT(MQ), 0, NULL},
    {"ScalingConfig", BIT(SQS), 0, NULL},
    {"SelfManagedEventSource", BIT(KAFKA), 0, NULL},
    {"SelfManagedKafkaEventSourceConfig", BIT(KAFKA), 0, NULL},
    {"SourceAccessConfigurations", SLOW_STARTERS, 0, NULL},
    {"StartingPosition", STREAMS | KAFKAS | BIT(DOCUMENTDB), 0, NULL},
    {"StartingPositionTimestamp", STREAMS | KAFKAS | BIT(DOCUMENTDB), 0, NULL},
    {"Topics", KAFKAS, 0, NULL},
    {"TumblingWindowInSeconds", STREAMS, STREAMS, "0"},
};

#define SETTING_COUNT (sizeof settings / sizeof settings[0])

/* By the service in the ARN; a queue's last part is its name, the others have a type there. */
static const struct {
    const char *service;
    const char *resource;
    enum event_source_type type;
} services[] = {
    {"sqs", "", EVENT_SOURCE_SQS},
    {"kinesis", "stream/", EVENT_SOURCE_KINESIS},
    {"dynamodb", "table/", EVENT_SOURCE_DYNAMODB},
    {"kafka", "cluster/", EVENT_SOURCE_MSK},
    {"mq", "broker:", EVENT_SOURCE_MQ},
    {"rds", "cluster:", EVENT_SOURCE_DOCUMENTDB},
};

#define MAX_BATCH_WITHOUT_WINDOW 10
#define MAX_FILTERS 10

/* "arn:partition:service:region:account:resource" */
static bool split_arn(const char *arn, char service[16], const char **ret_resource) {
    const char *field = arn;
    for (int i = 0; i < 5; i++) {
        const char *colon = strchr(field, ':');
        if (!colon)
            return false;
        size_t len = (size_t)(colon - field);
        if (i == 2) {
            if (len >= 16)
                return false;
            memcpy(service, field, len);
            service[len] = '\0';
        }
        field = colon + 1;
    }
    *ret_resource = field;
    return true;
}

static bool ends_with(const char *text, const char *suffix) {
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);
    return len > suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

bool event_source_read(const char *arn, struct json_value self_managed, struct event_source *ret_source,
                       struct err *err) {
    char service[16];
    const char *resource;
    if (!arn && json_is_present(self_managed)) {
        *ret_source = (struct event_source){.type = EVENT_SOURCE_KAFKA};
        return true;
    }
    if (!arn || json_is_present(self_managed) || !split_arn(arn, service, &resource))
        return err_set(err, ERR_PARAMETER, "Unrecognized event source.");
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        const char *prefix = services[i].resource;
        if (strcmp(service, services[i].service) != 0 || strncmp(resource, prefix, strlen(prefix)) != 0)
            continue;
        enum event_source_type type = services[i].type;
        if (type == EVENT_SOURCE_DYNAMODB && !strstr(resource, "/stream/"))
            continue;
        *ret_source = (struct event_source){
            .type = type,
            .is_stream = type == EVENT_SOURCE_KINESIS || type == EVENT_SOURCE_DYNAMODB,
            .is_fifo = type == EVENT_SOURCE_SQS && ends_with(resource, ".fifo"),
        };
        return true;
    }
    return err_set(err, ERR_PARAMETER, "Unrecognized event source.");
}

const char *event_source_default(const struct event_source *source, const char *member) {
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (settings[i].has_default & 1u << source->type && strcmp(settings[i].member, member) == 0)
            return settings[i].value;
    return NULL;
}

static bool check_known(const struct event_source *source, struct json_value mapping, struct err *err) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (settings[i].known_to & 1u << source->type ||
            !json_is_present(json_member(mapping, settings[i].member)))
            continue;
        return err_set(err, ERR_PARAMETER, "Unsupported %s parameter for given event source mapping type.",
                       settings[i].member);
    }
    return true;
}

static int64_t integer_of(struct json_value mapping, const char *member, int64_t fallback) {
    int64_t number;
    return json_integer(json_member(mapping, member), &number) ? number : fallback;
}

static bool check_queue(const struct event_source *source, struct json_value mapping, struct err *err) {
    int64_t batch = integer_of(mapping, "BatchSize", MAX_BATCH_WITHOUT_WINDOW);
    int64_t window_s = integer_of(mapping, "MaximumBatchingWindowInSeconds", 0);
    if (source->is_fifo && window_s > 0)
        return err_set(err, ERR_PARAMETER, "Batching window is not supported for FIFO queues.");
    if (source->is_fifo && batch > MAX_BATCH_WITHOUT_WINDOW)
        return err_set(err, ERR_PARAMETER, "Batch size must be less than or equal to %d for FIFO queues.",
                       MAX_BATCH_WITHOUT_WINDOW);
    if (batch > MAX_BATCH_WITHOUT_WINDOW && window_s == 0)
        return err_set(
            err, ERR_PARAMETER,
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater "
            "than %d",
            MAX_BATCH_WITHOUT_WINDOW);
    return true;
}

static bool check_start(const struct event_source *source, struct json_value mapping, struct err *err) {
    struct json_value position = json_member(mapping, "StartingPosition");
    if (!json_is_present(position))
        return err_set(err, ERR_PARAMETER,
                       "1 validation error detected: Value null at 'startingPosition' failed to satisfy "
                       "constraint: Member must not be null.");
    bool is_timed = json_string_is(position, "AT_TIMESTAMP");
    if (is_timed && source->type == EVENT_SOURCE_DYNAMODB) {
        OWN_MEM char *arn = json_string(json_member(mapping, "EventSourceArn"));
        return err_set(err, ERR_PARAMETER, "Unsupported starting position for arn type: %s", arn ? arn : "");
    }
    bool has_time = json_is_present(json_member(mapping, "StartingPositionTimestamp"));
    if (is_timed && !has_time)
        return err_set(
            err, ERR_PARAMETER,
            "StartingPosition AT_TIMESTAMP needs StartingPositionTimestamp: the time to begin at.");
    return is_timed || !has_time ||
           err_set(err, ERR_PARAMETER,
                   "StartingPositionTimestamp is only for the StartingPosition AT_TIMESTAMP.");
}

static bool require(struct json_value mapping, const char *member, const char *shown, struct err *err) {
    return json_is_present(json_member(mapping, member)) ||
           err_set(err, ERR_PARAMETER, "Required '%s' parameter is missing.", shown);
}

static bool check_filters(struct json_value mapping, struct err *err) {
    struct json_value filters = json_member(json_member(mapping, "FilterCriteria"), "Filters");
    struct json_value filter;
    if (!json_is_present(filters))
        return true;
    if (json_size(filters) > MAX_FILTERS)
        return err_set(err, ERR_PARAMETER, "A mapping can have at most %d filters.", MAX_FILTERS);
    for (uint32_t cursor = 0; json_each(filters, &cursor, NULL, &filter);) {
        OWN_MEM char *pattern = json_string(json_member(filter, "Pattern"));
        if (!pattern || !filter_pattern_is_valid(pattern, strlen(pattern)))
            return err_set(err, ERR_PARAMETER, "Invalid filter pattern definition.");
    }
    return true;
}

static bool check_by_type(const struct event_source *source, struct json_value mapping, struct err *err) {
    switch (source->type) {
    case EVENT_SOURCE_SQS: return check_queue(source, mapping, err);
    case EVENT_SOURCE_KINESIS:
    case EVENT_SOURCE_DYNAMODB: return check_start(source, mapping, err);
    case EVENT_SOURCE_KAFKA:
        return require(mapping, "SourceAccessConfigurations", "sourceAccessConfigurations", err) &&
               require(mapping, "Topics", "topics", err) && check_start(source, mapping, err);
    case EVENT_SOURCE_MSK:
        return require(mapping, "Topics", "topics", err) && check_start(source, mapping, err);
    case EVENT_SOURCE_MQ:
        return require(mapping, "Queues", "queues", err) &&
               require(mapping, "SourceAccessConfigurations", "sourceAccessConfigurations", err);
    case EVENT_SOURCE_DOCUMENTDB:
        return require(mapping, "DocumentDBEventSourceConfig", "documentDBEventSourceConfig", err) &&
               require(mapping, "SourceAccessConfigurations", "sourceAccessConfigurations", err) &&
               check_start(source, mapping, err);
    }
    return true;
}

bool event_source_check(const struct event_source *source, struct json_value mapping, struct err *err) {
    return check_known(source, mapping, err) && check_by_type(source, mapping, err) &&
           check_filters(mapping, err);
}

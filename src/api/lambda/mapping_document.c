/* See mapping_document.h. Members stand in the order of their names. */
#include "api/lambda/mapping_document.h"

#include <stdio.h>
#include <string.h>

#include "api/lambda/body.h"
#include "base/limits.h"
#include "base/mem.h"
#include "model/lambda/members.h"

#define NOT_POLLED "Lamb does not poll event sources yet: nothing is read from this one."

static const char *source_arn(const struct mapping *mapping) {
    return mapping->source_arn;
}

static const char *mapping_arn(const struct mapping *mapping) {
    return mapping->arn;
}

static const char *function_arn(const struct mapping *mapping) {
    return mapping->function_arn;
}

static const char *uuid(const struct mapping *mapping) {
    return mapping->uuid;
}

static const char *last_result(const struct mapping *mapping) {
    return mapping->source.is_stream ? "No records processed" : NULL;
}

/* Members that the request does not set. `value` gives NULL for one that this mapping does not have. */
static const struct {
    const char *member;
    const char *(*value)(const struct mapping *mapping);
} facts[] = {
    {"EventSourceArn", source_arn},
    {"EventSourceMappingArn", mapping_arn},
    {"FunctionArn", function_arn},
    {"LastProcessingResult", last_result},
    {"UUID", uuid},
};

static const char *const members[] = {
    "AmazonManagedKafkaEventSourceConfig",
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "DocumentDBEventSourceConfig",
    "EventSourceArn",
    "EventSourceMappingArn",
    "FilterCriteria",
    "FunctionArn",
    "FunctionResponseTypes",
    "LastModified",
    "LastProcessingResult",
    "LoggingConfig",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "MetricsConfig",
    "ParallelizationFactor",
    "ProvisionedPollerConfig",
    "Queues",
    "ScalingConfig",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "StartingPosition",
    "StartingPositionTimestamp",
    "State",
    "StateTransitionReason",
    "Topics",
    "TumblingWindowInSeconds",
    "UUID",
};

static bool write_fact(const struct mapping *mapping, const char *member, struct json_writer *writer) {
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        if (strcmp(facts[i].member, member) == 0) {
            json_put_member(writer, member, facts[i].value(mapping));
            return true;
        }
    return false;
}

static void write_modified(int64_t modified_us, struct json_writer *writer) {
    char text[40];
    snprintf(text, sizeof text, "%lld.%03lld", (long long)(modified_us / 1000000),
             (long long)(modified_us / 1000 % 1000));
    json_key(writer, "LastModified");
    json_put_raw(writer, text, strlen(text));
}

/* The state's reason says what a user would otherwise wait for in vain. */
static void write_state(const struct mapping *mapping, const char *state, const char *member,
                        struct json_writer *writer) {
    const char *by_user = mapping->source.is_stream ? "User action" : "USER_INITIATED";
    if (strcmp(member, "State") == 0)
        json_put_member(writer, member, state ? state : mapping->is_enabled ? "Enabled" : "Disabled");
    else
        json_put_member(writer, member, mapping->is_enabled ? NOT_POLLED : by_user);
}

/* Empty containers, and containers of nothing else, are how a setting is taken back. */
static bool is_blank(struct json_value value) {
    enum json_type type = json_type_of(value);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return type == JSON_NULL;
    struct json_value item;
    for (uint32_t cursor = 0; json_each(value, &cursor, NULL, &item);)
        if (!is_blank(item))
            return false;
    return true;
}

/* Whether the member says to which consumer group a Kafka source belongs. */
static bool has_consumer_group(const struct mapping *mapping, const char *member) {
    const char *own = mapping->source.type == EVENT_SOURCE_MSK     ? "AmazonManagedKafkaEventSourceConfig"
                      : mapping->source.type == EVENT_SOURCE_KAFKA ? "SelfManagedKafkaEventSourceConfig"
                                                                   : "";
    return strcmp(own, member) == 0;
}

/* Its row: every member that is no fact and no state is one of the request. */
static const struct constraint *find_setting(const char *member) {
    const struct constraint *setting = create_event_source_mapping_members;
    while (strcmp(setting->name, member) != 0)
        setting++;
    return setting;
}

static void write_value(const struct constraint *setting, struct json_value value,
                        struct json_writer *writer) {
    json_key(writer, setting->name);
    constraint_write(setting, value, writer);
}

/* The members of `value`, with the group in any case: as sent, as it was, or a new one. */
static void write_consumer_group(const struct mapping *mapping, const struct constraint *setting,
                                 struct json_value value, struct json_writer *writer) {
    static const char group[] = "ConsumerGroupId";
    OWN_MEM char *named = body_text(value, group);
    OWN_MEM char *old = body_text(json_member(mapping->old, setting->name), group);
    json_key(writer, setting->name);
    json_open_object(writer);
    json_put_member(writer, group, named ? named : old ? old : mapping->consumer_group);
    for (const struct constraint *inner = setting->members; inner->name; inner++) {
        struct json_value item = body_member(value, inner->name);
        if (strcmp(inner->name, group) != 0 && json_is_present(item) && !is_blank(item))
            write_value(inner, item, writer);
    }
    json_close_object(writer);
}

static void write_setting(const struct mapping *mapping, const char *member, struct json_writer *writer) {
    const struct constraint *setting = find_setting(member);
    struct json_value sent = json_member(mapping->sent, member);
    struct json_value value = json_is_present(sent) ? sent : json_member(mapping->old, member);
    const char *fallback = event_source_default(&mapping->source, member);
    if (has_consumer_group(mapping, member)) {
        write_consumer_group(mapping, setting, value, writer);
    } else if (json_is_present(value) && !is_blank(value)) {
        write_value(setting, value, writer);
    } else if (fallback) {
        json_key(writer, member);
        json_put_raw(writer, fallback, strlen(fallback));
    }
}

static bool check(const struct mapping *mapping, const struct buf *document, struct err *err) {
    struct json_doc doc;
    if (!json_parse(&doc, buf_text(document), document->len, LIMIT_CONTROL_JSON_TOKENS, err))
        return false;
    bool ok = event_source_check(&mapping->source, json_root(&doc), err);
    json_doc_done(&doc);
    return ok;
}

bool mapping_write(const struct mapping *mapping, const char *state, struct buf *document, struct err *err) {
    struct json_writer writer;
    buf_clear(document);
    json_writer_init(&writer, document);
    json_open_object(&writer);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *member = members[i];
        if (strcmp(member, "LastModified") == 0)
            write_modified(mapping->modified_us, &writer);
        else if (strcmp(member, "State") == 0 || strcmp(member, "StateTransitionReason") == 0)
            write_state(mapping, state, member, &writer);
        else if (!write_fact(mapping, member, &writer))
            write_setting(mapping, member, &writer);
    }
    json_close_object(&writer);
    if (!buf_ok(document))
        return err_set(err, ERR_LIMIT, "The settings of the event source mapping are longer than %u bytes.",
                       MAPPING_DOCUMENT_BYTES);
    return check(mapping, document, err);
}

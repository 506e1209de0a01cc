/* GetQueueAttributes and SetQueueAttributes. */
#include "api/sqs/attributes.h"

#include <stdio.h>
#include <string.h>

#include "api/sqs/answer.h"
#include "api/sqs/handlers.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/sqs/redrive.h"

/* ---- what is counted and not set ---- */

static int64_t visible(const struct queue_definition *definition, const struct queue_counts *counts) {
    (void)definition;
    return counts->visible;
}

static int64_t in_flight(const struct queue_definition *definition, const struct queue_counts *counts) {
    (void)definition;
    return counts->in_flight;
}

static int64_t delayed(const struct queue_definition *definition, const struct queue_counts *counts) {
    (void)definition;
    return counts->delayed;
}

static int64_t created(const struct queue_definition *definition, const struct queue_counts *counts) {
    (void)counts;
    return definition->document.created_s;
}

static int64_t modified(const struct queue_definition *definition, const struct queue_counts *counts) {
    (void)counts;
    return definition->document.modified_s;
}

static const struct {
    const char *name;
    int64_t (*read)(const struct queue_definition *definition, const struct queue_counts *counts);
} numbers[] = {
    {"ApproximateNumberOfMessages", visible},
    {"ApproximateNumberOfMessagesDelayed", delayed},
    {"ApproximateNumberOfMessagesNotVisible", in_flight},
    {"CreatedTimestamp", created},
    {"LastModifiedTimestamp", modified},
};
static const size_t number_count = sizeof numbers / sizeof numbers[0];

/* ---- GetQueueAttributes ---- */

static bool is_known(struct json_value name) {
    for (size_t i = 0; i < number_count; i++)
        if (json_string_is(name, numbers[i].name))
            return true;
    for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++)
        if (json_string_is(name, queue_attribute_name((enum queue_attribute)i)))
            return true;
    return json_string_is(name, "All") || json_string_is(name, "QueueArn");
}

static bool check_names(struct json_value names, struct err *err) {
    struct json_value name;
    for (uint32_t cursor = 0; json_each(names, &cursor, NULL, &name);)
        if (!is_known(name)) {
            OWN_MEM char *text = json_string(name);
            return err_set(err, ERR_ATTRIBUTE_NAME, "Unknown Attribute %s.", text ? text : "null");
        }
    return true;
}

static bool is_wanted(struct json_value names, const char *name) {
    struct json_value wanted;
    for (uint32_t cursor = 0; json_each(names, &cursor, NULL, &wanted);)
        if (json_string_is(wanted, "All") || json_string_is(wanted, name))
            return true;
    return false;
}

static void put(struct answer *answer, struct json_value names, const char *name, const char *value) {
    if (value && is_wanted(names, name))
        answer_entry(answer, "Attribute", "Name", name, value);
}

static void put_all(struct answer *answer, struct json_value names,
                    const struct queue_definition *definition) {
    struct queue_counts counts;
    queue_count(definition->queue, &counts);
    put(answer, names, "QueueArn", definition->arn);
    for (size_t i = 0; i < number_count; i++) {
        char text[24];
        snprintf(text, sizeof text, "%lld", (long long)numbers[i].read(definition, &counts));
        put(answer, names, numbers[i].name, text);
    }
    for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++) {
        enum queue_attribute attribute = (enum queue_attribute)i;
        put(answer, names, queue_attribute_name(attribute),
            queue_attributes_text(&definition->document.attributes, attribute));
    }
}

void sqs_get_queue_attributes(struct api_call *call) {
    struct json_value names = input_member(&call->input, "AttributeNames");
    struct err err;
    const struct queue_definition *definition = sqs_queue(call, &err);
    if (!definition || !check_names(names, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, call);
    answer_open_map(&answer, "Attributes");
    put_all(&answer, names, definition);
    answer_close_map(&answer);
    answer_end(&answer);
    call_answer(call, &body);
}

/* ---- SetQueueAttributes ---- */

static bool refuse_redrive(const char *text, const char *reason, struct err *err) {
    return err_set(err, ERR_PARAMETER, "Value %s for parameter RedrivePolicy is invalid. Reason: %s", text,
                   reason);
}

static bool check_redrive(const struct api_call *call, const struct queue_location *location,
                          const struct queue_attributes *attributes, const char *text, struct err *err) {
    struct redrive redrive;
    struct queue_location target;
    char arn[QUEUE_ARN_BYTES];
    if (!redrive_parse(text, &redrive, err))
        return false;
    bool is_home = location_from_arn(redrive.target_arn, call->api->options.region, &target) &&
                   strcmp(target.account, location->account) == 0;
    const struct queue_definition *definition = is_home ? definitions_find(call->api->sqs, &target) : NULL;
    if (!definition)
        return refuse_redrive(text, "Dead letter target does not exist.", err);
    if (queue_attributes_flag(&definition->document.attributes, QUEUE_FIFO) !=
        queue_attributes_flag(attributes, QUEUE_FIFO))
        return refuse_redrive(text, "Dead-letter queue must be same type of queue as the source.", err);
    location_arn(location, call->api->options.region, arn);
    const char *allow = queue_attributes_text(&definition->document.attributes, QUEUE_REDRIVE_ALLOW_POLICY);
    return redrive_allows(allow, arn) ||
           refuse_redrive(text, "The RedriveAllowPolicy of the dead-letter queue does not allow this queue.",
                          err);
}

bool attributes_check_outside(const struct api_call *call, const struct queue_location *location,
                              const struct queue_attributes *attributes, struct json_value map,
                              struct err *err) {
    const char *text = queue_attributes_text(attributes, QUEUE_REDRIVE_POLICY);
    bool is_set = json_is_present(json_member(map, queue_attribute_name(QUEUE_REDRIVE_POLICY)));
    if (is_set && text && !check_redrive(call, location, attributes, text, err))
        return false;
    const char *sse = queue_attribute_name(QUEUE_SSE);
    if (json_string_is(json_member(map, sse), "true"))
        log_warn("sqs.setting_without_effect",
                 "queue=%s setting=%s effect=\"messages are stored as they are: put the data directory on "
                 "an encrypted disk\"",
                 location->name, sse);
    return true;
}

static bool set_attributes(struct edit *edit, const struct queue_definition *definition,
                           struct queue_document *document, struct err *err) {
    const struct api_call *call = edit->call;
    struct json_value map = input_member(&call->input, "Attributes");
    document->modified_s = clock_wall_us(call->api->clock) / 1000000;
    return queue_attributes_update(&document->attributes, map, err) &&
           attributes_check_outside(call, &definition->location, &document->attributes, map, err) &&
           sqs_edit_done(edit);
}

void sqs_set_queue_attributes(struct api_call *call) {
    sqs_change(call, set_attributes);
}

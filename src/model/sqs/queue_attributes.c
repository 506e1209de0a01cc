/* See queue_attributes.h. */
#include "model/sqs/queue_attributes.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/policy.h"
#include "model/sqs/redrive.h"

enum form { FORM_NUMBER, FORM_FLAG, FORM_CHOICE, FORM_POLICY, FORM_REDRIVE, FORM_ALLOW, FORM_KEY };

/* Which queues have it. */
enum owner { OF_ALL, OF_FIFO };

static const char *const scopes[] = {"queue", "messageGroup", NULL};
static const char *const throughputs[] = {"perQueue", "perMessageGroupId", NULL};

static const struct row {
    const char *name;
    enum form form;
    enum owner owner;
    const char *initial; /* the default, or NULL */
    int64_t min;
    int64_t max;
    const char *const *choices;
} rows[QUEUE_ATTRIBUTE_COUNT] = {
#define ROW(name, its_form, its_owner, initial, ...)                                                         \
    { name, FORM_##its_form, OF_##its_owner, initial, __VA_ARGS__ }
#define RANGE(min, max) min, max, NULL
#define CHOICE(list) 0, 0, list
#define ANY 0, 0, NULL
    [QUEUE_CONTENT_BASED_DEDUPLICATION] = ROW("ContentBasedDeduplication", FLAG, FIFO, "false", ANY),
    [QUEUE_DEDUPLICATION_SCOPE] = ROW("DeduplicationScope", CHOICE, FIFO, "queue", CHOICE(scopes)),
    [QUEUE_DELAY_SECONDS] = ROW("DelaySeconds", NUMBER, ALL, "0", RANGE(0, 900)),
    [QUEUE_FIFO] = ROW("FifoQueue", FLAG, FIFO, "true", ANY),
    [QUEUE_FIFO_THROUGHPUT_LIMIT] = ROW("FifoThroughputLimit", CHOICE, FIFO, "perQueue", CHOICE(throughputs)),
    [QUEUE_KMS_REUSE_SECONDS] = ROW("KmsDataKeyReusePeriodSeconds", NUMBER, ALL, NULL, RANGE(60, 86400)),
    [QUEUE_KMS_KEY] = ROW("KmsMasterKeyId", KEY, ALL, NULL, ANY),
    [QUEUE_MAXIMUM_MESSAGE_SIZE] = ROW("MaximumMessageSize", NUMBER, ALL, "1048576",
                                       RANGE(1024, LIMIT_MESSAGE_BYTES)),
    [QUEUE_RETENTION_SECONDS] = ROW("MessageRetentionPeriod", NUMBER, ALL, "345600", RANGE(60, 1209600)),
    [QUEUE_POLICY] = ROW("Policy", POLICY, ALL, NULL, ANY),
    [QUEUE_WAIT_SECONDS] = ROW("ReceiveMessageWaitTimeSeconds", NUMBER, ALL, "0", RANGE(0, 20)),
    [QUEUE_REDRIVE_ALLOW_POLICY] = ROW("RedriveAllowPolicy", ALLOW, ALL, NULL, ANY),
    [QUEUE_REDRIVE_POLICY] = ROW("RedrivePolicy", REDRIVE, ALL, NULL, ANY),
    [QUEUE_SSE] = ROW("SqsManagedSseEnabled", FLAG, ALL, "false", ANY),
    [QUEUE_VISIBILITY_SECONDS] = ROW("VisibilityTimeout", NUMBER, ALL, "30", RANGE(0, 43200)),
};

void queue_attributes_done(struct queue_attributes *attributes) {
    for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++)
        free(attributes->texts[i]);
    *attributes = (struct queue_attributes){0};
}

struct queue_attributes queue_attributes_copy(const struct queue_attributes *attributes) {
    struct queue_attributes copy;
    for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++)
        copy.texts[i] = mem_text(attributes->texts[i]);
    return copy;
}

const char *queue_attribute_name(enum queue_attribute attribute) {
    return rows[attribute].name;
}

bool queue_attribute_find(const char *name, enum queue_attribute *ret_attribute) {
    for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *ret_attribute = (enum queue_attribute)i;
            return true;
        }
    return false;
}

const char *queue_attributes_text(const struct queue_attributes *attributes, enum queue_attribute attribute) {
    if (attributes->texts[attribute])
        return attributes->texts[attribute];
    bool has_it = rows[attribute].owner == OF_ALL || attributes->texts[QUEUE_FIFO];
    return has_it ? rows[attribute].initial : NULL;
}

int64_t queue_attributes_number(const struct queue_attributes *attributes, enum queue_attribute attribute) {
    return strtoll(queue_attributes_text(attributes, attribute), NULL, 10);
}

bool queue_attributes_flag(const struct queue_attributes *attributes, enum queue_attribute attribute) {
    const char *text = queue_attributes_text(attributes, attribute);
    return text && strcmp(text, "true") == 0;
}

/* ---- checks ---- */

static bool refuse_value(enum queue_attribute attribute, struct err *err) {
    return err_set(err, ERR_ATTRIBUTE_VALUE, "Invalid value for the parameter %s.", rows[attribute].name);
}

static bool refuse_name(const char *name, struct err *err) {
    return err_set(err, ERR_ATTRIBUTE_NAME, "Unknown Attribute %s.", name);
}

static bool is_number(const struct row *row, const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != '\0')
        return false;
    long long number = strtoll(text, NULL, 10);
    return number >= row->min && number <= row->max;
}

static bool is_choice(const struct row *row, const char *text) {
    size_t i = 0;
    while (row->choices[i] && strcmp(row->choices[i], text) != 0)
        i++;
    return row->choices[i] != NULL;
}

static bool check_policy(const char *text, struct err *err) {
    struct policy *policy;
    struct err cause;
    if (!policy_parse(text, strlen(text), POLICY_RESOURCE, &policy, &cause))
        return err_set(err, ERR_ATTRIBUTE_VALUE, "Invalid value for the parameter Policy. Reason: %.2000s",
                       cause.text);
    policy_free(policy);
    return true;
}

static bool check_value(enum queue_attribute attribute, const char *text, struct err *err) {
    const struct row *row = &rows[attribute];
    struct redrive redrive;
    bool is_fine = true;
    switch (row->form) {
    case FORM_NUMBER: is_fine = is_number(row, text); break;
    case FORM_FLAG: is_fine = strcmp(text, "true") == 0 || strcmp(text, "false") == 0; break;
    case FORM_CHOICE: is_fine = is_choice(row, text); break;
    case FORM_POLICY: return check_policy(text, err);
    case FORM_REDRIVE: return redrive_parse(text, &redrive, err);
    case FORM_ALLOW: return redrive_allow_check(text, err);
    case FORM_KEY:
        return err_set(err, ERR_UNSUPPORTED,
                       "Lamb does not encrypt queues with keys of KMS. Leave KmsMasterKeyId out, and put the "
                       "data directory on an encrypted disk.");
    }
    return is_fine || refuse_value(attribute, err);
}

/* Those of which the empty text takes the value away. */
static bool is_clearable(enum queue_attribute attribute) {
    enum form form = rows[attribute].form;
    return form == FORM_POLICY || form == FORM_REDRIVE || form == FORM_ALLOW || form == FORM_KEY;
}

static bool set(struct queue_attributes *attributes, enum queue_attribute attribute, struct json_value value,
                struct err *err) {
    OWN_MEM char *text = json_string(value);
    if (!text)
        return refuse_value(attribute, err);
    bool is_cleared = text[0] == '\0' && is_clearable(attribute);
    if (!is_cleared && !check_value(attribute, text, err))
        return false;
    free(attributes->texts[attribute]);
    attributes->texts[attribute] = is_cleared ? NULL : take_ptr(text);
    return true;
}

/* What must be right once all are set. */
static bool check_whole(const struct queue_attributes *attributes, struct err *err) {
    const char *scope = queue_attributes_text(attributes, QUEUE_DEDUPLICATION_SCOPE);
    const char *limit = queue_attributes_text(attributes, QUEUE_FIFO_THROUGHPUT_LIMIT);
    if (limit && strcmp(limit, "perMessageGroupId") == 0 && strcmp(scope, "messageGroup") != 0)
        return err_set(err, ERR_ATTRIBUTE_VALUE,
                       "Invalid value for the parameter FifoThroughputLimit. Reason: DeduplicationScope must "
                       "be messageGroup.");
    return true;
}

static bool set_all(struct queue_attributes *attributes, struct json_value map, struct err *err) {
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(map, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        enum queue_attribute attribute;
        if (!queue_attribute_find(name, &attribute))
            return refuse_name(name, err);
        bool has_it = rows[attribute].owner == OF_ALL || attributes->texts[QUEUE_FIFO];
        if (!has_it)
            return refuse_name(name, err);
        if (!set(attributes, attribute, value, err))
            return false;
    }
    return check_whole(attributes, err);
}

bool queue_attributes_create(struct queue_attributes *attributes, struct json_value map, struct err *err) {
    struct json_value fifo = json_member(map, rows[QUEUE_FIFO].name);
    if (json_string_is(fifo, "true"))
        attributes->texts[QUEUE_FIFO] = mem_text("true");
    else if (json_is_present(fifo))
        return refuse_name(rows[QUEUE_FIFO].name, err);
    return set_all(attributes, map, err);
}

bool queue_attributes_update(struct queue_attributes *attributes, struct json_value map, struct err *err) {
    struct json_value fifo = json_member(map, rows[QUEUE_FIFO].name);
    bool is_fifo = attributes->texts[QUEUE_FIFO] != NULL;
    if (json_is_present(fifo) && is_fifo && !json_string_is(fifo, "true"))
        return err_set(err, ERR_ATTRIBUTE_VALUE,
                       "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not "
                       "supported.");
    return set_all(attributes, map, err);
}

/* ---- stored ---- */

void queue_attributes_encode(const struct queue_attributes *attributes, struct json_writer *json) {
    for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++)
        json_put_member(json, rows[i].name, attributes->texts[i]);
}

bool queue_attributes_decode(struct queue_attributes *attributes, struct json_value map, struct err *err) {
    for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++) {
        struct json_value value = json_member(map, rows[i].name);
        attributes->texts[i] = json_string(value);
        if (json_is_present(value) && !attributes->texts[i])
            return err_set(err, ERR_CORRUPT, "the attribute %s of a queue is no text", rows[i].name);
    }
    return true;
}

/* A text that is missing on one side only is the empty one there. */
static bool is_same(const char *text, struct json_value value) {
    return json_string_is(value, text ? text : "");
}

bool queue_attributes_differ(const struct queue_attributes *attributes, struct json_value map,
                             enum queue_attribute *ret_attribute) {
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(map, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        enum queue_attribute attribute;
        if (queue_attribute_find(name, &attribute) &&
            !is_same(queue_attributes_text(attributes, attribute), value)) {
            *ret_attribute = attribute;
            return true;
        }
    }
    return false;
}

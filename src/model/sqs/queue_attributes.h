/* The attributes of a queue that its owner sets: names, forms, defaults. Values. Source: SQS API, CreateQueue
 * and SetQueueAttributes; messages as the service words them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum queue_attribute {
    QUEUE_CONTENT_BASED_DEDUPLICATION,
    QUEUE_DEDUPLICATION_SCOPE,
    QUEUE_DELAY_SECONDS,
    QUEUE_FIFO,
    QUEUE_FIFO_THROUGHPUT_LIMIT,
    QUEUE_KMS_REUSE_SECONDS,
    QUEUE_KMS_KEY,
    QUEUE_MAXIMUM_MESSAGE_SIZE,
    QUEUE_RETENTION_SECONDS,
    QUEUE_POLICY,
    QUEUE_WAIT_SECONDS,
    QUEUE_REDRIVE_ALLOW_POLICY,
    QUEUE_REDRIVE_POLICY,
    QUEUE_SSE,
    QUEUE_VISIBILITY_SECONDS,
    QUEUE_ATTRIBUTE_COUNT,
};

/* Starts as {0}: a standard queue with all defaults. Owns its texts. */
struct queue_attributes {
    char *texts[QUEUE_ATTRIBUTE_COUNT]; /* as set; NULL: the default */
};

void queue_attributes_done(struct queue_attributes *attributes);
struct queue_attributes queue_attributes_copy(const struct queue_attributes *attributes);

/* Takes over the map of a request. ERR_ATTRIBUTE_NAME, ERR_ATTRIBUTE_VALUE; ERR_UNSUPPORTED for encryption
 * with a key, which Lamb can't do. `attributes` may be partly changed then. What other queues say to a
 * redrive policy is the caller's to check. */
bool queue_attributes_create(struct queue_attributes *attributes, struct json_value map, struct err *err);
bool queue_attributes_update(struct queue_attributes *attributes, struct json_value map, struct err *err);

/* What was set, as the members of an object / reads it (ERR_CORRUPT). */
void queue_attributes_encode(const struct queue_attributes *attributes, struct json_writer *json);
bool queue_attributes_decode(struct queue_attributes *attributes, struct json_value map, struct err *err);

const char *queue_attribute_name(enum queue_attribute attribute);

/* The one of that name that can be set; false when there is none. */
bool queue_attribute_find(const char *name, enum queue_attribute *ret_attribute);

/* As set, or the default; NULL when it has neither, or queues of this type don't have it. */
const char *queue_attributes_text(const struct queue_attributes *attributes, enum queue_attribute attribute);
int64_t queue_attributes_number(const struct queue_attributes *attributes, enum queue_attribute attribute);
bool queue_attributes_flag(const struct queue_attributes *attributes, enum queue_attribute attribute);

/* The first one that `map` has another value for; false when there is none. */
bool queue_attributes_differ(const struct queue_attributes *attributes, struct json_value map,
                             enum queue_attribute *ret_attribute);

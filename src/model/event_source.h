/* The kinds of event sources that a mapping can have, and the settings each of them knows. Values, without
 * I/O. Source: Lambda API, CreateEventSourceMapping; Lambda Developer Guide, "Event source mappings". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum event_source_type {
    EVENT_SOURCE_SQS,
    EVENT_SOURCE_KINESIS,
    EVENT_SOURCE_DYNAMODB,
    EVENT_SOURCE_MSK,
    EVENT_SOURCE_KAFKA, /* self-managed */
    EVENT_SOURCE_MQ,
    EVENT_SOURCE_DOCUMENTDB,
};

struct event_source {
    enum event_source_type type;
    bool is_stream; /* Kinesis, DynamoDB */
    bool is_fifo;   /* a queue whose name ends in .fifo */
};

/* What the EventSourceArn (NULL: none) and SelfManagedEventSource of a request name. ERR_PARAMETER
 * "Unrecognized event source." */
bool event_source_read(const char *arn, struct json_value self_managed, struct event_source *ret_source,
                       struct err *err);

/* A setting's default in JSON, where every mapping of the source has one; NULL otherwise. Ones that the
 * source does not know are refused by event_source_check(). */
const char *event_source_default(const struct event_source *source, const char *member);

/* Checks a whole mapping (a document that has what was sent and the defaults) beyond the modelled
 * constraints: ERR_PARAMETER in the service's words. */
bool event_source_check(const struct event_source *source, struct json_value mapping, struct err *err);

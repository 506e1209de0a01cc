/* An event source mapping as its record keeps it and as answers show it: EventSourceMappingConfiguration, put
 * together from what was sent, what was there, and the defaults of the source. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "model/event_source.h"

#define MAPPING_RECORD_KIND "mapping" /* of the account, named by the UUID */

/* The longest document: modelled limits of all members, escaped. */
#define MAPPING_DOCUMENT_BYTES (128u * 1024)

struct mapping {
    const char *uuid;
    const char *arn;
    const char *function_arn;
    const char *source_arn; /* NULL: none */
    struct event_source source;
    bool is_enabled;
    const char *consumer_group; /* for a source of type Kafka that names none */
    int64_t modified_us;
    struct json_value sent;
    struct json_value old; /* absent for a new one */
};

/* Writes it with a transitional state ("Creating"), or NULL for the one it settles in. ERR_PARAMETER for what
 * event_source_check() refuses. */
bool mapping_write(const struct mapping *mapping, const char *state, struct buf *document, struct err *err);

/* How queues are named: by URL, by ARN, and by key of the engine. Values. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "model/function_ref.h"

struct api_call;

/* Of whom, and which. */
struct queue_location {
    char account[ACCOUNT_BYTES];
    char name[LIMIT_QUEUE_NAME_CHARS + 1];
};

#define QUEUE_KEY_PREFIX "sqs/"
#define QUEUE_KEY_BYTES (sizeof QUEUE_KEY_PREFIX + ACCOUNT_BYTES + LIMIT_QUEUE_NAME_CHARS + 1)
#define QUEUE_ARN_BYTES (64 + ACCOUNT_BYTES + LIMIT_QUEUE_NAME_CHARS)

/* The last two segments of a path are account and name: whatever host or scheme a URL has, it is only looked
 * at for them. False when it has none such. */
bool location_from_url(const char *url, size_t len, struct queue_location *ret_location);

/* Of this region; false for anything else. */
bool location_from_arn(const char *arn, const char *region, struct queue_location *ret_location);

bool location_from_key(const char *key, struct queue_location *ret_location);

void location_key(const struct queue_location *location, char ret_key[QUEUE_KEY_BYTES]);
void location_arn(const struct queue_location *location, const char *region, char ret_arn[QUEUE_ARN_BYTES]);

/* The URL where the caller found Lamb: "http://HOST/ACCOUNT/NAME", in fresh memory. */
char *location_url(const struct queue_location *location, const struct api_call *call);

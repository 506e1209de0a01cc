/* RedrivePolicy and RedriveAllowPolicy of a queue: JSON texts that link queues with their dead letter queues.
 * Values. Source: SQS API, CreateQueue; messages as the service words them. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define REDRIVE_ARN_BYTES 256
#define REDRIVE_MAX_SOURCES 10

struct redrive {
    char target_arn[REDRIVE_ARN_BYTES]; /* of the dead letter queue */
    int max_receives;
};

/* ERR_PARAMETER: "Value ... for parameter RedrivePolicy is invalid. Reason: ..." */
bool redrive_parse(const char *text, struct redrive *ret_redrive, struct err *err);

/* Whether a text is a RedriveAllowPolicy: ERR_PARAMETER. */
bool redrive_allow_check(const char *text, struct err *err);

/* Whether a queue with this RedriveAllowPolicy (NULL: none) may be the dead letter queue of `source_arn`. */
bool redrive_allows(const char *allow_policy, const char *source_arn);

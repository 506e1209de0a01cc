/* What has to be looked at outside of a queue when its attributes are set. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/sqs/request.h"

/* When `map` sets RedrivePolicy: whether its dead letter queue exists, is of the same account and type as the
 * queue of `location`, and lets itself be used: ERR_PARAMETER. Says in the log what has no effect. */
bool attributes_check_outside(const struct api_call *call, const struct queue_location *location,
                              const struct queue_attributes *attributes, struct json_value map,
                              struct err *err);

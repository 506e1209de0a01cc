/* FunctionConfiguration as the Lambda API writes it. */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "model/function.h"

/* The longest configuration: every text at its limit, escaped. */
#define CONFIGURATION_BYTES (64u * 1024)

/* Which members: lists leave out the state, the update and the runtime version. */
enum configuration_members { CONFIGURATION_LISTED, CONFIGURATION_WHOLE };

/* `arn` is FunctionArn, qualified as the caller asked; its partition and region are used for
 * RuntimeVersionArn too. */
void configuration_write(struct json_writer *writer, const struct function *function, const char *arn,
                         enum configuration_members members);

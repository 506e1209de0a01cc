/* What an extension subscribes to, as bits, and the body of /extension/register that says it. Pure. Source:
 * Lambda Developer Guide, "Using the Lambda Extensions API". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define EXTENSION_INVOKE 1u
#define EXTENSION_SHUTDOWN 2u
#define EXTENSION_SUBSCRIPTIONS 2

/* {"events":[...]}; names of members are compared without case, like the service's parser does. ERR_SYNTAX or
 * ERR_LIMIT when the body can't be read, ERR_PARAMETER for an event that there isn't, or that an internal
 * extension can't have. */
bool extension_subscription_parse(const char *body, size_t len, bool is_external, unsigned *ret_events,
                                  struct err *err);

/* "INVOKE", "SHUTDOWN". */
size_t extension_subscription_names(unsigned events, const char *ret_names[EXTENSION_SUBSCRIPTIONS]);

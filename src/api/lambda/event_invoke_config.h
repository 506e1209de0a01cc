/* What is set for asynchronous calls of a version or an alias. Loop thread. */
#pragma once

#include "api/lambda/catalogue.h"
#include "queue/async_upper.h"

struct api;

/* Sets the target's policy and destinations, for calls with that qualifier ("" for none). */
void event_invoke_settings(const struct api *api, const struct catalogue_entry *entry, const char *qualifier,
                           struct async_target *target);

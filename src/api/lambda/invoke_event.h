/* The asynchronous ways to invoke: the type Event of Invoke, and InvokeAsync. */
#pragma once

#include "api/call.h"
#include "api/lambda/catalogue.h"

/* Writes down an event for the function, and answers 202 once it is on disk. The payload (the request's body)
 * was checked; `qualifier` is what the caller used, "" for none. */
void invoke_event_accept(struct api_call *call, const struct catalogue_entry *entry, const char *qualifier);

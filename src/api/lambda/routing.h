/* From a qualifier to the version that one call goes to. Loop thread. */
#pragma once

#include "api/lambda/catalogue.h"

/* The version that a call with this qualifier goes to, as it is shown: of an alias with two, one is drawn.
 * NULL when there is none. */
const struct function *routing_pick(const struct catalogue_entry *entry, const char *qualifier);

/* What runs for a version; NULL while there is nothing to run. */
const struct function *routing_runnable(const struct catalogue_entry *entry, const struct function *shown);

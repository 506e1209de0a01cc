/* What changes of aliases have to know of provisioned concurrency. Loop thread. */
#pragma once

#include "api/lambda/lambda.h"

/* ERR_CONFLICT when the alias, which has provisioned concurrency or is to have it, leads to a version that
 * has some of its own. Source: Lambda Developer Guide, "Configuring provisioned concurrency for a function".
 */
bool provisioned_check_alias(const struct api *api, const struct catalogue_entry *entry,
                             const struct alias *alias, struct err *err);

bool provisioned_has(const struct api *api, const struct catalogue_entry *entry, const char *qualifier);

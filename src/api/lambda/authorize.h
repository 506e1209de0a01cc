/* Who may do what in the Lambda service. */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/lambda/catalogue.h"

/* For struct api_service: by the members of the checked input. */
bool lambda_authorize(struct api_call *call, struct err *err);

/* For the invoke path: `action` ("lambda:InvokeFunction") on a function as the caller named it; `entry` is
 * NULL when it does not exist. A root user's call in its own account costs two comparisons. */
bool lambda_authorize_function(const struct api_call *call, const char *action,
                               const struct function_ref *ref, const struct catalogue_entry *entry,
                               struct err *err);

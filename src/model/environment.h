/* The rules for a function's environment variables. Source: Lambda Developer Guide, "Using environment
 * variables"; messages recorded from the service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "model/function.h"

/* Set by the service itself, never by a function's configuration. */
bool environment_is_reserved(const char *name);

/* ERR_PARAMETER for reserved names and for more than 4 KB, measured as compact JSON. */
bool environment_check(const struct function_variable *variables, size_t count, struct err *err);

/* The variables of a request's Environment.Variables, whose constraints were checked, into `function`; the
 * last of several with one name counts, null values are left out. An absent or null map makes an empty
 * environment. Checks the rules above. */
bool environment_read(struct json_value variables, struct function *function, struct err *err);

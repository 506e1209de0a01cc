/* What Lambda does in a function's name, its execution role must be allowed to do. Loop thread. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "model/function.h"

struct api;

/* Whether the policies of the role allow the action ("sqs:SendMessage") on the resource. Always true with the
 * setting role-check off. */
bool execution_role_allows(const struct api *api, const struct function *function, const char *action,
                           const char *resource);

/* Whether the function's role may write to its dead letter queue or topic, if it has one: ERR_PARAMETER in
 * the service's words. */
bool execution_role_check_dead_letters(const struct api *api, const struct function *function,
                                       struct err *err);

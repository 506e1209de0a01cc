/* The names of queues with events. */
#pragma once

#include <stdbool.h>

#include "base/limits.h"
#include "model/function_ref.h"

#define ASYNC_KEY_PREFIX "async/"
#define ASYNC_KEY_BYTES (sizeof ASYNC_KEY_PREFIX + ACCOUNT_BYTES + LIMIT_FUNCTION_NAME_CHARS + 1)

/* "async/<account>/<function>". */
void async_key(const char *account, const char *name, char ret_key[ASYNC_KEY_BYTES]);

/* False for queues of others. */
bool async_key_read(const char *key, char ret_account[ACCOUNT_BYTES],
                    char ret_name[LIMIT_FUNCTION_NAME_CHARS + 1]);

/* See async_key.h. */
#include "queue/async_key.h"

#include <stdio.h>
#include <string.h>

void async_key(const char *account, const char *name, char ret_key[ASYNC_KEY_BYTES]) {
    snprintf(ret_key, ASYNC_KEY_BYTES, "%s%s/%s", ASYNC_KEY_PREFIX, account, name);
}

bool async_key_read(const char *key, char ret_account[ACCOUNT_BYTES],
                    char ret_name[LIMIT_FUNCTION_NAME_CHARS + 1]) {
    static const size_t prefix = sizeof ASYNC_KEY_PREFIX - 1;
    if (strncmp(key, ASYNC_KEY_PREFIX, prefix) != 0)
        return false;
    const char *slash = strchr(key + prefix, '/');
    if (!slash || slash - (key + prefix) != ACCOUNT_BYTES - 1 ||
        strlen(slash + 1) > LIMIT_FUNCTION_NAME_CHARS)
        return false;
    memcpy(ret_account, key + prefix, ACCOUNT_BYTES - 1);
    ret_account[ACCOUNT_BYTES - 1] = '\0';
    snprintf(ret_name, LIMIT_FUNCTION_NAME_CHARS + 1, "%s", slash + 1);
    return true;
}

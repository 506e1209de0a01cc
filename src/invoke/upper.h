/* What execution environments need of the modules above invoke/, as callbacks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/function.h"

/* Credentials of a function's execution role, for its environment variables. */
struct invoke_credentials {
    char access_key_id[32];
    char secret_access_key[64];
    char session_token[2049];
    int64_t lifetime_ms; /* an environment is not used any more this long after it was started */
};

struct invoke_upper {
    /* False: the function has none. */
    bool (*credentials)(void *arg, const struct function *function,
                        struct invoke_credentials *ret_credentials);

    /* Serves Lamb's own API on a listening socket inside an environment's network namespace. Takes the
     * descriptor. */
    void *(*open_api)(void *arg, int listener_fd);

    /* True while it serves a call. */
    bool (*is_api_busy)(void *arg, void *api);

    /* The environment has ended. Never called from inside another call to invoke/ but invoke_leave_upper()
     * and invoke_free(). */
    void (*close_api)(void *arg, void *api);
    void *arg;
};

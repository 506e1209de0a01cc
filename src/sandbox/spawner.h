/* The loop of lamb-spawner: takes lamb serve's claims, keeps a stock of parked sandboxes, and tells what
 * becomes of each. The only privileged process of Lamb; single-threaded and small, since every sandbox starts
 * as a copy of it. */
#pragma once

#include <stdint.h>

#include "sandbox/sandbox.h"

struct spawner_options {
    const char *instance; /* names the control groups */
    uint32_t stock;
    uint32_t stock_max;
    const char *runtime_dir;
    const char *const *extra_dirs; /* NULL-terminated */
    struct sandbox_entry entry;
};

/* Runs until lamb serve closes the socket; then ends all sandboxes, leaves nothing behind, and gives the exit
 * status. */
int spawner_run(int serve_socket, const struct spawner_options *options);

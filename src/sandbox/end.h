/* How a sandbox ended: lamb-spawner finds it out, lamb serve is told. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sandbox_end {
    int signal;         /* what ended lamb-init itself; 0 when unknown */
    bool killed;        /* sandbox_kill() was called */
    bool out_of_memory; /* the kernel killed something in it for its memory limit */
    uint64_t memory_peak_bytes;
};

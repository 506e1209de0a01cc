/* How a sandbox ended: lamb-spawner finds it out, lamb serve is told. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sandbox_end {
    bool exited; /* the first process ended by itself, exit_status is valid */
    int exit_status;
    int signal;         /* or it was ended by this signal; 0 when unknown */
    bool killed;        /* sandbox_kill() was called */
    bool out_of_memory; /* the kernel killed something in it for its memory limit */
    int exec_errno;     /* why the program could not be executed (exit_status is 127 or 126 then); else 0 */
    uint64_t memory_peak_bytes;
};

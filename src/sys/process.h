/* What this process uses of the machine: for the metrics. */
#pragma once

#include <stdint.h>

struct process_usage {
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t cpu_us; /* of all its threads, in user and kernel mode */
    uint64_t open_fds;
    uint64_t max_fds;
};

/* Reads /proc; what it does not tell is 0. Takes some microseconds per open descriptor: belongs into a
 * job. */
void process_read_usage(struct process_usage *ret_usage);

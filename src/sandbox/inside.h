/* What lamb-spawner and lamb-init agree on. lamb-init is the process that the spawner clones for a sandbox;
 * it has the spawner's memory as it was then, takes everything it needs from the seed, and from then on
 * speaks over its socket alone.
 *
 *   type           when                                  value            descriptors
 *   PARKED         all is prepared                       -                see enum inside_fd
 *   FAILED         it is not; text says why              errno            -
 *
 * The packets in the other direction are struct inside_limits, when the sandbox gets its plan and whenever
 * that changes. The plan itself, encoded (plan.h), goes to INSIDE_PLAN, with the descriptor that is handed
 * over; what runs besides and afterwards is between lamb serve and lamb-init (control_packet.h). lamb-init
 * itself comes to the spawner as a function pointer, since its folder lies above this one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/cgroup.h"
#include "sandbox/identity.h"
#include "sandbox/seccomp.h"

struct inside_seed {
    uint32_t slot;
    int socket;
    unsigned foreign_from; /* the table of descriptors is the spawner's own, which keeps those from here on;
                              0: it is a copy */
    int template_fd;       /* the base system's mount namespace */
    bool replaces_proc;
    bool limits_memory; /* a control group does; otherwise resource limits have to */
    const struct cgroup_set *cgroups;
    const struct identity *identity;
    const struct seccomp_program *filter;
    char *command_line; /* what /proc/self/cmdline shows: lamb-init writes its own name there */
    size_t command_line_bytes;
};

enum inside_type { INSIDE_PARKED = 1, INSIDE_FAILED };

/* What PARKED brings, in this order. */
enum inside_fd {
    INSIDE_RUNTIME_LISTENER, /* at NETWORK_RUNTIME_PORT */
    INSIDE_API_LISTENER,     /* at NETWORK_API_PORT */
    INSIDE_OUTPUT,           /* the read end of stdout and stderr */
    INSIDE_CONTROL,          /* lamb-init's line to lamb serve */
    INSIDE_FOR_SERVE,        /* as many go on to lamb serve */
    INSIDE_PLAN = INSIDE_FOR_SERVE,
    INSIDE_MOUNT_NAMESPACE,
    INSIDE_FDS
};

#define INSIDE_TEXT_BYTES 512

struct inside_message {
    uint32_t type;
    int32_t value;
    char text[INSIDE_TEXT_BYTES]; /* ends with NUL */
};

/* Of a plan, what each process in the sandbox has as resource limits. */
struct inside_limits {
    uint32_t memory_mb;
    uint32_t processes;
    uint32_t descriptors;
};

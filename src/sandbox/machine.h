/* What lamb-spawner has made of this machine by the time it says READY; but for the seats it does not change
 * afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sandbox/cgroup.h"
#include "sandbox/identity.h"
#include "sandbox/seats.h"
#include "sandbox/seccomp.h"

/* The value of one that was not prepared. */
#define MACHINE_NONE ((struct machine){.home_fd = -1, .template_fd = -1, .seats.fds = {-1, -1, -1, -1}})

struct machine {
    struct identity identity;
    struct cgroup_set cgroups;
    struct seccomp_program filter;
    int home_fd;     /* the spawner's own mount namespace */
    int template_fd; /* the base system's */
    struct seats seats;
};

/* Looks at the machine, removes what an earlier run of the instance left, builds the base system and the
 * filter. Lines on what is missing, and what that costs, go to `report`. */
bool machine_prepare(struct machine *ret_machine, const char *instance, const char *runtime_dir,
                     const char *const *extra_dirs, struct buf *report, struct err *err);

/* Removes the control groups, which must be empty. */
void machine_release(struct machine *machine);

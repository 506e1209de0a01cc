/* Who the processes of sandboxes are for the host. As root every sandbox has a user and group of its own,
 * which nothing else on the machine has, so that no two share a file, a signal or a limit by accident.
 * Without root all are the user who started Lamb, in a user namespace. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct identity {
    bool is_rootless; /* not started as root */
    bool has_own_ids; /* each sandbox has its own user */
};

/* Looks at what we may do; without root it moves the calling process into a user namespace in which it is
 * root. Lines for the operator go to `report`. */
bool identity_settle(struct identity *ret_identity, struct buf *report, struct err *err);

/* The user and group number of the sandbox in this slot, as the caller of identity_settle() counts them. */
uint32_t identity_of_slot(const struct identity *identity, uint32_t slot);

/* Writes "INSIDE OUTSIDE 1" maps of a process in a new user namespace (user_namespaces(7)), from its parent
 * namespace. */
bool identity_write_maps(int pid, uint32_t inside_uid, uint32_t inside_gid, uint32_t outside_uid,
                         uint32_t outside_gid, struct err *err);

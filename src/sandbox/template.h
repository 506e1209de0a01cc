/* The file system that every sandbox starts from: a mount namespace whose root is the read-only base system
 * (the host's /usr and what belongs to it, a synthetic /etc, a few devices) and that holds nothing of the
 * host besides. Since it is a namespace of its own, no mount of ours is ever seen by the host, and none
 * outlives its last process. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* The user every function sees itself as. AWS Lambda uses this name. */
#define TEMPLATE_USER "sbx_user1051"
#define TEMPLATE_UID 993
#define TEMPLATE_GID 990

struct template_options {
    const char *runtime_dir;       /* shown at /var/runtime */
    const char *const *extra_dirs; /* NULL-terminated; shown at the same path */
    bool keeps_proc; /* in a user namespace /proc can be mounted only where one is in sight: keep the host's
                        in the template, to be replaced in each sandbox */
};

/* Builds it in a namespace of its own and comes back to `home_fd`, the caller's mount namespace. *ret_fd is
 * the new mount namespace, the caller's. */
bool template_make(const struct template_options *options, int home_fd, int *ret_fd, struct err *err);

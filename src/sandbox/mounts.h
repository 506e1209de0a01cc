/* A sandbox's own mount namespace: a copy of the template (template.h) with its own /proc and /tmp, and, once
 * it is claimed, the directories of its plan. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

/* The mount namespace of the calling process; the descriptor is the caller's. */
bool mounts_open_namespace(int *ret_fd, struct err *err);

/* In a sandbox's process, inside its own pid namespace: leaves for a copy of the template, taking own copies
 * of the namespaces in `more` (CLONE_NEW...) along; then mounts /proc, with what tells of the host blanked,
 * and /tmp. */
bool mounts_enter(int template_fd, int more, bool replaces_proc, struct err *err);

struct mounts_attachment {
    int dir_fd;         /* an O_PATH descriptor */
    const char *target; /* absolute and plain: see plan.h */
};

struct mounts_change {
    uint32_t old_tmp_mb; /* LIMIT_TMP_MIN_MB after mounts_enter() */
    uint32_t tmp_mb;
    struct mounts_attachment attachments[LIMIT_PLAN_MOUNTS];
    size_t count;
};

/* On a sandbox in which nothing of a stranger runs yet, called by lamb-spawner: sets the size of its /tmp and
 * attaches directories, read-only. The calling process goes into the sandbox's mount namespace and comes back
 * to its own, `home_fd`. */
bool mounts_change(int sandbox_fd, int home_fd, const struct mounts_change *change, struct err *err);

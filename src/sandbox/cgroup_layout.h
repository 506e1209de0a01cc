/* Which control group hierarchies this machine has, read from /proc/self/mountinfo and /proc/self/cgroup.
 * Pure reading: what is made of it is cgroup.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum cgroup_controller { CGROUP_MEMORY, CGROUP_CPU, CGROUP_PIDS, CGROUP_FREEZER };
#define CGROUP_CONTROLLERS 4

const char *cgroup_controller_name(enum cgroup_controller controller);

/* One mounted hierarchy. */
struct cgroup_tree {
    char *mount_point;
    char *options; /* of the superblock, as mountinfo shows them */
    char *own; /* the group this process is in, relative to the mount point: "/" or "/a/b"; version 2 only */
    bool is_unified;                 /* version 2 */
    bool offers[CGROUP_CONTROLLERS]; /* version 1: mounted with these controllers */
};

#define CGROUP_MAX_TREES (1 + CGROUP_CONTROLLERS)

struct cgroup_layout {
    struct cgroup_tree trees[CGROUP_MAX_TREES]; /* the unified one first, when there is one */
    size_t count;
};

/* Takes the two texts of /proc. Hierarchies without a use for us are left out. */
void cgroup_layout_parse(struct cgroup_layout *ret_layout, const char *mountinfo, const char *self_cgroup);

/* Reads them from these paths. */
bool cgroup_layout_read(struct cgroup_layout *ret_layout, const char *mountinfo_path,
                        const char *self_cgroup_path, struct err *err);

void cgroup_layout_done(struct cgroup_layout *layout);

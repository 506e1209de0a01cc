/* The control groups of one floor sandbox: limits for memory, CPU and processes, and a v2 group to be
 * cloned into and killed by. Knows the two layouts in use: pure v2 (/sys/fs/cgroup), and the hybrid one of
 * systemd (/sys/fs/cgroup/{memory,cpu,pids} v1 for limits, /sys/fs/cgroup/unified v2). All functions die
 * on failure. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum { CGROUP_V1_COUNT = 3, CGROUP_NAME_SIZE = 64 };

struct cgroup {
    char name[CGROUP_NAME_SIZE];
    int v2;                  /* directory fd, for CLONE_INTO_CGROUP */
    int v1[CGROUP_V1_COUNT]; /* directory fds of memory, cpu, pids; -1 in the pure v2 layout */
};

/* Once per program, before the first cgroup_make and as root. Also turns on favordynmods: without it,
 * moving a process into a group after an idle moment waits for an RCU grace period of several
 * milliseconds. */
void cgroup_prepare(void);

/* Once at the end, after the last cgroup_remove. */
void cgroup_finish(void);

void cgroup_make(struct cgroup *ret_group);
void cgroup_attach(const struct cgroup *group, pid_t pid); /* v1 only; v2 is cloned into */
void cgroup_limit(const struct cgroup *group);             /* 1,769 MB, 1 CPU, 1,024 processes */
void cgroup_remove(struct cgroup *group);                  /* the group's processes have ended */

/* Control groups of sandboxes, on version 2, version 1 or both at once: limits on whichever has the
 * controller, membership from birth (CLONE_INTO_CGROUP), killing and freezing on version 2 wherever it is
 * mounted.
 *
 * Each hierarchy gets one directory named after the instance, and in it one group per sandbox, named by its
 * slot number. Used by lamb-spawner; cgroup_join() alone is called in the sandbox's own process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sandbox/cgroup_layout.h"

/* Our directory in one hierarchy. */
struct cgroup_place {
    char *path;
    int fd;
    bool is_unified;
};

struct cgroup_set {
    struct cgroup_place places[CGROUP_MAX_TREES]; /* the unified one first, when there is one */
    size_t count;
    int place_of[CGROUP_CONTROLLERS]; /* where a controller works; -1 where this machine has it nowhere */
};

/* Makes the instance's directories and takes a lock on them, waiting up to `wait_ms` for the lock of an
 * earlier spawner that is still ending; past that ERR_CONFLICT. A hierarchy that refuses is left out, with a
 * line in `report`. */
bool cgroup_open(struct cgroup_set *ret_set, const struct cgroup_layout *layout, const char *instance,
                 int wait_ms, struct buf *report, struct err *err);

/* Kills and removes what an earlier run left under the instance's directories. */
bool cgroup_clear(const struct cgroup_set *set, int timeout_ms, struct err *err);

/* Removes the instance's directories, which must be empty. A set that is all zero is fine. */
void cgroup_close(struct cgroup_set *set);

/* Version 2 attaches in 0.1 ms instead of 7.5 ms after this (Linux 6.0; kernel-parameters:
 * cgroup_favordynmods). Where it is refused everything works, slower. */
void cgroup_favor_changes(const struct cgroup_layout *layout);

/* Makes the sandbox's group on version 2; *ret_fd (the caller's) is for CLONE_INTO_CGROUP, -1 where there is
 * no version 2. */
bool cgroup_make(const struct cgroup_set *set, uint32_t slot, int *ret_fd, struct err *err);

/* Makes the sandbox's groups on version 1, moves the calling process into them, and sets in all groups what
 * most sandboxes have in common: no swap, and the usual limits, which few plans are below. */
bool cgroup_join(const struct cgroup_set *set, uint32_t slot, struct err *err);

struct cgroup_limits {
    uint64_t memory_bytes;
    uint32_t cpu_millis; /* 1000 = one processor */
    uint32_t tasks;      /* processes and threads */
};

/* Writes what this machine can limit, and of that, where `is_first`, what differs from what cgroup_join()
 * set: every write costs a cold start some microseconds. */
bool cgroup_limit(const struct cgroup_set *set, uint32_t slot, const struct cgroup_limits *limits,
                  bool is_first, struct err *err);

/* Whether none of them is below what cgroup_join() set: such limits may also be written when something runs
 * already. */
bool cgroup_gives_room(const struct cgroup_limits *limits);

/* Writes the CPU limit alone. */
bool cgroup_limit_cpu(const struct cgroup_set *set, uint32_t slot, uint32_t cpu_millis, struct err *err);

/* The file with the peak memory in bytes as decimal text; the caller's. -1 where the machine can't tell. */
int cgroup_open_peak(const struct cgroup_set *set, uint32_t slot);

/* The file for cgroup_count_oom_kills(); the caller's. -1 where the machine can't tell. */
int cgroup_open_events(const struct cgroup_set *set, uint32_t slot);

/* Of either version. */
bool cgroup_count_oom_kills(int events_fd, uint64_t *ret_count);

/* The file to cgroup_freeze() with, which takes no privilege then; the caller's. -1 where the machine has
 * none. */
int cgroup_open_freezer(const struct cgroup_set *set, uint32_t slot);

/* True when freezers of this set are of version 1, whose files speak another language, and which hold back
 * SIGKILL too. */
bool cgroup_has_old_freezer(const struct cgroup_set *set);

/* Stops every process of the group, or lets them go on. Returns before the last one has stopped. */
bool cgroup_freeze(int freezer_fd, bool is_old, bool is_frozen, struct err *err);

/* Lets processes end that were killed while they were frozen, where they need it. */
void cgroup_let_die(const struct cgroup_set *set, uint32_t slot);

struct cgroup_usage {
    uint64_t memory_peak_bytes;
    uint64_t oom_kills;
};

/* Zero for what the machine can't tell. */
struct cgroup_usage cgroup_read_usage(const struct cgroup_set *set, uint32_t slot);

/* Removes the sandbox's groups. False with errnum EBUSY while something in them is still ending: try again
 * later. */
bool cgroup_remove(const struct cgroup_set *set, uint32_t slot, struct err *err);

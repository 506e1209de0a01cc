/* The unprivileged side of sandboxes: starts lamb-spawner, sends it plans, and tells what became of each
 * sandbox. Knows nothing of functions or HTTP. All calls and callbacks are on the loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/end.h"
#include "sandbox/plan.h"
#include "sys/loop.h"

struct sandbox_host;

struct sandbox_options {
    const char *spawner_path; /* the lamb-spawner program */

    /* Names this daemon's control groups ("lamb-1f2e3d4c"): leftovers under that name are removed. */
    const char *instance;

    const char *runtime_dir; /* host directory shown at /var/runtime */

    /* NULL-terminated host directories shown read-only at the same path (interpreters). One below a plan's
     * mount target, such as /opt, is hidden by that mount. */
    const char *const *extra_dirs;

    uint32_t stock;     /* parked sandboxes kept ready at least */
    uint32_t stock_max; /* and at most, when use asks for more */
};

/* What leads to a running sandbox. All but the files are non-blocking. */
struct sandbox_fds {
    int runtime_listener; /* a listening TCP socket at 127.0.0.1:9001 inside it */
    int api_listener;     /* another one at 127.0.0.1:9002 */
    int output;           /* the read end of its stdout and stderr */
    int memory_peak; /* a file to pread() the peak memory in bytes from as decimal text; -1 where the machine
                        can't tell */
    int freezer;     /* for sandbox_freeze(); -1 where the machine has none: control_stop() is left then */
    int control;     /* for control_new(). The sandbox ends when it is closed */
    int memory_events; /* for sandbox_count_oom_kills(); -1 where the machine can't tell */
};
void sandbox_fds_close(struct sandbox_fds *fds);

struct sandbox_callbacks {
    /* The sandbox runs. The descriptors that the receiver takes (and sets to -1) are its own; the others are
     * closed. */
    void (*started)(void *arg, uint64_t id, struct sandbox_fds *fds);
    /* It could not be made; `failure` says why. No `ended` follows. */
    void (*failed)(void *arg, uint64_t id, const struct err *failure);
    /* After sandbox_fit(): it is done, or with a `failure` it could not be. In that case the sandbox is being
     * ended: `ended` follows. */
    void (*fitted)(void *arg, uint64_t id, const struct err *failure);
    /* Nothing of it is left: no process, no mount, no cgroup. Output already written can still be read. */
    void (*ended)(void *arg, uint64_t id, const struct sandbox_end *end);
    /* lamb-spawner died: no sandbox is left and none can be made. */
    void (*lost)(void *arg);
};

/* The spawner, before there is a loop: forked while the process is small and privileged. Blocks until the
 * spawner has looked at the machine. `ret_report` takes lines to show at start: what is missing on this
 * machine and what that costs. */
struct sandbox_spawner {
    int pid;
    int socket_fd;
    bool has_memory_limit;
    bool has_cpu_limit;
    bool has_pids_limit;
    bool has_old_freezer; /* of control groups version 1 */
};
bool sandbox_spawner_start(const struct sandbox_options *options, struct sandbox_spawner *ret_spawner,
                           struct buf *ret_report, struct err *err);

/* Takes the spawner's socket. */
struct sandbox_host *sandbox_host_new(struct loop *loop, struct sandbox_spawner *spawner,
                                      const struct sandbox_callbacks *callbacks, void *arg);

/* Asks for a sandbox; `started` or `failed` follows with this id (never from inside this call). `mount_fds`
 * (O_PATH directories, one per plan mount) and `handover_fd` (-1: none) stay the caller's and may be closed
 * at once. Never blocks: what the socket does not take is queued. */
uint64_t sandbox_start(struct sandbox_host *host, const struct plan *plan, const int *mount_fds,
                       int handover_fd);

/* Gives a sandbox that has started without directories the plan's: directories, size of /tmp, limits. The
 * plan's program is not looked at. Only while nothing but our own runs in it. `fitted` follows, never from
 * inside this call, or `ended` alone for one that is ending. Descriptors as with sandbox_start(). Where no
 * control group keeps a limit it can be lowered, but not raised. */
void sandbox_fit(struct sandbox_host *host, uint64_t id, const struct plan *plan, const int *mount_fds);

/* Ends it with everything in it; `ended` follows, also without `started` for one that did not run yet. Fine
 * for one that is ending or unknown. */
void sandbox_kill(struct sandbox_host *host, uint64_t id);

/* Changes the CPU limit of a running one, as plan.cpu_millis set it. Fine for one that is ending or
 * unknown. */
void sandbox_limit_cpu(struct sandbox_host *host, uint64_t id, uint32_t cpu_millis);

/* Stops all processes of a running one, lamb-init too, or lets them go on; what they wait for arrives all the
 * same. `freezer_fd` is what came with it, not -1: a write of some microseconds. Fine for one that is ending
 * or unknown; a kill needs no thaw. */
void sandbox_freeze(struct sandbox_host *host, uint64_t id, int freezer_fd, bool is_frozen);

/* Processes that the kernel has killed in it for its memory limit; `memory_events_fd` is what came with it.
 * False when it can't be told. */
bool sandbox_count_oom_kills(int memory_events_fd, uint64_t *ret_count);

/* Sandboxes asked for or running. */
size_t sandbox_host_count(const struct sandbox_host *host);

/* Ends all sandboxes and the spawner, waiting until it is gone. No callbacks are made; not to be called from
 * inside one. NULL is fine. */
void sandbox_host_free(struct sandbox_host *host);

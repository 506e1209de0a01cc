/* One floor sandbox: everything a hardened environment needs and nothing else.
 *
 * Namespaces (mount, pid, network, ipc, uts, user), a read-only root of the host's /usr, a synthetic /etc
 * and /dev, a private /tmp and /proc, the Runtime API listener, control groups, limits, a user of its own,
 * no capabilities, a seccomp filter. Made in two steps, so that the first can be done ahead of time:
 *
 *   sandbox_start   clone; mounts; listener; then the child is parked and sends the listener
 *   sandbox_claim   code mount; limits; seccomp; exec
 *
 * A program that waits is executed in the first step already. Its descriptor 3 is a socket: it writes a byte
 * when it is ready, and the claim mounts the code, sets the limits and sends it a function's variables.
 *
 * Used by floor_cold alone, as root, from one thread. Every function dies on failure, and so does a child. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bench/floor/cgroup.h"

struct sandbox_host {
    struct sock_fprog filter;
    char *const *arguments; /* what the sandboxes exec */
    bool waits;
    int mount_namespace; /* the program's own, to come back to */
};

struct sandbox {
    pid_t pid;
    int pidfd;
    int control; /* readable when the child has parked; sandbox_listener reads it */
    struct cgroup group;
};

/* Prepares the parts all sandboxes share in a private mount namespace, so nothing is left behind when the
 * program ends. bootstrap_path is copied to /var/task/bootstrap of every sandbox, beside handlers app.py
 * and app.js. */
void sandbox_host_prepare(struct sandbox_host *host, const char *bootstrap_path, char *const *arguments,
                          bool waits);

void sandbox_start(const struct sandbox_host *host, struct sandbox *ret_sandbox);

/* Takes the listener from a parked sandbox; blocks until it has parked. The caller owns the fd. */
int sandbox_listener(const struct sandbox_host *host, const struct sandbox *sandbox);

void sandbox_claim(const struct sandbox_host *host, const struct sandbox *sandbox);

/* Kills everything inside, waits for its end and removes the control groups. */
void sandbox_end(struct sandbox *sandbox);

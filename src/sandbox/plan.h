/* What one sandbox is to be: a plain value. `lamb serve` makes it, lamb-spawner and lamb-init carry it out.
 * Nothing in it is a path of the host: directories come as descriptors that the sender itself could open, so
 * that a plan can't grant what its maker does not have. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

#define PLAN_MAX_TEXTS 640        /* arguments plus environment variables: 4 KB of them are at most 512 */
#define PLAN_MAX_CPU_MILLIS 64000 /* no function gets more than a big machine has */

/* A directory laid read-only at an absolute path of the sandbox. The descriptor travels beside the plan, at
 * the same index. */
struct plan_mount {
    const char *target; /* "/var/task", "/opt" */
};

struct plan {
    uint32_t memory_mb;      /* limit of everything in the sandbox, its /tmp included */
    uint32_t cpu_millis;     /* 1000 = one vCPU; see sandbox_limit_cpu() */
    uint32_t tmp_mb;         /* size of /tmp */
    uint32_t processes;      /* most processes and threads */
    uint32_t descriptors;    /* RLIMIT_NOFILE */
    const char *working_dir; /* of the first process: "/var/task" */
    const char *const *argv; /* NULL-terminated; argv[0] is a path inside the sandbox */
    const char *const *envp; /* NULL-terminated "NAME=value" */
    struct plan_mount mounts[LIMIT_PLAN_MOUNTS];
    size_t mount_count;
};

/* Bytes for the socket; ERR_LIMIT past LIMIT_PLAN_BYTES. Format: see plan.c. */
bool plan_encode(const struct plan *plan, struct buf *buf, struct err *err);

/* The decoded plan points into one block that plan_free() releases. Checks every length and bound; targets
 * must be absolute, without "..", and argv must not be empty. */
bool plan_decode(const void *data, size_t len, struct plan **ret_plan, struct err *err);
void plan_free(struct plan *plan);

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
#include "sandbox/program.h"

#define PLAN_MAX_CPU_MILLIS 64000 /* no function gets more than a big machine has */

/* Where the first program finds the descriptor that was handed over to it; not close-on-exec. */
#define PLAN_HANDOVER_FD 3

/* A directory laid read-only at an absolute path of the sandbox. The descriptor travels beside the plan, at
 * the same index. */
struct plan_mount {
    const char *target; /* "/var/task", "/opt" */
};

struct plan {
    uint32_t memory_mb;     /* limit of everything in the sandbox, its /tmp included */
    uint32_t cpu_millis;    /* 1000 = one vCPU; see sandbox_limit_cpu() */
    uint32_t tmp_mb;        /* size of /tmp */
    uint32_t processes;     /* most processes and threads */
    uint32_t descriptors;   /* RLIMIT_NOFILE of each process */
    struct program program; /* the first one; sandbox_fit() needs none: argv NULL */
    bool has_handover;      /* the first program gets a descriptor as PLAN_HANDOVER_FD */
    struct plan_mount mounts[LIMIT_PLAN_MOUNTS];
    size_t mount_count;
};

/* Bytes for the socket; ERR_LIMIT past LIMIT_PLAN_BYTES. Format: see plan.c. */
bool plan_encode(const struct plan *plan, struct buf *buf, struct err *err);

/* The decoded plan points into one block that plan_free() releases. Checks every length and bound; targets
 * must be absolute and without ".."; for the program see program.h. */
bool plan_decode(const void *data, size_t len, struct plan **ret_plan, struct err *err);
void plan_free(struct plan *plan);

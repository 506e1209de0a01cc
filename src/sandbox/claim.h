/* A claim of lamb serve: which sandbox it asks for, as received, with its directories; or, as a fit, what a
 * running one is to get. One that has to wait for a sandbox is kept in memory that clones of the process do
 * not get, for it has a function's secrets in it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/list.h"
#include "sandbox/message.h"
#include "sandbox/plan.h"

struct claim {
    struct list link;
    uint64_t id;
    struct plan *plan;
    const void *packet; /* the encoded plan */
    size_t packet_len;
    int fds[LIMIT_PLAN_MOUNTS + 1]; /* the directories, and what is handed over */
    size_t fd_count;
    size_t mapped_bytes;
};

/* Memory whose content no clone sees: zeros there. For the buffer that packets are received into. */
void *claim_private_memory(size_t size);

/* Checks the message, of type CLAIM or FIT, and takes its descriptors out of `fds`. The claim points into the
 * message's buffer. */
bool claim_read(const struct message *message, int fds[FD_MAX_PASSED], struct claim *ret_claim,
                struct err *err);

/* Moves it into memory of its own; `claim` is empty afterwards. */
struct claim *claim_keep(struct claim *claim);

/* Decodes the plan of one that was kept. */
bool claim_wake(struct claim *claim, struct err *err);

/* Lets go of what it holds; for one that was kept, of the claim too. */
void claim_done(struct claim *claim);

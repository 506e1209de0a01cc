/* Parked runtimes: sandboxes in which an interpreter has started and loaded our client, and waits to be told
 * its function. A claim replaces the start of the interpreter, which is most of a cold start.
 *
 * Each runtime name in use has a stock of its own that follows demand (sandbox/stock.h). It is refilled one
 * sandbox at a time, a while after the last claim, so that cold starts don't compete with it. A parked
 * runtime serves one environment, once; before that it knows nothing of any function: no code, no variables,
 * no credentials.
 *
 * For the environments, on the loop thread. Whoever has the callbacks of the sandbox host asks here first. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "invoke/launch.h"
#include "model/function.h"
#include "model/runtime.h"
#include "sandbox/host.h"
#include "sys/loop.h"

struct parked;

/* For each runtime in use. */
struct parked_options {
    uint32_t least;
    uint32_t most; /* 0 switches it off */
};

/* The set must outlive it. */
struct parked *parked_new(struct loop *loop, const struct clock *clock, const struct runtime_set *runtimes,
                          const struct parked_options *options);

/* Before this nothing is started. */
void parked_set_host(struct parked *parked, struct sandbox_host *host);

/* A function with this runtime exists: keep at least `least`. */
void parked_want(struct parked *parked, const char *runtime);

/* A sandbox with a runtime that waits for parked_hand_over(). All descriptors are the taker's. */
struct parked_sandbox {
    uint64_t id;
    struct sandbox_fds fds;
    int handover;
};

/* The oldest that is ready, else one whose interpreter is still starting: what is left of that is less than a
 * start. False: there is none, or the function has to be started plainly, because of extensions, which begin
 * before the runtime does, or of what launch_is_parkable() says. Demand is counted only where a parked one
 * would have been used. */
bool parked_take(struct parked *parked, const struct function *function, bool has_opt_extensions,
                 struct parked_sandbox *ret_sandbox);

/* Gives a runtime the environment variables of its function, upon which it goes on as one that was started
 * with them; the sandbox must have its directories. Closes *take_fd in any case, never blocks. ERR_IO when
 * the runtime has ended, ERR_LIMIT when they don't fit. */
bool parked_hand_over(int *take_fd, const struct launch *launch, struct err *err);

/* What the sandbox host tells; false: it is none of those parked here. Started takes the descriptors. */
bool parked_started(struct parked *parked, uint64_t id, struct sandbox_fds *fds);
bool parked_failed(struct parked *parked, uint64_t id, const struct err *failure);
bool parked_ended(struct parked *parked, uint64_t id);

/* Sandboxes it has, ready or not. */
size_t parked_count(const struct parked *parked);

/* Per runtime, for the metrics; false past the last. */
struct parked_counts {
    const char *runtime;
    size_t ready;
    size_t starting;
    uint64_t taken;  /* cold starts that a parked runtime served */
    uint64_t missed; /* and those that it could have, had there been one */
};
bool parked_count_runtime(const struct parked *parked, size_t index, struct parked_counts *ret_counts);

/* Memory is short: ends one, of the runtime that has most. It is not replaced before that runtime is claimed
 * again. False when there is none. */
bool parked_drop_one(struct parked *parked);

/* Closes what it has, which ends its sandboxes. NULL is fine. */
void parked_free(struct parked *parked);

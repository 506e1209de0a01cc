/* Provisioned concurrency: keeps environments initialised as was asked for, whatever happens to them. One per
 * struct invoke, which is the only one to call it.
 *
 * What is asked for is told as a whole for each function, again after every change. An environment that ends
 * is replaced. When its version is no longer wanted, it goes once those of the new version are initialised.
 * An initialisation that fails is tried again after a while, which gets longer. */
#pragma once

#include "invoke/pool.h"
#include "invoke/provision_wish.h"

struct provisions {
    struct pool_set *set;
    struct list all;
    struct list ended; /* calls that were admitted through them still run */
};

void provisions_init(struct provisions *provisions, struct pool_set *set);

/* After pool_set_drop(). */
void provisions_done(struct provisions *provisions);

/* All there is to be for a function. What is the same as before goes on. Nothing is started before the loop's
 * next turn. */
void provisions_set(struct provisions *provisions, const char *account, const char *name,
                    const struct provision_wish *wishes, size_t count);

/* False when nothing is wanted for that qualifier. */
bool provisions_status(const struct provisions *provisions, const char *account, const char *name,
                       const char *qualifier, struct provision_status *ret_status);

/* Forgets earlier failures: tries at once. */
void provisions_retry(struct provisions *provisions, const char *account, const char *name,
                      const char *qualifier);

/* Replaces environments whose credentials end. To be called every second or so. */
void provisions_upkeep(struct provisions *provisions);

extern const struct provisioned_events provision_events;

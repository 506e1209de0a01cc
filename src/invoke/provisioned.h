/* Environments of one pool that are kept initialised ahead of calls through one version or alias. They are
 * neither retired for being idle nor to relieve the machine's memory. What they are given to do is the pool's
 * business; how many there should be and when they are started is that of an owner above, who is told what
 * happens to them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "invoke/admission.h"
#include "invoke/environment.h"

struct provisioned {
    struct list link; /* the pool's */
    struct pool *pool;
    struct environment_counts counts; /* of these alone */
    struct list starting;
    struct list idle;      /* newest first */
    size_t waiting;        /* calls that one of these may serve */
    size_t wanted;         /* what is above it ends, busy ones after their call */
    const char *qualifier; /* theirs are the calls through it: an alias, or a version's number */
    struct admission_share *share;
    void *owner; /* NULL: it goes with its last environment */
};

struct provisioned_events {
    /* There is room for more starts, one has become ready, or one that had served has ended. */
    void (*changed)(void *owner, bool is_ready);

    /* One has ended before it served anything. `failure`: there was no sandbox; NULL: it is the function's
     * fault. */
    void (*failed)(void *owner, const struct err *failure);
};

/* Without environments. The texts, the share and the owner must live until provisioned_disown(), the share
 * until the last call in it is over. */
struct provisioned *provisioned_new(struct pool *pool, const char *qualifier, struct admission_share *share,
                                    void *owner);

/* Environments that were initialised, and these with the starting ones. */
size_t provisioned_count_ready(const struct provisioned *provisioned);
size_t provisioned_count(const struct provisioned *provisioned);

void provisioned_set(struct provisioned *provisioned, size_t wanted);
void provisioned_retire_expired(struct provisioned *provisioned);

/* Ends all; the owner is told nothing any more. */
void provisioned_disown(struct provisioned *provisioned);

/* To be called when an environment was freed, or after provisioned_disown(). */
void provisioned_free_if_over(struct provisioned *provisioned);

/* Makes a change durable: a job on the database's lane. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "store/change.h"

struct api;

/* Embedded in the state of whoever makes the change; the steps and what they point to must live until `done`
 * was called. */
struct change {
    const struct store_step *steps;
    size_t step_count;

    /* The transaction was committed (ok), and its records are in memory; or it failed (err). */
    void (*done)(struct change *change);
    bool ok;
    struct err err;

    struct api *api;
};

void change_start(struct api *api, struct change *change);

/* Blocking work off the loop. A job owns its inputs; `run` is called on a pool thread and touches nothing
 * else; `done` is called on the loop thread afterwards and takes the results. */
#pragma once

#include <stddef.h>

#include "base/list.h"
#include "sys/loop.h"

/* On any pool thread, in no order. */
void work_run(struct loop *loop, void (*run)(void *job), void (*done)(void *job), void *job);

/* A lane runs its jobs one at a time, in the order they came: one database connection, one log writer. */
struct work_lane;

struct work_lane *work_lane_new(struct loop *loop);
void work_lane_run(struct work_lane *lane, void (*run)(void *job), void (*done)(void *job), void *job);
size_t work_lane_pending(const struct work_lane *lane);

/* Calls `idle(arg)` once, when no job is pending (perhaps at once). */
void work_lane_drain(struct work_lane *lane, void (*idle)(void *arg), void *arg);

/* The lane must be empty. */
void work_lane_free(struct work_lane *lane);

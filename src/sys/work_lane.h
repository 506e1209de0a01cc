/* A lane runs jobs one at a time, in the order they came: one database connection, one log writer. As in
 * work.h a job owns its inputs, `run` is called off the loop and `done` on the loop thread afterwards.
 *
 * It has a thread of its own, which goes from one job to the next without waiting for the loop. So `run` may
 * use what an earlier `run` of the same lane has left, and nothing that an earlier `done` would change. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "sys/loop.h"

struct work_lane;

struct work_lane *work_lane_new(struct loop *loop);

void work_lane_run(struct work_lane *lane, void (*run)(void *job), void (*done)(void *job), void *job);

/* Takes the job that was given last back, so that more can be put into it: true when it has not begun, and
 * then neither of its functions will be called. Not while the lane is being drained. */
bool work_lane_recall(struct work_lane *lane, const void *job);

/* Jobs whose `done` has not returned. */
size_t work_lane_pending(const struct work_lane *lane);

/* Calls `idle(arg)` once, when no job is pending (perhaps at once). It may free the lane. */
void work_lane_drain(struct work_lane *lane, void (*idle)(void *arg), void *arg);

/* The lane must be empty. */
void work_lane_free(struct work_lane *lane);

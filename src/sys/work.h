/* Blocking work off the loop. A job owns its inputs; `run` is called on a pool thread and touches nothing
 * else; `done` is called on the loop thread afterwards and takes the results. Jobs run in no order; for those
 * that need one there is work_lane.h. */
#pragma once

#include "sys/loop.h"

void work_run(struct loop *loop, void (*run)(void *job), void (*done)(void *job), void *job);

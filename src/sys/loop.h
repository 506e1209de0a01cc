/* The event loop: one thread that owns all mutable state. Thin over libuv, which nobody else includes but
 * sys/.
 *
 * Watches, timers and signals are created with new and end with free; after free the callback is never called
 * again, also not when free is called from inside a callback. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_watch;
struct loop_timer;
struct loop_signal;

struct loop *loop_new(void);

/* Everything made on it must have been freed before. Runs what is left of closing handles. */
void loop_free(struct loop *loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Runs one turn; waits for an event when `wait` is true. For tests. */
void loop_turn(struct loop *loop, bool wait);

enum loop_events { LOOP_NONE = 0, LOOP_READ = 1, LOOP_WRITE = 2 };

/* Level-triggered readiness of a non-blocking fd, which stays the caller's and must outlive the watch; one
 * watch per fd. A hang-up or error is reported as every event that was asked for: the next read or write
 * tells. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*ready)(void *arg, int events), void *arg);
void loop_watch_set(struct loop_watch *watch, int events); /* cheap when nothing changes */
void loop_watch_free(struct loop_watch *watch);            /* NULL is fine */

struct loop_timer *loop_timer_new(struct loop *loop, void (*fired)(void *arg), void *arg);

/* Fires once, never early, at most a millisecond late on an idle loop. Restarts a running timer. */
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

struct loop_signal *loop_signal_new(struct loop *loop, int signum, void (*caught)(void *arg), void *arg);
void loop_signal_free(struct loop_signal *signal);

/* Calls `run(arg)` once, after the callbacks of this turn and before the loop waits again. Deferred calls
 * keep their order; one that is deferred by a deferred call runs in the next turn. */
void loop_defer(struct loop *loop, void (*run)(void *arg), void *arg);

/* For sys/work.c alone: the uv_loop_t. */
void *loop_uv(struct loop *loop);

/* Asynchronous invocation: events that are acknowledged once they are on disk, run when their function has
 * room, tried again after failures, and leave only together with what becomes of them: the next attempt, a
 * destination, a dead letter queue. So nothing that was acknowledged is lost, whenever the daemon dies; some
 * of it may run twice. Loop thread.
 *
 * Each function has a queue of its own, so that one that is blocked holds no other up. An event that
 * comes while nothing waits before it is written down as taken already, and begins from memory; all others
 * wait in the queue, and memory holds a bounded part of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "invoke/invoke.h"
#include "queue/async_totals.h"
#include "queue/async_upper.h"
#include "queue/courier.h"
#include "queue/event.h"
#include "queue/queue.h"
#include "sys/loop.h"

struct async;

struct async_options {
    const char *region;
    struct retry_delays delays;
    struct courier_options endpoints;
};

/* All of it must outlive it. Nothing happens before async_start(). */
struct async *async_new(struct loop *loop, const struct clock *clock, struct invoke *invoke,
                        struct queues *queues, const struct async_options *options);

/* Goes on with what earlier runs left: events that were taken then are due at once. */
void async_start(struct async *async, const struct async_upper *upper);

/* Writes an event down for the function. Takes what the event owns, in any case. `done` is called later, when
 * it is on disk or with the error that kept it from there; not when this returns false (ERR_LIMIT: too much
 * waits for the disk, ERR_CLOSED). */
bool async_accept(struct async *async, const char *account, const char *name, struct event *take_event,
                  void (*done)(void *arg, const struct err *err), void *arg, struct err *err);

/* The function was deleted: its events are dropped. */
void async_forget(struct async *async, const char *account, const char *name);

const struct async_totals *async_read(const struct async *async);

/* No event is begun any more; those that run are carried to their end. To be called before invoke_drain(). */
void async_stop(struct async *async);

/* Events and deliveries that are still under way in jobs: zero before async_free(). */
size_t async_pending(const struct async *async);

/* After queues_close(). NULL is fine. */
void async_free(struct async *async);

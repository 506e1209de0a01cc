/* Between invocations an environment does not run: it is frozen a moment after it waits at /next, and thawed
 * just before it gets an event. Belongs to its environment.
 *
 * The moment is there for callers in a row, who pay nothing for this. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "invoke/totals.h"
#include "sandbox/control.h"
#include "sandbox/host.h"
#include "sys/loop.h"

struct freeze_events {
    bool (*may_freeze)(void *arg); /* asked a few times in a row, and again later where it says no */
    void (*freezing)(void *arg);   /* just before */
};

struct freeze {
    struct sandbox_host *host;
    uint64_t sandbox_id;
    int fd; /* sandbox_fds.freezer */
    struct control *control;
    struct invoke_totals *totals;
    bool is_frozen;
    struct loop_timer *timer; /* NULL before freeze_begin() */
    int looks_left;           /* that must allow it */
    int64_t interval_ms;
    const struct freeze_events *events;
    void *arg;
};

/* What a freeze needs of its environment: all but the descriptor must outlive it. */
struct freeze_means {
    struct loop *loop;
    struct sandbox_host *host;
    uint64_t sandbox_id;
    int freezer_fd; /* taken; -1: control_stop() is used */
    struct control *control;
    struct invoke_totals *totals;
};

/* The sandbox runs. */
void freeze_begin(struct freeze *freeze, const struct freeze_means *means, const struct freeze_events *events,
                  void *arg);

/* The environment waits at /next. */
void freeze_soon(struct freeze *freeze);

/* It is to run. */
void freeze_thaw(struct freeze *freeze);

/* The sandbox ends. One that is all zero is fine. */
void freeze_end(struct freeze *freeze);

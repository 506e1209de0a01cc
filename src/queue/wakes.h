/* Wake-ups at moments of UTC: any number of them, one timer. For queue/. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "sys/loop.h"

#define WAKES_NEVER INT64_MAX

/* Embedded in what wants to be woken. */
struct wake {
    void (*run)(struct wake *wake);
    int64_t at_ms;
    size_t place; /* in the heap, from 1; 0: not set */
};

struct wakes {
    const struct clock *clock;
    struct loop_timer *timer;
    struct wake **heap; /* the earliest first: [i] is no later than [2i + 1] and [2i + 2] */
    size_t count;
    size_t capacity;
    int64_t armed_ms; /* what the timer stands on, or WAKES_NEVER */
};

void wakes_init(struct wakes *wakes, struct loop *loop, const struct clock *clock);
void wakes_done(struct wakes *wakes); /* nothing may be set */

/* Calls wake->run() once, from the timer, not before at_ms. Moves one that is set; WAKES_NEVER takes it out.
 */
void wakes_set(struct wakes *wakes, struct wake *wake, int64_t at_ms);

/* See wakes.h: a binary heap. */
#include "queue/wakes.h"

#include <assert.h>
#include <stdbool.h>

#include "base/mem.h"

/* The timer counts a time that never jumps, the moments are of one that may: it is looked at so often. */
#define LONGEST_MS 10000

static int64_t now_ms(const struct wakes *wakes) {
    return clock_wall_us(wakes->clock) / 1000;
}

static void put(struct wakes *wakes, size_t index, struct wake *wake) {
    wakes->heap[index] = wake;
    wake->place = index + 1;
}

static void rise(struct wakes *wakes, size_t index) {
    struct wake *wake = wakes->heap[index];
    while (index > 0 && wakes->heap[(index - 1) / 2]->at_ms > wake->at_ms) {
        put(wakes, index, wakes->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(wakes, index, wake);
}

static void sink(struct wakes *wakes, size_t index) {
    struct wake *wake = wakes->heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < wakes->count && wakes->heap[child + 1]->at_ms < wakes->heap[child]->at_ms)
            child++;
        if (child >= wakes->count || wakes->heap[child]->at_ms >= wake->at_ms)
            break;
        put(wakes, index, wakes->heap[child]);
        index = child;
    }
    put(wakes, index, wake);
}

static void take_out(struct wakes *wakes, struct wake *wake) {
    size_t index = wake->place - 1;
    struct wake *last = wakes->heap[--wakes->count];
    wake->place = 0;
    if (last == wake)
        return;
    put(wakes, index, last);
    rise(wakes, index);
    sink(wakes, last->place - 1);
}

static void add(struct wakes *wakes, struct wake *wake) {
    if (wakes->count == wakes->capacity) {
        wakes->capacity = wakes->capacity ? wakes->capacity * 2 : 64;
        wakes->heap = mem_resize(wakes->heap, wakes->capacity * sizeof *wakes->heap);
    }
    wakes->count++;
    put(wakes, wakes->count - 1, wake);
    rise(wakes, wakes->count - 1);
}

/* One that is later than what the timer stands on needs no new one: it fires, and is set anew. */
static void arm(struct wakes *wakes) {
    if (wakes->count == 0 || wakes->heap[0]->at_ms >= wakes->armed_ms)
        return;
    int64_t left_ms = wakes->heap[0]->at_ms - now_ms(wakes);
    int64_t delay_ms = left_ms < 0 ? 0 : left_ms > LONGEST_MS ? LONGEST_MS : left_ms;
    wakes->armed_ms = now_ms(wakes) + delay_ms;
    loop_timer_start(wakes->timer, delay_ms);
}

static void fire(void *arg) {
    struct wakes *wakes = arg;
    wakes->armed_ms = WAKES_NEVER;
    int64_t now = now_ms(wakes);
    while (wakes->count > 0 && wakes->heap[0]->at_ms <= now) {
        struct wake *wake = wakes->heap[0];
        take_out(wakes, wake);
        wake->run(wake);
    }
    arm(wakes);
}

void wakes_init(struct wakes *wakes, struct loop *loop, const struct clock *clock) {
    *wakes = (struct wakes){.clock = clock, .armed_ms = WAKES_NEVER};
    wakes->timer = loop_timer_new(loop, fire, wakes);
}

void wakes_done(struct wakes *wakes) {
    assert(wakes->count == 0);
    loop_timer_free(wakes->timer);
    free(wakes->heap);
}

void wakes_set(struct wakes *wakes, struct wake *wake, int64_t at_ms) {
    if (wake->place > 0 && wake->at_ms == at_ms)
        return;
    if (wake->place > 0)
        take_out(wakes, wake);
    if (at_ms == WAKES_NEVER)
        return;
    wake->at_ms = at_ms;
    add(wakes, wake);
    arm(wakes);
}

/* The event loop over libuv. Each watch, timer and signal is one heap block that holds libuv's handle; it is
 * given back when libuv has closed the handle, which is at the end of the turn. From free until then its
 * callback is NULL. */
#include "sys/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "base/mem.h"

struct deferred {
    void (*run)(void *arg);
    void *arg;
};

struct deferred_list {
    struct deferred *items;
    size_t count;
    size_t capacity;
};

struct loop {
    uv_loop_t uv;
    uv_check_t check; /* runs deferred calls; being always active it keeps uv_run from ending by itself */
    uv_idle_t idle;   /* active while calls are deferred: libuv does not wait then */
    struct deferred_list deferred;
    struct deferred_list spare; /* takes turns with `deferred`, so that a drain allocates nothing */
};

/* libuv's start calls fail on a bug of ours or when the kernel is out of memory for descriptors: nothing to
 * go on with. */
static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "lamb: %s: %s\n", what, uv_strerror(status));
        abort();
    }
}

static void on_idle(uv_idle_t *idle) {
    (void)idle;
}

static void on_check(uv_check_t *check) {
    struct loop *loop = check->data;
    if (loop->deferred.count == 0)
        return;
    struct deferred_list batch = loop->deferred;
    loop->deferred = loop->spare;
    for (size_t i = 0; i < batch.count; i++)
        batch.items[i].run(batch.items[i].arg);
    batch.count = 0;
    loop->spare = batch;
    if (loop->deferred.count == 0)
        uv_idle_stop(&loop->idle);
}

struct loop *loop_new(void) {
    /* A peer that went away shall be EPIPE, never the end of the process. */
    signal(SIGPIPE, SIG_IGN);
    struct loop *loop = mem_alloc(sizeof *loop);
    must(uv_loop_init(&loop->uv), "uv_loop_init");
    must(uv_check_init(&loop->uv, &loop->check), "uv_check_init");
    must(uv_idle_init(&loop->uv, &loop->idle), "uv_idle_init");
    loop->check.data = loop;
    must(uv_check_start(&loop->check, on_check), "uv_check_start");
    return loop;
}

static void assert_freed(uv_handle_t *handle, void *arg) {
    (void)arg;
    if (!uv_is_closing(handle)) {
        fprintf(stderr, "lamb: a %s of a loop was not freed before it\n", uv_handle_type_name(handle->type));
        abort();
    }
}

void loop_free(struct loop *loop) {
    if (!loop)
        return;
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    uv_walk(&loop->uv, assert_freed, NULL);
    /* The first run ends at once where loop_stop was called since the last one. */
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        ;
    must(uv_loop_close(&loop->uv), "uv_loop_close");
    free(loop->deferred.items);
    free(loop->spare.items);
    free(loop);
}

void loop_run(struct loop *loop) {
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop) {
    uv_stop(&loop->uv);
}

void loop_turn(struct loop *loop, bool wait) {
    uv_run(&loop->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

void *loop_uv(struct loop *loop) {
    return &loop->uv;
}

void loop_defer(struct loop *loop, void (*run)(void *arg), void *arg) {
    struct deferred_list *list = &loop->deferred;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->items = mem_resize(list->items, list->capacity * sizeof *list->items);
    }
    list->items[list->count++] = (struct deferred){.run = run, .arg = arg};
    must(uv_idle_start(&loop->idle, on_idle), "uv_idle_start");
}

/* The handle is the first member of its block, so that one function frees them all. */
static void free_block(uv_handle_t *handle) {
    free(handle);
}

struct loop_watch {
    uv_poll_t poll;
    int events;
    void (*ready)(void *arg, int events);
    void *arg;
};

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct loop_watch *watch = (struct loop_watch *)poll;
    if (status < 0) {
        /* libuv stops watching after an error; ours goes on telling until the owner acts. */
        events = watch->events;
        must(uv_poll_start(poll, watch->events, on_poll), "uv_poll_start");
    }
    if (watch->ready)
        watch->ready(watch->arg, events & (LOOP_READ | LOOP_WRITE));
}

_Static_assert((int)LOOP_READ == (int)UV_READABLE && (int)LOOP_WRITE == (int)UV_WRITABLE,
               "events are libuv's");

struct loop_watch *loop_watch_new(struct loop *loop, int fd, void (*ready)(void *arg, int events),
                                  void *arg) {
    struct loop_watch *watch = mem_alloc(sizeof *watch);
    watch->ready = ready;
    watch->arg = arg;
    must(uv_poll_init(&loop->uv, &watch->poll, fd), "uv_poll_init");
    return watch;
}

void loop_watch_set(struct loop_watch *watch, int events) {
    if (events == watch->events)
        return;
    watch->events = events;
    if (events == LOOP_NONE)
        uv_poll_stop(&watch->poll);
    else
        must(uv_poll_start(&watch->poll, events, on_poll), "uv_poll_start");
}

void loop_watch_free(struct loop_watch *watch) {
    if (!watch)
        return;
    watch->ready = NULL;
    uv_close((uv_handle_t *)&watch->poll, free_block);
}

struct loop_timer {
    uv_timer_t timer;
    int64_t deadline_us; /* of the monotonic clock */
    void (*fired)(void *arg);
    void *arg;
};

static int64_t now_us(void) {
    struct clock clock = clock_system();
    return clock_mono_us(&clock);
}

static void on_timer(uv_timer_t *handle) {
    struct loop_timer *timer = (struct loop_timer *)handle;
    if (now_us() < timer->deadline_us)
        must(uv_timer_start(handle, on_timer, 1, 0), "uv_timer_start");
    else if (timer->fired)
        timer->fired(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*fired)(void *arg), void *arg) {
    struct loop_timer *timer = mem_alloc(sizeof *timer);
    timer->fired = fired;
    timer->arg = arg;
    must(uv_timer_init(&loop->uv, &timer->timer), "uv_timer_init");
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms) {
    if (delay_ms < 0)
        delay_ms = 0;
    timer->deadline_us = now_us() + delay_ms * 1000;
    /* libuv counts from when the turn began, and in milliseconds of a clock that may lag by one: hence the
     * update, the one more, and the look at the deadline when it fires. */
    uv_update_time(timer->timer.loop);
    uint64_t delay = delay_ms > 0 ? (uint64_t)delay_ms + 1 : 0;
    must(uv_timer_start(&timer->timer, on_timer, delay, 0), "uv_timer_start");
}

void loop_timer_stop(struct loop_timer *timer) {
    uv_timer_stop(&timer->timer);
}

void loop_timer_free(struct loop_timer *timer) {
    if (!timer)
        return;
    timer->fired = NULL;
    uv_close((uv_handle_t *)&timer->timer, free_block);
}

struct loop_signal {
    uv_signal_t signal;
    void (*caught)(void *arg);
    void *arg;
};

static void on_signal(uv_signal_t *handle, int signum) {
    struct loop_signal *caught = (struct loop_signal *)handle;
    (void)signum;
    if (caught->caught)
        caught->caught(caught->arg);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signum, void (*caught)(void *arg), void *arg) {
    struct loop_signal *handle = mem_alloc(sizeof *handle);
    handle->caught = caught;
    handle->arg = arg;
    must(uv_signal_init(&loop->uv, &handle->signal), "uv_signal_init");
    must(uv_signal_start(&handle->signal, on_signal, signum), "uv_signal_start");
    return handle;
}

void loop_signal_free(struct loop_signal *signal) {
    if (!signal)
        return;
    signal->caught = NULL;
    uv_close((uv_handle_t *)&signal->signal, free_block);
}

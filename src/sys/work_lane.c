/* See work_lane.h. */
#include "sys/work_lane.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/list.h"
#include "base/mem.h"

struct work {
    struct list link;
    void (*run)(void *job);
    void (*done)(void *job);
    void *job;
};

struct work_lane {
    uv_thread_t thread;
    uv_async_t *ended_some; /* wakes the loop; freed when libuv has closed it */
    size_t pending;
    void (*idle)(void *arg);
    void *idle_arg;

    uv_mutex_t mutex; /* for what follows */
    uv_cond_t changed;
    struct list waiting; /* jobs that have not begun */
    struct list ended;   /* jobs whose `done` is due */
    bool is_stopping;
};

/* These calls fail on a bug of ours or when the kernel has nothing left to give: nothing to go on with. */
static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "lamb: %s: %s\n", what, uv_strerror(status));
        abort();
    }
}

/* ---- the lane's thread ---- */

/* NULL: the lane is being freed. The mutex is held. */
static struct work *wait_for_work(struct work_lane *lane) {
    while (list_is_empty(&lane->waiting) && !lane->is_stopping)
        uv_cond_wait(&lane->changed, &lane->mutex);
    if (list_is_empty(&lane->waiting))
        return NULL;
    struct work *work = list_item(lane->waiting.next, struct work, link);
    list_remove(&work->link);
    return work;
}

static void run_all(void *arg) {
    struct work_lane *lane = arg;
    struct work *work;
    uv_mutex_lock(&lane->mutex);
    while ((work = wait_for_work(lane))) {
        uv_mutex_unlock(&lane->mutex);
        work->run(work->job);
        uv_mutex_lock(&lane->mutex);
        list_push_back(&lane->ended, &work->link);
        uv_async_send(lane->ended_some);
    }
    uv_mutex_unlock(&lane->mutex);
}

/* ---- the loop's ---- */

static struct work *next_ended(struct work_lane *lane) {
    struct work *work = NULL;
    uv_mutex_lock(&lane->mutex);
    if (!list_is_empty(&lane->ended)) {
        work = list_item(lane->ended.next, struct work, link);
        list_remove(&work->link);
    }
    uv_mutex_unlock(&lane->mutex);
    return work;
}

/* False when `idle` was called: the lane may be gone. */
static bool count_done(struct work_lane *lane) {
    lane->pending--;
    if (lane->pending > 0 || !lane->idle)
        return true;
    void (*idle)(void *arg) = lane->idle;
    lane->idle = NULL;
    idle(lane->idle_arg);
    return false;
}

static void finish(uv_async_t *async) {
    struct work_lane *lane = async->data;
    struct work *work;
    bool is_there = true;
    while (is_there && (work = next_ended(lane))) {
        work->done(work->job);
        free(work);
        is_there = count_done(lane);
    }
}

struct work_lane *work_lane_new(struct loop *loop) {
    struct work_lane *lane = mem_alloc(sizeof *lane);
    list_init(&lane->waiting);
    list_init(&lane->ended);
    must(uv_mutex_init(&lane->mutex), "can't make a lock");
    must(uv_cond_init(&lane->changed), "can't make a condition");
    lane->ended_some = mem_alloc(sizeof *lane->ended_some);
    must(uv_async_init(loop_uv(loop), lane->ended_some, finish), "can't make a lane's signal");
    lane->ended_some->data = lane;
    must(uv_thread_create(&lane->thread, run_all, lane), "can't make a lane's thread");
    return lane;
}

void work_lane_run(struct work_lane *lane, void (*run)(void *job), void (*done)(void *job), void *job) {
    struct work *work = mem_alloc(sizeof *work);
    work->run = run;
    work->done = done;
    work->job = job;
    lane->pending++;
    uv_mutex_lock(&lane->mutex);
    list_push_back(&lane->waiting, &work->link);
    uv_cond_signal(&lane->changed);
    uv_mutex_unlock(&lane->mutex);
}

bool work_lane_recall(struct work_lane *lane, const void *job) {
    assert(!lane->idle);
    struct work *last = NULL;
    uv_mutex_lock(&lane->mutex);
    if (!list_is_empty(&lane->waiting)) {
        last = list_item(lane->waiting.prev, struct work, link);
        if (last->job == job)
            list_remove(&last->link);
        else
            last = NULL;
    }
    uv_mutex_unlock(&lane->mutex);
    if (!last)
        return false;
    lane->pending--;
    free(last);
    return true;
}

size_t work_lane_pending(const struct work_lane *lane) {
    return lane->pending;
}

void work_lane_drain(struct work_lane *lane, void (*idle)(void *arg), void *arg) {
    assert(!lane->idle);
    if (lane->pending == 0) {
        idle(arg);
        return;
    }
    lane->idle = idle;
    lane->idle_arg = arg;
}

static void free_handle(uv_handle_t *handle) {
    free(handle);
}

void work_lane_free(struct work_lane *lane) {
    if (!lane)
        return;
    assert(lane->pending == 0);
    uv_mutex_lock(&lane->mutex);
    lane->is_stopping = true;
    uv_cond_signal(&lane->changed);
    uv_mutex_unlock(&lane->mutex);
    must(uv_thread_join(&lane->thread), "can't end a lane's thread");
    uv_close((uv_handle_t *)lane->ended_some, free_handle);
    uv_cond_destroy(&lane->changed);
    uv_mutex_destroy(&lane->mutex);
    free(lane);
}

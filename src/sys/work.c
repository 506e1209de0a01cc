/* Blocking work on libuv's pool. A lane is a queue of which one job at a time is on the pool; the next one is
 * handed over before the `done` of the one before runs, so that the lane does not wait for the loop. */
#include "sys/work.h"

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

#include "base/mem.h"

struct work {
    uv_work_t request; /* its data points here */
    void (*run)(void *job);
    void (*done)(void *job);
    void *job;
    struct work_lane *lane; /* NULL outside of lanes */
    struct list link;       /* in the lane's queue */
};

struct work_lane {
    struct loop *loop;
    struct work *on_pool; /* the one job that is running, or NULL */
    struct list queue;    /* the jobs behind it */
    size_t pending;       /* jobs whose `done` has not returned */
    void (*idle)(void *arg);
    void *idle_arg;
};

static void run_on_pool(uv_work_t *request) {
    struct work *work = request->data;
    work->run(work->job);
}

static void finish(uv_work_t *request, int status);

static void submit(struct loop *loop, struct work *work) {
    int status = uv_queue_work(loop_uv(loop), &work->request, run_on_pool, finish);
    assert(status == 0); /* it fails only without a function to run */
}

/* Hands the lane's next job to the pool, if there is one. */
static void advance_lane(struct work_lane *lane) {
    lane->on_pool = NULL;
    if (list_is_empty(&lane->queue))
        return;
    lane->on_pool = list_item(lane->queue.next, struct work, link);
    list_remove(&lane->on_pool->link);
    submit(lane->loop, lane->on_pool);
}

static void leave_lane(struct work_lane *lane) {
    lane->pending--;
    if (lane->pending > 0 || !lane->idle)
        return;
    void (*idle)(void *arg) = lane->idle;
    lane->idle = NULL;
    idle(lane->idle_arg); /* may free the lane */
}

static void finish(uv_work_t *request, int status) {
    struct work *work = request->data;
    struct work_lane *lane = work->lane;
    assert(status == 0); /* only cancelling gives another one, and nothing here cancels */
    if (lane)
        advance_lane(lane);
    work->done(work->job);
    free(work);
    if (lane)
        leave_lane(lane);
}

static struct work *work_new(void (*run)(void *job), void (*done)(void *job), void *job) {
    struct work *work = mem_alloc(sizeof *work);
    work->request.data = work;
    work->run = run;
    work->done = done;
    work->job = job;
    return work;
}

void work_run(struct loop *loop, void (*run)(void *job), void (*done)(void *job), void *job) {
    submit(loop, work_new(run, done, job));
}

struct work_lane *work_lane_new(struct loop *loop) {
    struct work_lane *lane = mem_alloc(sizeof *lane);
    lane->loop = loop;
    list_init(&lane->queue);
    return lane;
}

void work_lane_run(struct work_lane *lane, void (*run)(void *job), void (*done)(void *job), void *job) {
    struct work *work = work_new(run, done, job);
    work->lane = lane;
    lane->pending++;
    list_push_back(&lane->queue, &work->link);
    if (!lane->on_pool)
        advance_lane(lane);
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

void work_lane_free(struct work_lane *lane) {
    if (!lane)
        return;
    assert(lane->pending == 0);
    free(lane);
}

/* See work.h: libuv's pool. */
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
};

static void run_on_pool(uv_work_t *request) {
    const struct work *work = request->data;
    work->run(work->job);
}

static void finish(uv_work_t *request, int status) {
    struct work *work = request->data;
    assert(status == 0); /* only cancelling gives another one, and nothing here cancels */
    work->done(work->job);
    free(work);
}

void work_run(struct loop *loop, void (*run)(void *job), void (*done)(void *job), void *job) {
    struct work *work = mem_alloc(sizeof *work);
    work->request.data = work;
    work->run = run;
    work->done = done;
    work->job = job;
    int status = uv_queue_work(loop_uv(loop), &work->request, run_on_pool, finish);
    assert(status == 0); /* it fails only without a function to run */
}

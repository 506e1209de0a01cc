/* See timer_fake.h. Times are milliseconds since the program began. */
#include "timer_fake.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"
#include "sys/loop.h"

struct loop_timer {
    struct list link;
    void (*fired)(void *arg);
    void *arg;
    int64_t due_ms;
};

static struct list running = {&running, &running};
static int64_t now_ms;

struct loop_timer *__wrap_loop_timer_new(struct loop *loop, void (*fired)(void *arg), void *arg);
void __wrap_loop_timer_start(struct loop_timer *timer, int64_t delay_ms);
void __wrap_loop_timer_stop(struct loop_timer *timer);
void __wrap_loop_timer_free(struct loop_timer *timer);

struct loop_timer *__wrap_loop_timer_new(struct loop *loop, void (*fired)(void *arg), void *arg) {
    (void)loop;
    struct loop_timer *timer = mem_alloc(sizeof *timer);
    timer->fired = fired;
    timer->arg = arg;
    list_init(&timer->link);
    return timer;
}

void __wrap_loop_timer_start(struct loop_timer *timer, int64_t delay_ms) {
    list_remove(&timer->link);
    timer->due_ms = now_ms + delay_ms;
    list_push_back(&running, &timer->link);
}

void __wrap_loop_timer_stop(struct loop_timer *timer) {
    list_remove(&timer->link);
}

void __wrap_loop_timer_free(struct loop_timer *timer) {
    if (timer)
        list_remove(&timer->link);
    free(timer);
}

static struct loop_timer *next_due(int64_t until_ms) {
    struct loop_timer *next = NULL;
    list_each (link, &running) {
        struct loop_timer *timer = list_item(link, struct loop_timer, link);
        if (timer->due_ms <= until_ms && (!next || timer->due_ms < next->due_ms))
            next = timer;
    }
    return next;
}

void pass_time(int64_t ms, int64_t *ahead_us) {
    int64_t end_ms = now_ms + ms;
    struct loop_timer *timer;
    while ((timer = next_due(end_ms))) {
        *ahead_us += (timer->due_ms - now_ms) * 1000;
        now_ms = timer->due_ms;
        list_remove(&timer->link);
        timer->fired(timer->arg);
    }
    *ahead_us += (end_ms - now_ms) * 1000;
    now_ms = end_ms;
}

/* See freeze.h. */
#include "invoke/freeze.h"

#include "base/mem.h"
#include "sys/fd.h"

/* Frozen at once, each call of a caller in a row would take some 40 µs longer: two writes, and everything in
 * the sandbox wakes up to stop and once more to go on. */
#define DELAY_MS 10

/* It must be allowed so many times in a row. A loop that was held up runs timers before it looks at its
 * sockets, and what the function sent before it asked for the next event is to be seen first: one look
 * accepts a connection, the next one reads from it. */
#define LOOKS 3

/* Between looks after a refusal: what was waited for has come, and the function has time to take it. */
#define RETRY_MS 100

static void stop(struct freeze *freeze, bool is_frozen) {
    freeze->is_frozen = is_frozen;
    if (is_frozen)
        freeze->totals->freezes++;
    else
        freeze->totals->thaws++;
    if (freeze->fd == -1)
        control_stop(freeze->control, is_frozen);
    else
        sandbox_freeze(freeze->host, freeze->sandbox_id, freeze->fd, is_frozen);
}

static void freeze_now(void *arg) {
    struct freeze *freeze = arg;
    bool is_allowed = freeze->events->may_freeze(freeze->arg);
    if (!is_allowed)
        freeze->interval_ms = RETRY_MS;
    freeze->looks_left = is_allowed ? freeze->looks_left - 1 : LOOKS;
    if (freeze->looks_left > 0) {
        loop_timer_start(freeze->timer, freeze->interval_ms);
        return;
    }
    freeze->events->freezing(freeze->arg);
    stop(freeze, true);
}

void freeze_begin(struct freeze *freeze, const struct freeze_means *means, const struct freeze_events *events,
                  void *arg) {
    *freeze = (struct freeze){
        .host = means->host,
        .sandbox_id = means->sandbox_id,
        .fd = means->freezer_fd,
        .control = means->control,
        .totals = means->totals,
        .timer = loop_timer_new(means->loop, freeze_now, freeze),
        .events = events,
        .arg = arg,
    };
}

void freeze_soon(struct freeze *freeze) {
    freeze->looks_left = LOOKS;
    freeze->interval_ms = DELAY_MS / LOOKS;
    loop_timer_start(freeze->timer, DELAY_MS - (LOOKS - 1) * freeze->interval_ms);
}

void freeze_thaw(struct freeze *freeze) {
    loop_timer_stop(freeze->timer);
    if (freeze->is_frozen)
        stop(freeze, false);
}

void freeze_end(struct freeze *freeze) {
    if (!freeze->timer)
        return;
    loop_timer_free(take_ptr(freeze->timer));
    fd_close(&freeze->fd);
}

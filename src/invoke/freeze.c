/* See freeze.h. */
#include "invoke/freeze.h"

#include "base/mem.h"
#include "sys/fd.h"

/* Frozen at once, each call of a caller in a row would take some 40 µs longer: two writes, and everything in
 * the sandbox wakes up to stop and once more to go on. */
#define DELAY_MS 10

/* After a refusal. */
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
    if (!freeze->may_freeze(freeze->arg)) {
        loop_timer_start(freeze->timer, RETRY_MS);
        return;
    }
    stop(freeze, true);
}

void freeze_begin(struct freeze *freeze, const struct freeze_means *means, bool (*may_freeze)(void *arg),
                  void *arg) {
    *freeze = (struct freeze){
        .host = means->host,
        .sandbox_id = means->sandbox_id,
        .fd = means->freezer_fd,
        .control = means->control,
        .totals = means->totals,
        .timer = loop_timer_new(means->loop, freeze_now, freeze),
        .may_freeze = may_freeze,
        .arg = arg,
    };
}

void freeze_soon(struct freeze *freeze) {
    loop_timer_start(freeze->timer, DELAY_MS);
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

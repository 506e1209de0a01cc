/* See freeze.h. */
#include "invoke/freeze.h"

#include "base/mem.h"
#include "sys/fd.h"

/* Frozen at once, each call of a caller in a row would take some 40 µs longer: two writes, and everything in
 * the sandbox wakes up to stop and once more to go on. */
#define DELAY_MS 10

/* After a refusal. */
#define RETRY_MS 100

static void freeze_now(void *arg) {
    struct freeze *freeze = arg;
    if (!freeze->may_freeze(freeze->arg)) {
        loop_timer_start(freeze->timer, RETRY_MS);
        return;
    }
    freeze->is_frozen = true;
    sandbox_freeze(freeze->host, freeze->sandbox_id, freeze->fd, true);
}

void freeze_begin(struct freeze *freeze, struct loop *loop, struct sandbox_host *host, uint64_t sandbox_id,
                  int freezer_fd, bool (*may_freeze)(void *arg), void *arg) {
    *freeze = (struct freeze){
        .host = host,
        .sandbox_id = sandbox_id,
        .fd = freezer_fd,
        .timer = loop_timer_new(loop, freeze_now, freeze),
        .may_freeze = may_freeze,
        .arg = arg,
    };
}

void freeze_soon(struct freeze *freeze) {
    loop_timer_start(freeze->timer, DELAY_MS);
}

void freeze_thaw(struct freeze *freeze) {
    loop_timer_stop(freeze->timer);
    if (!freeze->is_frozen)
        return;
    freeze->is_frozen = false;
    sandbox_freeze(freeze->host, freeze->sandbox_id, freeze->fd, false);
}

void freeze_end(struct freeze *freeze) {
    if (!freeze->timer)
        return;
    loop_timer_free(take_ptr(freeze->timer));
    fd_close(&freeze->fd);
}

/* Packets on their way into a non-blocking SOCK_SEQPACKET socket: what it does not take at once waits, in
 * order, with copies of its descriptors. Who sees the socket ready to write again flushes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

struct outbox {
    int socket; /* the owner's */
    struct list packets;
};

enum outbox_result {
    OUTBOX_SENT,    /* nothing waits */
    OUTBOX_KEPT,    /* something does: wait until the socket can be written to */
    OUTBOX_REFUSED, /* this packet can't be sent, now or ever */
};

void outbox_init(struct outbox *outbox, int socket);

/* Overwrites what waits: it may hold secrets. */
void outbox_done(struct outbox *outbox);

/* `tag` is the packet's name for outbox_flush() and outbox_cancel(); 0 is no name. The
 * descriptors stay the caller's. */
enum outbox_result outbox_send(struct outbox *outbox, uint64_t tag, const void *data, size_t len,
                               const int *fds, size_t fd_count, struct err *err);

/* Sends what waits until the socket is full. Stops at a packet that is REFUSED and drops it: tell its
 * sender, and go on. */
enum outbox_result outbox_flush(struct outbox *outbox, uint64_t *ret_tag, struct err *err);

/* Drops the one with this tag, if it still waits. */
bool outbox_cancel(struct outbox *outbox, uint64_t tag);

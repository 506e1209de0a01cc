/* See outbox.h. */
#include "sandbox/outbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>

#include "base/mem.h"
#include "sys/fd.h"

struct packet {
    struct list link;
    uint64_t tag;
    char *data;
    size_t len;
    int fds[FD_MAX_PASSED];
    size_t fd_count;
};

static void packet_free(struct packet *packet) {
    list_remove(&packet->link);
    for (size_t i = 0; i < packet->fd_count; i++)
        fd_close(&packet->fds[i]);
    mem_wipe(packet->data, packet->len);
    free(packet->data);
    free(packet);
}

void outbox_init(struct outbox *outbox, int socket) {
    outbox->socket = socket;
    list_init(&outbox->packets);
}

void outbox_done(struct outbox *outbox) {
    list_each (link, &outbox->packets)
        packet_free(list_item(link, struct packet, link));
}

static enum outbox_result try_send(const struct outbox *outbox, const void *data, size_t len, const int *fds,
                                   size_t fd_count, struct err *err) {
    if (fd_send(outbox->socket, data, len, fds, fd_count, err))
        return OUTBOX_SENT;
    return err->errnum == EAGAIN ? OUTBOX_KEPT : OUTBOX_REFUSED;
}

static enum outbox_result keep(struct outbox *outbox, uint64_t tag, const void *data, size_t len,
                               const int *fds, size_t fd_count, struct err *err) {
    struct packet *packet = mem_alloc(sizeof *packet);
    list_init(&packet->link);
    packet->tag = tag;
    packet->data = mem_copy(data, len);
    packet->len = len;
    for (; packet->fd_count < fd_count; packet->fd_count++) {
        int copy = fcntl(fds[packet->fd_count], F_DUPFD_CLOEXEC, 0);
        if (copy == -1) {
            err_set_errno(err, errno, "can't keep a descriptor of a packet that waits");
            packet_free(packet);
            return OUTBOX_REFUSED;
        }
        packet->fds[packet->fd_count] = copy;
    }
    list_push_back(&outbox->packets, &packet->link);
    return OUTBOX_KEPT;
}

enum outbox_result outbox_send(struct outbox *outbox, uint64_t tag, const void *data, size_t len,
                               const int *fds, size_t fd_count, struct err *err) {
    assert(fd_count <= FD_MAX_PASSED);
    enum outbox_result result = OUTBOX_KEPT;
    if (list_is_empty(&outbox->packets))
        result = try_send(outbox, data, len, fds, fd_count, err);
    return result == OUTBOX_KEPT ? keep(outbox, tag, data, len, fds, fd_count, err) : result;
}

enum outbox_result outbox_flush(struct outbox *outbox, uint64_t *ret_tag, struct err *err) {
    while (!list_is_empty(&outbox->packets)) {
        struct packet *packet = list_item(outbox->packets.next, struct packet, link);
        enum outbox_result result = try_send(outbox, packet->data, packet->len, packet->fds, packet->fd_count,
                                             err);
        if (result == OUTBOX_KEPT)
            return result;
        *ret_tag = packet->tag;
        packet_free(packet);
        if (result == OUTBOX_REFUSED)
            return result;
    }
    return OUTBOX_SENT;
}

bool outbox_cancel(struct outbox *outbox, uint64_t tag) {
    list_each (link, &outbox->packets) {
        struct packet *packet = list_item(link, struct packet, link);
        if (packet->tag == tag && tag != 0) {
            packet_free(packet);
            return true;
        }
    }
    return false;
}

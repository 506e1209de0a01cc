/* File descriptors: ownership, flags, and passing them over a unix socket. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define FD_MAX_PASSED 16

/* Closes *fd unless it is -1, and sets it to -1. errno is kept. */
void fd_close(int *fd);

/* `OWN_FD int fd = -1;`: closed when it leaves scope, unless handed over with take_fd(&fd). */
#define OWN_FD __attribute__((cleanup(fd_close)))

static inline int take_fd(int *fd) {
    int taken = *fd;
    *fd = -1;
    return taken;
}

bool fd_set_nonblocking(int fd, struct err *err);

/* Writes all of it to a blocking fd, going on after EINTR and short writes. */
bool fd_write_all(int fd, const void *data, size_t len, struct err *err);

/* A pair of connected, close-on-exec SOCK_SEQPACKET sockets: one message is one packet. */
bool fd_socketpair(int ret_pair[2], struct err *err);

/* Sends one message with up to FD_MAX_PASSED descriptors, which stay the sender's. */
bool fd_send(int sock, const void *data, size_t len, const int *fds, size_t fd_count, struct err *err);

/* Receives one message. *ret_len is 0 at end of file. Received descriptors are close-on-exec and the
 * caller's; unused places of ret_fds are -1. A message or descriptor list that does not fit is an error and
 * nothing leaks. With a non-blocking socket that has nothing: returns false with err->errnum == EAGAIN. */
bool fd_receive(int sock, void *data, size_t size, size_t *ret_len, int ret_fds[FD_MAX_PASSED],
                struct err *err);

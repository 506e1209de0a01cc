/* File descriptors: ownership, flags, and passing them over a unix socket. May be called on any thread. */
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void fd_close(int *fd) {
    if (*fd < 0)
        return;
    int saved_errno = errno;
    close(*fd);
    errno = saved_errno;
    *fd = -1;
}

bool fd_set_nonblocking(int fd, struct err *err) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return err_set_errno(err, errno, "Can't read the flags of descriptor %d", fd);
    if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return err_set_errno(err, errno, "Can't change the flags of descriptor %d", fd);
    return true;
}

bool fd_write_all(int fd, const void *data, size_t len, struct err *err) {
    const char *at = data;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return err_set_errno(err, errno, "Can't write %zu bytes to descriptor %d", len, fd);
        at += written;
        len -= (size_t)written;
    }
    return true;
}

bool fd_socketpair(int ret_pair[2], struct err *err) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_set_errno(err, errno, "Can't make a pair of sockets");
    memcpy(ret_pair, pair, sizeof pair);
    return true;
}

/* Room for the ancillary data of FD_MAX_PASSED descriptors, aligned as the kernel wants it. */
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(FD_MAX_PASSED * sizeof(int))];
};

bool fd_send(int sock, const void *data, size_t len, const int *fds, size_t fd_count, struct err *err) {
    if (fd_count > FD_MAX_PASSED)
        return err_set(err, ERR_LIMIT, "%zu descriptors in one message; at most %d fit", fd_count,
                       FD_MAX_PASSED);
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control = {0};
    if (fd_count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(sock, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return err_set_errno(err, errno, "Can't send a message of %zu bytes and %zu descriptors", len,
                             fd_count);
    if ((size_t)sent != len)
        return err_set(err, ERR_INTERNAL,
                       "A message of %zu bytes was sent as %zd; is this a SOCK_SEQPACKET socket?", len, sent);
    return true;
}

/* Takes all descriptors out of a message; what does not fit is closed. False when something did not fit. */
static bool take_fds(struct msghdr *message, int fds[FD_MAX_PASSED], size_t *ret_count) {
    bool fits = true;
    size_t count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (count < FD_MAX_PASSED) {
                fds[count++] = fd;
            } else {
                fits = false;
                fd_close(&fd);
            }
        }
    }
    *ret_count = count;
    return fits;
}

bool fd_receive(int sock, void *data, size_t size, size_t *ret_len, int ret_fds[FD_MAX_PASSED],
                struct err *err) {
    struct iovec part = {.iov_base = data, .iov_len = size};
    union control control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received;
    do
        received = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0)
        return err_set_errno(err, errno, "Can't receive a message");

    int fds[FD_MAX_PASSED];
    size_t count;
    bool fits = take_fds(&message, fds, &count);
    if (!fits || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        while (count > 0)
            fd_close(&fds[--count]);
        return err_set(err, ERR_LIMIT,
                       "A message is larger than %zu bytes or carries more than %d descriptors", size,
                       FD_MAX_PASSED);
    }
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        ret_fds[i] = i < count ? fds[i] : -1;
    *ret_len = (size_t)received;
    return true;
}

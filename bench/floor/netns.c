/* See netns.h. */
#include "bench/floor/netns.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/die.h"

int netns_listen(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die_errno("socket in the network namespace");
    /* Without lo up, bind and listen succeed and the runtime's connect fails with ENETUNREACH. */
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
        die_errno("bring lo up in the network namespace");
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(9001),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0)
        die_errno("listen on 127.0.0.1:9001 in the network namespace");
    return fd;
}

union fd_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

int netns_send_fd(int socket, int fd, char tag) {
    union fd_control control = {0};
    struct iovec data = {&tag, 1};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int netns_receive_fd(int socket, char *ret_tag) {
    union fd_control control = {0};
    char tag;
    struct iovec data = {&tag, 1};
    struct msghdr message = {
        .msg_iov = &data,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    *ret_tag = tag;
    return fd;
}

void netns_require_root(void) {
    if (geteuid() != 0)
        die("this floor makes network namespaces and needs root (CAP_SYS_ADMIN): run it as root");
}

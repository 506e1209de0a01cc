/* See network.h. */
#include "sandbox/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/fd.h"

/* A runtime and ten extensions, each with a few connections. */
#define BACKLOG 128

bool network_raise_loopback(struct err *err) {
    OWN_FD int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sock == -1)
        return err_set_errno(err, errno, "socket");
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (ioctl(sock, SIOCSIFFLAGS, &request) == -1)
        return err_set_errno(err, errno, "can't raise the loopback interface");
    return true;
}

bool network_listen(uint16_t port, int *ret_fd, struct err *err) {
    OWN_FD int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock == -1)
        return err_set_errno(err, errno, "socket");
    int on = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(sock, (struct sockaddr *)&address, sizeof address) == -1 || listen(sock, BACKLOG) == -1)
        return err_set_errno(err, errno, "can't listen at 127.0.0.1:%d", port);
    *ret_fd = take_fd(&sock);
    return true;
}

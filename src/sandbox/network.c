/* See network.h. */
#include "sandbox/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sandbox/kernel_file.h"
#include "sys/fd.h"

/* A runtime and ten extensions, each with a few connections. */
#define BACKLOG 128

/* What the kernel keeps for one end of a connection inside: each is 4 to 6 MB else, which is the machine's
 * memory and not the sandbox's, and would be filled before a writer notices that its reader is slow. */
static void bound_buffers(void) {
    static const struct {
        const char *path;
        const char *sizes;
    } bounds[] = {
        {"/proc/sys/net/ipv4/tcp_wmem", "4096 16384 262144"},
        {"/proc/sys/net/ipv4/tcp_rmem", "4096 131072 2097152"},
    };
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        kernel_file_write(AT_FDCWD, bounds[i].path, bounds[i].sizes, NULL);
}

bool network_raise_loopback(struct err *err) {
    bound_buffers();
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

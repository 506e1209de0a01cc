/* The runtime process of the floors: a static C program that does nothing but speak the Runtime API and
 * echo.
 *
 * One keep-alive connection to 127.0.0.1:9001: GET next (long poll), POST response with the same body,
 * read the 202, again. Ends when the daemon closes the connection. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/http_scan.h"

enum { MESSAGE_SIZE_MAX = 64 * 1024 };

static const char next_request[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"
                                   "Host: 127.0.0.1:9001\r\n"
                                   "User-Agent: floor/1\r\n\r\n";

static int connect_to_api(void) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(9001),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) {
        perror("floor_runtime: connect 127.0.0.1:9001");
        exit(1);
    }
    return fd;
}

static struct http_message read_message(int fd, char *buffer) {
    size_t used = 0;
    struct http_message message;
    for (;;) {
        ssize_t got = recv(fd, buffer + used, MESSAGE_SIZE_MAX - used, 0);
        if (got <= 0)
            exit(0);
        used += (size_t)got;
        if (http_scan(buffer, used, &message) == HTTP_SCAN_WHOLE)
            return message;
    }
}

static void post_response(int fd, char *event, struct http_message message) {
    const char *request_id;
    size_t request_id_size;
    if (!http_scan_header(event, message.head_size, "Lambda-Runtime-Aws-Request-Id", &request_id,
                          &request_id_size)) {
        fprintf(stderr, "floor_runtime: the event has no Lambda-Runtime-Aws-Request-Id header\n");
        exit(1);
    }
    char head[256];
    int head_size = snprintf(head, sizeof head,
                             "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\n"
                             "Host: 127.0.0.1:9001\r\n"
                             "Content-Type: application/json\r\n"
                             "Content-Length: %zu\r\n\r\n",
                             (int)request_id_size, request_id, message.body_size);
    struct iovec parts[] = {{head, (size_t)head_size}, {event + message.head_size, message.body_size}};
    if (writev(fd, parts, 2) != (ssize_t)(parts[0].iov_len + parts[1].iov_len))
        exit(0);
}

int main(void) {
    static char buffer[MESSAGE_SIZE_MAX];
    int fd = connect_to_api();
    for (;;) {
        if (send(fd, next_request, sizeof next_request - 1, MSG_NOSIGNAL) < 0)
            return 0;
        struct http_message event = read_message(fd, buffer);
        post_response(fd, buffer, event);
        read_message(fd, buffer);
    }
}

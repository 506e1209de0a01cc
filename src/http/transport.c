/* See transport.h. */
#include "http/transport.h"

#include <sys/socket.h>

ssize_t transport_receive(int fd, struct tls_session *tls, void *place, size_t room) {
    return tls ? tls_session_read(tls, place, room) : recv(fd, place, room, 0);
}

ssize_t transport_send(int fd, struct tls_session *tls, struct iovec *parts, size_t count) {
    if (tls)
        return tls_session_write(tls, parts, count);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int transport_shut(int fd, struct tls_session *tls) {
    if (tls && tls_session_shut(tls) < 0)
        return -1;
    return shutdown(fd, SHUT_WR);
}

int transport_events(const struct tls_session *tls, int wanted) {
    return tls ? tls_session_events(tls, wanted) : wanted;
}

int transport_ready(const struct tls_session *tls, int events) {
    return tls ? tls_session_ready(tls, events) : events;
}

bool transport_has_more(const struct tls_session *tls) {
    return tls && tls_session_has_more(tls);
}

bool transport_is_handshaking(const struct tls_session *tls) {
    return tls && tls_session_is_handshaking(tls);
}

bool transport_is_plain_request(int fd) {
    char first;
    return recv(fd, &first, 1, MSG_PEEK) == 1 && first >= 'A' && first <= 'Z';
}

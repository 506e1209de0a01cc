/* Clients of a fixture's server, in the thread of its loop: whatever waits here turns the loop. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "http_fixture.h"

static inline int client_open(const struct fixture *fixture) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fixture->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Sends everything, turning the loop when the socket is full. False when the server went away first. */
static inline bool send_all(struct fixture *fixture, int fd, const char *data, size_t len) {
    for (time_t end = time(NULL) + PATIENCE_S; len > 0 && time(NULL) < end;) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return false;
        data += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
        loop_turn(fixture->loop, false);
    }
    return len == 0;
}

/* Reads at most that much of what is there. False at the end of the connection; *ret_reset tells a reset from
 * an orderly end. */
static inline bool receive_some(int fd, struct buf *answer, size_t most, bool *ret_reset) {
    char part[65536];
    ssize_t len = recv(fd, part, most < sizeof part ? most : sizeof part, 0);
    *ret_reset = len < 0 && errno != EAGAIN;
    if (len > 0)
        buf_append(answer, part, (size_t)len);
    return len > 0 || (len < 0 && errno == EAGAIN);
}

/* Asserts that exactly this comes next. */
static inline void expect(struct fixture *fixture, int fd, const char *expected) {
    struct buf answer;
    buf_init(&answer, 64 * 1024 * 1024);
    bool is_reset = false;
    for (time_t end = time(NULL) + PATIENCE_S; answer.len < strlen(expected) && time(NULL) < end;) {
        loop_turn(fixture->loop, false);
        if (!receive_some(fd, &answer, strlen(expected) - answer.len, &is_reset))
            break;
    }
    assert_string_equal(buf_text(&answer), expected);
    buf_done(&answer);
}

/* Reads to the end, which must be orderly, and gives all of it; the caller frees. */
static inline char *read_to_end(struct fixture *fixture, int fd) {
    struct buf answer;
    buf_init(&answer, 64 * 1024 * 1024);
    bool is_reset = false;
    time_t end = time(NULL) + PATIENCE_S;
    while (receive_some(fd, &answer, SIZE_MAX, &is_reset) && time(NULL) < end)
        loop_turn(fixture->loop, false);
    assert_false(is_reset);
    assert_true(time(NULL) < end);
    return buf_take(&answer);
}

static inline void say(struct fixture *fixture, int fd, const char *text) {
    assert_true(send_all(fixture, fd, text, strlen(text)));
}

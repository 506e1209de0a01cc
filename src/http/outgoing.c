/* See outgoing.h. Everything happens when the loop says that the socket is ready. */
#include "http/outgoing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <llhttp.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/mem.h"
#include "sys/fd.h"

/* What is read of a peer in one turn, and what one response may have in all. */
#define READ_BYTES 4096
#define ANSWER_BYTES (64u * 1024)

struct outgoing {
    const struct outgoing_events *events;
    void *arg;
    struct loop_watch *watch;
    int fd;
    bool is_connecting;
    bool is_refused; /* connect() said so at once */
    bool is_paused;
    bool is_busy; /* something is being sent or waits for its answer */
    bool expects_answer;
    struct http_text head;
    struct http_text body;
    size_t sent_bytes;
    llhttp_t llhttp;
    size_t answer_bytes;
    int status; /* of the complete response, else 0 */
    bool stays;
};

/* Interim responses (RFC 9110, 15.2) come before the one that counts. */
static int on_message_complete(llhttp_t *llhttp) {
    struct outgoing *outgoing = llhttp->data;
    if (llhttp->status_code < 200)
        return 0;
    outgoing->status = llhttp->status_code;
    outgoing->stays = llhttp_should_keep_alive(llhttp);
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {.on_message_complete = on_message_complete};

static size_t unsent_bytes(const struct outgoing *outgoing) {
    return outgoing->head.len + outgoing->body.len - outgoing->sent_bytes;
}

static void watch(struct outgoing *outgoing) {
    int events = LOOP_READ;
    if (outgoing->is_connecting || outgoing->is_busy)
        events |= unsent_bytes(outgoing) > 0 || !outgoing->expects_answer ? LOOP_WRITE : LOOP_NONE;
    loop_watch_set(outgoing->watch, outgoing->is_paused ? LOOP_NONE : events);
}

static bool is_connected(struct outgoing *outgoing) {
    int error = 0;
    socklen_t size = sizeof error;
    if (outgoing->is_refused || getsockopt(outgoing->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return false;
    outgoing->is_connecting = false;
    return error == 0;
}

/* False when the connection is over. */
static bool write_some(struct outgoing *outgoing) {
    size_t head_sent = outgoing->sent_bytes < outgoing->head.len ? outgoing->sent_bytes : outgoing->head.len;
    size_t body_sent = outgoing->sent_bytes - head_sent;
    struct iovec parts[2] = {
        {(char *)outgoing->head.data + head_sent, outgoing->head.len - head_sent},
        {(char *)outgoing->body.data + body_sent, outgoing->body.len - body_sent},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent = sendmsg(outgoing->fd, &message, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR;
    outgoing->sent_bytes += (size_t)sent;
    return true;
}

/* Bytes of a response. False when they are none. */
static bool read_answer(struct outgoing *outgoing, const char *data, size_t len) {
    outgoing->answer_bytes += len;
    if (outgoing->answer_bytes > ANSWER_BYTES)
        return false;
    llhttp_errno_t error = llhttp_execute(&outgoing->llhttp, data, len);
    if (error == HPE_OK)
        return true;
    if (error != HPE_PAUSED || outgoing->status == 0)
        return false;
    if (llhttp_get_error_pos(&outgoing->llhttp) != data + len)
        outgoing->stays = false; /* nobody asked for the rest */
    return true;
}

/* False when the connection is over. Who asked for no answer gets none: what the peer says is dropped. */
static bool read_some(struct outgoing *outgoing) {
    char data[READ_BYTES];
    ssize_t len = recv(outgoing->fd, data, sizeof data, 0);
    if (len < 0)
        return errno == EAGAIN || errno == EINTR;
    if (outgoing->is_busy && outgoing->expects_answer) {
        if (len > 0)
            return read_answer(outgoing, data, (size_t)len);
        llhttp_finish(&outgoing->llhttp); /* completes a response that ends with the connection */
        outgoing->stays = false;
        return outgoing->status != 0;
    }
    return len > 0 && !outgoing->expects_answer;
}

static void on_ready(void *arg, int events) {
    struct outgoing *outgoing = arg;
    if (outgoing->is_connecting && !is_connected(outgoing)) {
        outgoing->events->failed(outgoing->arg);
        return;
    }
    /* Reading first: who answers early and closes shall be heard. */
    bool is_alive = !(events & LOOP_READ) || read_some(outgoing);
    bool is_answered = outgoing->status != 0;
    if (is_alive && !is_answered && outgoing->is_busy && unsent_bytes(outgoing) > 0)
        is_alive = write_some(outgoing);
    if (!is_alive) {
        outgoing->events->failed(outgoing->arg);
        return;
    }
    bool is_sent = unsent_bytes(outgoing) == 0;
    if (outgoing->is_busy && (is_answered || (is_sent && !outgoing->expects_answer))) {
        outgoing->is_busy = false;
        int status = outgoing->status;
        outgoing->status = 0;
        watch(outgoing);
        outgoing->events->done(outgoing->arg, status,
                               outgoing->expects_answer ? outgoing->stays && is_sent : true);
        return;
    }
    watch(outgoing);
}

struct outgoing *outgoing_new(struct loop *loop, int fd, uint16_t port, const struct outgoing_events *events,
                              void *arg) {
    struct outgoing *outgoing = mem_alloc(sizeof *outgoing);
    outgoing->events = events;
    outgoing->arg = arg;
    outgoing->fd = fd;
    outgoing->is_connecting = true;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        outgoing->is_refused = errno != EINPROGRESS;
    outgoing->watch = loop_watch_new(loop, fd, on_ready, outgoing);
    watch(outgoing);
    return outgoing;
}

void outgoing_free(struct outgoing *outgoing) {
    if (!outgoing)
        return;
    loop_watch_free(outgoing->watch);
    fd_close(&outgoing->fd);
    free(outgoing);
}

void outgoing_send(struct outgoing *outgoing, struct http_text head, struct http_text body,
                   bool expects_answer) {
    outgoing->head = head;
    outgoing->body = body;
    outgoing->sent_bytes = 0;
    outgoing->is_busy = true;
    outgoing->expects_answer = expects_answer;
    outgoing->answer_bytes = 0;
    outgoing->status = 0;
    llhttp_init(&outgoing->llhttp, HTTP_RESPONSE, &settings);
    outgoing->llhttp.data = outgoing;
    watch(outgoing);
}

size_t outgoing_sent_bytes(const struct outgoing *outgoing) {
    return outgoing->sent_bytes;
}

void outgoing_pause(struct outgoing *outgoing, bool is_paused) {
    outgoing->is_paused = is_paused;
    watch(outgoing);
}

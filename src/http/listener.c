/* Listeners: accepting clients, looking for those that are too slow, draining, and the end of it all. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/connection.h"
#include "sys/fd.h"

#define ACCEPTS_PER_TURN 64
#define ACCEPT_BACKOFF_MS 100
#define LISTEN_BACKLOG 1024
#define WARN_EVERY_US INT64_C(60000000)

/* A sweep every second is exact enough; shorter time-outs get a finer one. */
#define SWEEP_MOST_MS 1000
#define SWEEP_LEAST_MS 10

void listener_hold(struct http_listener *listener) {
    listener->holds++;
}

void listener_release(struct http_listener *listener) {
    if (--listener->holds > 0)
        return;
    buf_done(&listener->head);
    free(listener);
}

static void run_due(void *arg) {
    struct http_listener *listener = arg;
    listener->is_due_deferred = false;
    /* What becomes due meanwhile waits for the next turn. */
    struct list now;
    list_init(&now);
    while (!list_is_empty(&listener->due)) {
        struct list *link = listener->due.next;
        list_remove(link);
        list_push_back(&now, link);
    }
    while (!list_is_empty(&now)) {
        struct connection *connection = list_item(now.next, struct connection, due_link);
        list_remove(&connection->due_link);
        connection_run_due(connection);
    }
    listener_release(listener);
}

void listener_set_due(struct http_listener *listener, struct connection *connection) {
    list_remove(&connection->due_link);
    list_push_back(&listener->due, &connection->due_link);
    if (listener->is_due_deferred)
        return;
    listener->is_due_deferred = true;
    listener_hold(listener);
    loop_defer(listener->loop, run_due, listener);
}

static void tell_closed(struct http_listener *listener) {
    if (!listener->is_draining || listener->count > 0 || !listener->closed)
        return;
    void (*closed)(void *arg) = listener->closed;
    listener->closed = NULL;
    closed(listener->closed_arg);
}

void listener_forget(struct http_listener *listener, struct connection *connection) {
    if (listener->sweep_at == &connection->link)
        listener->sweep_at = connection->link.next;
    list_remove(&connection->link);
    list_remove(&connection->due_link);
    listener->count--;
    tell_closed(listener);
}

/* The timer runs only while there is something it could find. */
void listener_sweep_soon(struct http_listener *listener) {
    bool is_needed = listener->count > 0 && (listener->has_timeouts || listener->lingering > 0);
    if (!is_needed || listener->is_sweeping || listener->is_freed)
        return;
    listener->is_sweeping = true;
    loop_timer_start(listener->sweep_timer, listener->sweep_ms);
}

/* Looking at a connection may end any other one, so the place in the list is kept where listener_forget() can
 * move it on. */
static void sweep(void *arg) {
    struct http_listener *listener = arg;
    listener_hold(listener);
    int64_t now_us = clock_mono_us(listener->clock);
    listener->sweep_at = listener->connections.next;
    while (listener->sweep_at != &listener->connections) {
        struct connection *connection = list_item(listener->sweep_at, struct connection, link);
        listener->sweep_at = listener->sweep_at->next;
        connection_hold(connection);
        connection_expire(connection, now_us);
        connection_release(connection);
    }
    listener->is_sweeping = false;
    listener_sweep_soon(listener);
    listener_release(listener);
}

static void drop(struct connection *connection) {
    connection_hold(connection);
    connection_lost(connection);
    connection_release(connection);
}

static void resume_accepting(void *arg) {
    struct http_listener *listener = arg;
    loop_watch_set(listener->watch, LOOP_READ);
}

/* Now and then: a full table of descriptors, or clients who come and go at the bound, would otherwise fill
 * the log too. */
static void warn_rarely(struct http_listener *listener, const char *event, const char *why) {
    int64_t now_us = clock_mono_us(listener->clock);
    if (now_us < listener->silent_until_us)
        return;
    listener->silent_until_us = now_us + WARN_EVERY_US;
    log_warn(event, "connections=%zu reason=\"%s\"", listener->count, why);
}

static void back_off(struct http_listener *listener, int errnum) {
    warn_rarely(listener, "http.accept_failed", strerror(errnum));
    loop_watch_set(listener->watch, LOOP_NONE);
    loop_timer_start(listener->accept_timer, ACCEPT_BACKOFF_MS);
}

/* A client that went away before it was accepted, or trouble of its network (accept(2)). */
static bool is_client_trouble(int errnum) {
    static const int errors[] = {EINTR,     ECONNABORTED, EPROTO,     EPERM,        ENETDOWN,   ENOPROTOOPT,
                                 EHOSTDOWN, ENONET,       EOPNOTSUPP, EHOSTUNREACH, ENETUNREACH};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errnum == errors[i])
            return true;
    return false;
}

/* Answers are small and must leave at once; a peer that vanished must not stay for ever. Set on each socket:
 * one that a client connected to before this listener was made would not have inherited them. */
static void set_options(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void accept_clients(void *arg, int events) {
    (void)events;
    struct http_listener *listener = arg;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0 && is_client_trouble(errno))
            continue;
        if (fd < 0) {
            back_off(listener, errno);
            return;
        }
        if (listener->count >= (size_t)listener->options.max_connections) {
            warn_rarely(listener, "http.connections_exhausted", "more clients than the listener may have");
            close(fd);
            continue;
        }
        set_options(fd);
        connection_new(listener, fd);
        listener_sweep_soon(listener);
    }
}

/* The shortest time-out decides how often to look. */
static int64_t sweep_ms_for(const struct http_options *options) {
    const int32_t timeouts_ms[] = {options->idle_timeout_ms, options->header_timeout_ms,
                                   options->body_timeout_ms};
    int64_t ms = SWEEP_MOST_MS;
    for (size_t i = 0; i < 3; i++)
        if (timeouts_ms[i] > 0 && timeouts_ms[i] / 4 < ms)
            ms = timeouts_ms[i] / 4;
    return ms > SWEEP_LEAST_MS ? ms : SWEEP_LEAST_MS;
}

struct http_listener *http_listener_new(struct loop *loop, int listen_fd, const struct http_handler *handler,
                                        void *arg, const struct http_options *options,
                                        const struct clock *clock) {
    struct http_listener *listener = mem_alloc(sizeof *listener);
    listener->loop = loop;
    listener->fd = listen_fd;
    listener->handler = handler;
    listener->arg = arg;
    listener->options = *options;
    if (listener->options.max_connections <= 0)
        listener->options.max_connections = LIMIT_HTTP_CONNECTIONS;
    listener->clock = clock;
    listener->holds = 1;
    list_init(&listener->connections);
    list_init(&listener->due);
    buf_init(&listener->head, RESPONSE_HEAD_BYTES);
    listener->common_headers_len = options->common_headers ? strlen(options->common_headers) : 0;
    listener->date_s = -1;
    listener->has_timeouts = options->idle_timeout_ms > 0 || options->header_timeout_ms > 0 ||
                             options->body_timeout_ms > 0;
    listener->sweep_ms = sweep_ms_for(options);
    listener->sweep_timer = loop_timer_new(loop, sweep, listener);
    listener->accept_timer = loop_timer_new(loop, resume_accepting, listener);

    fd_set_nonblocking(listen_fd, NULL);
    listener->watch = loop_watch_new(loop, listen_fd, accept_clients, listener);
    loop_watch_set(listener->watch, LOOP_READ);
    return listener;
}

static void stop_accepting(struct http_listener *listener) {
    loop_watch_free(listener->watch);
    listener->watch = NULL;
    loop_timer_free(listener->accept_timer);
    listener->accept_timer = NULL;
    fd_close(&listener->fd);
}

void http_listener_drain(struct http_listener *listener, void (*closed)(void *arg), void *arg) {
    listener_hold(listener);
    stop_accepting(listener);
    listener->is_draining = true;
    listener->closed = closed;
    listener->closed_arg = arg;
    list_each (link, &listener->connections) {
        struct connection *connection = list_item(link, struct connection, link);
        if (connection->phase == CONNECTION_IDLE)
            drop(connection);
    }
    tell_closed(listener);
    listener_release(listener);
}

void http_listener_free(struct http_listener *listener) {
    if (!listener || listener->is_freed)
        return;
    listener->is_freed = true;
    listener->closed = NULL;
    while (!list_is_empty(&listener->connections))
        drop(list_item(listener->connections.next, struct connection, link));
    stop_accepting(listener);
    loop_timer_free(listener->sweep_timer);
    listener->sweep_timer = NULL;
    listener_release(listener);
}

size_t http_listener_connections(const struct http_listener *listener) {
    return listener->count;
}

bool http_listener_is_busy(const struct http_listener *listener) {
    list_each (link, &listener->connections) {
        const struct connection *connection = list_item(link, struct connection, link);
        if (connection->phase > CONNECTION_IDLE && connection->phase < CONNECTION_LINGER)
            return true;
    }
    return false;
}

/* Calls socket, bind and listen for one address. */
static bool listen_on(const struct addrinfo *info, int *ret_fd) {
    OWN_FD int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
        return false;
    *ret_fd = take_fd(&fd);
    return true;
}

bool http_listen(const char *address, uint16_t port, int *ret_fd, struct err *err) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *info;
    if (getaddrinfo(address, service, &hints, &info) != 0)
        return err_set(err, ERR_VALIDATION, "\"%s\" is not a numeric IPv4 or IPv6 address", address);
    bool ok = listen_on(info, ret_fd);
    int errnum = errno;
    freeaddrinfo(info);
    if (!ok)
        return err_set_errno(err, errnum, "can't listen on %s port %u", address, port);
    return true;
}

uint16_t http_listen_port(int listen_fd) {
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    if (getsockname(listen_fd, (struct sockaddr *)&address, &len) < 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port);
    return address.ss_family == AF_INET
               ? ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port)
               : 0;
}

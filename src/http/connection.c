/* One client: reads its bytes, finds requests in them, hands them to the handler, and notices when the client
 * is gone.
 *
 * A client that half-closes (FIN) while its request is being worked on counts as gone: the loop can't tell it
 * from one that left, and a runtime that died must be noticed at once. Its request is still answered when the
 * handler answers within the call that brings it. While a response waits for the client nothing is read, so a
 * half-close then does no harm.
 *
 * While a handler owns an exchange, reading goes on as long as the input buffer has room. A client that fills
 * it with pipelined requests is no longer read, so its end is noticed only when the response is written. */
#include "http/connection.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "http/transport.h"
#include "sys/fd.h"

static void connection_ready(void *arg, int events);

struct connection *connection_new(struct http_listener *listener, int fd) {
    struct connection *connection = mem_alloc(sizeof *connection);
    connection->listener = listener;
    connection->fd = fd;
    connection->tls = listener->options.tls ? tls_session_new(listener->options.tls, fd) : NULL;
    connection->holds = 1;
    /* Not zeroed, so that only what is used costs memory. */
    connection->input = mem_resize(NULL, CONNECTION_INPUT_BYTES);
    buf_init(&connection->body, 0);
    buf_init(&connection->output, SIZE_MAX);
    parse_reset(&connection->exchange.parse);
    list_init(&connection->due_link);
    list_push_back(&listener->connections, &connection->link);
    listener->count++;
    listener_hold(listener);
    connection->watch = loop_watch_new(listener->loop, fd, connection_ready, connection);
    connection_touch(connection);
    connection_watch(connection);
    return connection;
}

struct connection *connection_of(struct http_exchange *exchange) {
    return list_item(exchange, struct connection, exchange);
}

void connection_hold(struct connection *connection) {
    connection->holds++;
}

void connection_release(struct connection *connection) {
    if (--connection->holds > 0)
        return;
    struct http_listener *listener = connection->listener;
    body_discharge(connection);
    parse_done(&connection->exchange.parse);
    buf_done(&connection->body);
    buf_done(&connection->output);
    free(connection->input);
    free(connection);
    listener_release(listener);
}

/* An open connection holds itself. Who may close it and goes on with it afterwards must hold it too. */
static void assert_held(const struct connection *connection) {
    assert(connection->holds > 1);
}

void connection_touch(struct connection *connection) {
    if (connection->listener->has_timeouts)
        connection->since_us = clock_mono_us(connection->listener->clock);
}

void connection_enter(struct connection *connection, enum connection_phase phase) {
    connection->phase = phase;
    connection_touch(connection);
}

static bool is_owned_by_handler(const struct connection *connection) {
    return connection->phase == CONNECTION_PIECES || connection->phase == CONNECTION_HANDLER ||
           connection->phase == CONNECTION_STREAM;
}

static bool is_body_arriving(const struct connection *connection) {
    return connection->phase == CONNECTION_BODY || connection->phase == CONNECTION_PIECES;
}

/* Reading, writing: enum loop_events. */
static int wanted_operations(const struct connection *connection) {
    int wanted = connection->is_blocked ? LOOP_WRITE : LOOP_NONE;
    switch (connection->phase) {
    case CONNECTION_IDLE:
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
    case CONNECTION_LINGER: wanted |= LOOP_READ; break;
    case CONNECTION_PIECES: wanted |= body_wants_bytes(connection) ? LOOP_READ : LOOP_NONE; break;
    case CONNECTION_HANDLER:
    case CONNECTION_STREAM:
        wanted |= connection->input_end < CONNECTION_INPUT_BYTES ? LOOP_READ : LOOP_NONE;
        break;
    case CONNECTION_BEGIN:
    case CONNECTION_FLUSH:
    case CONNECTION_CLOSED: break;
    }
    return wanted;
}

/* Of bytes that TLS has read ahead the loop knows nothing. */
static bool can_read_now(const struct connection *connection) {
    return transport_has_more(connection->tls) && (wanted_operations(connection) & LOOP_READ);
}

void connection_watch(struct connection *connection) {
    if (connection->phase == CONNECTION_CLOSED)
        return;
    if (can_read_now(connection))
        listener_set_due(connection->listener, connection);
    loop_watch_set(connection->watch, transport_events(connection->tls, wanted_operations(connection)));
}

/* TLS ends in order only where no response is cut short by it. */
void connection_close(struct connection *connection) {
    if (connection->fd == -1)
        return;
    if (connection->phase == CONNECTION_IDLE && connection->tls)
        tls_session_shut(connection->tls);
    if (connection->phase == CONNECTION_LINGER)
        connection->listener->lingering--;
    connection->phase = CONNECTION_CLOSED;
    loop_watch_free(connection->watch);
    connection->watch = NULL;
    tls_session_free(take_ptr(connection->tls));
    fd_close(&connection->fd);
    listener_forget(connection->listener, connection);
    assert_held(connection);
    connection_release(connection);
}

void connection_lost(struct connection *connection) {
    if (is_owned_by_handler(connection)) {
        const struct http_listener *listener = connection->listener;
        connection->phase = CONNECTION_CLOSED; /* told once, whatever the handler does now */
        if (listener->handler->gone)
            listener->handler->gone(listener->arg, &connection->exchange);
    }
    connection_close(connection);
}

/* False when the connection is closed. What TLS says at the end may have to wait for room. */
static bool shut(struct connection *connection) {
    int status = transport_shut(connection->fd, connection->tls);
    connection->is_blocked = status < 0 && errno == EAGAIN;
    if (status < 0 && !connection->is_blocked)
        connection_close(connection);
    return connection->phase != CONNECTION_CLOSED;
}

/* Says that nothing more will come from us, and waits for the client to do the same. Closing at once would
 * reset the connection when input is left unread, and take the answer from under the client's eyes. */
static void linger(struct connection *connection) {
    if (!shut(connection))
        return;
    connection->phase = CONNECTION_LINGER;
    connection->since_us = clock_mono_us(connection->listener->clock);
    connection->listener->lingering++;
    listener_sweep_soon(connection->listener);
}

static void next_exchange(struct connection *connection) {
    struct http_exchange *exchange = &connection->exchange;
    connection->input_start = connection->request_end;
    if (connection->input_start == connection->input_end)
        connection->input_start = connection->input_end = 0;
    connection->input_parsed = connection->input_start;
    connection->request_end = connection->input_start;
    connection->is_body_apart = false;
    buf_shrink(&connection->body, CONNECTION_KEEP_BYTES);
    buf_shrink(&connection->output, CONNECTION_KEEP_BYTES);
    connection->output_sent = 0;
    body_discharge(connection);

    parse_done(&exchange->parse);
    parse_reset(&exchange->parse);
    exchange->context = NULL;
    exchange->takes_pieces = false;
    exchange->is_paused = false;
    exchange->is_body_missing = false;
    exchange->closes = false;
    exchange->omits_body = false;
    exchange->drained = NULL;
    connection_enter(connection, connection->input_end > 0 ? CONNECTION_HEAD : CONNECTION_IDLE);
}

void connection_answered(struct connection *connection) {
    if (connection->is_broken) {
        connection_close(connection);
        return;
    }
    if (response_is_pending(connection))
        connection_enter(connection, CONNECTION_FLUSH);
    else if (connection->exchange.closes || connection->listener->is_draining)
        linger(connection);
    else
        next_exchange(connection);
    if (connection->is_advancing || connection->phase == CONNECTION_CLOSED)
        return;
    if (connection->phase == CONNECTION_HEAD)
        listener_set_due(connection->listener, connection);
    connection_watch(connection);
}

/* One recv(2). 0 when nothing came, also when that was the end of the connection. */
size_t connection_receive(struct connection *connection, void *place, size_t room) {
    ssize_t len = transport_receive(connection->fd, connection->tls, place, room);
    if (len > 0)
        return (size_t)len;
    if (len == 0 || (errno != EAGAIN && errno != EINTR))
        connection_lost(connection);
    return 0;
}

static void read_input(struct connection *connection) {
    size_t room = CONNECTION_INPUT_BYTES - connection->input_end;
    if (room == 0)
        return;
    size_t len = connection_receive(connection, connection->input + connection->input_end, room);
    connection->input_end += len;
    if (len > 0 && connection->phase == CONNECTION_IDLE)
        connection_enter(connection, CONNECTION_HEAD);
}

static void discard_input(struct connection *connection) {
    for (size_t budget = CONNECTION_TURN_BYTES; budget > 0;) {
        size_t room = budget < CONNECTION_INPUT_BYTES ? budget : CONNECTION_INPUT_BYTES;
        size_t len = connection_receive(connection, connection->input, room);
        budget -= len;
        connection->lingered_bytes += len;
        if (len < room)
            break;
    }
    if (connection->lingered_bytes > CONNECTION_LINGER_BYTES)
        connection_close(connection);
}

static void read_more(struct connection *connection) {
    switch (connection->phase) {
    case CONNECTION_BODY:
    case CONNECTION_PIECES: body_read(connection); break;
    case CONNECTION_IDLE:
    case CONNECTION_HEAD:
    case CONNECTION_HANDLER:
    case CONNECTION_STREAM: read_input(connection); break;
    case CONNECTION_LINGER: discard_input(connection); break;
    case CONNECTION_BEGIN:
    case CONNECTION_FLUSH:
    case CONNECTION_CLOSED: break;
    }
}

/* An unfinished request behind answered ones moves to the front of the input, where it has all the room, and
 * is read anew. */
static void make_room(struct connection *connection) {
    if (connection->input_start == 0)
        return;
    size_t len = connection->input_end - connection->input_start;
    memmove(connection->input, connection->input + connection->input_start, len);
    connection->input_start = connection->input_parsed = connection->request_end = 0;
    connection->input_end = len;
    parse_reset(&connection->exchange.parse);
}

/* A body whose bytes pass through the input, and that is not all there, needs room behind its header
 * section. */
static bool is_body_room_enough(const struct connection *connection) {
    const struct parse *parse = &connection->exchange.parse;
    size_t arrived = connection->input_end - connection->input_parsed;
    return connection->input_start == 0 ||
           CONNECTION_INPUT_BYTES - connection->input_parsed >= CONNECTION_BODY_ROOM_BYTES ||
           (!parse->is_chunked && parse->content_length <= arrived);
}

/* True when there may be more to do. */
static bool advance_head(struct connection *connection) {
    struct parse *parse = &connection->exchange.parse;
    if (connection->input_parsed == connection->input_end)
        return false;
    size_t used;
    enum parse_result result = parse_head(parse, connection->input + connection->input_parsed,
                                          connection->input_end - connection->input_parsed, &used);
    connection->input_parsed += used;
    if (result == PARSE_REFUSED) {
        response_refuse(connection, parse->refusal_status, parse->refusal_reason);
        return false;
    }
    if (connection->input_parsed - connection->input_start > LIMIT_HTTP_HEADER_BYTES) {
        response_refuse(connection, 431, "the header section is too long");
        return false;
    }
    if (result == PARSE_NEEDS_MORE) {
        make_room(connection);
        return false;
    }
    if (!is_body_room_enough(connection)) {
        make_room(connection);
        return true;
    }
    body_begin(connection);
    return true;
}

/* Works through what has arrived, or through a part of it: the rest waits until others had their turn.
 * Answers given meanwhile don't come back here (is_advancing), so that a long row of pipelined requests is a
 * loop and no recursion. */
static void advance(struct connection *connection) {
    bool has_more = true;
    connection->is_advancing = true;
    for (int steps = 0; has_more && steps < CONNECTION_TURN_STEPS; steps++) {
        if (connection->phase == CONNECTION_IDLE || connection->phase == CONNECTION_HEAD)
            has_more = advance_head(connection);
        else
            has_more = is_body_arriving(connection) && body_advance(connection);
    }
    connection->is_advancing = false;
    if (connection->is_broken)
        connection_lost(connection);
    if (has_more && connection->phase != CONNECTION_CLOSED)
        listener_set_due(connection->listener, connection);
    connection_watch(connection);
}

static void notify_drained(struct connection *connection) {
    struct http_exchange *exchange = &connection->exchange;
    if (connection->phase != CONNECTION_STREAM || !exchange->drained || response_is_pending(connection))
        return;
    void (*drained)(void *arg) = exchange->drained;
    exchange->drained = NULL;
    drained(exchange->drained_arg);
}

/* A client that does not know it should speak TLS here is told so, in the words it knows. */
static void refuse_plain_request(struct connection *connection) {
    tls_session_free(take_ptr(connection->tls));
    response_refuse(connection, 400, "this port speaks TLS: use https://");
}

static void connection_ready(void *arg, int socket_events) {
    struct connection *connection = arg;
    int events = transport_ready(connection->tls, socket_events) & wanted_operations(connection);
    connection_hold(connection);
    if ((events & LOOP_WRITE) && connection->phase == CONNECTION_LINGER) {
        shut(connection);
    } else if (events & LOOP_WRITE) {
        connection->is_blocked = false;
        response_flush(connection);
    }
    if (connection->tls && !tls_session_is_begun(connection->tls) &&
        transport_is_plain_request(connection->fd))
        refuse_plain_request(connection);
    if (events & LOOP_READ)
        read_more(connection);
    notify_drained(connection);
    advance(connection);
    connection_release(connection);
}

void connection_run_due(struct connection *connection) {
    connection_hold(connection);
    response_flush(connection);
    if (can_read_now(connection))
        read_more(connection);
    notify_drained(connection);
    advance(connection);
    connection_release(connection);
}

/* How long the present phase may take without progress; 0 for ever. */
static int64_t allowed_us(const struct connection *connection) {
    const struct http_options *options = &connection->listener->options;
    switch (connection->phase) {
    case CONNECTION_IDLE:
        return (transport_is_handshaking(connection->tls) ? options->header_timeout_ms
                                                          : options->idle_timeout_ms) *
               1000ll;
    case CONNECTION_HEAD: return options->header_timeout_ms * 1000ll;
    case CONNECTION_BODY: return options->body_timeout_ms * 1000ll;
    case CONNECTION_PIECES: return connection->exchange.is_paused ? 0 : options->body_timeout_ms * 1000ll;
    case CONNECTION_STREAM:
    case CONNECTION_FLUSH: return connection->is_blocked ? options->body_timeout_ms * 1000ll : 0;
    case CONNECTION_LINGER: return CONNECTION_LINGER_US;
    case CONNECTION_BEGIN:
    case CONNECTION_HANDLER:
    case CONNECTION_CLOSED: break;
    }
    return 0;
}

void connection_expire(struct connection *connection, int64_t now_us) {
    int64_t allowed = allowed_us(connection);
    if (allowed == 0 || now_us - connection->since_us < allowed)
        return;
    if (connection->phase == CONNECTION_HEAD)
        response_refuse(connection, 408, "the header section took too long");
    else if (is_body_arriving(connection))
        body_refuse(connection, 408, "the body made no progress for too long");
    else
        connection_lost(connection);
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange) {
    return &exchange->parse.request;
}

bool http_exchange_peer(const struct http_exchange *exchange, char ret_address[HTTP_PEER_BYTES]) {
    static const char mapped[] = "::ffff:";
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char text[HTTP_PEER_BYTES];
    int fd = list_item(exchange, const struct connection, exchange)->fd;
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&address, &len) < 0 ||
        getnameinfo((struct sockaddr *)&address, len, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return false;
    bool is_mapped = strncmp(text, mapped, sizeof mapped - 1) == 0 && strchr(text, '.');
    snprintf(ret_address, HTTP_PEER_BYTES, "%s", is_mapped ? text + sizeof mapped - 1 : text);
    return true;
}

bool http_exchange_tls(const struct http_exchange *exchange, const char **ret_version,
                       const char **ret_cipher) {
    const struct tls_session *tls = list_item(exchange, const struct connection, exchange)->tls;
    if (!tls)
        return false;
    *ret_version = tls_session_version(tls);
    *ret_cipher = tls_session_cipher(tls);
    return true;
}

void http_exchange_set_context(struct http_exchange *exchange, void *context) {
    exchange->context = context;
}

void *http_exchange_context(const struct http_exchange *exchange) {
    return exchange->context;
}

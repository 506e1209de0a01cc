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
#include "sys/fd.h"

/* A large body: room that is asked for at a time, and how much one connection may read before others get
 * their turn. */
#define BODY_STEP_BYTES (64u * 1024)
#define BODY_TURN_BYTES (1024u * 1024)

/* Keeps sizes of the handler's away from overflowing. */
#define BODY_MOST_BYTES (SIZE_MAX / 4)

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static void connection_ready(void *arg, int events);

struct connection *connection_new(struct http_listener *listener, int fd) {
    struct connection *connection = mem_alloc(sizeof *connection);
    connection->listener = listener;
    connection->fd = fd;
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

/* Small bodies lie in the connection's own input buffer. What a body may still grow to counts from its
 * beginning. */
static bool charge(struct connection *connection, size_t bytes) {
    struct http_listener *listener = connection->listener;
    struct http_budget *budget = listener->options.budget;
    if (listener->options.budget_bytes == 0 || bytes <= CONNECTION_INPUT_BYTES)
        return true;
    if (bytes + listener->charged_bytes > listener->options.budget_bytes ||
        (budget && bytes + budget->used_bytes > budget->limit_bytes))
        return false;
    connection->charged_bytes = bytes;
    listener->charged_bytes += bytes;
    if (budget)
        budget->used_bytes += bytes;
    return true;
}

static void discharge(struct connection *connection) {
    struct http_listener *listener = connection->listener;
    if (listener->options.budget)
        listener->options.budget->used_bytes -= connection->charged_bytes;
    listener->charged_bytes -= connection->charged_bytes;
    connection->charged_bytes = 0;
}

void connection_release(struct connection *connection) {
    if (--connection->holds > 0)
        return;
    struct http_listener *listener = connection->listener;
    discharge(connection);
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

static void enter(struct connection *connection, enum connection_phase phase) {
    connection->phase = phase;
    connection_touch(connection);
}

static bool is_owned_by_handler(const struct connection *connection) {
    return connection->phase == CONNECTION_HANDLER || connection->phase == CONNECTION_STREAM;
}

void connection_watch(struct connection *connection) {
    int events = connection->is_blocked ? LOOP_WRITE : LOOP_NONE;
    switch (connection->phase) {
    case CONNECTION_IDLE:
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
    case CONNECTION_LINGER: events |= LOOP_READ; break;
    case CONNECTION_HANDLER:
    case CONNECTION_STREAM:
        events |= connection->input_end < CONNECTION_INPUT_BYTES ? LOOP_READ : LOOP_NONE;
        break;
    case CONNECTION_BEGIN:
    case CONNECTION_FLUSH: break;
    case CONNECTION_CLOSED: return;
    }
    loop_watch_set(connection->watch, events);
}

void connection_close(struct connection *connection) {
    if (connection->fd == -1)
        return;
    if (connection->phase == CONNECTION_LINGER)
        connection->listener->lingering--;
    connection->phase = CONNECTION_CLOSED;
    loop_watch_free(connection->watch);
    connection->watch = NULL;
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

/* Says that nothing more will come from us, and waits for the client to do the same. Closing at once would
 * reset the connection when input is left unread, and take the answer from under the client's eyes. */
static void linger(struct connection *connection) {
    if (shutdown(connection->fd, SHUT_WR) < 0) {
        connection_close(connection);
        return;
    }
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
    discharge(connection);

    parse_reset(&exchange->parse);
    exchange->context = NULL;
    exchange->is_body_missing = false;
    exchange->closes = false;
    exchange->omits_body = false;
    exchange->drained = NULL;
    enter(connection, connection->input_end > 0 ? CONNECTION_HEAD : CONNECTION_IDLE);
}

void connection_answered(struct connection *connection) {
    if (connection->is_broken) {
        connection_close(connection);
        return;
    }
    if (response_is_pending(connection))
        enter(connection, CONNECTION_FLUSH);
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
static size_t receive(struct connection *connection, void *place, size_t room) {
    ssize_t len = recv(connection->fd, place, room, 0);
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
    size_t len = receive(connection, connection->input + connection->input_end, room);
    connection->input_end += len;
    if (len > 0 && connection->phase == CONNECTION_IDLE)
        enter(connection, CONNECTION_HEAD);
    else if (len > 0 && connection->phase == CONNECTION_BODY)
        connection_touch(connection);
}

/* The body grows with what has come, not with what was announced. */
static void read_body(struct connection *connection) {
    struct buf *body = &connection->body;
    size_t total = (size_t)connection->exchange.parse.content_length;
    size_t budget = BODY_TURN_BYTES;
    while (budget > 0 && body->len < total) {
        size_t missing = total - body->len;
        char *place = buf_reserve(body, least(missing, BODY_STEP_BYTES));
        assert(place);
        size_t room = least(least(missing, body->capacity - 1 - body->len), budget);
        size_t len = receive(connection, place, room);
        if (len == 0)
            return;
        body->len += len;
        place[len] = '\0';
        budget -= len;
        connection_touch(connection);
        if (len < room)
            return;
    }
}

static void discard_input(struct connection *connection) {
    for (size_t budget = BODY_TURN_BYTES; budget > 0;) {
        size_t room = least(budget, CONNECTION_INPUT_BYTES);
        size_t len = receive(connection, connection->input, room);
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
        if (connection->is_body_apart)
            read_body(connection);
        else
            read_input(connection);
        break;
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

static void refuse_too_large(struct connection *connection) {
    const struct http_listener *listener = connection->listener;
    connection->exchange.closes = true;
    if (!listener->handler->too_large) {
        response_refuse(connection, 413, "the body is larger than this request may have");
        return;
    }
    enter(connection, CONNECTION_HANDLER);
    listener->handler->too_large(listener->arg, &connection->exchange);
}

/* Asks the handler about a complete header section and prepares for the body. */
static void begin_exchange(struct connection *connection) {
    struct http_exchange *exchange = &connection->exchange;
    const struct http_listener *listener = connection->listener;
    const struct parse *parse = &exchange->parse;
    size_t arrived = connection->input_end - connection->input_parsed;
    exchange->is_body_missing = parse->is_chunked || parse->content_length > arrived;
    if (!exchange->is_body_missing)
        connection->request_end = connection->input_parsed + (size_t)parse->content_length;

    enter(connection, CONNECTION_BEGIN);
    size_t limit = listener->handler->begin ? listener->handler->begin(listener->arg, exchange) : 0;
    if (connection->phase != CONNECTION_BEGIN)
        return;
    if (parse->content_length > limit) {
        refuse_too_large(connection);
        return;
    }
    if (!charge(connection, parse->is_chunked ? limit : (size_t)parse->content_length)) {
        response_refuse(connection, 503, "too much is being sent at once; try again in a moment");
        return;
    }
    enter(connection, CONNECTION_BODY);
    connection->body.limit = least(limit, BODY_MOST_BYTES);
    if (parse->expects_continue && exchange->is_body_missing && arrived == 0)
        response_continue(connection);
    if (parse->content_length > CONNECTION_INPUT_BYTES - connection->input_parsed) {
        connection->is_body_apart = true;
        buf_append(&connection->body, connection->input + connection->input_parsed, arrived);
        connection->input_end = connection->input_parsed;
        connection->request_end = connection->input_parsed;
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
    begin_exchange(connection);
    return true;
}

/* Looks whether the body is complete, and notes where it is. */
static enum parse_result advance_chunks(struct connection *connection) {
    struct parse *parse = &connection->exchange.parse;
    size_t used;
    enum parse_result result = parse_chunks(parse, &connection->body,
                                            connection->input + connection->input_parsed,
                                            connection->input_end - connection->input_parsed, &used);
    if (result == PARSE_NEEDS_MORE)
        connection->input_end = connection->input_parsed;
    connection->request_end = connection->input_parsed + used;
    parse->request.body = (struct http_text){buf_text(&connection->body), connection->body.len};
    return result;
}

static enum parse_result advance_sized(struct connection *connection) {
    struct parse *parse = &connection->exchange.parse;
    size_t total = (size_t)parse->content_length;
    if (connection->is_body_apart) {
        parse->request.body = (struct http_text){buf_text(&connection->body), connection->body.len};
        return connection->body.len == total ? PARSE_COMPLETE : PARSE_NEEDS_MORE;
    }
    parse->request.body = (struct http_text){connection->input + connection->input_parsed, total};
    connection->request_end = connection->input_parsed + total;
    return connection->input_end >= connection->request_end ? PARSE_COMPLETE : PARSE_NEEDS_MORE;
}

static bool advance_body(struct connection *connection) {
    const struct http_listener *listener = connection->listener;
    struct parse *parse = &connection->exchange.parse;
    enum parse_result result = parse->is_chunked ? advance_chunks(connection) : advance_sized(connection);
    if (result == PARSE_NEEDS_MORE)
        return false;
    if (result == PARSE_REFUSED) {
        if (parse->refusal_status == 413)
            refuse_too_large(connection);
        else
            response_refuse(connection, parse->refusal_status, parse->refusal_reason);
        return false;
    }
    connection->exchange.is_body_missing = false;
    enter(connection, CONNECTION_HANDLER);
    listener->handler->handle(listener->arg, &connection->exchange);
    return true;
}

/* Works through what has arrived. Answers given meanwhile don't come back here (is_advancing), so that a long
 * row of pipelined requests is a loop and no recursion. */
static void advance(struct connection *connection) {
    bool has_more = true;
    connection->is_advancing = true;
    while (has_more) {
        if (connection->phase == CONNECTION_IDLE || connection->phase == CONNECTION_HEAD)
            has_more = advance_head(connection);
        else
            has_more = connection->phase == CONNECTION_BODY && advance_body(connection);
    }
    connection->is_advancing = false;
    if (connection->is_broken)
        connection_lost(connection);
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

static void connection_ready(void *arg, int events) {
    struct connection *connection = arg;
    connection_hold(connection);
    if ((events & LOOP_WRITE) && connection->is_blocked) {
        connection->is_blocked = false;
        response_flush(connection);
    }
    if (events & LOOP_READ)
        read_more(connection);
    notify_drained(connection);
    advance(connection);
    connection_release(connection);
}

void connection_run_due(struct connection *connection) {
    connection_hold(connection);
    response_flush(connection);
    notify_drained(connection);
    advance(connection);
    connection_release(connection);
}

/* How long the present phase may take without progress; 0 for ever. */
static int64_t allowed_us(const struct connection *connection) {
    const struct http_options *options = &connection->listener->options;
    switch (connection->phase) {
    case CONNECTION_IDLE: return options->idle_timeout_ms * 1000ll;
    case CONNECTION_HEAD: return options->header_timeout_ms * 1000ll;
    case CONNECTION_BODY: return options->body_timeout_ms * 1000ll;
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
    else if (connection->phase == CONNECTION_BODY)
        response_refuse(connection, 408, "the body made no progress for too long");
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

char *http_exchange_take_body(struct http_exchange *exchange, size_t *ret_len) {
    struct connection *connection = connection_of(exchange);
    struct http_text *body = &exchange->parse.request.body;
    bool is_apart = body->len > 0 && body->data == connection->body.data;
    char *taken = is_apart ? buf_take(&connection->body) : mem_copy_text(body->data, body->len);
    *ret_len = body->len;
    *body = (struct http_text){.data = "", .len = 0};
    return taken;
}

void http_exchange_set_context(struct http_exchange *exchange, void *context) {
    exchange->context = context;
}

void *http_exchange_context(const struct http_exchange *exchange) {
    return exchange->context;
}

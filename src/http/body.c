/* The body of a request: asked about, read, and either gathered in memory or handed on in pieces as it
 * arrives.
 *
 * A body in pieces lies behind its header section in the connection's input buffer, which it passes through
 * piece by piece: what was given to the handler is overwritten by what comes next. Since nothing of it is
 * kept, it counts towards no budget. While it is paused nothing reaches the handler, and nothing is read, so
 * that a client who leaves is noticed when it is resumed or when its answer is written. */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "http/connection.h"
#include "http/trailers.h"

/* A large body: room that is asked for at a time. */
#define BODY_STEP_BYTES (64u * 1024)

/* Chunks may be as short as a byte, and each is a call of the handler. */
#define BODY_TURN_PIECES 64

/* What the kernel keeps of a body in pieces that rests, so that its sender stops soon; it takes twice as much
 * (socket(7)). */
#define PIECES_WAITING_BYTES (128 * 1024)

/* Keeps sizes of the handler's away from overflowing. */
#define BODY_MOST_BYTES (SIZE_MAX / 4)

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
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

void body_discharge(struct connection *connection) {
    struct http_listener *listener = connection->listener;
    if (listener->options.budget)
        listener->options.budget->used_bytes -= connection->charged_bytes;
    listener->charged_bytes -= connection->charged_bytes;
    connection->charged_bytes = 0;
}

void body_refuse(struct connection *connection, int status, const char *reason) {
    if (connection->phase == CONNECTION_PIECES) {
        const struct http_listener *listener = connection->listener;
        connection->phase = CONNECTION_BODY; /* told once, whatever the handler does now */
        if (listener->handler->gone)
            listener->handler->gone(listener->arg, &connection->exchange);
        if (connection->phase != CONNECTION_BODY)
            return;
    }
    response_refuse(connection, status, reason);
}

static void refuse_too_large(struct connection *connection) {
    const struct http_listener *listener = connection->listener;
    connection->exchange.closes = true;
    if (!listener->handler->too_large) {
        body_refuse(connection, 413, "the body is larger than this request may have");
        return;
    }
    connection_enter(connection, CONNECTION_HANDLER);
    listener->handler->too_large(listener->arg, &connection->exchange);
}

static void begin_gathering(struct connection *connection, size_t arrived) {
    const struct parse *parse = &connection->exchange.parse;
    if (!charge(connection, parse->is_chunked ? connection->body_limit : (size_t)parse->content_length)) {
        response_refuse(connection, 503, "too much is being sent at once; try again in a moment");
        return;
    }
    connection_enter(connection, CONNECTION_BODY);
    connection->body.limit = least(connection->body_limit, BODY_MOST_BYTES);
    if (parse->content_length > CONNECTION_INPUT_BYTES - connection->input_parsed) {
        connection->is_body_apart = true;
        buf_append(&connection->body, connection->input + connection->input_parsed, arrived);
        connection->input_end = connection->input_parsed;
        connection->request_end = connection->input_parsed;
    }
}

static void begin_pieces(struct connection *connection) {
    struct http_exchange *exchange = &connection->exchange;
    setsockopt(connection->fd, SOL_SOCKET, SO_RCVBUF, &(int){PIECES_WAITING_BYTES}, sizeof(int));
    connection_enter(connection, CONNECTION_PIECES);
    connection->piece_start = connection->input_parsed;
    exchange->is_body_missing = true;
    exchange->parse.request.body = (struct http_text){.data = "", .len = 0};
}

void body_begin(struct connection *connection) {
    struct http_exchange *exchange = &connection->exchange;
    const struct http_listener *listener = connection->listener;
    const struct parse *parse = &exchange->parse;
    size_t arrived = connection->input_end - connection->input_parsed;
    bool is_missing = parse->is_chunked || parse->content_length > arrived;
    exchange->is_body_missing = is_missing;
    if (!is_missing)
        connection->request_end = connection->input_parsed + (size_t)parse->content_length;

    connection_enter(connection, CONNECTION_BEGIN);
    connection->body_limit = listener->handler->begin ? listener->handler->begin(listener->arg, exchange) : 0;
    if (connection->phase != CONNECTION_BEGIN)
        return;
    if (exchange->takes_pieces)
        begin_pieces(connection);
    if (parse->content_length > connection->body_limit) {
        refuse_too_large(connection);
        return;
    }
    if (!exchange->takes_pieces)
        begin_gathering(connection, arrived);
    if (parse->expects_continue && is_missing && arrived == 0 && connection->phase < CONNECTION_HANDLER)
        response_continue(connection);
}

/* The body grows with what has come, not with what was announced. */
static void read_apart(struct connection *connection) {
    struct buf *body = &connection->body;
    size_t total = (size_t)connection->exchange.parse.content_length;
    size_t budget = CONNECTION_TURN_BYTES;
    while (budget > 0 && body->len < total) {
        size_t missing = total - body->len;
        char *place = buf_reserve(body, least(missing, BODY_STEP_BYTES));
        assert(place);
        size_t room = least(least(missing, body->capacity - 1 - body->len), budget);
        size_t len = connection_receive(connection, place, room);
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

static void read_behind(struct connection *connection, size_t most) {
    size_t room = least(CONNECTION_INPUT_BYTES - connection->input_end, most);
    if (room == 0)
        return;
    size_t len = connection_receive(connection, connection->input + connection->input_end, room);
    connection->input_end += len;
    if (len > 0)
        connection_touch(connection);
}

bool body_wants_bytes(const struct connection *connection) {
    return connection->phase == CONNECTION_BODY ||
           (!connection->exchange.is_paused && connection->piece_start == connection->input_end);
}

void body_read(struct connection *connection) {
    if (connection->phase == CONNECTION_PIECES && body_wants_bytes(connection))
        read_behind(connection, HTTP_PIECES_BYTES);
    else if (connection->phase == CONNECTION_BODY && connection->is_body_apart)
        read_apart(connection);
    else if (connection->phase == CONNECTION_BODY)
        read_behind(connection, CONNECTION_INPUT_BYTES);
}

static bool gather(void *arg, const char *data, size_t len) {
    buf_append(arg, data, len);
    return true;
}

/* Looks whether the body is complete, and notes where it is. */
static enum parse_result gather_chunks(struct connection *connection) {
    struct parse *parse = &connection->exchange.parse;
    const struct parse_sink sink = {gather, &connection->body, connection->body.limit};
    size_t used;
    enum parse_result result = parse_chunks(parse, &sink, connection->input + connection->input_parsed,
                                            connection->input_end - connection->input_parsed, &used);
    connection->request_end = connection->input_parsed + used;
    parse->request.body = (struct http_text){buf_text(&connection->body), connection->body.len};
    return result;
}

static enum parse_result gather_sized(struct connection *connection) {
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

struct turn {
    struct connection *connection;
    int pieces_left;
};

/* False: no more for now. The handler may have answered, paused, or closed everything. */
static bool give(void *arg, const char *data, size_t len) {
    struct turn *turn = arg;
    struct connection *connection = turn->connection;
    const struct http_listener *listener = connection->listener;
    listener->handler->piece(listener->arg, &connection->exchange, data, len);
    return connection->phase == CONNECTION_PIECES && !connection->exchange.is_paused &&
           --turn->pieces_left > 0;
}

static enum parse_result give_chunks(struct turn *turn) {
    struct connection *connection = turn->connection;
    const struct parse_sink sink = {give, turn, connection->body_limit};
    size_t used;
    enum parse_result result = parse_chunks(&connection->exchange.parse, &sink,
                                            connection->input + connection->piece_start,
                                            connection->input_end - connection->piece_start, &used);
    connection->piece_start += used;
    return result;
}

static enum parse_result give_sized(struct turn *turn) {
    struct connection *connection = turn->connection;
    struct parse *parse = &connection->exchange.parse;
    const char *piece = connection->input + connection->piece_start;
    size_t arrived = connection->input_end - connection->piece_start;
    uint64_t missing = parse->content_length - parse->content_bytes;
    size_t len = missing < arrived ? (size_t)missing : arrived;
    connection->piece_start += len;
    parse->content_bytes += len;
    if (len > 0 && !give(turn, piece, len))
        return PARSE_RESTS;
    return parse->content_bytes == parse->content_length ? PARSE_COMPLETE : PARSE_NEEDS_MORE;
}

static enum parse_result give_pieces(struct connection *connection) {
    if (connection->exchange.is_paused)
        return PARSE_RESTS;
    struct turn turn = {connection, BODY_TURN_PIECES};
    enum parse_result result = connection->exchange.parse.is_chunked ? give_chunks(&turn) : give_sized(&turn);
    connection->request_end = connection->piece_start;
    if (result == PARSE_RESTS && connection->phase == CONNECTION_PIECES && !connection->exchange.is_paused)
        listener_set_due(connection->listener, connection);
    return result;
}

/* What was read of a body that does not stay in the input makes room for what follows. */
static void drop_read(struct connection *connection) {
    if (connection->request_end != connection->input_end)
        return;
    connection->input_end = connection->request_end = connection->piece_start = connection->input_parsed;
}

static void refuse(struct connection *connection) {
    const struct parse *parse = &connection->exchange.parse;
    if (parse->refusal_status == 413)
        refuse_too_large(connection);
    else
        body_refuse(connection, parse->refusal_status, parse->refusal_reason);
}

bool body_advance(struct connection *connection) {
    const struct http_listener *listener = connection->listener;
    struct http_exchange *exchange = &connection->exchange;
    enum connection_phase phase = connection->phase;
    enum parse_result result;
    if (phase == CONNECTION_PIECES)
        result = give_pieces(connection);
    else
        result = exchange->parse.is_chunked ? gather_chunks(connection) : gather_sized(connection);
    if (connection->phase != phase)
        return true;
    if (phase == CONNECTION_PIECES || exchange->parse.is_chunked)
        drop_read(connection);
    if (result == PARSE_REFUSED)
        refuse(connection);
    if (result != PARSE_COMPLETE)
        return false;
    exchange->is_body_missing = false;
    connection_enter(connection, CONNECTION_HANDLER);
    listener->handler->handle(listener->arg, exchange);
    return true;
}

void http_take_pieces(struct http_exchange *exchange) {
    const struct connection *connection = connection_of(exchange);
    assert(connection->phase == CONNECTION_BEGIN && connection->listener->handler->piece);
    exchange->takes_pieces = true;
}

void http_pause(struct http_exchange *exchange, bool is_paused) {
    struct connection *connection = connection_of(exchange);
    if (exchange->is_paused == is_paused)
        return;
    exchange->is_paused = is_paused;
    if (connection->phase != CONNECTION_PIECES)
        return;
    connection_touch(connection);
    if (!is_paused)
        listener_set_due(connection->listener, connection);
    else if (!connection->is_advancing)
        connection_watch(connection);
}

const struct http_text *http_trailer_get(const struct http_exchange *exchange, const char *lower_name) {
    return trailers_get(exchange->parse.trailers, lower_name);
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

/* Responses: their header sections, and getting bytes to the client. What the socket does not take at once is
 * copied into the connection's output and sent when it is ready again. */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "http/connection.h"
#include "http/transport.h"

#define PART(text, size) ((struct iovec){.iov_base = (void *)(uintptr_t)(text), .iov_len = (size)})
#define MAX_PARTS (HTTP_WRITE_PARTS + 2)

/* What of a streamed response the kernel keeps beyond what is on its way, so that its reader's slowness is
 * noticed soon (tcp(7)). */
#define STREAM_UNSENT_BYTES (16 * 1024)

/* Status lines, the ones sent most first (RFC 9110, 15; RFC 6585). */
static const struct status_line {
    int status;
    const char *line;
} status_lines[] = {
    {200, "HTTP/1.1 200 OK\r\n"},
    {202, "HTTP/1.1 202 Accepted\r\n"},
    {201, "HTTP/1.1 201 Created\r\n"},
    {204, "HTTP/1.1 204 No Content\r\n"},
    {400, "HTTP/1.1 400 Bad Request\r\n"},
    {403, "HTTP/1.1 403 Forbidden\r\n"},
    {404, "HTTP/1.1 404 Not Found\r\n"},
    {409, "HTTP/1.1 409 Conflict\r\n"},
    {429, "HTTP/1.1 429 Too Many Requests\r\n"},
    {500, "HTTP/1.1 500 Internal Server Error\r\n"},
    {502, "HTTP/1.1 502 Bad Gateway\r\n"},
    {503, "HTTP/1.1 503 Service Unavailable\r\n"},
    {504, "HTTP/1.1 504 Gateway Timeout\r\n"},
    {206, "HTTP/1.1 206 Partial Content\r\n"},
    {301, "HTTP/1.1 301 Moved Permanently\r\n"},
    {302, "HTTP/1.1 302 Found\r\n"},
    {303, "HTTP/1.1 303 See Other\r\n"},
    {304, "HTTP/1.1 304 Not Modified\r\n"},
    {307, "HTTP/1.1 307 Temporary Redirect\r\n"},
    {308, "HTTP/1.1 308 Permanent Redirect\r\n"},
    {401, "HTTP/1.1 401 Unauthorized\r\n"},
    {405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    {406, "HTTP/1.1 406 Not Acceptable\r\n"},
    {408, "HTTP/1.1 408 Request Timeout\r\n"},
    {410, "HTTP/1.1 410 Gone\r\n"},
    {411, "HTTP/1.1 411 Length Required\r\n"},
    {412, "HTTP/1.1 412 Precondition Failed\r\n"},
    {413, "HTTP/1.1 413 Content Too Large\r\n"},
    {414, "HTTP/1.1 414 URI Too Long\r\n"},
    {415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    {416, "HTTP/1.1 416 Range Not Satisfiable\r\n"},
    {421, "HTTP/1.1 421 Misdirected Request\r\n"},
    {422, "HTTP/1.1 422 Unprocessable Content\r\n"},
    {424, "HTTP/1.1 424 Failed Dependency\r\n"},
    {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    {501, "HTTP/1.1 501 Not Implemented\r\n"},
    {505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
};

#define STATUS_CODE_AT 9 /* "HTTP/1.1 " */

/* NULL for a status that has no line of its own. */
static const char *status_line(int status) {
    for (size_t i = 0; i < sizeof status_lines / sizeof status_lines[0]; i++)
        if (status_lines[i].status == status)
            return status_lines[i].line;
    return NULL;
}

static void append_date(struct http_listener *listener) {
    int64_t wall_us = clock_wall_us(listener->clock);
    if (wall_us / 1000000 != listener->date_s) {
        char date[CLOCK_TEXT_BYTES];
        clock_format_http(wall_us, date);
        snprintf(listener->date_line, sizeof listener->date_line, "Date: %s\r\n", date);
        listener->date_s = wall_us / 1000000;
    }
    buf_append_text(&listener->head, listener->date_line);
}

/* How the client finds the end of the response. `length` < 0: not known beforehand. */
static void append_framing(struct buf *head, struct http_exchange *exchange, int status, int64_t length) {
    if (status < 200 || status == 204 || status == 304)
        return;
    if (length >= 0) {
        buf_append_text(head, "Content-Length: ");
        buf_append_number(head, length);
        buf_append_text(head, "\r\n");
    } else if (!exchange->parse.is_http_1_0) {
        exchange->is_chunked = true;
        buf_append_text(head, "Transfer-Encoding: chunked\r\n");
    } else {
        exchange->ends_by_close = true;
        exchange->closes = true;
    }
}

bool http_exchange_is_last(const struct http_exchange *exchange) {
    const struct connection *connection = list_item(exchange, const struct connection, exchange);
    return exchange->closes || !exchange->parse.request.keep_alive || exchange->is_body_missing ||
           connection->listener->is_draining;
}

/* Builds the header section in the listener's buffer, and decides how the exchange ends. False when it does
 * not fit. */
static bool build_head(struct connection *connection, int status, const char *headers, int64_t length) {
    struct http_listener *listener = connection->listener;
    struct http_exchange *exchange = &connection->exchange;
    const struct http_request *request = &exchange->parse.request;
    struct buf *head = &listener->head;
    exchange->omits_body = status < 200 || status == 204 || status == 304 ||
                           http_text_is(request->method, "HEAD");
    exchange->is_chunked = false;
    exchange->ends_by_close = false;
    exchange->closes = http_exchange_is_last(exchange);

    buf_clear(head);
    const char *line = status_line(status);
    if (line)
        buf_append_text(head, line);
    else
        buf_append_format(head, "HTTP/1.1 %d \r\n", status);
    if (listener->options.common_headers)
        buf_append(head, listener->options.common_headers, listener->common_headers_len);
    if (listener->options.send_date)
        append_date(listener);
    append_framing(head, exchange, status, length);
    if (exchange->closes)
        buf_append_text(head, "Connection: close\r\n");
    else if (exchange->parse.is_http_1_0)
        buf_append_text(head, "Connection: keep-alive\r\n");
    if (headers)
        buf_append_text(head, headers);
    buf_append(head, "\r\n", 2);
    if (!buf_ok(head))
        log_error("http.response_headers_too_large", "status=%d limit_bytes=%u", status, RESPONSE_HEAD_BYTES);
    return buf_ok(head);
}

bool response_is_pending(const struct connection *connection) {
    return connection->output_sent < connection->output.len;
}

static size_t pending_bytes(const struct connection *connection) {
    return connection->output.len - connection->output_sent;
}

/* Bytes that were sent leave the front of the output; now and then, so that moving costs little. */
static void forget_sent(struct connection *connection, size_t len) {
    connection->output_sent += len;
    if (!response_is_pending(connection)) {
        buf_clear(&connection->output);
        connection->output_sent = 0;
    } else if (connection->output_sent > connection->output.len / 2) {
        buf_consume(&connection->output, connection->output_sent);
        connection->output_sent = 0;
    }
}

/* One sendmsg(2). Returns the bytes taken. */
static size_t send_parts(struct connection *connection, struct iovec *parts, size_t count) {
    ssize_t sent = transport_send(connection->fd, connection->tls, parts, count);
    if (sent >= 0) {
        connection_touch(connection);
        return (size_t)sent;
    }
    if (errno != EAGAIN && errno != EINTR)
        connection->is_broken = true;
    return 0;
}

/* Sends what waits and then the parts, in one call; copies what is not taken. After a failure everything is
 * dropped. */
static void send_or_keep(struct connection *connection, const struct iovec *parts, size_t count) {
    assert(count <= MAX_PARTS);
    size_t waiting = pending_bytes(connection);
    struct iovec all[MAX_PARTS + 1] = {
        PART(buf_text(&connection->output) + connection->output_sent, waiting)};
    size_t wanted = waiting;
    for (size_t i = 0; i < count; i++) {
        all[i + 1] = parts[i];
        wanted += parts[i].iov_len;
    }
    size_t first = waiting > 0 ? 0 : 1;
    size_t sent = 0;
    if (!connection->is_blocked && !connection->is_broken)
        sent = send_parts(connection, all + first, count + 1 - first);
    if (connection->is_broken) {
        buf_clear(&connection->output);
        connection->output_sent = 0;
        return;
    }
    connection->is_blocked = sent < wanted;
    size_t skip = sent > waiting ? sent - waiting : 0;
    forget_sent(connection, sent - skip);
    for (size_t i = 0; i < count; i++) {
        size_t taken = skip < parts[i].iov_len ? skip : parts[i].iov_len;
        skip -= taken;
        buf_append(&connection->output, (const char *)parts[i].iov_base + taken, parts[i].iov_len - taken);
    }
}

void response_flush(struct connection *connection) {
    if (connection->phase == CONNECTION_CLOSED || connection->is_blocked)
        return;
    if (response_is_pending(connection))
        send_or_keep(connection, NULL, 0);
    if (connection->phase == CONNECTION_FLUSH && !response_is_pending(connection))
        connection_answered(connection);
}

void response_continue(struct connection *connection) {
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    send_or_keep(connection, &PART(line, sizeof line - 1), 1);
}

static void respond(struct connection *connection, int status, const char *headers, const void *body,
                    size_t body_len) {
    connection_hold(connection);
    if (build_head(connection, status, headers, (int64_t)body_len)) {
        const struct buf *head = &connection->listener->head;
        struct iovec parts[] = {PART(head->data, head->len), PART(body, body_len)};
        send_or_keep(connection, parts, connection->exchange.omits_body || body_len == 0 ? 1 : 2);
    } else {
        connection->is_broken = true;
    }
    connection_answered(connection);
    connection_release(connection);
}

void response_refuse(struct connection *connection, int status, const char *reason) {
    char body[256];
    int len = snprintf(body, sizeof body, "%d %s\n", status, reason);
    connection->exchange.closes = true;
    respond(connection, status, "Content-Type: text/plain\r\n", body,
            len < (int)sizeof body ? (size_t)len : sizeof body - 1);
}

static struct connection *unanswered(struct http_exchange *exchange) {
    struct connection *connection = connection_of(exchange);
    assert(connection->phase == CONNECTION_HANDLER || connection->phase == CONNECTION_BEGIN ||
           connection->phase == CONNECTION_PIECES);
    return connection;
}

void http_respond(struct http_exchange *exchange, int status, const char *headers, const void *body,
                  size_t body_len) {
    respond(unanswered(exchange), status, headers, body, body_len);
}

void http_respond_and_close(struct http_exchange *exchange, int status, const char *headers, const void *body,
                            size_t body_len) {
    exchange->closes = true;
    respond(unanswered(exchange), status, headers, body, body_len);
}

/* The header section waits for the first piece, or for the end of this turn of the loop. */
void http_start(struct http_exchange *exchange, int status, const char *headers, int64_t length) {
    struct connection *connection = unanswered(exchange);
    if (build_head(connection, status, headers, length))
        buf_append(&connection->output, connection->listener->head.data, connection->listener->head.len);
    else
        connection->is_broken = true;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){STREAM_UNSENT_BYTES}, sizeof(int));
    exchange->bytes_to_come = length > 0 ? (uint64_t)length : 0;
    connection->phase = CONNECTION_STREAM;
    connection_touch(connection);
    listener_set_due(connection->listener, connection);
}

/* Copies the parts without what is beyond the length that was announced. Returns what is left in all. */
static size_t cut_parts(const struct http_exchange *exchange, struct iovec *ret_parts,
                        const struct iovec *parts, size_t count) {
    bool is_open = exchange->is_chunked || exchange->ends_by_close;
    size_t room = is_open ? SIZE_MAX : (size_t)exchange->bytes_to_come;
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        ret_parts[i] = parts[i];
        if (ret_parts[i].iov_len > room - total)
            ret_parts[i].iov_len = room - total;
        total += ret_parts[i].iov_len;
    }
    return total;
}

/* Sends the parts, as one chunk where there are any, and perhaps the end of the chunks behind it. */
static void send_parts_of_body(struct http_exchange *exchange, const struct iovec *parts, size_t count,
                               bool is_last) {
    static const char chunk_ends[] = "\r\n0\r\n\r\n"; /* of this one, of them all */
    assert(count <= HTTP_WRITE_PARTS);
    struct iovec all[HTTP_WRITE_PARTS + 2];
    size_t len = cut_parts(exchange, all + 1, parts, count);
    char size[24];
    int size_len = 0;
    size_t end_len = 0;
    if (exchange->is_chunked) {
        size_len = len > 0 ? snprintf(size, sizeof size, "%zx\r\n", len) : 0;
        end_len = (len > 0 ? 2 : 0) + (is_last ? 5 : 0);
    } else if (!exchange->ends_by_close) {
        exchange->bytes_to_come -= len;
    }
    if (exchange->omits_body || len + end_len == 0)
        return;
    all[0] = PART(size, size_len);
    all[count + 1] = PART(chunk_ends + (len > 0 ? 0 : 2), end_len);
    send_or_keep(connection_of(exchange), all, count + 2);
}

size_t http_write_parts(struct http_exchange *exchange, const struct iovec *parts, size_t count) {
    struct connection *connection = connection_of(exchange);
    assert(connection->phase == CONNECTION_STREAM);
    send_parts_of_body(exchange, parts, count, false);
    if (connection->is_broken)
        listener_set_due(connection->listener, connection);
    else
        connection_watch(connection);
    return pending_bytes(connection);
}

size_t http_write(struct http_exchange *exchange, const void *data, size_t len) {
    return http_write_parts(exchange, &PART(data, len), 1);
}

void http_on_drained(struct http_exchange *exchange, void (*drained)(void *arg), void *arg) {
    struct connection *connection = connection_of(exchange);
    exchange->drained = drained;
    exchange->drained_arg = arg;
    if (!response_is_pending(connection))
        listener_set_due(connection->listener, connection);
}

void http_end_parts(struct http_exchange *exchange, const struct iovec *parts, size_t count) {
    struct connection *connection = connection_of(exchange);
    assert(connection->phase == CONNECTION_STREAM);
    send_parts_of_body(exchange, parts, count, true);
    if (exchange->bytes_to_come > 0 && !exchange->omits_body) {
        http_abort(exchange);
        return;
    }
    connection_hold(connection);
    response_flush(connection);
    connection_answered(connection);
    connection_release(connection);
}

void http_end(struct http_exchange *exchange) {
    http_end_parts(exchange, NULL, 0);
}

/* With a reset, since without one a response that ends with its connection would look complete. */
void http_abort(struct http_exchange *exchange) {
    struct connection *connection = connection_of(exchange);
    assert(connection->phase == CONNECTION_STREAM || connection->phase == CONNECTION_HANDLER ||
           connection->phase == CONNECTION_PIECES);
    struct linger at_once = {.l_onoff = 1};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connection_hold(connection);
    connection_close(connection);
    connection_release(connection);
}

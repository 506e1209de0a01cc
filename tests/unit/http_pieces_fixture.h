/* A server that takes bodies in pieces, for tests that look at them. What its handler does with a request
 * stands in its path. */
#pragma once

#include "base/mem.h"
#include "http/state.h"
#include "http_client_fixture.h"

/* "POST", a header section without its end, and the rest. */
#define POST(path, headers) "POST " path " HTTP/1.1\r\nHost: h\r\n" headers "\r\n"
#define CHUNKED(path) POST(path, "Transfer-Encoding: chunked\r\n")
#define SIZED(path, length) POST(path, "Content-Length: " length "\r\n")
#define NEXT "GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
#define NEXT_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Path: yes\r\n\r\n/next"
#define NOTHING_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* The server's fixture comes first, so that its handlers take this too. */
struct taker {
    struct fixture fixture;
    struct buf got;
    size_t pieces;
    size_t longest_bytes;
    bool pauses;                  /* in each piece */
    struct http_exchange *taking; /* the last that got a piece */
};

static inline bool path_is(const struct http_exchange *exchange, const char *path) {
    return http_text_is(http_exchange_request(exchange)->path, path);
}

static inline size_t taker_begin(void *arg, struct http_exchange *exchange) {
    const struct taker *taker = arg;
    if (!path_is(exchange, "/gather") && !path_is(exchange, "/next"))
        http_take_pieces(exchange);
    if (path_is(exchange, "/refuse"))
        http_respond(exchange, 403, NULL, "no", 2);
    return taker->fixture.body_limit;
}

static inline void taker_piece(void *arg, struct http_exchange *exchange, const void *data, size_t len) {
    struct taker *taker = arg;
    assert_true(len > 0);
    assert_int_equal(http_exchange_request(exchange)->body.len, 0);
    assert_true(buf_append(&taker->got, data, len));
    taker->pieces++;
    taker->longest_bytes = len > taker->longest_bytes ? len : taker->longest_bytes;
    taker->taking = exchange;
    if (taker->pauses)
        http_pause(exchange, true);
    if (path_is(exchange, "/early")) {
        http_respond(exchange, 409, NULL, "early", 5);
    } else if (path_is(exchange, "/start")) {
        http_start(exchange, 200, NULL, -1);
        http_write(exchange, "early", 5);
        taker->fixture.held[taker->fixture.held_count++] = exchange;
    } else if (path_is(exchange, "/abort")) {
        http_abort(exchange);
    } else if (path_is(exchange, "/free")) {
        http_listener_free(taker->fixture.listener);
        taker->fixture.listener = NULL;
    }
}

static inline void taker_handle(void *arg, struct http_exchange *exchange) {
    struct taker *taker = arg;
    struct fixture *fixture = &taker->fixture;
    if (path_is(exchange, "/take")) {
        fixture->handled++;
        assert_int_equal(http_exchange_request(exchange)->body.len, 0);
        http_pause(exchange, true); /* too late to mean anything, also for the next request */
        http_respond(exchange, 200, NULL, NULL, 0);
    } else {
        fixture_handle(fixture, exchange);
    }
}

static inline void taker_open(struct taker *taker) {
    fixture_open(&taker->fixture);
}

/* Ready to be changed before taker_open(). */
static inline void taker_init(struct taker *taker) {
    *taker = (struct taker){0};
    fixture_init(&taker->fixture);
    taker->fixture.body_limit = SIZE_MAX;
    taker->fixture.handler.begin = taker_begin;
    taker->fixture.handler.piece = taker_piece;
    taker->fixture.handler.handle = taker_handle;
    buf_init(&taker->got, SIZE_MAX);
}

static inline void taker_close(struct taker *taker) {
    fixture_close(&taker->fixture);
    buf_done(&taker->got);
}

/* An ordinary one, open, and a client of it; and the end of both. */
static inline int taker_start(struct taker *taker) {
    taker_init(taker);
    taker_open(taker);
    return client_open(&taker->fixture);
}

static inline void taker_end(struct taker *taker, int client) {
    close(client);
    taker_close(taker);
}

/* Sends what the server takes without being turned further than that. */
static inline size_t taker_push(struct taker *taker, int client, const char *data, size_t len) {
    size_t sent = 0;
    for (int idle = 0; idle < 20 && sent < len;) {
        ssize_t part = send(client, data + sent, len - sent, MSG_NOSIGNAL);
        assert_true(part > 0 || errno == EAGAIN);
        sent += part > 0 ? (size_t)part : 0;
        idle = part > 0 ? 0 : idle + 1;
        turn(&taker->fixture, 1);
    }
    return sent;
}

static inline char *make_body(size_t len) {
    char *body = mem_alloc(len + 1);
    uint32_t seed = 1;
    for (size_t i = 0; i < len; i++)
        body[i] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
    return body;
}

/* The body in chunks whose lengths are random, but at most that. The caller frees. */
static inline char *make_chunks(const char *body, size_t len, size_t most, const char *trailers,
                                size_t *ret_len) {
    struct buf chunks;
    buf_init(&chunks, SIZE_MAX);
    uint32_t seed = (uint32_t)len;
    for (size_t at = 0; at < len;) {
        seed = seed * 1664525u + 1013904223u;
        size_t part = 1 + (seed >> 8) % most;
        part = part < len - at ? part : len - at;
        buf_append_format(&chunks, "%zx\r\n", part);
        buf_append(&chunks, body + at, part);
        buf_append_text(&chunks, "\r\n");
        at += part;
    }
    buf_append_format(&chunks, "0\r\n%s\r\n", trailers);
    *ret_len = chunks.len;
    return buf_take(&chunks);
}

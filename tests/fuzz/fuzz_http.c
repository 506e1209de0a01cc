/* Any bytes into the HTTP server. The first byte decides how the rest is cut, and where the reader of a body
 * rests. What must hold: the parser's verdict does not depend on either; every exchange that the handler got
 * ends by its answer or by gone(), once; and when the client leaves, nothing stays. */
#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/connection.h"
#include "http/trailers.h"

#define BODY_LIMIT 4096
#define MAX_TURNS 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lengths of the pieces: 1 to 64 bytes, or everything at once. */
static size_t next_piece(uint32_t *cuts, size_t left) {
    *cuts = *cuts * 1664525u + 1013904223u;
    size_t len = (*cuts >> 24) % 5 == 0 ? left : 1 + (*cuts >> 16) % 64;
    return len < left ? len : left;
}

struct verdict {
    enum parse_result result;
    int status;
    size_t used;
    struct buf body;
    bool is_cut;
    uint32_t cuts;
};

static bool take(void *arg, const char *data, size_t len) {
    struct verdict *verdict = arg;
    assert(len > 0);
    if (!buf_append(&verdict->body, data, len))
        abort();
    verdict->cuts = verdict->cuts * 1664525u + 1013904223u;
    return !verdict->is_cut || verdict->cuts >> 30 != 0;
}

static void read_pieces(struct parse *parse, const char *text, size_t len, uint32_t cuts, bool is_cut,
                        struct verdict *verdict) {
    *verdict = (struct verdict){.result = PARSE_NEEDS_MORE, .is_cut = is_cut, .cuts = cuts};
    const struct parse_sink sink = {take, verdict, BODY_LIMIT};
    buf_init(&verdict->body, BODY_LIMIT);
    parse_reset(parse);
    bool is_in_body = false;
    while (verdict->used < len && verdict->result == PARSE_NEEDS_MORE) {
        size_t piece = is_cut ? next_piece(&cuts, len - verdict->used) : len - verdict->used;
        size_t used;
        const char *at = text + verdict->used;
        if (is_in_body)
            verdict->result = parse_chunks(parse, &sink, at, piece, &used);
        else
            verdict->result = parse_head(parse, at, piece, &used);
        assert(used <= piece);
        verdict->used += used;
        if (verdict->result == PARSE_RESTS)
            verdict->result = PARSE_NEEDS_MORE;
        if (verdict->result == PARSE_COMPLETE && parse->is_chunked && !is_in_body) {
            is_in_body = true;
            verdict->result = PARSE_NEEDS_MORE;
        }
    }
    verdict->status = parse->refusal_status;
    assert((verdict->result == PARSE_REFUSED) == (verdict->status != 0));
}

static void assert_within(struct http_text part, const char *text, size_t len) {
    assert(part.len == 0 || (part.data >= text && part.data + part.len <= text + len));
}

static void check_trailers(const struct parse *whole, const struct parse *cut) {
    static const char *const names[] = {"a", "x", "lambda-runtime-function-error-type"};
    assert(trailers_bytes(whole->trailers) == trailers_bytes(cut->trailers));
    assert(trailers_bytes(whole->trailers) <= HTTP_TRAILER_BYTES);
    assert(!trailers_get(whole->trailers, "host") && !trailers_get(whole->trailers, "content-length"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct http_text *value = trailers_get(whole->trailers, names[i]);
        const struct http_text *same = trailers_get(cut->trailers, names[i]);
        assert(!value == !same);
        assert(!value || (value->len == same->len &&
                          (value->len == 0 || memcmp(value->data, same->data, value->len) == 0)));
    }
}

static void check_parser(const char *text, size_t len, uint32_t cuts) {
    static struct parse whole, cut;
    struct verdict verdict, cut_verdict;
    read_pieces(&whole, text, len, 0, false, &verdict);
    read_pieces(&cut, text, len, cuts, true, &cut_verdict);
    assert(verdict.result == cut_verdict.result);
    if (verdict.result == PARSE_COMPLETE) {
        assert(verdict.used == cut_verdict.used);
        assert(verdict.body.len == cut_verdict.body.len);
        assert(memcmp(buf_text(&verdict.body), buf_text(&cut_verdict.body), verdict.body.len) == 0);
        const struct http_request *request = &whole.request;
        assert(request->header_count == cut.request.header_count);
        assert(request->path.len > 0 && request->path.data[0] == '/');
        assert_within(request->query, text, len);
        for (size_t i = 0; i < request->header_count; i++) {
            assert_within(request->headers[i].name, text, len);
            assert_within(request->headers[i].value, text, len);
            assert(request->headers[i].name.len == cut.request.headers[i].name.len);
            assert(request->headers[i].value.len == cut.request.headers[i].value.len);
            assert(request->headers[i].name.len > 0);
            assert(request->headers[i].value.len == 0 ||
                   !memchr(request->headers[i].value.data, '\n', request->headers[i].value.len));
        }
    }
    if (verdict.result == PARSE_COMPLETE)
        check_trailers(&whole, &cut);
    parse_done(&whole);
    parse_done(&cut);
    buf_done(&verdict.body);
    buf_done(&cut_verdict.body);
}

struct server {
    struct loop *loop;
    struct http_listener *listener;
    struct http_exchange *held; /* one connection holds at most one */
    size_t piece_bytes;         /* of its body */
    bool is_paused;
    bool is_complete;
};

static char act_at(const struct http_exchange *exchange, size_t at) {
    const struct http_request *request = http_exchange_request(exchange);
    return request->path.len > at ? request->path.data[at] : '\0';
}

static char act_of(const struct http_exchange *exchange) {
    return act_at(exchange, 1);
}

static size_t begin(void *arg, struct http_exchange *exchange) {
    struct server *server = arg;
    assert(!server->held);
    if (act_of(exchange) == 'p') {
        http_take_pieces(exchange);
        server->held = exchange;
        server->piece_bytes = 0;
        server->is_paused = act_at(exchange, 2) == 'b';
        server->is_complete = false;
        http_pause(exchange, server->is_paused);
    }
    if (act_of(exchange) == 'r')
        http_respond(exchange, 403, NULL, "no", 2);
    return act_of(exchange) == 'z' ? 0 : BODY_LIMIT;
}

static void answer(struct http_exchange *exchange, bool is_streamed) {
    if (!is_streamed) {
        http_respond(exchange, 200, NULL, "held", 4);
        return;
    }
    http_start(exchange, 200, NULL, -1);
    http_write(exchange, "piece", 5);
    http_end(exchange);
}

static void piece(void *arg, struct http_exchange *exchange, const void *data, size_t len) {
    struct server *server = arg;
    (void)data;
    assert(server->held == exchange && !server->is_paused && !server->is_complete && len > 0);
    server->piece_bytes += len;
    assert(server->piece_bytes <= BODY_LIMIT);
    assert(!http_trailer_get(exchange, "a"));
    switch (act_at(exchange, 2)) {
    case 'a':
        server->is_paused = true;
        http_pause(exchange, true);
        break;
    case 'e':
    case 's':
        server->held = NULL;
        answer(exchange, act_at(exchange, 2) == 's');
        break;
    case 'x':
        server->held = NULL;
        http_abort(exchange);
        break;
    default: break;
    }
}

static void handle_taken(struct server *server, struct http_exchange *exchange) {
    assert(server->held == exchange && !server->is_paused && !server->is_complete);
    server->is_complete = true;
    const struct http_text *trailer = http_trailer_get(exchange, "a");
    assert(!trailer || trailer->len <= HTTP_TRAILER_BYTES);
    if (act_at(exchange, 2) == 'h')
        return;
    server->held = NULL;
    answer(exchange, false);
}

static void handle(void *arg, struct http_exchange *exchange) {
    struct server *server = arg;
    const struct http_request *request = http_exchange_request(exchange);
    if (act_of(exchange) == 'p') {
        handle_taken(server, exchange);
        return;
    }
    assert(!server->held);
    assert(request->body.len <= BODY_LIMIT);
    switch (act_of(exchange)) {
    case 'h':
    case 's':
    case 'x': server->held = exchange; break;
    case 'c': http_respond_and_close(exchange, 200, NULL, request->body.data, request->body.len); break;
    default: http_respond(exchange, 200, "X-A: b\r\n", request->body.data, request->body.len); break;
    }
}

static void gone(void *arg, struct http_exchange *exchange) {
    struct server *server = arg;
    assert(server->held == exchange);
    server->held = NULL;
}

/* Answers what is held, the way its path says; what is paused goes on first. */
static void answer_held(struct server *server) {
    struct http_exchange *exchange = server->held;
    if (!exchange)
        return;
    if (act_of(exchange) == 'p' && server->is_paused) {
        server->is_paused = false;
        http_pause(exchange, false);
        return;
    }
    if (act_of(exchange) == 'p' && !server->is_complete && act_at(exchange, 2) != 'o')
        return;
    server->held = NULL;
    if (act_of(exchange) == 'x')
        http_abort(exchange);
    else
        answer(exchange, act_of(exchange) == 's');
}

static const struct http_handler handler = {.begin = begin, .piece = piece, .handle = handle, .gone = gone};

static void start(struct server *server) {
    static struct clock clock;
    static const struct http_options options = {.send_date = true, .header_timeout_ms = 1000};
    clock = clock_system();
    int fd;
    if (!http_listen("127.0.0.1", 0, &fd, NULL))
        abort();
    server->loop = loop_new();
    server->listener = http_listener_new(server->loop, fd, &handler, server, &options, &clock);
}

static void drop_answers(int client) {
    char part[65536];
    while (recv(client, part, sizeof part, MSG_DONTWAIT) > 0)
        continue;
}

static void check_server(const char *text, size_t len, uint32_t cuts) {
    static struct server server;
    if (!server.loop)
        start(&server);
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    connection_new(server.listener, pair[0]);
    for (size_t at = 0; at < len;) {
        size_t piece = next_piece(&cuts, len - at);
        if (send(pair[1], text + at, piece, MSG_NOSIGNAL) < 0)
            break;
        at += piece;
        loop_turn(server.loop, false);
        if (cuts >> 31)
            answer_held(&server);
        drop_answers(pair[1]);
    }
    close(pair[1]);
    for (int turns = 0; http_listener_connections(server.listener) > 0; turns++) {
        assert(turns < MAX_TURNS + (int)len); /* a paused body may end one byte at a time */
        if (server.held && server.is_paused)
            answer_held(&server);
        loop_turn(server.loop, false);
    }
    loop_turn(server.loop, false);
    assert(!server.held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    /* A block of its own, so that reading past its end is noticed. */
    char *text = mem_copy(data + 1, size - 1);
    check_parser(text, size - 1, data[0]);
    check_server(text, size - 1, data[0]);
    free(text);
    return 0;
}

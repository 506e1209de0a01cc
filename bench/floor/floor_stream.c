/* Floor of a streamed response: a plain pipe through the same HTTP library. One runtime asks for the next
 * event, one client calls; what the runtime writes goes to the client as it comes, in chunks, with the same
 * back-pressure, and nothing else is done.
 *
 *   floor_stream
 *
 * Listens on a free port of 127.0.0.1 for both, prints {"port": N} and waits to be ended by a signal. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench/die.h"
#include "http/server.h"
#include "sys/loop.h"

enum { EVENT_SIZE_MAX = 64 * 1024, RESPONSE_SIZE_MAX = 1024 * 1024 * 1024, WAITING_SIZE_MAX = 32 * 1024 };

struct pipe {
    struct http_exchange *next;     /* of the runtime, waiting for an event */
    struct http_exchange *caller;   /* waiting for a response, or reading it */
    struct http_exchange *response; /* of the runtime, while it is being written */
    bool has_begun;
};

static bool ends_with(struct http_text text, const char *end) {
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.data + text.len - len, end, len) == 0;
}

static bool is_response(const struct http_exchange *exchange) {
    return ends_with(http_exchange_request(exchange)->path, "/response");
}

static size_t begin(void *arg, struct http_exchange *exchange) {
    (void)arg;
    if (!is_response(exchange))
        return EVENT_SIZE_MAX;
    http_take_pieces(exchange);
    return RESPONSE_SIZE_MAX;
}

static void drained(void *arg) {
    const struct pipe *pipe = arg;
    if (pipe->response)
        http_pause(pipe->response, false);
}

static void start_answer(struct pipe *pipe) {
    if (!pipe->has_begun)
        http_start(pipe->caller, 200, "Content-Type: application/octet-stream\r\n", -1);
    pipe->has_begun = true;
}

static void piece(void *arg, struct http_exchange *exchange, const void *data, size_t len) {
    struct pipe *pipe = arg;
    pipe->response = exchange;
    if (!pipe->caller)
        return;
    start_answer(pipe);
    if (http_write(pipe->caller, data, len) <= WAITING_SIZE_MAX)
        return;
    http_pause(exchange, true);
    http_on_drained(pipe->caller, drained, pipe);
}

static void dispatch(struct pipe *pipe) {
    static const char headers[] = "Content-Type: application/json\r\n"
                                  "Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
                                  "Lambda-Runtime-Deadline-Ms: 32503680000000\r\n";
    if (!pipe->next || !pipe->caller)
        return;
    struct http_exchange *next = pipe->next;
    struct http_text event = http_exchange_request(pipe->caller)->body;
    pipe->next = NULL;
    pipe->has_begun = false;
    http_respond(next, 200, headers, event.data, event.len);
}

static void finish(struct pipe *pipe, struct http_exchange *exchange) {
    struct http_exchange *caller = pipe->caller;
    pipe->response = NULL;
    if (caller) {
        start_answer(pipe);
        pipe->caller = NULL;
        http_end(caller);
    }
    http_respond(exchange, 202, NULL, NULL, 0);
}

static void handle(void *arg, struct http_exchange *exchange) {
    struct pipe *pipe = arg;
    if (is_response(exchange)) {
        finish(pipe, exchange);
        return;
    }
    if (ends_with(http_exchange_request(exchange)->path, "/next"))
        pipe->next = exchange;
    else
        pipe->caller = exchange;
    dispatch(pipe);
}

static void gone(void *arg, struct http_exchange *exchange) {
    struct pipe *pipe = arg;
    struct http_exchange **places[] = {&pipe->next, &pipe->caller, &pipe->response};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (*places[i] == exchange)
            *places[i] = NULL;
}

static void stop(void *arg) {
    loop_stop(arg);
}

int main(void) {
    static const struct http_handler handler = {
        .begin = begin, .piece = piece, .handle = handle, .gone = gone};
    static const struct http_options options = {0};
    struct pipe pipe = {0};
    struct err err;
    int fd;
    if (!http_listen("127.0.0.1", 0, &fd, &err))
        die("%s", err.text);
    printf("{\"port\": %u}\n", http_listen_port(fd));
    fflush(stdout);
    struct clock clock = clock_system();
    struct loop *loop = loop_new();
    struct loop_signal *term = loop_signal_new(loop, SIGTERM, stop, loop);
    struct http_listener *listener = http_listener_new(loop, fd, &handler, &pipe, &options, &clock);
    loop_run(loop);
    http_listener_free(listener);
    loop_signal_free(term);
    loop_free(loop);
    return 0;
}

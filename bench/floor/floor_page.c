/* The program that a proxy stands before: answers every request with a small page, over the same HTTP library
 * as Lamb's.
 *
 *   floor_page
 *
 * Listens on a free port of 127.0.0.1, prints {"port": N} and waits to be ended by a signal. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "bench/die.h"
#include "http/server.h"
#include "sys/loop.h"

static size_t begin(void *arg, struct http_exchange *exchange) {
    (void)arg;
    (void)exchange;
    return LIMIT_PAYLOAD_BYTES;
}

static void handle(void *arg, struct http_exchange *exchange) {
    static const char page[] = "<!doctype html><title>Lamb</title><p>a small page</p>";
    (void)arg;
    http_respond(exchange, 200, "Content-Type: text/html\r\n", page, strlen(page));
}

int main(void) {
    static const struct http_handler handler = {.begin = begin, .handle = handle};
    static const struct http_options options = {.send_date = true};
    const struct clock clock = clock_system();
    struct err err;
    int fd;
    if (!http_listen("127.0.0.1", 0, &fd, &err))
        die("%s", err.text);
    struct loop *loop = loop_new();
    http_listener_new(loop, fd, &handler, NULL, &options, &clock);
    printf("{\"port\":%u}\n", http_listen_port(fd));
    fflush(stdout);
    loop_run(loop);
    return 0;
}

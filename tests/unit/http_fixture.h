/* A server on the loopback for tests that turn its loop themselves. Time is fake; nothing sleeps. Clients of
 * it, in the same thread, are in http_client_fixture.h. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http/server.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define PATIENCE_S 10

struct fixture {
    struct loop *loop;
    struct http_listener *listener;
    uint16_t port;
    struct clock clock;
    int64_t wall_us;
    int64_t mono_us;
    struct http_handler handler;
    struct http_options options;
    size_t body_limit;

    struct http_exchange *held[8]; /* requests for /hold wait here for the test */
    size_t held_count;
    int handled;
    int gone;
    int too_large;
    int closed;
    int drained;
    char last_body_start[32];
    size_t last_body_len;
};

static inline int64_t fixture_wall(void *context) {
    return ((struct fixture *)context)->wall_us;
}

static inline int64_t fixture_mono(void *context) {
    return ((struct fixture *)context)->mono_us;
}

static inline size_t fixture_begin(void *arg, struct http_exchange *exchange) {
    struct fixture *fixture = arg;
    if (http_text_is(http_exchange_request(exchange)->path, "/refuse"))
        http_respond(exchange, 403, NULL, "no", 2);
    return fixture->body_limit;
}

static inline void fixture_handle(void *arg, struct http_exchange *exchange) {
    struct fixture *fixture = arg;
    const struct http_request *request = http_exchange_request(exchange);
    fixture->handled++;
    fixture->last_body_len = request->body.len;
    if (http_text_is(request->path, "/hold"))
        fixture->held[fixture->held_count++] = exchange;
    else if (http_text_is(request->path, "/echo"))
        http_respond(exchange, 200, NULL, request->body.data, request->body.len);
    else if (http_text_is(request->path, "/close"))
        http_respond_and_close(exchange, 200, NULL, "bye", 3);
    else if (http_text_is(request->path, "/empty"))
        http_respond(exchange, 204, NULL, NULL, 0);
    else
        http_respond(exchange, 200, "X-Path: yes\r\n", request->path.data, request->path.len);
}

static inline void fixture_gone(void *arg, struct http_exchange *exchange) {
    struct fixture *fixture = arg;
    fixture->gone++;
    for (size_t i = 0; i < fixture->held_count; i++)
        if (fixture->held[i] == exchange)
            fixture->held[i] = fixture->held[--fixture->held_count];
}

static inline void fixture_open(struct fixture *fixture) {
    struct err err;
    int fd;
    if (!http_listen("127.0.0.1", 0, &fd, &err))
        fail_msg("%s", err.text);
    fixture->port = http_listen_port(fd);
    fixture->loop = loop_new();
    fixture->listener = http_listener_new(fixture->loop, fd, &fixture->handler, fixture, &fixture->options,
                                          &fixture->clock);
}

/* Ready to be changed before fixture_open(). */
static inline void fixture_init(struct fixture *fixture) {
    *fixture = (struct fixture){
        .clock = {fixture_wall, fixture_mono, fixture},
        .wall_us = 1769862896000000,
        .mono_us = 1000000,
        .handler = {.begin = fixture_begin, .handle = fixture_handle, .gone = fixture_gone},
        .body_limit = 10 * 1024 * 1024,
    };
}

static inline void fixture_close(struct fixture *fixture) {
    http_listener_free(fixture->listener);
    loop_turn(fixture->loop, false);
    loop_free(fixture->loop);
}

static inline void turn(struct fixture *fixture, int times) {
    for (int i = 0; i < times; i++)
        loop_turn(fixture->loop, false);
}

#define turn_until(fixture, condition)                                                                       \
    do {                                                                                                     \
        for (time_t end_ = time(NULL) + PATIENCE_S; !(condition) && time(NULL) < end_;)                      \
            loop_turn((fixture)->loop, false);                                                               \
        assert_true(condition);                                                                              \
    } while (0)

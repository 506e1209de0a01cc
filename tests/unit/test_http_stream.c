/* The server's other half: responses in pieces, clients that leave or dawdle, draining, and the end. */
#include <sys/resource.h>

#include "base/mem.h"
#include "http_client_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"

/* A client whose request is with the handler. */
static int hold(struct fixture *fixture, const char *request) {
    size_t before = fixture->held_count;
    int client = client_open(fixture);
    say(fixture, client, request);
    turn_until(fixture, fixture->held_count == before + 1);
    return client;
}

static void count_drained(void *arg) {
    ((struct fixture *)arg)->drained++;
}

static void count_closed(void *arg) {
    ((struct fixture *)arg)->closed++;
}

static void streams_chunks(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = hold(&fixture, GET("/hold") GET("/next"));
    struct http_exchange *exchange = fixture.held[0];
    http_start(exchange, 200, "X-A: b\r\n", -1);
    turn(&fixture, 2);
    expect(&fixture, client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n");
    assert_int_equal(http_write(exchange, "hello", 5), 0);
    http_write(exchange, "", 0);
    http_write(exchange, "0123456789abcdef", 16);
    expect(&fixture, client, "5\r\nhello\r\n10\r\n0123456789abcdef\r\n");
    http_end(exchange);
    expect(&fixture, client, "0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Path: yes\r\n\r\n/next");
    close(client);
    fixture_close(&fixture);
}

static void joins_parts(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    const struct iovec parts[HTTP_WRITE_PARTS] = {{"abc", 3}, {NULL, 0}, {"defg", 4}};
    int client = hold(&fixture, GET("/hold") GET("/hold"));
    http_start(fixture.held[0], 200, NULL, -1);
    assert_int_equal(http_write_parts(fixture.held[0], parts, 3), 0);
    http_write_parts(fixture.held[0], parts, 0);
    http_end_parts(fixture.held[0], parts + 1, 2);
    expect(&fixture, client,
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nabcdefg\r\n4\r\ndefg\r\n0\r\n\r\n");
    turn_until(&fixture, fixture.held_count == 2);
    http_start(fixture.held[1], 200, NULL, 9);
    http_write_parts(fixture.held[1], parts, 3);
    http_end_parts(fixture.held[1], parts + 1, 2); /* what is too much is cut */
    expect(&fixture, client, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdefgde");
    close(client);
    fixture_close(&fixture);
}

static void streams_known_lengths(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = hold(&fixture, GET("/hold") GET("/next"));
    http_start(fixture.held[0], 200, NULL, 6);
    http_write(fixture.held[0], "abc", 3);
    http_write(fixture.held[0], "defghi", 6); /* what is too much is cut */
    http_end(fixture.held[0]);
    expect(&fixture, client,
           "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdefHTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
           "X-Path: yes\r\n\r\n/next");
    close(client);

    /* One that ends early ends the connection. */
    fixture.held_count = 0;
    client = hold(&fixture, GET("/hold"));
    http_start(fixture.held[0], 200, NULL, 6);
    http_write(fixture.held[0], "abc", 3);
    http_end(fixture.held[0]);
    turn_until(&fixture, http_listener_connections(fixture.listener) == 0);
    assert_int_equal(fixture.gone, 0);
    close(client);
    fixture_close(&fixture);
}

static void streams_without_body_or_chunks(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = hold(&fixture, "HEAD /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    http_start(fixture.held[0], 200, NULL, 100);
    http_write(fixture.held[0], "abc", 3);
    http_end(fixture.held[0]);
    expect(&fixture, client, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    close(client);

    fixture.held_count = 0;
    client = hold(&fixture, "GET /hold HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    http_start(fixture.held[0], 200, NULL, -1);
    http_write(fixture.held[0], "abc", 3);
    http_end(fixture.held[0]);
    OWN_MEM char *answer = read_to_end(&fixture, client);
    assert_string_equal(answer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
    close(client);
    fixture_close(&fixture);
}

static void aborts_with_a_reset(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = hold(&fixture, GET("/hold"));
    http_start(fixture.held[0], 200, NULL, -1);
    http_write(fixture.held[0], "abc", 3);
    http_abort(fixture.held[0]);
    assert_int_equal(http_listener_connections(fixture.listener), 0);
    OWN(buf) struct buf answer;
    buf_init(&answer, 1000);
    bool is_reset = false;
    while (receive_some(client, &answer, 1000, &is_reset))
        turn(&fixture, 1);
    assert_true(is_reset);
    assert_int_equal(fixture.gone, 0);
    close(client);
    fixture_close(&fixture);
}

/* A client that does not read: the writer sees bytes pile up, and is told when they are gone. */
static void tells_when_a_slow_client_has_read(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = hold(&fixture, "GET /hold HTTP/1.0\r\n\r\n");
    struct http_exchange *exchange = fixture.held[0];
    OWN_MEM char *piece = mem_alloc(65536);
    memset(piece, 'p', 65536);
    http_start(exchange, 200, NULL, -1);
    size_t written = 0;
    size_t waiting = 0;
    for (; waiting <= HTTP_HIGH_WATER && written < 64u * 1024 * 1024; written += 65536)
        waiting = http_write(exchange, piece, 65536);
    assert_true(waiting > HTTP_HIGH_WATER);
    http_on_drained(exchange, count_drained, &fixture);
    turn(&fixture, 5);
    assert_int_equal(fixture.drained, 0);

    OWN(buf) struct buf answer;
    buf_init(&answer, 64 * 1024 * 1024);
    bool is_reset;
    size_t head_len = strlen("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    turn_until(&fixture,
               receive_some(client, &answer, SIZE_MAX, &is_reset) && answer.len == head_len + written);
    turn_until(&fixture, fixture.drained == 1);
    http_on_drained(exchange, count_drained,
                    &fixture); /* nothing waits: told at once, but not inside the call */
    assert_int_equal(fixture.drained, 1);
    turn_until(&fixture, fixture.drained == 2);
    http_end(exchange);
    OWN_MEM char *rest = read_to_end(&fixture, client);
    assert_string_equal(rest, "");
    close(client);
    fixture_close(&fixture);
}

static void sends_large_responses_whole(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    size_t len = 20 * 1024 * 1024;
    char *body = mem_alloc(len);
    for (size_t i = 0; i < len; i++)
        body[i] = (char)('a' + i % 23);
    int client = hold(&fixture, GET("/hold") GET("/next"));
    http_respond(fixture.held[0], 200, NULL, body, len);
    OWN_MEM char *expected = mem_format(
        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%.*sHTTP/1.1 200 OK\r\n"
        "Content-Length: 5\r\nX-Path: yes\r\n\r\n/next",
        len, (int)len, body);
    memset(body, '-', len); /* it may be reused at once */
    free(body);
    turn(&fixture, 5);
    assert_int_equal(fixture.handled, 1); /* the next request waits for the client to read */
    expect(&fixture, client, expected);
    close(client);
    fixture_close(&fixture);
}

static void notices_clients_that_leave(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = hold(&fixture, GET("/hold"));
    close(client);
    turn_until(&fixture, fixture.gone == 1);

    client = hold(&fixture, GET("/hold"));
    struct linger at_once = {.l_onoff = 1};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client);
    turn_until(&fixture, fixture.gone == 2);

    client = hold(&fixture, GET("/hold"));
    http_start(fixture.held[0], 200, NULL, -1);
    close(client);
    turn_until(&fixture, fixture.gone == 3);

    /* Not once the answer was given, nor before the whole request was there. */
    client = hold(&fixture, GET("/hold"));
    http_respond(fixture.held[0], 200, NULL, "x", 1);
    fixture.held_count = 0;
    close(client);
    turn_until(&fixture, http_listener_connections(fixture.listener) == 0);
    client = client_open(&fixture);
    say(&fixture, client, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n1234");
    turn(&fixture, 3);
    close(client);
    turn_until(&fixture, http_listener_connections(fixture.listener) == 0);
    assert_int_equal(fixture.gone, 3);
    fixture_close(&fixture);
}

/* Input behind a request that is being worked on is bounded, and none of it is lost. */
static void reads_no_more_than_it_has_room_for(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = hold(&fixture, GET("/hold"));
    static const char request[] = GET("/next");
    size_t sent = 0;
    ssize_t part = 0;
    for (int i = 0; i < 2000000 && part >= 0; i++) {
        part = send(client, request + sent % (sizeof request - 1),
                    sizeof request - 1 - sent % (sizeof request - 1), MSG_NOSIGNAL);
        sent += part > 0 ? (size_t)part : 0;
        if (i % 1000 == 0)
            turn(&fixture, 1);
    }
    assert_int_equal(errno, EAGAIN); /* the kernel's buffers are full: nobody reads */
    http_respond(fixture.held[0], 200, NULL, NULL, 0);
    OWN(buf) struct buf answers;
    buf_init(&answers, SIZE_MAX);
    bool is_reset;
    int expected = 1 + (int)(sent / (sizeof request - 1));
    turn_until(&fixture, receive_some(client, &answers, SIZE_MAX, &is_reset) && fixture.handled == expected);
    close(client);
    fixture_close(&fixture);
}

static void gives_slow_clients_up(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t after_ms;
        const char *answer;
    } rows[] = {
        {"", 40, ""},
        {GET("/a"), 40, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Path: yes\r\n\r\n/a"},
        {"GET / HTTP/1.1\r\nHo", 400,
         "HTTP/1.1 408 Request Timeout\r\nContent-Length: 37\r\nConnection: close\r\n"
         "Content-Type: text/plain\r\n\r\n"
         "408 the header section took too long\n"},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc", 4000,
         "HTTP/1.1 408 Request Timeout\r\nContent-Length: 43\r\nConnection: close\r\n"
         "Content-Type: text/plain\r\n\r\n"
         "408 the body made no progress for too long\n"},
    };
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.options.idle_timeout_ms = 40;
    fixture.options.header_timeout_ms = 400;
    fixture.options.body_timeout_ms = 4000;
    fixture_open(&fixture);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int client = client_open(&fixture);
        turn_until(&fixture, http_listener_connections(fixture.listener) == 1);
        say(&fixture, client, rows[i].text);
        turn(&fixture, 5);
        fixture.mono_us += rows[i].after_ms * 1000 - 1;
        for (int sweeps = 0; sweeps < 2; sweeps++)
            loop_turn(fixture.loop, true);
        assert_int_equal(http_listener_connections(fixture.listener), 1);
        fixture.mono_us += 1;
        OWN_MEM char *answer = read_to_end(&fixture, client);
        assert_non_null(strstr(answer, rows[i].answer));
        close(client);
        turn_until(&fixture, http_listener_connections(fixture.listener) == 0);
    }
    fixture_close(&fixture);
}

/* A handler may take its time; a client that does not read its response may not. */
static void times_reading_of_responses(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.options.body_timeout_ms = 40;
    fixture_open(&fixture);
    OWN_MEM char *body = mem_alloc(20 * 1024 * 1024);
    int flushing = hold(&fixture, GET("/hold"));
    int streaming = hold(&fixture, GET("/hold"));
    int waiting = hold(&fixture, GET("/hold"));
    fixture.mono_us += 3600000000;
    for (int sweeps = 0; sweeps < 2; sweeps++)
        loop_turn(fixture.loop, true);
    assert_int_equal(http_listener_connections(fixture.listener), 3);
    http_start(fixture.held[1], 200, NULL, -1);
    http_write(fixture.held[1], body, 20 * 1024 * 1024);
    http_respond(fixture.held[0], 200, NULL, body, 20 * 1024 * 1024);
    turn(&fixture, 3);
    assert_int_equal(http_listener_connections(fixture.listener), 3);
    fixture.mono_us += 40000;
    turn_until(&fixture, http_listener_connections(fixture.listener) == 1);
    assert_int_equal(fixture.gone, 1); /* the streaming one; the other was answered */
    close(flushing);
    close(streaming);
    close(waiting);
    fixture_close(&fixture);
}

static void lingers_no_longer_than_it_must(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    OWN_MEM char *answer = read_to_end(&fixture, client);
    assert_memory_equal(answer, "HTTP/1.1 200 OK", 15);
    assert_int_equal(http_listener_connections(fixture.listener), 1);
    fixture.mono_us += 2000000;
    turn_until(&fixture, http_listener_connections(fixture.listener) == 0);
    close(client);
    fixture_close(&fixture);
}

static void drains(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int idle = client_open(&fixture);
    int busy = hold(&fixture, GET("/hold"));
    http_listener_drain(fixture.listener, count_closed, &fixture);
    assert_int_equal(http_listener_connections(fixture.listener), 1);
    OWN_MEM char *nothing = read_to_end(&fixture, idle);
    assert_string_equal(nothing, "");
    int late = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fixture.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(late, (const struct sockaddr *)&address, sizeof address), -1);
    http_respond(fixture.held[0], 200, NULL, "x", 1);
    OWN_MEM char *answer = read_to_end(&fixture, busy);
    assert_string_equal(answer, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
    assert_int_equal(fixture.closed, 0);
    close(busy);
    turn_until(&fixture, fixture.closed == 1);
    close(idle);
    close(late);
    fixture_close(&fixture);

    fixture_init(&fixture);
    fixture_open(&fixture);
    http_listener_drain(fixture.listener, count_closed, &fixture);
    assert_int_equal(fixture.closed, 1);
    fixture_close(&fixture);
}

static void free_listener(void *arg, struct http_exchange *exchange) {
    struct fixture *fixture = arg;
    (void)exchange;
    http_listener_free(fixture->listener);
    fixture->listener = NULL;
}

static size_t free_listener_at_begin(void *arg, struct http_exchange *exchange) {
    free_listener(arg, exchange);
    return 100;
}

static void free_listener_when_gone(void *arg, struct http_exchange *exchange) {
    fixture_gone(arg, exchange);
    free_listener(arg, exchange);
}

/* The whole listener may go away inside any callback, with other connections in every state. */
static void ends_inside_callbacks(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct fixture fixture;
        fixture_init(&fixture);
        fixture_open(&fixture);
        int held = hold(&fixture, GET("/hold"));
        int streaming = hold(&fixture, GET("/hold"));
        http_start(fixture.held[1], 200, NULL, -1);
        int idle = client_open(&fixture);
        turn_until(&fixture, http_listener_connections(fixture.listener) == 3);
        if (i == 0)
            fixture.handler.begin = free_listener_at_begin;
        else if (i == 1)
            fixture.handler.handle = free_listener;
        else
            fixture.handler.gone = free_listener_when_gone;
        if (i < 2) {
            send(idle, GET("/a") GET("/b"), 2 * strlen(GET("/a")), 0);
        } else {
            close(held);
            held = -1;
        }
        turn_until(&fixture, fixture.listener == NULL);
        turn(&fixture, 2);
        assert_int_equal(fixture.gone, i == 1 ? 3 : 2);
        close(held);
        close(streaming);
        close(idle);
        loop_free(fixture.loop);
    }
}

static void bounds_the_number_of_clients(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.options.max_connections = 2;
    fixture_open(&fixture);
    int first = hold(&fixture, GET("/hold"));
    int second = hold(&fixture, GET("/hold"));
    int third = client_open(&fixture);
    OWN_MEM char *answer = read_to_end(&fixture, third);
    assert_string_equal(answer, "");
    close(third);
    close(first);
    turn_until(&fixture, fixture.gone == 1);
    third = hold(&fixture, GET("/hold"));
    close(second);
    close(third);
    fixture_close(&fixture);
}

/* Lets a client in and refuses another one, so often. */
static void overcrowd(struct fixture *fixture, int times) {
    for (int i = 0; i < times; i++) {
        int gone_before = fixture->gone;
        int one = hold(fixture, GET("/hold"));
        int refused = client_open(fixture);
        OWN_MEM char *answer = read_to_end(fixture, refused);
        assert_string_equal(answer, "");
        close(refused);
        close(one);
        turn_until(fixture, fixture->gone == gone_before + 1);
    }
}

/* Clients who come and go at the bound can't fill the log. */
static void tells_of_refused_clients_once_a_minute(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.options.max_connections = 1;
    fixture_open(&fixture);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    overcrowd(&fixture, 3);
    fixture.mono_us += 60000000;
    overcrowd(&fixture, 2);
    dup2(saved, STDERR_FILENO);
    char text[4096];
    ssize_t len = read(ends[0], text, sizeof text);
    int lines = 0;
    for (ssize_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 2);
    close(saved);
    close(ends[0]);
    close(ends[1]);
    fixture_close(&fixture);
}

/* Out of descriptors: clients wait in the backlog, and are served once there are some again. */
static void survives_a_lack_of_descriptors(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)client;
    setrlimit(RLIMIT_NOFILE, &none);
    turn(&fixture, 20);
    assert_int_equal(http_listener_connections(fixture.listener), 0);
    setrlimit(RLIMIT_NOFILE, &before);
    say(&fixture, client, GET("/a"));
    expect(&fixture, client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Path: yes\r\n\r\n/a");
    close(client);
    fixture_close(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_chunks),
        cmocka_unit_test(joins_parts),
        cmocka_unit_test(streams_known_lengths),
        cmocka_unit_test(streams_without_body_or_chunks),
        cmocka_unit_test(aborts_with_a_reset),
        cmocka_unit_test(tells_when_a_slow_client_has_read),
        cmocka_unit_test(sends_large_responses_whole),
        cmocka_unit_test(notices_clients_that_leave),
        cmocka_unit_test(reads_no_more_than_it_has_room_for),
        cmocka_unit_test(gives_slow_clients_up),
        cmocka_unit_test(times_reading_of_responses),
        cmocka_unit_test(lingers_no_longer_than_it_must),
        cmocka_unit_test(drains),
        cmocka_unit_test(ends_inside_callbacks),
        cmocka_unit_test(bounds_the_number_of_clients),
        cmocka_unit_test(tells_of_refused_clients_once_a_minute),
        cmocka_unit_test(survives_a_lack_of_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Bodies in pieces that don't come to their end: answered early, refused, too large, or cut off by their own
 * handler. */
#include "http_pieces_fixture.h"

#define EARLY_ANSWER "HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly"

/* The answer ends the connection, but in such a way that the client gets to read it. */
static void answers_early(void **state) {
    (void)state;
    struct taker taker;
    taker_init(&taker);
    taker_open(&taker);
    struct fixture *fixture = &taker.fixture;
    OWN_MEM char *body = make_body(4 * 1024 * 1024);
    size_t len;
    OWN_MEM char *chunks = make_chunks(body, 4 * 1024 * 1024, 100000, "", &len);
    static const char *const heads[] = {SIZED("/pause", "99999999"), CHUNKED("/pause"),
                                        SIZED("/early", "99999999"), CHUNKED("/early"),
                                        SIZED("/early", "20")};
    for (size_t i = 0; i < COUNT(heads); i++) {
        buf_clear(&taker.got);
        taker.pieces = 0;
        taker.pauses = i < 2;
        int client = client_open(fixture);
        OWN_MEM char *request = mem_format("%s5\r\nhello\r\n5\r\nhello\r\n", heads[i]);
        say(fixture, client, request);
        turn_until(fixture, taker.pieces == 1);
        if (i < 2)
            http_respond(taker.taking, 409, NULL, "early", 5);
        assert_true(send_all(fixture, client, chunks, len));
        shutdown(client, SHUT_WR);
        OWN_MEM char *answer = read_to_end(fixture, client);
        assert_string_equal(answer, EARLY_ANSWER);
        assert_int_equal(taker.pieces, 1);
        close(client);
    }
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);
    assert_int_equal(fixture->gone, 0);
    assert_int_equal(fixture->handled, 0);
    taker_close(&taker);
}

static void answers_early_in_pieces(void **state) {
    (void)state;
    struct taker taker;
    taker_init(&taker);
    taker_open(&taker);
    struct fixture *fixture = &taker.fixture;
    static const char *const requests[] = {SIZED("/start", "9") "hello",
                                           CHUNKED("/start") "1\r\nh\r\n1\r\ne\r\n"};
    for (size_t i = 0; i < COUNT(requests); i++) {
        int client = client_open(fixture);
        say(fixture, client, requests[i]);
        expect(fixture, client,
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nearly\r\n");
        say(fixture, client, "more");
        turn(fixture, 3);
        http_write(fixture->held[0], "late", 4);
        http_end(fixture->held[0]);
        fixture->held_count = 0;
        shutdown(client, SHUT_WR);
        OWN_MEM char *rest = read_to_end(fixture, client);
        assert_string_equal(rest, "4\r\nlate\r\n0\r\n\r\n");
        assert_int_equal(taker.pieces, i + 1);
        close(client);
    }
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);
    assert_int_equal(fixture->gone, 0);
    taker_close(&taker);
}

/* The handler may end the connection, or all of them, while it looks at a piece. */
static void survives_its_handler(void **state) {
    (void)state;
    static const char *const requests[] = {
        SIZED("/abort", "9") "hello",
        CHUNKED("/abort") "1\r\nh\r\n1\r\ne\r\n0\r\nA: b\r\n\r\n",
        SIZED("/free", "9") "hello",
        SIZED("/free", "5") "hello",
        CHUNKED("/free") "1\r\nh\r\n1\r\ne\r\n0\r\nA: b\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct taker taker;
        int client = taker_start(&taker);
        int other = client_open(&taker.fixture);
        say(&taker.fixture, other, SIZED("/take", "9"));
        turn(&taker.fixture, 3);
        send_all(&taker.fixture, client, requests[i], strlen(requests[i]));
        turn_until(&taker.fixture, taker.pieces == 1);
        turn(&taker.fixture, 5);
        assert_int_equal(taker.pieces, 1);
        assert_int_equal(taker.fixture.handled, 0);
        assert_int_equal(taker.fixture.gone, i < 2 ? 0 : 2);
        char byte;
        ssize_t len = recv(client, &byte, 1, 0);
        assert_true(len == 0 || (len < 0 && errno != EAGAIN));
        close(other);
        taker_end(&taker, client);
    }
}

static void refuses_before_the_body(void **state) {
    (void)state;
    struct taker taker;
    int client = taker_start(&taker);
    say(&taker.fixture, client,
        SIZED("/refuse", "5") "hello" NEXT CHUNKED("/refuse") "5\r\nhello\r\n0\r\n\r\n");
    shutdown(client, SHUT_WR);
    OWN_MEM char *answers = read_to_end(&taker.fixture, client);
    assert_string_equal(answers,
                        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno" NEXT_ANSWER
                        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    assert_int_equal(taker.pieces, 0);
    taker_end(&taker, client);
}

static void answer_too_large(void *arg, struct http_exchange *exchange) {
    struct taker *taker = arg;
    taker->fixture.too_large++;
    http_respond(exchange, 413, NULL, "much", 4);
}

/* Announced or not; the handler hears of the end, or answers. */
static void bounds_bodies(void **state) {
    (void)state;
    static const struct {
        const char *request;
        size_t got_bytes;
        int gone;
    } rows[] = {
        {SIZED("/take", "11"), 0, 1},
        {CHUNKED("/take") "5\r\nhello\r\n5\r\nhello\r\n1\r\nx", 10, 1},
        {CHUNKED("/take") "b\r\nhello hello", 0, 1},
    };
    for (size_t i = 0; i < COUNT(rows) * 2; i++) {
        struct taker taker;
        taker_init(&taker);
        taker.fixture.body_limit = 10;
        bool answers = i >= COUNT(rows);
        taker.fixture.handler.too_large = answers ? answer_too_large : NULL;
        taker_open(&taker);
        int client = client_open(&taker.fixture);
        say(&taker.fixture, client, rows[i % COUNT(rows)].request);
        shutdown(client, SHUT_WR);
        OWN_MEM char *answer = read_to_end(&taker.fixture, client);
        assert_memory_equal(answer, "HTTP/1.1 413 ", 13);
        assert_non_null(strstr(answer, answers ? "much" : "larger than"));
        assert_int_equal(taker.got.len, rows[i % COUNT(rows)].got_bytes);
        assert_int_equal(taker.fixture.too_large, answers);
        assert_int_equal(taker.fixture.gone, answers ? 0 : rows[i % COUNT(rows)].gone);
        taker_end(&taker, client);
    }
}

static void refuses_broken_bodies(void **state) {
    (void)state;
    struct taker taker;
    taker_init(&taker);
    taker_open(&taker);
    struct fixture *fixture = &taker.fixture;
    static const char *const bodies[] = {"5\r\nhelloxx", "x\r\n", "5\nhello", "1\r\na\r\n0\r\n\n"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        int client = client_open(fixture);
        say(fixture, client, CHUNKED("/take"));
        say(fixture, client, bodies[i]);
        shutdown(client, SHUT_WR);
        OWN_MEM char *answer = read_to_end(fixture, client);
        assert_memory_equal(answer, "HTTP/1.1 400 ", 13);
        assert_int_equal(fixture->gone, i + 1);
        close(client);
    }

    /* Framing without content is bounded, however long the body may be. */
    int client = client_open(fixture);
    say(fixture, client, CHUNKED("/take") "1;");
    OWN_MEM char *extension = mem_alloc(1024 * 1024 + 1);
    memset(extension, 'a', 1024 * 1024);
    send_all(fixture, client, extension, 1024 * 1024);
    shutdown(client, SHUT_WR);
    OWN_MEM char *answer = read_to_end(fixture, client);
    assert_memory_equal(answer, "HTTP/1.1 400 ", 13);
    assert_non_null(strstr(answer, "framing"));
    taker_end(&taker, client);
}

static void gone_frees(void *arg, struct http_exchange *exchange) {
    struct taker *taker = arg;
    (void)exchange;
    taker->fixture.gone++;
    http_listener_free(taker->fixture.listener);
    taker->fixture.listener = NULL;
}

static void survives_gone(void **state) {
    (void)state;
    struct taker taker;
    taker_init(&taker);
    taker.fixture.handler.gone = gone_frees;
    taker_open(&taker);
    int client = client_open(&taker.fixture);
    send_all(&taker.fixture, client, CHUNKED("/take") "x\r\n", strlen(CHUNKED("/take") "x\r\n"));
    turn_until(&taker.fixture, taker.fixture.gone == 1);
    turn(&taker.fixture, 3);
    assert_int_equal(taker.fixture.gone, 1);
    taker_end(&taker, client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_early),        cmocka_unit_test(answers_early_in_pieces),
        cmocka_unit_test(survives_its_handler), cmocka_unit_test(refuses_before_the_body),
        cmocka_unit_test(bounds_bodies),        cmocka_unit_test(refuses_broken_bodies),
        cmocka_unit_test(survives_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Bodies in pieces: that they are whole, whatever the borders; pausing; clients that leave or dawdle; and
 * what follows on the connection. */
#include "http_pieces_fixture.h"

/* Sends in cuts of random lengths. */
static void say_cut(struct fixture *fixture, int client, const char *data, size_t len, size_t most) {
    uint32_t seed = (uint32_t)(len + most);
    for (size_t at = 0; at < len;) {
        seed = seed * 1664525u + 1013904223u;
        size_t part = 1 + (seed >> 8) % most;
        part = part < len - at ? part : len - at;
        assert_true(send_all(fixture, client, data + at, part));
        at += part;
    }
}

static void check_whole(size_t len, size_t cut_bytes, size_t chunk_bytes) {
    struct taker taker;
    int client = taker_start(&taker);
    struct fixture *fixture = &taker.fixture;
    OWN_MEM char *body = make_body(len);
    OWN_MEM char *head = mem_format(SIZED("/take", "%zu"), len);
    for (int round = 1; round <= 3; round++) {
        buf_clear(&taker.got);
        if (chunk_bytes > 0) {
            size_t chunks_len;
            OWN_MEM char *chunks = make_chunks(body, len, chunk_bytes, "", &chunks_len);
            say(fixture, client, CHUNKED("/take"));
            say_cut(fixture, client, chunks, chunks_len, cut_bytes);
        } else {
            say(fixture, client, head);
            say_cut(fixture, client, body, len, cut_bytes);
        }
        say(fixture, client, NEXT);
        expect(fixture, client, NOTHING_ANSWER NEXT_ANSWER);
        assert_int_equal(fixture->handled, 2 * round);
        assert_int_equal(taker.got.len, len);
        assert_memory_equal(buf_text(&taker.got), body, len);
    }
    assert_true(taker.longest_bytes <= CONNECTION_INPUT_BYTES);
    assert_int_equal(fixture->gone, 0);
    taker_end(&taker, client);
}

/* Around the sizes of what is read at a time and of the input, and far beyond. */
static void gives_bodies_whole(void **state) {
    (void)state;
    static const size_t lengths[] = {0,     1,     100,   65535,  65536,  65537,  81719,
                                     81800, 81918, 81920, 100000, 163840, 1000000};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        size_t cuts[] = {lengths[i] + 1, 50000, 1 + lengths[i] / 100};
        for (size_t j = 0; j < COUNT(cuts); j++) {
            check_whole(lengths[i], cuts[j], 0);
            check_whole(lengths[i], cuts[j], 1 + lengths[i] / 1000);
            check_whole(lengths[i], cuts[j], 1000000);
        }
    }
    check_whole(500, 1, 0);
    check_whole(500, 1, 7);
}

/* Each chunk is a piece of its own; the next request follows at once. */
static void gives_a_chunk_as_a_piece(void **state) {
    (void)state;
    struct taker taker;
    int client = taker_start(&taker);
    say(&taker.fixture, client,
        CHUNKED("/take") "5\r\nhello\r\n1\r\n \r\n5;a=b\r\nworld\r\n0\r\n\r\n" NEXT SIZED("/take", "0")
            SIZED("/take", "3") "abc" NEXT);
    expect(&taker.fixture, client, NOTHING_ANSWER NEXT_ANSWER NOTHING_ANSWER NOTHING_ANSWER NEXT_ANSWER);
    assert_int_equal(taker.pieces, 4);
    assert_string_equal(buf_text(&taker.got), "hello worldabc");

    /* What comes without being asked for in pieces does not. */
    say(&taker.fixture, client, SIZED("/gather", "3") "abc");
    turn_until(&taker.fixture, taker.fixture.last_body_len == 3);
    assert_int_equal(taker.pieces, 4);
    taker_end(&taker, client);
}

/* A client who sends no more than it must still takes turns: chunks may be a byte long. */
static void takes_turns(void **state) {
    (void)state;
    struct taker taker;
    int client = taker_start(&taker);
    OWN_MEM char *body = make_body(5000);
    size_t len;
    OWN_MEM char *chunks = make_chunks(body, 5000, 1, "", &len);
    say(&taker.fixture, client, CHUNKED("/take"));
    assert_int_equal(send(client, chunks, len, MSG_NOSIGNAL), len);
    size_t before = 0, most = 0;
    turn_until(&taker.fixture, (most = taker.pieces - before > most ? taker.pieces - before : most,
                                before = taker.pieces, taker.fixture.handled == 1));
    assert_in_range(most, 1, 1024);
    assert_int_equal(taker.pieces, 5000);
    assert_memory_equal(buf_text(&taker.got), body, 5000);

    /* Large ones share as well: one client's bytes are not all there is in a turn. */
    size_t large_len = 2 * 1024 * 1024;
    OWN_MEM char *large = make_body(large_len);
    say(&taker.fixture, client, SIZED("/take", "2097152"));
    taker.got.len = 0;
    for (size_t sent = 0; sent < large_len;) {
        ssize_t part = send(client, large + sent, large_len - sent, MSG_NOSIGNAL);
        sent += part > 0 ? (size_t)part : 0;
        before = taker.got.len;
        turn(&taker.fixture, 1);
        assert_true(taker.got.len - before <= HTTP_PIECES_BYTES);
    }
    turn_until(&taker.fixture, taker.fixture.handled == 2);
    assert_memory_equal(buf_text(&taker.got), large, large_len);
    taker_end(&taker, client);
}

static void check_pausing(bool is_chunked) {
    struct taker taker;
    taker_init(&taker);
    taker.pauses = true;
    taker_open(&taker);
    struct fixture *fixture = &taker.fixture;
    size_t body_len = 32 * 1024 * 1024, wire_len = body_len;
    OWN_MEM char *body = make_body(body_len);
    OWN_MEM char *wire = is_chunked ? make_chunks(body, body_len, 300000, "", &wire_len) : NULL;
    int client = client_open(fixture);
    say(fixture, client, is_chunked ? CHUNKED("/take") : SIZED("/take", "33554432"));
    size_t sent = taker_push(&taker, client, wire ? wire : body, wire_len);
    assert_true(sent < wire_len);
    assert_int_equal(taker.pieces, 1);
    assert_in_range(taker.got.len, 1, CONNECTION_INPUT_BYTES);

    /* One more for each time it is resumed, and never inside the call. */
    for (size_t i = 1; i < 10; i++) {
        http_pause(taker.taking, false);
        assert_int_equal(taker.pieces, i);
        turn_until(fixture, taker.pieces == i + 1);
        turn(fixture, 10);
        assert_int_equal(taker.pieces, i + 1);
    }

    /* Resumed and paused again: nothing. */
    http_pause(taker.taking, false);
    http_pause(taker.taking, true);
    turn(fixture, 10);
    assert_int_equal(taker.pieces, 10);

    taker.pauses = false;
    http_pause(taker.taking, false);
    assert_true(send_all(fixture, client, (wire ? wire : body) + sent, wire_len - sent));
    say(fixture, client, NEXT);
    expect(fixture, client, NOTHING_ANSWER NEXT_ANSWER);
    assert_int_equal(taker.got.len, body_len);
    assert_memory_equal(buf_text(&taker.got), body, body_len);
    taker_end(&taker, client);
}

static void pauses(void **state) {
    (void)state;
    check_pausing(false);
    check_pausing(true);
}

/* The end of a body waits too. */
static void pauses_at_the_end(void **state) {
    (void)state;
    static const char *const requests[] = {SIZED("/take", "5") "hello",
                                           CHUNKED("/take") "5\r\nhello\r\n0\r\n\r\n"};
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct taker taker;
        taker_init(&taker);
        taker.pauses = true;
        taker_open(&taker);
        int client = client_open(&taker.fixture);
        say(&taker.fixture, client, requests[i]);
        say(&taker.fixture, client, NEXT);
        turn_until(&taker.fixture, taker.got.len == 5);
        turn(&taker.fixture, 10);
        assert_int_equal(taker.fixture.handled, 0);
        http_pause(taker.taking, false);
        http_pause(taker.taking, true);
        turn(&taker.fixture, 10);
        assert_int_equal(taker.fixture.handled, 0);
        http_pause(taker.taking, false);
        assert_int_equal(taker.fixture.handled, 0);
        expect(&taker.fixture, client, NOTHING_ANSWER NEXT_ANSWER);

        /* The pause ended with its exchange. */
        taker.pauses = false;
        say(&taker.fixture, client, requests[i]);
        expect(&taker.fixture, client, NOTHING_ANSWER);
        taker_end(&taker, client);
    }
}

static void notices_clients_that_leave(void **state) {
    (void)state;
    struct taker taker;
    taker_init(&taker);
    taker_open(&taker);
    struct fixture *fixture = &taker.fixture;
    static const char *const requests[] = {SIZED("/take", "9"), SIZED("/take", "9") "hello", CHUNKED("/take"),
                                           CHUNKED("/take") "9\r\nhello", SIZED("/hold", "5") "hello"};
    for (size_t i = 0; i < COUNT(requests); i++) {
        int client = client_open(fixture);
        say(fixture, client, requests[i]);
        turn(fixture, 3);
        assert_int_equal(fixture->gone, i);
        close(client);
        turn_until(fixture, fixture->gone == (int)i + 1);
    }
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);

    /* While it is paused what was sent comes first. */
    taker.pauses = true;
    buf_clear(&taker.got);
    int client = client_open(fixture);
    say(fixture, client, CHUNKED("/take") "3\r\nabc\r\n3\r\ndef\r\n");
    turn_until(fixture, taker.got.len == 3);
    close(client);
    turn(fixture, 10);
    assert_int_equal(fixture->gone, COUNT(requests));
    http_pause(taker.taking, false);
    turn_until(fixture, taker.got.len == 6);
    assert_int_equal(fixture->gone, COUNT(requests));
    http_pause(taker.taking, false);
    turn_until(fixture, fixture->gone == COUNT(requests) + 1);
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);

    /* Nor is it read to learn that. */
    buf_clear(&taker.got);
    client = client_open(fixture);
    say(fixture, client, SIZED("/take", "9") "abc");
    turn_until(fixture, taker.got.len == 3);
    close(client);
    turn(fixture, 10);
    assert_int_equal(fixture->gone, COUNT(requests) + 1);
    http_pause(taker.taking, false);
    turn_until(fixture, fixture->gone == COUNT(requests) + 2);

    /* The listener's end is one for those who are paused too. */
    client = client_open(fixture);
    say(fixture, client, SIZED("/take", "9") "abc");
    turn_until(fixture, taker.got.len == 6);
    http_listener_free(fixture->listener);
    fixture->listener = NULL;
    assert_int_equal(fixture->gone, COUNT(requests) + 3);
    assert_int_equal(fixture->handled, 1);
    taker_end(&taker, client);
}

/* Long enough for a sweep that begins after that time has passed. */
static void pass(struct taker *taker, int64_t ms) {
    taker->fixture.mono_us += ms * 1000;
    for (int sweeps = 0; sweeps < 3; sweeps++)
        loop_turn(taker->fixture.loop, true);
}

/* Time passes for clients that don't send, not for those who are not read. */
static void limits_time_without_progress(void **state) {
    (void)state;
    struct taker taker;
    taker_init(&taker);
    taker.fixture.options.body_timeout_ms = 40;
    taker_open(&taker);
    struct fixture *fixture = &taker.fixture;
    int client = client_open(fixture);
    say(fixture, client, SIZED("/take", "9") "abc");
    turn_until(fixture, taker.got.len == 3);
    http_pause(taker.taking, true);
    pass(&taker, 1000);
    assert_int_equal(fixture->gone, 0);
    http_pause(taker.taking, false);
    pass(&taker, 30);
    assert_int_equal(fixture->gone, 0);
    say(fixture, client, "def");
    pass(&taker, 30);
    assert_int_equal(fixture->gone, 0);
    pass(&taker, 30);
    assert_int_equal(fixture->gone, 1);
    shutdown(client, SHUT_WR);
    OWN_MEM char *answer = read_to_end(fixture, client);
    assert_memory_equal(answer, "HTTP/1.1 408 ", 13);
    assert_string_equal(buf_text(&taker.got), "abcdef");
    taker_end(&taker, client);
}

/* It is not kept, so the budget has nothing to do with it. */
static void costs_no_budget(void **state) {
    (void)state;
    struct taker taker;
    taker_init(&taker);
    struct http_budget budget = {.limit_bytes = 100000};
    taker.fixture.options.budget_bytes = 100000;
    taker.fixture.options.budget = &budget;
    taker_open(&taker);
    OWN_MEM char *body = make_body(200000);
    int client = client_open(&taker.fixture);
    say(&taker.fixture, client, SIZED("/take", "200000"));
    assert_true(send_all(&taker.fixture, client, body, 100000));
    assert_int_equal(budget.used_bytes, 0);
    assert_true(send_all(&taker.fixture, client, body + 100000, 100000));
    say(&taker.fixture, client, CHUNKED("/take") "1\r\na\r\n0\r\n\r\n");
    expect(&taker.fixture, client, NOTHING_ANSWER NOTHING_ANSWER);
    taker_end(&taker, client);
}

static void continues_when_asked_to(void **state) {
    (void)state;
    struct taker taker;
    int client = taker_start(&taker);
    say(&taker.fixture, client, POST("/take", "Expect: 100-continue\r\nContent-Length: 5\r\n"));
    expect(&taker.fixture, client, "HTTP/1.1 100 Continue\r\n\r\n");
    say(&taker.fixture, client, "hello");
    expect(&taker.fixture, client, NOTHING_ANSWER);
    say(&taker.fixture, client, "POST /take HTTP/1.0\r\nContent-Length: 5\r\n\r\nworld");
    OWN_MEM char *answer = read_to_end(&taker.fixture, client);
    assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
    assert_string_equal(buf_text(&taker.got), "helloworld");
    taker_end(&taker, client);
}

/* A header section that ends where the input does, behind other requests: its body needs room all the same.
 */
static void makes_room_behind_requests(void **state) {
    (void)state;
    static const char *const paths[] = {"/take", "/gather"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        for (size_t short_by = 0; short_by < 3; short_by++) {
            struct taker taker;
            taker_init(&taker);
            taker.fixture.options.body_timeout_ms = 1;
            taker_open(&taker);
            OWN_MEM char *head = mem_format(
                "POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", paths[i]);
            OWN(buf) struct buf input;
            buf_init(&input, SIZE_MAX);
            size_t wanted = CONNECTION_INPUT_BYTES - short_by - strlen(head);
            int rounds = 0;
            for (; wanted - input.len > 2 * 5000; rounds++)
                buf_append_format(&input, "GET /next HTTP/1.1\r\nHost: h\r\nA: %05000d\r\n\r\n", 1);
            size_t used = strlen("GET /next HTTP/1.1\r\nHost: h\r\nA: \r\n\r\n");
            buf_append_format(&input, "GET /next HTTP/1.1\r\nHost: h\r\nA: %0*d\r\n\r\n",
                              (int)(wanted - input.len - used), 1);
            buf_append_text(&input, head);
            int client = client_open(&taker.fixture);
            turn(&taker.fixture, 3);
            /* All at once, so that it fills the input. */
            assert_int_equal(send(client, input.data, input.len, MSG_NOSIGNAL), input.len);
            for (int j = 0; j <= rounds; j++)
                expect(&taker.fixture, client, NEXT_ANSWER);
            OWN_MEM char *body = make_body(100000);
            size_t len;
            OWN_MEM char *chunks = make_chunks(body, 100000, 9999, "", &len);
            assert_true(send_all(&taker.fixture, client, chunks, len));
            turn_until(&taker.fixture, taker.fixture.handled == rounds + 2);
            if (i == 0)
                assert_memory_equal(buf_text(&taker.got), body, 100000);
            else
                assert_int_equal(taker.fixture.last_body_len, 100000);
            taker_end(&taker, client);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_bodies_whole),
        cmocka_unit_test(gives_a_chunk_as_a_piece),
        cmocka_unit_test(takes_turns),
        cmocka_unit_test(pauses),
        cmocka_unit_test(pauses_at_the_end),
        cmocka_unit_test(notices_clients_that_leave),
        cmocka_unit_test(limits_time_without_progress),
        cmocka_unit_test(costs_no_budget),
        cmocka_unit_test(continues_when_asked_to),
        cmocka_unit_test(makes_room_behind_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The server behind TLS: what is not the same as on a plain connection. */
#include "base/mem.h"
#include "http_client_fixture.h"
#include "tls_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK_TEXT(len, body) "HTTP/1.1 200 OK\r\nContent-Length: " len "\r\nX-Path: yes\r\n\r\n" body

struct secure {
    struct fixture fixture;
    struct tls_files files;
    struct tls_context *context;
    size_t pieces_bytes; /* of the bodies taken in pieces */
    uint32_t sum;
    struct http_exchange *paused;
};

static size_t begin(void *arg, struct http_exchange *exchange) {
    if (http_text_is(http_exchange_request(exchange)->path, "/pieces"))
        http_take_pieces(exchange);
    return fixture_begin(arg, exchange);
}

static uint32_t add_up(uint32_t sum, const char *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + (unsigned char)data[i];
    return sum;
}

/* Rests after every piece. */
static void piece(void *arg, struct http_exchange *exchange, const void *data, size_t len) {
    struct secure *secure = arg;
    secure->pieces_bytes += len;
    secure->sum = add_up(secure->sum, data, len);
    secure->paused = exchange;
    http_pause(exchange, true);
}

static int setup(void **state) {
    struct secure *secure = mem_alloc(sizeof *secure);
    fixture_init(&secure->fixture);
    secure->files = new_files("a.test", "DNS:a.test");
    secure->context = load_context(&secure->files, 1);
    secure->fixture.options.tls = secure->context;
    secure->fixture.handler.begin = begin;
    secure->fixture.handler.piece = piece;
    *state = secure;
    return 0;
}

static int teardown(void **state) {
    struct secure *secure = *state;
    fixture_close(&secure->fixture);
    tls_context_free(secure->context);
    remove_files(&secure->files);
    free(secure);
    return 0;
}

static bool wants_more(SSL *ssl, int status) {
    int why = SSL_get_error(ssl, status);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

static SSL *secure_open(struct fixture *fixture) {
    SSL *ssl = tls_client(client_open(fixture), NULL);
    int status = 0;
    for (time_t end = time(NULL) + PATIENCE_S; status != 1 && time(NULL) < end;) {
        status = SSL_do_handshake(ssl);
        assert_true(status == 1 || wants_more(ssl, status));
        loop_turn(fixture->loop, false);
    }
    assert_int_equal(status, 1);
    return ssl;
}

static void secure_close(SSL *ssl) {
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
}

/* Sends all of it, and takes what comes meanwhile. */
static void secure_send(struct fixture *fixture, SSL *ssl, const char *data, size_t len, struct buf *answer) {
    for (time_t end = time(NULL) + PATIENCE_S; len > 0 && time(NULL) < end;) {
        char part[16384];
        int sent = SSL_write(ssl, data, (int)len);
        assert_true(sent > 0 || wants_more(ssl, sent));
        data += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
        loop_turn(fixture->loop, false);
        int got = answer ? SSL_read(ssl, part, sizeof part) : 0;
        if (got > 0)
            buf_append(answer, part, (size_t)got);
    }
    assert_int_equal(len, 0);
}

static void secure_say(struct fixture *fixture, SSL *ssl, const char *text) {
    secure_send(fixture, ssl, text, strlen(text), NULL);
}

/* Reads until there is that much. What SSL_get_error() says at the end is returned: SSL_ERROR_NONE when the
 * connection is open. */
static int secure_read(struct fixture *fixture, SSL *ssl, struct buf *answer, size_t wanted) {
    for (time_t end = time(NULL) + PATIENCE_S; answer->len < wanted && time(NULL) < end;) {
        char part[16384];
        size_t room = wanted - answer->len < sizeof part ? wanted - answer->len : sizeof part;
        int got = SSL_read(ssl, part, (int)room);
        if (got > 0)
            buf_append(answer, part, (size_t)got);
        else if (!wants_more(ssl, got))
            return SSL_get_error(ssl, got);
        loop_turn(fixture->loop, false);
    }
    return SSL_ERROR_NONE;
}

static void secure_expect(struct fixture *fixture, SSL *ssl, const char *expected) {
    OWN(buf) struct buf answer;
    buf_init(&answer, 64 * 1024);
    secure_read(fixture, ssl, &answer, strlen(expected));
    assert_string_equal(buf_text(&answer), expected);
}

/* ---- tests ---- */

static void requests_come_and_answers_go(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    for (int i = 0; i < 3; i++) {
        secure_say(fixture, client, GET("/a") GET("/b"));
        secure_expect(fixture, client, OK_TEXT("2", "/a") OK_TEXT("2", "/b"));
    }
    secure_say(fixture, client,
               "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    secure_expect(fixture, client, "HTTP/1.1 100 Continue\r\n\r\n");
    secure_say(fixture, client, "hi");
    secure_expect(fixture, client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    secure_close(client);
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);
}

static void the_handler_sees_what_protects(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    secure_say(fixture, client, GET("/hold"));
    turn_until(fixture, fixture->held_count == 1);
    const char *version, *cipher;
    assert_true(http_exchange_tls(fixture->held[0], &version, &cipher));
    assert_string_equal(version, "TLSv1.3");
    assert_string_equal(cipher, SSL_get_cipher_name(client));
    http_respond(fixture->held[0], 204, NULL, NULL, 0);
    secure_close(client);
}

static void set_true(void *arg) {
    *(bool *)arg = true;
}

/* Nothing happens, so the loop has nothing to do. */
static void assert_quiet(struct fixture *fixture) {
    bool is_over = false;
    int turns = 0;
    struct loop_timer *timer = loop_timer_new(fixture->loop, set_true, &is_over);
    loop_timer_start(timer, 20);
    while (!is_over) {
        loop_turn(fixture->loop, true);
        turns++;
    }
    loop_timer_free(timer);
    assert_true(turns < 20);
}

/* TLS reads ahead: requests that did not fit are in no socket any more when the first is answered. How many
 * bytes fit is not known here, so several sizes are tried: one leaves some where only TLS knows of them. */
static void nothing_stays_in_what_was_read_ahead(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    size_t first = strlen("HTTP/1.1 204 No Content\r\n\r\n"), one = strlen(OK_TEXT("2", "/x"));
    for (int count = 500; count < 6000; count += 200) {
        SSL *client = secure_open(fixture);
        OWN(buf) struct buf requests, answer;
        buf_init(&requests, SIZE_MAX);
        buf_init(&answer, SIZE_MAX);
        fixture->handled = 0;
        fixture->held_count = 0;
        buf_append_text(&requests, "GET /hold HTTP/1.1\r\nHost: h\r\nX-Padding: ");
        while (requests.len < 8000)
            buf_append_byte(&requests, 'x');
        buf_append_text(&requests, "\r\n\r\n");
        secure_send(fixture, client, requests.data, requests.len, NULL); /* a record of its own */
        buf_clear(&requests);
        for (int i = 0; i < count; i++)
            buf_append_text(&requests, GET("/x"));
        secure_send(fixture, client, requests.data, requests.len, NULL);
        turn_until(fixture, fixture->held_count == 1);
        turn(fixture, 10);
        assert_quiet(fixture);
        assert_int_equal(fixture->handled, 1);
        http_respond(fixture->held[0], 204, NULL, NULL, 0);
        secure_read(fixture, client, &answer, first + (size_t)count * one);
        assert_int_equal(fixture->handled, 1 + count);
        assert_int_equal(answer.len, first + (size_t)count * one);
        secure_close(client);
    }
}

/* Key updates are records without content: the one who sends them waits, and nobody else. */
static void records_without_content_hold_nobody_up(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *flood = secure_open(fixture);
    SSL *other = secure_open(fixture);
    turn(fixture, 10);
    for (int i = 0; i < 3000; i++) { /* several times what is read ahead */
        assert_int_equal(SSL_key_update(flood, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(flood), 1);
    }
    assert_true(SSL_write(flood, GET("/flood"), (int)strlen(GET("/flood"))) > 0);
    assert_true(SSL_write(other, GET("/x"), (int)strlen(GET("/x"))) > 0);
    loop_turn(fixture->loop, false);
    assert_int_equal(fixture->handled, 1);
    secure_expect(fixture, other, OK_TEXT("2", "/x"));
    secure_expect(fixture, flood, OK_TEXT("6", "/flood"));
    assert_quiet(fixture);
    secure_close(flood);
    secure_close(other);
}

static char *new_body(size_t size) {
    char *body = mem_alloc(size);
    for (size_t i = 0; i < size; i++)
        body[i] = (char)(i * 2654435761u >> 11);
    return body;
}

static void large_bodies_pass_both_ways(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    size_t size = 6 * 1024 * 1024 + 13;
    OWN_MEM char *body = new_body(size);
    OWN_MEM char *head = mem_format("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", size);
    OWN_MEM char *expected = mem_format("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    OWN(buf) struct buf answer;
    buf_init(&answer, SIZE_MAX);
    secure_say(fixture, client, head);
    secure_send(fixture, client, body, size, NULL);
    turn(fixture, 50); /* the answer fills the socket and waits */
    secure_read(fixture, client, &answer, strlen(expected) + size);
    assert_int_equal(answer.len, strlen(expected) + size);
    assert_memory_equal(answer.data, expected, strlen(expected));
    assert_memory_equal(answer.data + strlen(expected), body, size);
    secure_close(client);
}

static void pieces_rest_and_go_on(void **state) {
    struct secure *secure = *state;
    struct fixture *fixture = &secure->fixture;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    size_t size = 700 * 1000, sent = 0;
    OWN_MEM char *body = new_body(size);
    OWN_MEM char *head = mem_format("POST /pieces HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", size);
    secure_say(fixture, client, head);
    size_t before = 0;
    time_t end = time(NULL) + PATIENCE_S;
    while (secure->pieces_bytes < size && time(NULL) < end) {
        int len = sent < size ? SSL_write(client, body + sent, (int)(size - sent)) : 0;
        sent += len > 0 ? (size_t)len : 0;
        turn(fixture, 3);
        if (!secure->paused)
            continue;
        assert_true(secure->pieces_bytes - before <= 2 * HTTP_PIECES_BYTES);
        before = secure->pieces_bytes;
        assert_quiet(fixture);
        assert_int_equal(secure->pieces_bytes, before);
        struct http_exchange *exchange = take_ptr(secure->paused);
        http_pause(exchange, false);
    }
    assert_int_equal(secure->pieces_bytes, size);
    assert_int_equal(secure->sum, add_up(0, body, size));
    secure_expect(fixture, client, OK_TEXT("7", "/pieces"));
    secure_close(client);
}

/* ---- ends ---- */

static void an_answer_that_closes_ends_in_order(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    OWN(buf) struct buf answer;
    buf_init(&answer, SIZE_MAX);
    secure_say(fixture, client, GET("/close"));
    assert_int_equal(secure_read(fixture, client, &answer, SIZE_MAX), SSL_ERROR_ZERO_RETURN);
    assert_non_null(strstr(buf_text(&answer), "\r\n\r\nbye"));
    secure_close(client);
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);
}

/* Else a response without a length would look complete. */
static void an_aborted_answer_does_not(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    OWN(buf) struct buf answer;
    buf_init(&answer, SIZE_MAX);
    secure_say(fixture, client, "GET /hold HTTP/1.0\r\nHost: h\r\n\r\n");
    turn_until(fixture, fixture->held_count == 1);
    http_start(fixture->held[0], 200, NULL, -1);
    http_write(fixture->held[0], "half", 4);
    http_abort(fixture->held[0]);
    int why = secure_read(fixture, client, &answer, SIZE_MAX);
    assert_true(why == SSL_ERROR_SYSCALL || why == SSL_ERROR_SSL);
    secure_close(client);
}

static void a_client_that_says_goodbye_is_gone(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    secure_say(fixture, client, GET("/hold"));
    turn_until(fixture, fixture->held_count == 1);
    SSL_shutdown(client);
    turn_until(fixture, fixture->gone == 1);
    secure_close(client);
    client = secure_open(fixture);
    secure_say(fixture, client, GET("/hold"));
    turn_until(fixture, fixture->held_count == 1);
    secure_close(client); /* without a word */
    turn_until(fixture, fixture->gone == 2);
}

static void idle_connections_end_in_order(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture->options.idle_timeout_ms = 40;
    fixture_open(fixture);
    SSL *client = secure_open(fixture);
    OWN(buf) struct buf answer;
    buf_init(&answer, SIZE_MAX);
    turn(fixture, 5);
    assert_int_equal(http_listener_connections(fixture->listener), 1);
    fixture->mono_us += 40000;
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);
    assert_int_equal(secure_read(fixture, client, &answer, SIZE_MAX), SSL_ERROR_ZERO_RETURN);
    secure_close(client);
}

static void a_handshake_has_little_time(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture->options.header_timeout_ms = 40;
    fixture->options.idle_timeout_ms = 400000;
    fixture_open(fixture);
    int silent = client_open(fixture), slow = client_open(fixture);
    SSL *done = secure_open(fixture);
    assert_int_equal(send(slow, "\x16\x03\x01\x02", 4, MSG_NOSIGNAL), 4);
    turn_until(fixture, http_listener_connections(fixture->listener) == 3);
    fixture->mono_us += 41000;
    turn_until(fixture, http_listener_connections(fixture->listener) == 1);
    secure_say(fixture, done, GET("/a"));
    secure_expect(fixture, done, OK_TEXT("2", "/a"));
    close(silent);
    close(slow);
    secure_close(done);
}

static void draining_ends_idle_connections(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    SSL *idle = secure_open(fixture);
    int silent = client_open(fixture);
    OWN(buf) struct buf answer;
    buf_init(&answer, SIZE_MAX);
    turn_until(fixture, http_listener_connections(fixture->listener) == 2);
    http_listener_drain(fixture->listener, NULL, NULL);
    assert_int_equal(http_listener_connections(fixture->listener), 0);
    assert_int_equal(secure_read(fixture, idle, &answer, SIZE_MAX), SSL_ERROR_ZERO_RETURN);
    secure_close(idle);
    close(silent);
}

static void a_plain_request_is_told(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture_open(fixture);
    static const char *const requests[] = {GET("/a"), "DELETE /long HTTP/1.1\r\nHost: h\r\n\r\n", "POST"};
    for (size_t i = 0; i < COUNT(requests); i++) {
        int client = client_open(fixture);
        say(fixture, client, requests[i]);
        OWN_MEM char *answer = read_to_end(fixture, client);
        assert_string_equal(answer,
                            "HTTP/1.1 400 Bad Request\r\nContent-Length: 39\r\nConnection: close\r\n"
                            "Content-Type: text/plain\r\n\r\n400 this port speaks TLS: use https://\n");
        close(client);
    }
    assert_int_equal(fixture->handled, 0);
    int client = client_open(fixture);
    say(fixture, client, "\r\n\x80junk");
    OWN_MEM char *answer = read_to_end(fixture, client);
    assert_null(strstr(answer, "HTTP"));
    close(client);
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);
}

static void tls_to_a_plain_port_ends(void **state) {
    struct fixture *fixture = &((struct secure *)*state)->fixture;
    fixture->options.tls = NULL;
    fixture_open(fixture);
    SSL *client = tls_client(client_open(fixture), NULL);
    int status = -1;
    for (time_t end = time(NULL) + PATIENCE_S; time(NULL) < end;) {
        status = SSL_do_handshake(client);
        if (!wants_more(client, status))
            break;
        loop_turn(fixture->loop, false);
    }
    assert_int_equal(SSL_get_error(client, status), SSL_ERROR_SSL);
    secure_close(client);
    turn_until(fixture, http_listener_connections(fixture->listener) == 0);
    assert_int_equal(fixture->handled, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_come_and_answers_go, setup, teardown),
        cmocka_unit_test_setup_teardown(the_handler_sees_what_protects, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_stays_in_what_was_read_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(records_without_content_hold_nobody_up, setup, teardown),
        cmocka_unit_test_setup_teardown(large_bodies_pass_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(pieces_rest_and_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_closes_ends_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(an_aborted_answer_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_says_goodbye_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_connections_end_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_handshake_has_little_time, setup, teardown),
        cmocka_unit_test_setup_teardown(draining_ends_idle_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(a_plain_request_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(tls_to_a_plain_port_ends, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The server seen by its clients: requests in every shape and size, and what is refused. */
#include "base/mem.h"
#include "http_client_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define CHUNKED_X "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
#define OK_TEXT(len, body) "HTTP/1.1 200 OK\r\nContent-Length: " len "\r\nX-Path: yes\r\n\r\n" body
#define PLAIN(status, reason, len, body)                                                                     \
    "HTTP/1.1 " status " " reason "\r\nContent-Length: " len                                                 \
    "\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n" body

static void answers_with_every_header(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.options.common_headers = "Server: lamb\r\nX-Common: 1\r\n";
    fixture.options.send_date = true;
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client, GET("/a"));
    expect(&fixture, client,
           "HTTP/1.1 200 OK\r\nServer: lamb\r\nX-Common: 1\r\nDate: Sat, 31 Jan 2026 12:34:56 GMT\r\n"
           "Content-Length: 2\r\nX-Path: yes\r\n\r\n/a");
    fixture.wall_us += 1000000;
    say(&fixture, client, GET("/empty"));
    expect(&fixture, client,
           "HTTP/1.1 204 No Content\r\nServer: lamb\r\nX-Common: 1\r\nDate: Sat, 31 Jan 2026 12:34:57 GMT\r\n"
           "\r\n");
    close(client);
    fixture_close(&fixture);
}

static void keeps_connections(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int first = client_open(&fixture);
    int second = client_open(&fixture);
    for (int i = 0; i < 3; i++) {
        say(&fixture, first, GET("/1"));
        expect(&fixture, first, OK_TEXT("2", "/1"));
        say(&fixture, second, GET("/2"));
        expect(&fixture, second, OK_TEXT("2", "/2"));
        assert_int_equal(http_listener_connections(fixture.listener), 2);
    }
    close(first);
    turn_until(&fixture, http_listener_connections(fixture.listener) == 1);
    close(second);
    turn_until(&fixture, http_listener_connections(fixture.listener) == 0);
    assert_int_equal(fixture.gone, 0);
    fixture_close(&fixture);
}

static void reads_byte_by_byte(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    static const char text[] =
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for (size_t i = 0; i < sizeof text - 1; i++)
        assert_true(send_all(&fixture, client, text + i, 1));
    expect(
        &fixture, client,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    close(client);
    fixture_close(&fixture);
}

/* As many as fit into the input buffer and more, in one go: answered in order, by a loop and not by
 * recursion. */
static void answers_pipelined_requests_in_order(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    struct buf requests, answers;
    buf_init(&requests, 1024 * 1024);
    buf_init(&answers, 1024 * 1024);
    for (int i = 1000; i < 6000; i++) {
        buf_append_format(&requests, GET("/%d"), i);
        buf_append_format(&answers, OK_TEXT("5", "/%d"), i);
    }
    /* Sent in parts that end anywhere. */
    for (size_t at = 0; at < requests.len; at += 30011) {
        size_t len = requests.len - at < 30011 ? requests.len - at : 30011;
        assert_true(send_all(&fixture, client, requests.data + at, len));
    }
    expect(&fixture, client, buf_text(&answers));
    assert_int_equal(fixture.handled, 5000);
    buf_done(&requests);
    buf_done(&answers);
    close(client);
    fixture_close(&fixture);
}

/* Who sends many at once does not keep the loop: somebody with one waits for a few of them at most. */
static void takes_turns_among_pipelined_requests(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int many = client_open(&fixture), one = client_open(&fixture);
    struct buf requests;
    buf_init(&requests, 64 * 1024);
    for (int i = 0; i < 1000; i++)
        buf_append_text(&requests, GET("/a"));
    assert_int_equal(send(many, requests.data, requests.len, MSG_NOSIGNAL), requests.len);
    assert_true(send_all(&fixture, one, GET("/b"), strlen(GET("/b"))));
    expect(&fixture, one, OK_TEXT("2", "/b"));
    assert_in_range(fixture.handled, 1, 200);
    turn_until(&fixture, fixture.handled == 1001);
    buf_done(&requests);
    close(many);
    close(one);
    fixture_close(&fixture);
}

static void holds_pipelined_requests_back(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client, GET("/hold") GET("/hold") GET("/last"));
    turn_until(&fixture, fixture.held_count == 1);
    turn(&fixture, 5);
    assert_int_equal(fixture.handled, 1);
    http_respond(fixture.held[0], 200, NULL, "1", 1);
    assert_int_equal(fixture.handled, 1); /* never inside the call */
    turn_until(&fixture, fixture.held_count == 2);
    http_respond(fixture.held[1], 200, NULL, "2", 1);
    expect(
        &fixture, client,
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2" OK_TEXT(
            "5", "/last"));
    close(client);
    fixture_close(&fixture);
}

static char *make_body(size_t len) {
    char *body = mem_alloc(len + 1);
    for (size_t i = 0; i < len; i++)
        body[i] = (char)('a' + i * 7 % 26);
    return body;
}

static void post(struct fixture *fixture, int client, const char *body, bool is_chunked) {
    size_t len = strlen(body);
    OWN_MEM char *head =
        is_chunked
            ? mem_format("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", len)
            : mem_format("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", len);
    say(fixture, client, head);
    say(fixture, client, body);
    if (is_chunked)
        say(fixture, client, "\r\n0\r\n\r\n");
}

/* Around the sizes where bodies leave the input buffer, and far beyond; a request follows on each connection.
 */
static void takes_bodies_of_any_size(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 1000, 65536, 81000, 81865, 81920, 82000, 500000, 3 * 1024 * 1024};
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
        size_t len = sizes[i / 2];
        OWN_MEM char *body = make_body(len);
        OWN_MEM char *expected = mem_format("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", len, body);
        post(&fixture, client, body, i % 2);
        expect(&fixture, client, expected);
        assert_int_equal(fixture.last_body_len, len);
        say(&fixture, client, GET("/next"));
        expect(&fixture, client, OK_TEXT("5", "/next"));
    }
    close(client);
    fixture_close(&fixture);
}

static void pipelines_behind_a_body(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    say(&fixture, client, GET("/a") CHUNKED_X GET("/b") CHUNKED_X);
    expect(&fixture, client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    expect(&fixture, client, OK_TEXT("2", "/a") "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    expect(&fixture, client, OK_TEXT("2", "/b") "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    close(client);
    fixture_close(&fixture);
}

static void continues_when_asked_to(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client,
        "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    expect(&fixture, client, "HTTP/1.1 100 Continue\r\n\r\n");
    say(&fixture, client, "hi");
    expect(&fixture, client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    /* Nothing to wait for: the body is here, or there is none, or nobody asked. */
    say(&fixture, client,
        "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nho");
    say(&fixture, client, "GET /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
    say(&fixture, client, "GET /b HTTP/1.1\r\nHost: h\r\nExpect:\r\n\r\n");
    expect(&fixture, client,
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nho" OK_TEXT("2", "/a") OK_TEXT("2", "/b"));
    close(client);
    fixture_close(&fixture);
}

/* The client goes on sending its whole body, and must be able to read the answer nevertheless. */
static void refuses_large_bodies_readably(void **state) {
    (void)state;
    static const char *const heads[] = {
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 20000000\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1312d00\r\n",
    };
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.body_limit = 100000;
    fixture_open(&fixture);
    OWN_MEM char *body = make_body(20000000);
    for (size_t i = 0; i < COUNT(heads); i++) {
        int client = client_open(&fixture);
        say(&fixture, client, heads[i]);
        say(&fixture, client, body);
        assert_int_equal(shutdown(client, SHUT_WR), 0);
        OWN_MEM char *answer = read_to_end(&fixture, client);
        assert_string_equal(answer, PLAIN("413", "Content Too Large", "50",
                                          "413 the body is larger than this request may have\n"));
        close(client);
    }
    assert_int_equal(fixture.handled, 0);
    fixture_close(&fixture);
}

static void answer_too_large(void *arg, struct http_exchange *exchange) {
    ((struct fixture *)arg)->too_large++;
    http_respond(exchange, 413, "Content-Type: application/json\r\n", "{}", 2);
}

static void lets_the_handler_refuse_large_bodies(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.body_limit = 10;
    fixture.handler.too_large = answer_too_large;
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client,
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n");
    OWN_MEM char *answer = read_to_end(&fixture, client);
    assert_string_equal(answer, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n"
                                "Content-Type: application/json\r\n\r\n{}");
    assert_int_equal(fixture.too_large, 1);
    close(client);
    fixture_close(&fixture);
}

/* What large bodies may hold together, from their head to the end of their exchange. */
static void keeps_to_a_budget(void **state) {
    (void)state;
    static const char head[] = "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n";
    struct http_budget budget = {.limit_bytes = 1000000};
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.options.budget = &budget;
    fixture.options.budget_bytes = 300000;
    fixture_open(&fixture);
    OWN_MEM char *body = make_body(200000);
    int first = client_open(&fixture);
    say(&fixture, first, head);
    turn_until(&fixture, budget.used_bytes == 200000);
    int second = client_open(&fixture);
    say(&fixture, second, head);
    OWN_MEM char *refusal = read_to_end(&fixture, second);
    assert_non_null(strstr(refusal, "HTTP/1.1 503 "));
    close(second);
    say(&fixture, first, body);
    turn_until(&fixture, fixture.held_count == 1);
    assert_int_equal(budget.used_bytes, 200000);
    http_respond(fixture.held[0], 200, NULL, "", 0);
    turn_until(&fixture, budget.used_bytes == 0);
    budget.used_bytes = 900000; /* by others */
    second = client_open(&fixture);
    say(&fixture, second, head);
    OWN_MEM char *other_refusal = read_to_end(&fixture, second);
    assert_string_equal(other_refusal, refusal);
    close(second);
    budget.used_bytes = 0;
    int third = client_open(&fixture);
    say(&fixture, third, head);
    turn_until(&fixture, budget.used_bytes == 200000);
    close(third); /* leaves in the middle */
    turn_until(&fixture, budget.used_bytes == 0);
    close(first);
    fixture_close(&fixture);
    assert_int_equal(budget.used_bytes, 0);
}

/* The connection stays when the whole request has come, and ends when bytes of it are still on their way. */
static void refuses_before_the_body(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client,
        GET("/refuse") "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" GET("/a"));
    expect(&fixture, client,
           "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 403 Forbidden\r\n"
           "Content-Length: 2\r\n\r\nno" OK_TEXT("2", "/a"));
    say(&fixture, client,
        "POST /refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    OWN_MEM char *answer = read_to_end(&fixture, client);
    assert_string_equal(answer, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    assert_int_equal(fixture.handled, 1);
    close(client);
    fixture_close(&fixture);
}

static void refuses_malformed_requests(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    OWN_MEM char *path = mem_alloc(9000);
    memset(path, 'a', 8999);
    OWN_MEM char *long_target = mem_format("GET /%s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    const struct {
        const char *text;
        const char *status;
    } rows[] = {
        {GET("/ok") "GET /\r\n\r\n", "HTTP/1.1 505 "},
        {"\x16\x03\x01\x02\x01\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"BREW / HTTP/1.1\r\n\r\n", "HTTP/1.1 501 "},
        {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 "},
        {long_target, "HTTP/1.1 414 "},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int client = client_open(&fixture);
        say(&fixture, client, rows[i].text);
        OWN_MEM char *answer = read_to_end(&fixture, client);
        assert_non_null(strstr(answer, rows[i].status));
        assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
        close(client);
    }
    fixture_close(&fixture);
}

/* Behind answered requests an unfinished one has the whole buffer again. */
static void bounds_header_sections(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    OWN_MEM char *filler = mem_alloc(LIMIT_HTTP_HEADER_BYTES + 1);
    memset(filler, 'x', LIMIT_HTTP_HEADER_BYTES);
    static const char frame[] = "GET /a HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n";
    int client = client_open(&fixture);
    int most = (int)(LIMIT_HTTP_HEADER_BYTES - strlen(frame));
    for (int i = 0; i < 2; i++) {
        OWN_MEM char *text = mem_format(GET("/first") "GET /a HTTP/1.1\r\nHost: h\r\nX: %.*s\r\n\r\n",
                                        most + i, filler);
        say(&fixture, client, text);
        expect(&fixture, client, OK_TEXT("6", "/first"));
        if (i == 0)
            expect(&fixture, client, OK_TEXT("2", "/a"));
    }
    OWN_MEM char *answer = read_to_end(&fixture, client);
    assert_string_equal(answer, PLAIN("431", "Request Header Fields Too Large", "35",
                                      "431 the header section is too long\n"));
    close(client);
    client = client_open(&fixture);
    say(&fixture, client, "GET /a HTTP/1.1\r\nHost: h\r\nX: ");
    for (int i = 0; i < 2; i++)
        say(&fixture, client, filler);
    OWN_MEM char *endless = read_to_end(&fixture, client);
    assert_memory_equal(endless, "HTTP/1.1 431 ", 13);
    close(client);
    fixture_close(&fixture);
}

static void speaks_http_1_0(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    int client = client_open(&fixture);
    say(&fixture, client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(&fixture, client,
           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\nX-Path: yes\r\n\r\n/a");
    say(&fixture, client, "GET /a HTTP/1.0\r\n\r\n");
    OWN_MEM char *answer = read_to_end(&fixture, client);
    assert_string_equal(answer,
                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nX-Path: yes\r\n\r\n/a");
    close(client);
    fixture_close(&fixture);
}

static void closes_when_asked_to(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    static const char *const rows[][2] = {
        {"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" GET("/ignored"),
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nX-Path: yes\r\n\r\n/a"},
        {GET("/close") GET("/ignored"),
         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbye"},
        {"HEAD /close HTTP/1.1\r\nHost: h\r\n\r\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int client = client_open(&fixture);
        say(&fixture, client, rows[i][0]);
        OWN_MEM char *answer = read_to_end(&fixture, client);
        assert_string_equal(answer, rows[i][1]);
        close(client);
        turn_until(&fixture, http_listener_connections(fixture.listener) == 0);
    }
    fixture_close(&fixture);
}

static void listens_where_it_is_told(void **state) {
    (void)state;
    struct err err;
    int fd, second;
    assert_true(http_listen("127.0.0.1", 0, &fd, &err));
    uint16_t port = http_listen_port(fd);
    assert_true(port > 0);
    assert_false(http_listen("127.0.0.1", port, &second, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(err.errnum, EADDRINUSE);
    assert_false(http_listen("localhost", 0, &second, &err));
    assert_string_equal(err.text, "\"localhost\" is not a numeric IPv4 or IPv6 address");
    close(fd);
    assert_true(http_listen("::1", 0, &fd, &err));
    assert_true(http_listen_port(fd) > 0);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_with_every_header),
        cmocka_unit_test(keeps_connections),
        cmocka_unit_test(reads_byte_by_byte),
        cmocka_unit_test(answers_pipelined_requests_in_order),
        cmocka_unit_test(takes_turns_among_pipelined_requests),
        cmocka_unit_test(holds_pipelined_requests_back),
        cmocka_unit_test(takes_bodies_of_any_size),
        cmocka_unit_test(pipelines_behind_a_body),
        cmocka_unit_test(continues_when_asked_to),
        cmocka_unit_test(refuses_large_bodies_readably),
        cmocka_unit_test(lets_the_handler_refuse_large_bodies),
        cmocka_unit_test(keeps_to_a_budget),
        cmocka_unit_test(refuses_before_the_body),
        cmocka_unit_test(refuses_malformed_requests),
        cmocka_unit_test(bounds_header_sections),
        cmocka_unit_test(speaks_http_1_0),
        cmocka_unit_test(closes_when_asked_to),
        cmocka_unit_test(listens_where_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

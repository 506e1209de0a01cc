/* Trailer fields of chunked bodies, gathered and in pieces: found by name, bounded, and powerless. */
#include "http_pieces_fixture.h"

struct reader {
    struct taker taker;
    const char *name; /* asked for in handle() */
    char value[128];
    bool is_found;
};

static void read_trailer(void *arg, struct http_exchange *exchange) {
    struct reader *reader = arg;
    const struct http_text *value = http_trailer_get(exchange, reader->name);
    reader->is_found = value != NULL;
    snprintf(reader->value, sizeof reader->value, "%.*s", value ? (int)value->len : 0,
             value ? value->data : "");
    taker_handle(arg, exchange);
}

static void open_reader(struct reader *reader) {
    *reader = (struct reader){0};
    taker_init(&reader->taker);
    reader->taker.fixture.handler.handle = read_trailer;
    taker_open(&reader->taker);
}

static void check_found(struct reader *reader, const char *path, const char *trailers, const char *name,
                        const char *expected, bool is_cut) {
    struct fixture *fixture = &reader->taker.fixture;
    OWN_MEM char *request = mem_format(
        "POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n%s\r\n", path,
        trailers);
    int before = fixture->handled;
    reader->name = name;
    int client = client_open(fixture);
    for (const char *at = request; is_cut && *at; at++)
        assert_true(send_all(fixture, client, at, 1));
    say(fixture, client, is_cut ? NEXT : request);
    turn_until(fixture, fixture->handled == before + 1 + is_cut);
    if (is_cut) /* what followed has none */
        assert_false(reader->is_found);
    else if (reader->is_found != (expected != NULL) || strcmp(reader->value, expected ? expected : "") != 0)
        fail_msg("\"%s\" is \"%s\" in \"%s\" to %s", name, reader->value, trailers, path);
    close(client);
}

static const struct {
    const char *trailers;
    const char *name;
    const char *expected;
} rows[] = {
    {"", "a", NULL},
    {"A: b\r\n", "a", "b"},
    {"A: b\r\n", "b", NULL},
    {"A:b \t \r\n", "a", "b"},
    {"A:\r\n", "a", ""},
    {"A:   \r\nB: c\r\n", "b", "c"},
    {"A: b\r\nA: c\r\n", "a", "b"},
    {"Lambda-Runtime-Function-Error-Type: Runtime.X\r\nLAMBDA-runtime-function-error-body: e30=\r\n",
     "lambda-runtime-function-error-body", "e30="},
    {"Host: evil\r\nContent-Length: 5\r\nX: y\r\n", "host", NULL},
    {"Host: evil\r\nContent-Length: 5\r\nX: y\r\n", "content-length", NULL},
    {"Host: evil\r\nContent-Length: 5\r\nX: y\r\n", "x", "y"},
    {"Authorization: me\r\n", "authorization", NULL},
    {"Connection: close\r\n", "connection", NULL},
};

static void finds_trailers(void **state) {
    (void)state;
    static const char *const paths[] = {"/take", "/gather"};
    struct reader reader;
    open_reader(&reader);
    for (size_t i = 0; i < COUNT(rows) * COUNT(paths); i++)
        check_found(&reader, paths[i % 2], rows[i / 2].trailers, rows[i / 2].name, rows[i / 2].expected,
                    false);
    check_found(&reader, "/take", "A: b\r\n", "a", "b", true);
    assert_int_equal(reader.taker.fixture.gone, 0);
    taker_close(&reader.taker);
}

/* Headers are no trailers, nor the other way round; a trailer stays until the answer. */
static void keeps_trailers_until_the_answer(void **state) {
    (void)state;
    struct reader reader;
    open_reader(&reader);
    struct fixture *fixture = &reader.taker.fixture;
    reader.name = "transfer-encoding";
    int client = client_open(fixture);
    static const char request[] = CHUNKED("/hold") "1\r\na\r\n0\r\nAb: cd\r\nEf:  gh\r\n\r\n" NEXT;
    for (const char *at = request; *at; at++)
        assert_true(send_all(fixture, client, at, 1));
    turn_until(fixture, fixture->held_count == 1);
    assert_false(reader.is_found);
    struct http_exchange *exchange = fixture->held[0];
    assert_null(http_header_get(http_exchange_request(exchange), "ab"));
    http_start(exchange, 200, NULL, -1);
    turn(fixture, 2);
    assert_true(http_text_is(*http_trailer_get(exchange, "ab"), "cd"));
    assert_true(http_text_is(*http_trailer_get(exchange, "ef"), "gh"));
    http_end(exchange);
    reader.name = "ab";
    turn_until(fixture, fixture->handled == 2);
    assert_false(reader.is_found);
    close(client);
    taker_close(&reader.taker);
}

/* `count` fields whose values have that length. */
static char *make_trailers(size_t count, size_t value_len, const char *name) {
    struct buf trailers;
    buf_init(&trailers, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        buf_append_format(&trailers, "%s: %0*d\r\n", name, (int)value_len, 1);
    return buf_take(&trailers);
}

/* At the bounds and one beyond; whoever got a piece hears of the end. */
static void bounds_trailers(void **state) {
    (void)state;
    static const struct {
        size_t count, value_len;
        const char *name;
        bool is_refused;
    } bounds[] = {
        {LIMIT_HTTP_HEADERS, 1, "A", false},           {LIMIT_HTTP_HEADERS + 1, 1, "A", true},
        {LIMIT_HTTP_HEADERS + 1, 1, "Host", true}, /* those that are dropped count as well */
        {1, HTTP_TRAILER_BYTES - 1, "A", false},       {1, HTTP_TRAILER_BYTES, "A", true},
        {64, HTTP_TRAILER_BYTES / 64 - 1, "A", false}, {64, HTTP_TRAILER_BYTES / 64, "A", true},
        {64, HTTP_TRAILER_BYTES / 64, "Host", true},
    };
    for (size_t i = 0; i < COUNT(bounds) * 2; i++) {
        bool is_gathered = i % 2 == 1;
        struct reader reader;
        open_reader(&reader);
        reader.name = "a";
        struct fixture *fixture = &reader.taker.fixture;
        OWN_MEM char *trailers = make_trailers(bounds[i / 2].count, bounds[i / 2].value_len,
                                               bounds[i / 2].name);
        int client = client_open(fixture);
        say(fixture, client, is_gathered ? CHUNKED("/gather") : CHUNKED("/take"));
        say(fixture, client, "1\r\na\r\n0\r\n");
        send_all(fixture, client, trailers, strlen(trailers));
        send_all(fixture, client, "\r\n", 2);
        shutdown(client, SHUT_WR);
        OWN_MEM char *answer = read_to_end(fixture, client);
        bool is_refused = strncmp(answer, "HTTP/1.1 431 ", 13) == 0;
        if (is_refused != bounds[i / 2].is_refused)
            fail_msg("row %zu: %.60s", i / 2, answer);
        assert_int_equal(fixture->handled, !is_refused);
        assert_int_equal(reader.is_found, !is_refused);
        assert_int_equal(fixture->gone, is_refused && !is_gathered);
        close(client);
        taker_close(&reader.taker);
    }
}

static void refuses_malformed_trailers(void **state) {
    (void)state;
    static const char *const trailers[] = {
        ": b\r\n\r\n",      "A : b\r\n\r\n",
        "A B: c\r\n\r\n",   "A: b\n\r\n",
        "A: b\r\n\n",       "\n",
        "A: b\001\r\n\r\n", "A\r\n\r\n",
        " A: b\r\n\r\n",    "Transfer-Encoding: chunked\r\n\r\n",
    };
    struct reader reader;
    open_reader(&reader);
    reader.name = "a";
    struct fixture *fixture = &reader.taker.fixture;
    for (size_t i = 0; i < COUNT(trailers) * 2; i++) {
        bool is_gathered = i % 2 == 1;
        int gone = fixture->gone;
        int client = client_open(fixture);
        say(fixture, client, is_gathered ? CHUNKED("/gather") : CHUNKED("/take"));
        say(fixture, client, "1\r\na\r\n0\r\n");
        for (const char *at = trailers[i / 2]; *at; at++)
            send_all(fixture, client, at, 1);
        shutdown(client, SHUT_WR);
        OWN_MEM char *answer = read_to_end(fixture, client);
        if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0)
            fail_msg("\"%s\" gave \"%s\"", trailers[i / 2], answer);
        assert_int_equal(fixture->gone, gone + !is_gathered);
        close(client);
    }
    assert_int_equal(fixture->handled, 0);
    taker_close(&reader.taker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_trailers),
        cmocka_unit_test(keeps_trailers_until_the_answer),
        cmocka_unit_test(bounds_trailers),
        cmocka_unit_test(refuses_malformed_trailers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

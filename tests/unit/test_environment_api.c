/* All that an environment's programs can call: which call each request is, how long bodies may be, and what a
 * hostile function can make us hold. */
#include "base/mem.h"
#include "http_client_fixture.h"
#include "invoke/environment_api.h"

#define ID "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
#define INVOCATION "/2018-06-01/runtime/invocation/"
#define REQUEST(method, path) method " " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD(status, len)                                                                                    \
    "HTTP/1.1 " status "\r\nContent-Length: " len "\r\nContent-Type: application/json\r\n\r\n"
#define OK HEAD("202 Accepted", "16") "{\"status\":\"OK\"}\n"

struct play {
    struct fixture http; /* its loop and port alone */
    struct environment_api *api;
    const char *running; /* id of the invocation that is */
    bool holds;
    bool streams; /* takes responses in pieces */
    size_t piece_bytes;
    struct http_exchange *held[64];
    size_t held_count;
    int calls;
    enum environment_call call;
    char request_id[64];
    size_t body_len;
    int too_large;
    int gone;
};

static void on_call(void *arg, enum environment_call call, const char *request_id,
                    struct http_exchange *exchange) {
    struct play *play = arg;
    play->calls++;
    play->call = call;
    snprintf(play->request_id, sizeof play->request_id, "%s", request_id);
    play->body_len = http_exchange_request(exchange)->body.len;
    if (play->holds)
        play->held[play->held_count++] = exchange;
    else
        environment_api_accept(exchange);
}

static size_t begin_result(void *arg, enum environment_call call, const char *request_id,
                           struct http_exchange *exchange) {
    const struct play *play = arg;
    if (strcmp(play->running, request_id) != 0)
        return 0;
    if (play->streams && call == CALL_RESPONSE)
        http_take_pieces(exchange);
    return LIMIT_RESPONSE_BYTES;
}

static void on_piece(void *arg, struct http_exchange *exchange, const void *data, size_t len) {
    struct play *play = arg;
    (void)exchange;
    assert_true(play->streams && data);
    play->piece_bytes += len;
}

static void on_too_large(void *arg, enum environment_call call, const char *request_id,
                         struct http_exchange *exchange) {
    struct play *play = arg;
    if (strcmp(play->running, request_id) != 0) {
        environment_api_refuse(exchange, 400, "InvalidRequestID", "Invalid request ID");
        return;
    }
    play->too_large += call == CALL_RESPONSE;
    environment_api_refuse_size(exchange, LIMIT_RESPONSE_BYTES);
}

static void on_gone(void *arg, struct http_exchange *exchange) {
    struct play *play = arg;
    play->gone++;
    for (size_t i = 0; i < play->held_count; i++)
        if (play->held[i] == exchange)
            play->held[i] = play->held[--play->held_count];
}

static int setup(void **state) {
    static const struct environment_api_handler handler = {
        .call = on_call,
        .begin_result = begin_result,
        .piece = on_piece,
        .result_too_large = on_too_large,
        .gone = on_gone,
    };
    struct play *play = mem_alloc(sizeof *play);
    fixture_init(&play->http);
    play->running = ID;
    struct err err;
    int fd;
    assert_true(http_listen("127.0.0.1", 0, &fd, &err));
    play->http.port = http_listen_port(fd);
    play->http.loop = loop_new();
    play->api = environment_api_new(play->http.loop, &play->http.clock, fd, &handler, play);
    *state = play;
    return 0;
}

static int teardown(void **state) {
    struct play *play = *state;
    environment_api_free(play->api);
    turn(&play->http, 2);
    loop_free(play->http.loop);
    free(play);
    return 0;
}

static void every_route_is_its_call(void **state) {
    struct play *play = *state;
    static const struct {
        const char *request;
        enum environment_call call;
        const char *request_id;
    } rows[] = {
        {REQUEST("GET", INVOCATION "next"), CALL_NEXT, ""},
        {REQUEST("POST", INVOCATION ID "/response"), CALL_RESPONSE, ID},
        {REQUEST("POST", INVOCATION ID "/error"), CALL_ERROR, ID},
        {REQUEST("POST", INVOCATION "x/response"), CALL_RESPONSE, "x"},
        {REQUEST("POST", INVOCATION "next/error"), CALL_ERROR, "next"},
        {REQUEST("POST", INVOCATION ID "-and-more/response"), CALL_RESPONSE, ID},
        {REQUEST("POST", "/2018-06-01/runtime/init/error"), CALL_INIT_ERROR, ""},
        {REQUEST("POST", "/2020-01-01/extension/register"), CALL_EXTENSION_REGISTER, ""},
        {REQUEST("GET", "/2020-01-01/extension/event/next"), CALL_EXTENSION_NEXT, ""},
        {REQUEST("POST", "/2020-01-01/extension/init/error"), CALL_EXTENSION_INIT_ERROR, ""},
        {REQUEST("POST", "/2020-01-01/extension/exit/error"), CALL_EXTENSION_EXIT_ERROR, ""},
        {REQUEST("PUT", "/2022-07-01/telemetry"), CALL_TELEMETRY, ""},
        {REQUEST("PUT", "/2020-08-15/logs"), CALL_LOGS, ""},
    };
    int client = client_open(&play->http);
    for (size_t i = 0; i < COUNT(rows); i++) {
        say(&play->http, client, rows[i].request);
        expect(&play->http, client, OK);
        assert_int_equal(play->calls, i + 1);
        assert_int_equal(play->call, rows[i].call);
        assert_string_equal(play->request_id, rows[i].request_id);
    }
    close(client);
}

static void other_requests_are_none(void **state) {
    struct play *play = *state;
    static const char not_found[] =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\nContent-Type: text/plain\r\n"
        "\r\n404 page not found\n";
    static const char wrong_method[] = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
    static const struct {
        const char *request;
        const char *answer;
    } rows[] = {
        {REQUEST("GET", "/2018-06-01/ping"),
         "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\npong"},
        {REQUEST("POST", "/2018-06-01/ping"), wrong_method},
        {REQUEST("POST", INVOCATION "next"), wrong_method},
        {REQUEST("GET", INVOCATION ID "/response"), wrong_method},
        {REQUEST("POST", "/2022-07-01/telemetry"), wrong_method},
        {REQUEST("GET", "/2020-01-01/extension/register"), wrong_method},
        {REQUEST("GET", "/"), not_found},
        {REQUEST("POST", INVOCATION "/response"), not_found},
        {REQUEST("POST", INVOCATION "a/b/response"), not_found},
        {REQUEST("POST", INVOCATION ID "/respons"), not_found},
        {REQUEST("POST", INVOCATION ID "/response/"), not_found},
        {REQUEST("GET", INVOCATION "nex"), not_found},
        {REQUEST("PUT", "/2022-07-01/telemetry/"), not_found},
    };
    int client = client_open(&play->http);
    for (size_t i = 0; i < COUNT(rows); i++) {
        say(&play->http, client, rows[i].request);
        expect(&play->http, client, rows[i].answer);
    }
    assert_int_equal(play->calls, 0);
    close(client);
}

/* Sends a request with that much body; the caller frees the answer. */
static char *post(struct play *play, const char *method, const char *path, size_t len) {
    OWN_MEM char *body = mem_alloc(len + 1);
    memset(body, ' ', len);
    OWN_MEM char *head = mem_format(
        "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", method, path, len);
    int client = client_open(&play->http);
    say(&play->http, client, head);
    send_all(&play->http, client, body, len);
    char *answer = read_to_end(&play->http, client);
    close(client);
    return answer;
}

static void bodies_are_bounded(void **state) {
    struct play *play = *state;
    static const struct {
        const char *method, *path;
        size_t most;
        const char *refusal;
        int too_large;
    } rows[] = {
        {"POST", INVOCATION ID "/response", LIMIT_RESPONSE_BYTES,
         "{\"errorMessage\":\"Exceeded maximum allowed payload size (6291556 bytes).\","
         "\"errorType\":\"RequestEntityTooLarge\"}\n",
         1},
        {"POST", INVOCATION ID "/error", LIMIT_RESPONSE_BYTES, "(6291556 bytes)", 0},
        {"POST", INVOCATION "other/response", 4096,
         "{\"errorMessage\":\"Invalid request ID\",\"errorType\":\"InvalidRequestID\"}\n", 0},
        {"POST", INVOCATION "other/error", 4096, "InvalidRequestID", 0},
        {"POST", "/2018-06-01/runtime/init/error", 262144, "(262144 bytes)", 0},
        {"POST", "/2020-01-01/extension/register", 32768, "(32768 bytes)", 0},
        {"POST", "/2020-01-01/extension/exit/error", 262144, "(262144 bytes)", 0},
        {"PUT", "/2022-07-01/telemetry", 32768, "(32768 bytes)", 0},
        {"GET", INVOCATION "next", 4096, "(4096 bytes)", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        play->calls = play->too_large = 0;
        OWN_MEM char *taken = post(play, rows[i].method, rows[i].path, rows[i].most);
        assert_non_null(strstr(taken, "202 Accepted"));
        assert_int_equal(play->body_len, rows[i].most);
        OWN_MEM char *refused = post(play, rows[i].method, rows[i].path, rows[i].most + 1);
        assert_non_null(strstr(refused, rows[i].refusal));
        assert_non_null(strstr(refused, strstr(rows[i].refusal, "Invalid") ? "400 Bad" : "413 Content"));
        assert_int_equal(play->calls, 1);
        assert_int_equal(play->too_large, rows[i].too_large);
    }
}

/* It is no body that is kept, however many there are. */
static void a_response_may_come_in_pieces(void **state) {
    struct play *play = *state;
    play->streams = true;
    int waiting = client_open(&play->http);
    say(&play->http, waiting,
        "POST " INVOCATION ID "/response HTTP/1.1\r\nHost: h\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 3; i++) {
        OWN_MEM char *answer = post(play, "POST", INVOCATION ID "/response", LIMIT_RESPONSE_BYTES);
        assert_non_null(strstr(answer, "202 Accepted"));
        assert_int_equal(play->piece_bytes, (i + 1) * LIMIT_RESPONSE_BYTES);
        assert_int_equal(play->body_len, 0);
    }
    OWN_MEM char *error = post(play, "POST", INVOCATION ID "/error", 1000);
    assert_non_null(strstr(error, "202 Accepted"));
    assert_int_equal(play->body_len, 1000);
    assert_int_equal(play->piece_bytes, 3 * LIMIT_RESPONSE_BYTES);
    say(&play->http, waiting, "2\r\n{}\r\n0\r\n\r\n");
    expect(&play->http, waiting, OK);
    assert_int_equal(play->piece_bytes, 3 * LIMIT_RESPONSE_BYTES + 2);
    close(waiting);
}

/* However many connections ask for it, one response is kept, and beside it one error. */
static void large_bodies_wait_for_each_other(void **state) {
    struct play *play = *state;
    static const char response[] = "POST " INVOCATION ID
                                   "/response HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    int first = client_open(&play->http);
    say(&play->http, first, response);
    turn(&play->http, 5);
    for (int i = 0; i < 30; i++) {
        int other = client_open(&play->http);
        say(&play->http, other, response);
        OWN_MEM char *answer = read_to_end(&play->http, other);
        assert_non_null(strstr(answer, "HTTP/1.1 503 "));
        close(other);
    }
    OWN_MEM char *error = post(play, "POST", "/2020-01-01/extension/exit/error", 262144);
    assert_non_null(strstr(error, "202 Accepted"));
    OWN_MEM char *small = post(play, "POST", INVOCATION ID "/error", 1000);
    assert_non_null(strstr(small, "202 Accepted"));
    say(&play->http, first, "2\r\n{}\r\n0\r\n\r\n");
    expect(&play->http, first, OK);
    OWN_MEM char *later = post(play, "POST", INVOCATION ID "/response", LIMIT_RESPONSE_BYTES);
    assert_non_null(strstr(later, "202 Accepted"));
    close(first);
}

static void connections_are_bounded(void **state) {
    struct play *play = *state;
    int clients[41];
    for (size_t i = 0; i < COUNT(clients); i++) {
        clients[i] = client_open(&play->http);
        if (i < 40) {
            say(&play->http, clients[i], REQUEST("POST", INVOCATION ID "/error"));
            expect(&play->http, clients[i], OK);
        }
    }
    struct buf answer;
    buf_init(&answer, 100);
    bool is_reset = false;
    turn_until(&play->http, !receive_some(clients[40], &answer, 100, &is_reset));
    for (size_t i = 0; i < COUNT(clients); i++)
        close(clients[i]);
}

/* Programs that were killed have left requests behind, which must not reach those that follow them. */
static void disconnects_all(void **state) {
    struct play *play = *state;
    play->holds = true;
    int waiting = client_open(&play->http);
    say(&play->http, waiting, REQUEST("GET", INVOCATION "next"));
    turn_until(&play->http, play->held_count == 1);
    int dead = client_open(&play->http); /* connected, not accepted, and with a request in it */
    static const char request[] = REQUEST("POST", "/2020-01-01/extension/register");
    assert_int_equal(send(dead, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    environment_api_disconnect(play->api);
    assert_int_equal(play->gone, 1);
    assert_int_equal(play->held_count, 0);
    play->holds = false;
    turn(&play->http, 10);
    assert_int_equal(play->calls, 1);
    int next = client_open(&play->http);
    say(&play->http, next, REQUEST("GET", INVOCATION "next"));
    expect(&play->http, next, OK);
    assert_int_equal(play->calls, 2);
    close(waiting);
    close(dead);
    close(next);
}

static void refusals_are_json(void **state) {
    struct play *play = *state;
    play->holds = true;
    int client = client_open(&play->http);
    say(&play->http, client, REQUEST("GET", INVOCATION "next"));
    turn_until(&play->http, play->held_count == 1);
    environment_api_refuse(play->held[0], 403, "Type", "a \"b\"\n\\ \xff");
    expect(&play->http, client,
           HEAD("403 Forbidden",
                "54") "{\"errorMessage\":\"a \\\"b\\\"\\n\\\\ \xef\xbf\xbd\",\"errorType\":\"Type\"}\n");
    close(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_route_is_its_call), TEST(other_requests_are_none),
        TEST(bodies_are_bounded),      TEST(large_bodies_wait_for_each_other),
        TEST(connections_are_bounded), TEST(disconnects_all),
        TEST(refusals_are_json),       TEST(a_response_may_come_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

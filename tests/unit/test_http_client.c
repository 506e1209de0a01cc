/* Outbound requests against our own server: what arrives there, and what becomes of every kind of answer. The
 * client blocks, so it runs on a thread of its own. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "http/client.h"
#include "http/sigv4.h"
#include "http_client_fixture.h"

#define KEY_ID "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

struct run {
    struct http_client_request request;
    struct buf body;
    struct err err;
    int status;
    bool ok;
    atomic_bool is_done;
};

static void *run_client(void *arg) {
    struct run *run = arg;
    run->ok = http_client_run(&run->request, &run->status, &run->body, &run->err);
    run->is_done = true;
    return NULL;
}

static void run_against(struct fixture *fixture, struct run *run, const char *path, size_t limit) {
    OWN_MEM char *url = mem_format("http://127.0.0.1:%u%s", fixture->port, path);
    run->request.url = url;
    if (!run->request.timeout_ms)
        run->request.timeout_ms = 10000;
    buf_init(&run->body, limit);
    run->is_done = false;
    run->err = (struct err){0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_client, run), 0);
    while (!run->is_done)
        loop_turn(fixture->loop, false);
    pthread_join(thread, NULL);
}

static void gets_answers(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    struct run run = {.request = {.method = "GET"}};
    run_against(&fixture, &run, "/a?b=c", 100);
    assert_true(run.ok);
    assert_int_equal(run.status, 200);
    assert_string_equal(buf_text(&run.body), "/a");
    buf_done(&run.body);

    run_against(&fixture, &run, "/refuse", 100);
    assert_true(run.ok);
    assert_int_equal(run.status, 403);
    buf_done(&run.body);
    fixture_close(&fixture);
}

static void sends_bodies(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    OWN_MEM char *big = mem_alloc(3000001);
    memset(big, 'b', 3000000);
    struct run run = {.request = {.method = "POST", .body = big, .body_len = 3000000}};
    run_against(&fixture, &run, "/echo", 4000000);
    assert_true(run.ok);
    assert_string_equal(buf_text(&run.body), big);
    buf_done(&run.body);
    run.request.body_len = 0;
    run_against(&fixture, &run, "/echo", 100);
    assert_true(run.ok);
    assert_int_equal(run.body.len, 0);
    buf_done(&run.body);
    run.request.method = "HEAD";
    run_against(&fixture, &run, "/a", 100);
    assert_true(run.ok);
    assert_int_equal(run.body.len, 0);
    buf_done(&run.body);
    fixture_close(&fixture);
}

static void tells_failures_apart(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture_open(&fixture);
    struct run run = {.request = {.method = "GET", .timeout_ms = 50}};
    run_against(&fixture, &run, "/hold", 100);
    assert_false(run.ok);
    assert_int_equal(run.err.code, ERR_TIMEOUT);
    assert_non_null(strstr(run.err.text, "did not answer within 50 ms"));
    buf_done(&run.body);

    run.request.timeout_ms = 10000;
    run_against(&fixture, &run, "/0123456789", 10);
    assert_false(run.ok);
    assert_int_equal(run.err.code, ERR_TOO_LARGE);
    assert_non_null(strstr(run.err.text, "more than 10 bytes"));
    buf_done(&run.body);

    uint16_t port = fixture.port;
    fixture_close(&fixture);
    OWN_MEM char *url = mem_format("http://127.0.0.1:%u/", port);
    run.request.url = url;
    buf_init(&run.body, 10);
    assert_false(http_client_run(&run.request, &run.status, &run.body, &run.err));
    assert_int_equal(run.err.code, ERR_IO);
    run.request.url = "file:///etc/passwd";
    assert_false(http_client_run(&run.request, &run.status, &run.body, &run.err));
    assert_int_equal(run.err.code, ERR_IO);
    buf_done(&run.body);
}

static void verify_and_answer(void *arg, struct http_exchange *exchange) {
    (void)arg;
    const struct http_request *request = http_exchange_request(exchange);
    struct sigv4_claim claim;
    struct err err = {0};
    enum sigv4_result result = sigv4_parse(request, &claim, &err);
    if (result == SIGV4_OK)
        result = sigv4_verify(NULL, &claim, request, SECRET, claim.signed_at_s, &err);
    bool ok = result == SIGV4_OK && strcmp(claim.service, "s3") == 0 &&
              strcmp(claim.region, "eu-central-1") == 0 && strcmp(claim.access_key, KEY_ID) == 0 &&
              http_header_count(request, "x-amz-content-sha256") == 1;
    http_respond(exchange, ok ? 200 : 500, NULL, err.text, strlen(err.text));
}

/* Signed by libcurl, verified by us. */
static void signs(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    fixture.handler.handle = verify_and_answer;
    fixture_open(&fixture);
    static const char *const rows[][3] = {
        {"GET", "/bucket/a%20b/./c.zip", ""},
        {"GET", "/bucket/key?versionId=abc", ""},
        {"PUT", "/bucket/key", "content"},
        {"HEAD", "/bucket/key", ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct run run = {.request = {
                              .method = rows[i][0],
                              .body = rows[i][2],
                              .body_len = strlen(rows[i][2]),
                              .sign_service = "s3",
                              .sign_region = "eu-central-1",
                              .sign_access_key = KEY_ID,
                              .sign_secret = SECRET,
                          }};
        run_against(&fixture, &run, rows[i][1], 4000);
        if (!run.ok || run.status != 200)
            fail_msg("%s %s: %d %s %s", rows[i][0], rows[i][1], run.status, run.err.text,
                     buf_text(&run.body));
        buf_done(&run.body);
    }
    fixture_close(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_answers),
        cmocka_unit_test(sends_bodies),
        cmocka_unit_test(tells_failures_apart),
        cmocka_unit_test(signs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

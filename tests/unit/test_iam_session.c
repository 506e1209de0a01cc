/* Session tokens and the requests that come with them: api/session, api/auth, base/seal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/auth.h"
#include "api/iam/identities.h"
#include "api/options.h"
#include "base/ident.h"
#include "base/mem.h"

#define NOW_S 1700000000
#define REGION "eu-north-1"

static const uint8_t key[SEAL_KEY_BYTES] = {1, 2, 3};
static struct sessions sessions;
static struct session_credentials credentials;
static const struct session_request request = {
    .account = "000000000000",
    .role = "worker",
    .role_id = "AROAAAAAAAAAAAAAAAAAB",
    .name = "the-function",
    .expires_s = NOW_S + 900,
};

static struct api_options options;

static int setup(void **state) {
    (void)state;
    options = (struct api_options){.region = REGION, .account = request.account};
    sessions_init(&sessions, key);
    sessions_grant(&sessions, &request, &credentials);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sessions_done(&sessions);
    return 0;
}

static void what_was_sealed_is_opened_and_nothing_else(void **state) {
    (void)state;
    char sealed[5 + SEAL_EXTRA_BYTES], data[5];
    uint8_t other[SEAL_KEY_BYTES] = {9};
    seal_make(key, "hello", 5, sealed);
    assert_true(seal_open(key, sealed, sizeof sealed, data));
    assert_memory_equal(data, "hello", 5);
    assert_false(seal_open(other, sealed, sizeof sealed, data));
    assert_false(seal_open(key, sealed, SEAL_EXTRA_BYTES - 1, data));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_false(seal_open(key, sealed, sizeof sealed, data));
        sealed[i] ^= 1;
    }
    seal_make(key, "", 0, sealed);
    assert_true(seal_open(key, sealed, SEAL_EXTRA_BYTES, data));
}

static void a_token_says_whose_it_is(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) { /* unsealed, then remembered */
        const struct session *session = sessions_open(&sessions, credentials.key_id, credentials.token);
        assert_non_null(session);
        assert_string_equal(session->secret, credentials.secret);
        assert_string_equal(session->principal.arn,
                            "arn:aws:sts::000000000000:assumed-role/worker/the-function");
        assert_string_equal(session->principal.id, "AROAAAAAAAAAAAAAAAAAB:the-function");
        assert_int_equal(session->expires_s, NOW_S + 900);
    }
    struct sessions same, other;
    uint8_t other_key[SEAL_KEY_BYTES] = {7};
    sessions_init(&same, key);
    sessions_init(&other, other_key);
    assert_non_null(sessions_open(&same, credentials.key_id, credentials.token));
    assert_null(sessions_open(&other, credentials.key_id, credentials.token));
    sessions_done(&same);
    sessions_done(&other);
}

static void wrong_tokens_are_none(void **state) {
    (void)state;
    char token[SESSION_TOKEN_BYTES];
    assert_null(sessions_open(&sessions, "ASIAAAAAAAAAAAAAAAAA", credentials.token));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < strlen(credentials.token); i++) {
            memcpy(token, credentials.token, sizeof token);
            token[i] = token[i] == 'A' ? 'B' : 'A';
            assert_null(sessions_open(&sessions, credentials.key_id, token));
        }
        assert_null(sessions_open(&sessions, credentials.key_id, ""));
        assert_non_null(sessions_open(&sessions, credentials.key_id, credentials.token));
    }
    memset(token, 'A', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    assert_null(sessions_open(&sessions, "ASIA", token));
}

static void the_longest_names_fit(void **state) {
    (void)state;
    char name[65];
    memset(name, 'n', 64);
    name[64] = '\0';
    struct session_request longest = request;
    longest.role = longest.name = name;
    sessions_grant(&sessions, &longest, &credentials);
    assert_true(strlen(credentials.token) < 1024);
    const struct session *session = sessions_open(&sessions, credentials.key_id, credentials.token);
    assert_non_null(session);
    assert_string_equal(session->principal.name, name);
}

static void only_so_many_are_remembered(void **state) {
    (void)state;
    for (int i = 0; i < SESSIONS_REMEMBERED + 10; i++) {
        sessions_grant(&sessions, &request, &credentials);
        assert_non_null(sessions_open(&sessions, credentials.key_id, credentials.token));
        assert_true(sessions.opened.count <= SESSIONS_REMEMBERED);
    }
}

/* A presigned GET with the credentials, signed at `signed_at_s` and checked at `now_s`. */
static bool try_request(const char *secret, int64_t signed_at_s, int64_t now_s, struct principal *ret_caller,
                        struct auth_refusal *refusal) {
    struct auth auth = {.options = &options, .sessions = sessions};
    map_init(&auth.keys);
    const struct sigv4_presign presign = {
        .scheme = "http",
        .host = "h",
        .path = "/",
        .access_key = credentials.key_id,
        .secret = secret,
        .session_token = credentials.token,
        .region = REGION,
        .service = "lambda",
        .now_s = signed_at_s,
        .expires_s = 3600,
    };
    OWN_MEM char *url = sigv4_presign_url(&presign);
    const char *query = strchr(url, '?') + 1;
    struct http_request got = {.method = {"GET", 3},
                               .path = {"/", 1},
                               .query = {query, strlen(query)},
                               .headers = {{{"Host", 4}, {"h", 1}}},
                               .header_count = 1};
    char service[AUTH_SERVICE_BYTES];
    bool ok = auth_check(&auth, &got, now_s, true, ret_caller, service, refusal);
    assert_true(!ok || strcmp(service, "lambda") == 0);
    sessions = auth.sessions;
    map_done(&auth.keys);
    return ok;
}

static void requests_of_a_session(void **state) {
    (void)state;
    struct principal caller;
    struct auth_refusal refusal;
    assert_true(try_request(credentials.secret, NOW_S, NOW_S + 899, &caller, &refusal));
    assert_int_equal(caller.kind, PRINCIPAL_SESSION);
    assert_string_equal(caller.name, "worker");
    assert_false(try_request(credentials.secret, NOW_S, NOW_S + 900, &caller, &refusal));
    assert_int_equal(refusal.exception, API_EXPIRED_TOKEN);
    assert_string_equal(refusal.err.text, "The security token included in the request is expired");
    assert_false(try_request("another secret", NOW_S, NOW_S, &caller, &refusal));
    assert_int_equal(refusal.exception, API_INVALID_SIGNATURE);
    credentials.token[9] ^= 1;
    assert_false(try_request(credentials.secret, NOW_S, NOW_S, &caller, &refusal));
    assert_int_equal(refusal.exception, API_UNRECOGNIZED_CLIENT);
}

static void sessions_end_with_their_account(void **state) {
    (void)state;
    const char *const further[] = {"222222222222", request.account, NULL};
    struct principal caller;
    struct auth_refusal refusal;
    options.account = "111111111111";
    assert_false(try_request(credentials.secret, NOW_S, NOW_S, &caller, &refusal));
    assert_int_equal(refusal.exception, API_UNRECOGNIZED_CLIENT);
    options.accounts = further;
    assert_true(try_request(credentials.secret, NOW_S, NOW_S, &caller, &refusal));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_sealed_is_opened_and_nothing_else),
        TEST(a_token_says_whose_it_is),
        TEST(wrong_tokens_are_none),
        TEST(the_longest_names_fit),
        TEST(only_so_many_are_remembered),
        TEST(requests_of_a_session),
        TEST(sessions_end_with_their_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* TLS sessions over a socket pair: certificates and their choice, handshakes, bytes both ways through full
 * sockets, the end. */
#include "tls_fixture.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "sys/loop.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define TURNS 100000

struct pair {
    struct tls_session *server;
    SSL *client;
    int fds[2]; /* the server's, the client's */
};

static struct pair pair_open(struct tls_context *context, const char *server_name) {
    struct pair pair;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.fds), 0);
    pair.server = tls_session_new(context, pair.fds[0]);
    pair.client = tls_client(pair.fds[1], server_name);
    return pair;
}

static void pair_close(struct pair *pair) {
    tls_session_free(pair->server);
    SSL_free(pair->client);
    close(pair->fds[0]);
    close(pair->fds[1]);
}

/* Both sides take turns until the handshake is over or fails; true when it went well for both. */
static bool shake_hands(struct pair *pair) {
    bool server_failed = false;
    for (int i = 0; i < 100; i++) {
        int status = SSL_do_handshake(pair->client);
        int why = SSL_get_error(pair->client, status);
        char byte;
        if (!server_failed)
            server_failed = tls_session_read(pair->server, &byte, 1) != -1 || errno != EAGAIN;
        if (status == 1 && !tls_session_is_handshaking(pair->server))
            return true;
        if (status != 1 && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            return false;
    }
    return false;
}

static struct tls_files files;

static int setup(void **state) {
    signal(SIGPIPE, SIG_IGN);
    files = new_files("a.test", "DNS:a.test");
    *state = load_context(&files, 1);
    return 0;
}

static int teardown(void **state) {
    tls_context_free(*state);
    remove_files(&files);
    return 0;
}

static ssize_t server_write(struct pair *pair, const void *data, size_t len) {
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    return tls_session_write(pair->server, &part, 1);
}

static void a_session_carries_bytes_both_ways(void **state) {
    static const struct {
        int most;
        const char *name;
    } versions[] = {{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}};
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct pair pair = pair_open(*state, NULL);
        char text[16] = "";
        SSL_set_max_proto_version(pair.client, versions[i].most);
        assert_true(tls_session_is_handshaking(pair.server));
        assert_true(shake_hands(&pair));
        assert_string_equal(tls_session_version(pair.server), versions[i].name);
        assert_string_equal(tls_session_cipher(pair.server), SSL_get_cipher_name(pair.client));
        assert_non_null(strstr(tls_session_cipher(pair.server), i ? "TLS_" : "ECDHE-ECDSA-"));
        assert_int_equal(SSL_write(pair.client, "ping", 4), 4);
        assert_int_equal(tls_session_read(pair.server, text, sizeof text), 4);
        assert_string_equal(text, "ping");
        assert_false(tls_session_has_more(pair.server));
        assert_int_equal(server_write(&pair, "pong!", 5), 5);
        assert_int_equal(SSL_read(pair.client, text, sizeof text), 5);
        assert_memory_equal(text, "pong!", 5);
        pair_close(&pair);
    }
}

static void old_versions_are_refused(void **state) {
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct pair pair = pair_open(*state, NULL);
        SSL_set_max_proto_version(pair.client, versions[i]);
        ERR_clear_error();
        assert_false(shake_hands(&pair));
        assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
        pair_close(&pair);
    }
}

static void a_client_can_not_renegotiate(void **state) {
    struct pair pair = pair_open(*state, NULL);
    SSL_set_max_proto_version(pair.client, TLS1_2_VERSION);
    assert_true(shake_hands(&pair));
    assert_int_equal(SSL_renegotiate(pair.client), 1);
    assert_false(shake_hands(&pair));
    pair_close(&pair);
}

static void the_protocol_is_http_1_1_or_none(void **state) {
    static const struct {
        const char *offered;
        const char *chosen; /* NULL: refused */
    } cases[] = {
        {"", ""},         {"\x08http/1.1", "http/1.1"},       {"\x02h2\x08http/1.1", "http/1.1"},
        {"\x02h2", NULL}, {"\x08http/1.0\x08http/1.2", NULL}, {"\x09http/1.1x", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair = pair_open(*state, NULL);
        const unsigned char *chosen = NULL;
        unsigned len = 0;
        SSL_set_alpn_protos(pair.client, (const unsigned char *)cases[i].offered,
                            (unsigned)strlen(cases[i].offered));
        ERR_clear_error();
        assert_int_equal(shake_hands(&pair), cases[i].chosen != NULL);
        if (!cases[i].chosen) {
            assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()),
                             SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
        } else {
            SSL_get0_alpn_selected(pair.client, &chosen, &len);
            assert_int_equal(len, strlen(cases[i].chosen));
            assert_memory_equal(chosen ? (const char *)chosen : "", cases[i].chosen, len);
        }
        pair_close(&pair);
    }
}

static void the_certificate_is_chosen_by_name(void **state) {
    (void)state;
    static const struct {
        const char *asked, *given;
    } cases[] = {
        {NULL, "first"},
        {"a.test", "first"},
        {"b.test", "second"},
        {"B.Test", "second"},
        {"unknown.test", "first"},
        {"x.c.test", "second"},  /* its wildcard */
        {"y.c.test", "third"},   /* exact, though behind the wildcard */
        {"c.test", "first"},     /* no wildcard is that wide */
        {"x.y.c.test", "first"}, /* or that deep */
        {"partial.d.test", "first"},
        {"only-common-name.test", "only-common-name.test"},
        {"second", "first"}, /* a common name beside alternatives counts for nothing */
    };
    struct tls_files four[] = {
        new_files("first", "DNS:a.test"),
        new_files("second", "DNS:b.test,DNS:*.c.test,DNS:part*.d.test"),
        new_files("third", "DNS:y.c.test"),
        new_files("only-common-name.test", NULL),
    };
    struct tls_context *context = load_context(four, COUNT(four));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair = pair_open(context, cases[i].asked);
        char name[64];
        assert_true(shake_hands(&pair));
        server_name_of(pair.client, name);
        assert_string_equal(name, cases[i].given);
        pair_close(&pair);
    }
    tls_context_free(context);
    for (size_t i = 0; i < COUNT(four); i++)
        remove_files(&four[i]);
}

static void other_certificates_are_for_new_sessions(void **state) {
    struct tls_files other = new_files("other", "DNS:a.test");
    const char *cert = other.cert, *key = other.key;
    struct tls_certificates *certificates;
    struct pair old = pair_open(*state, "a.test"), between = pair_open(*state, "a.test");
    char name[64], byte;
    assert_true(shake_hands(&old));
    assert_true(tls_load(&cert, &key, 1, &certificates, NULL));
    tls_context_replace(*state, certificates);
    struct pair new = pair_open(*state, "a.test");
    assert_true(shake_hands(&new));
    server_name_of(new.client, name);
    assert_string_equal(name, "other");
    assert_true(shake_hands(&between));
    server_name_of(between.client, name);
    assert_string_equal(name, "a.test");
    assert_int_equal(SSL_write(old.client, "x", 1), 1);
    assert_int_equal(tls_session_read(old.server, &byte, 1), 1);
    pair_close(&old);
    pair_close(&between);
    pair_close(&new);
    remove_files(&other);
}

/* ---- bytes ---- */

static void fill(char *data, size_t len) {
    for (size_t i = 0; i < len; i++)
        data[i] = (char)(i * 2654435761u >> 13);
}

/* Each write is cut into other parts and lies somewhere else, as the server's output does. */
static void much_goes_through_a_full_socket(void **state) {
    size_t size = 3 * 1000 * 1000, sent = 0, received = 0;
    char *data = mem_alloc(size + 1), *copy = mem_alloc(size);
    fill(data, size);
    struct pair pair = pair_open(*state, NULL);
    int refused = 0;
    assert_true(shake_hands(&pair));
    for (int i = 0; i < TURNS && received < size; i++) {
        size_t left = size - sent < 100000 ? size - sent : 100000;
        char *moved = mem_copy(data + sent, left + 1);
        size_t first = left < 7 ? left : 7, second = left - first < 9000 ? left - first : 9000;
        struct iovec parts[] = {{moved, first},
                                {moved + first, 0},
                                {moved + first, second},
                                {moved + first + second, left - first - second}};
        ssize_t len = tls_session_write(pair.server, parts, COUNT(parts));
        if (len < 0) {
            assert_int_equal(errno, EAGAIN);
            assert_int_equal(tls_session_events(pair.server, LOOP_WRITE), LOOP_WRITE);
            assert_int_equal(tls_session_ready(pair.server, LOOP_WRITE) & LOOP_WRITE, LOOP_WRITE);
            refused++;
        }
        sent += len > 0 ? (size_t)len : 0;
        free(moved);
        int got = SSL_read(pair.client, copy + received,
                           (int)(size - received < 50000 ? size - received : 50000));
        received += got > 0 ? (size_t)got : 0;
    }
    assert_int_equal(received, size);
    assert_int_equal(sent, size);
    assert_memory_equal(copy, data, size);
    assert_true(refused > 0);
    pair_close(&pair);
    free(data);
    free(copy);
}

/* The loop hears of nothing that OpenSSL has read already. */
static void what_the_loop_can_not_see_is_told(void **state) {
    struct pair pair = pair_open(*state, NULL);
    char data[5000], copy[5000], room[999];
    size_t received = 0;
    fill(data, sizeof data);
    assert_true(shake_hands(&pair));
    assert_int_equal(SSL_write(pair.client, data, 2500), 2500);
    assert_int_equal(SSL_write(pair.client, data + 2500, 2500), 2500);
    do {
        ssize_t len = tls_session_read(pair.server, room, sizeof room);
        assert_true(len > 0);
        memcpy(copy + received, room, (size_t)len);
        received += (size_t)len;
        struct pollfd poll_fd = {.fd = pair.fds[0], .events = POLLIN};
        bool is_visible = poll(&poll_fd, 1, 0) == 1;
        assert_true(received == sizeof data || is_visible || tls_session_has_more(pair.server));
    } while (received < sizeof data);
    assert_memory_equal(copy, data, sizeof data);
    assert_false(tls_session_has_more(pair.server));
    assert_int_equal(tls_session_read(pair.server, room, sizeof room), -1);
    assert_int_equal(errno, EAGAIN);
    pair_close(&pair);
}

/* A record that has come only in part must not keep the loop busy. */
static void half_a_record_is_nothing_more(void **state) {
    struct pair pair = pair_open(*state, NULL);
    char record[512], room[64];
    assert_true(shake_hands(&pair));
    BIO *out = BIO_new(BIO_s_mem());
    BIO_up_ref(out);
    SSL_set0_wbio(pair.client, out);
    assert_int_equal(SSL_write(pair.client, "hello", 5), 5);
    int len = BIO_read(out, record, sizeof record);
    assert_true(len > 10);
    assert_int_equal(send(pair.fds[1], record, 10, 0), 10);
    assert_int_equal(tls_session_read(pair.server, room, sizeof room), -1);
    assert_int_equal(errno, EAGAIN);
    assert_false(tls_session_has_more(pair.server));
    assert_int_equal(send(pair.fds[1], record + 10, (size_t)len - 10, 0), len - 10);
    assert_int_equal(tls_session_read(pair.server, room, sizeof room), 5);
    BIO_free(out);
    pair_close(&pair);
}

/* A handshake that has to say something first, while the socket takes nothing. */
static void reading_may_wait_for_room(void **state) {
    struct pair pair = pair_open(*state, NULL);
    static char junk[4096];
    size_t stuffed = 0;
    char byte;
    assert_int_equal(SSL_do_handshake(pair.client), -1);
    for (ssize_t len; (len = send(pair.fds[0], junk, stuffed ? 1 : sizeof junk, MSG_NOSIGNAL)) > 0;)
        stuffed += (size_t)len;
    assert_int_equal(tls_session_read(pair.server, &byte, 1), -1); /* takes the hello, can't answer it */
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(tls_session_events(pair.server, LOOP_READ), LOOP_WRITE);
    assert_int_equal(tls_session_ready(pair.server, LOOP_WRITE) & LOOP_READ, LOOP_READ);
    assert_int_equal(tls_session_ready(pair.server, LOOP_READ) & LOOP_READ, 0);
    while (stuffed > 0) {
        ssize_t len = recv(pair.fds[1], junk, stuffed < sizeof junk ? stuffed : sizeof junk, 0);
        assert_true(len > 0);
        stuffed -= (size_t)len;
    }
    assert_true(shake_hands(&pair));
    assert_int_equal(tls_session_events(pair.server, LOOP_READ), LOOP_READ);
    pair_close(&pair);
}

/* ---- the end ---- */

static void the_end_comes_behind_the_last_bytes(void **state) {
    struct pair pair = pair_open(*state, NULL);
    char room[64];
    assert_true(shake_hands(&pair));
    assert_int_equal(SSL_write(pair.client, "last", 4), 4);
    SSL_shutdown(pair.client);
    assert_int_equal(tls_session_read(pair.server, room, sizeof room), 4);
    assert_true(tls_session_has_more(pair.server));
    assert_int_equal(tls_session_read(pair.server, room, sizeof room), 0);
    assert_int_equal(server_write(&pair, "bye", 3), 3); /* this way is still open */
    assert_int_equal(tls_session_shut(pair.server), 0);
    assert_int_equal(SSL_read(pair.client, room, sizeof room), 3);
    assert_int_equal(SSL_read(pair.client, room, sizeof room), 0);
    assert_int_equal(SSL_get_error(pair.client, 0), SSL_ERROR_ZERO_RETURN);
    pair_close(&pair);
}

static void the_end_waits_for_room(void **state) {
    struct pair pair = pair_open(*state, NULL);
    static const char junk[4096];
    static char room[65536];
    assert_true(shake_hands(&pair));
    while (server_write(&pair, junk, sizeof junk) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
    /* The record that waits must leave before anything else, so that it is written again first. */
    assert_true(SSL_read(pair.client, room, sizeof room) > 0);
    for (int i = 0; i < 16; i++)
        SSL_read(pair.client, room, sizeof room);
    assert_int_equal(server_write(&pair, junk, sizeof junk), sizeof junk);
    while (send(pair.fds[0], junk, 1, MSG_NOSIGNAL) == 1) /* fills the socket to the brim */
        ;
    assert_int_equal(tls_session_shut(pair.server), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(tls_session_events(pair.server, LOOP_WRITE), LOOP_WRITE);
    while (recv(pair.fds[1], room, sizeof room, 0) > 0)
        ;
    assert_int_equal(tls_session_shut(pair.server), 0);
    assert_true(recv(pair.fds[1], room, sizeof room, 0) > 0);
    pair_close(&pair);
}

static void a_client_that_vanishes_is_an_end(void **state) {
    struct pair pair = pair_open(*state, NULL);
    char room[64];
    assert_true(shake_hands(&pair));
    assert_int_equal(SSL_read(pair.client, room, sizeof room), -1); /* takes the tickets */
    close(pair.fds[1]);
    pair.fds[1] = dup(pair.fds[0]); /* for pair_close() */
    assert_int_equal(tls_session_read(pair.server, room, sizeof room), 0);
    assert_int_equal(server_write(&pair, "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    pair_close(&pair);
}

static void other_bytes_are_a_broken_session(void **state) {
    static const char *const texts[] = {"GET / HTTP/1.1\r\n\r\n", "DELETE /x HTTP/1.1\r\n\r\n",
                                        "SSH-2.0-x\r\n", "\x16\x03\x01\x00\x05zzzzz", "\x16\x03\x01\xff\xff"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct pair pair = pair_open(*state, NULL);
        char room[64];
        size_t len = i == 3 ? 10 : strlen(texts[i]);
        assert_int_equal(send(pair.fds[1], texts[i], len, 0), len);
        assert_int_equal(tls_session_read(pair.server, room, sizeof room), -1);
        assert_int_equal(errno, EPROTO);
        assert_int_equal(server_write(&pair, "x", 1), -1);
        assert_int_equal(errno, EPROTO);
        assert_int_equal(tls_session_shut(pair.server), 0);
        pair_close(&pair);
    }
}

/* ---- files ---- */

static void write_text(const char *path, const char *mode, const char *text) {
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void expect_refused(const struct tls_files *pair, const char *setting, const char *path,
                           const char *why) {
    const char *cert = pair->cert, *key = pair->key;
    struct tls_certificates *certificates;
    struct err err;
    assert_false(tls_load(&cert, &key, 1, &certificates, &err));
    if (!strstr(err.text, setting) || !strstr(err.text, path) || !strstr(err.text, why))
        fail_msg("\"%s\" does not tell %s, %s, \"%s\"", err.text, setting, path, why);
}

static void bad_files_are_named(void **state) {
    (void)state;
    struct tls_files bad = new_files("a.test", NULL), other = new_files("b.test", NULL);
    struct tls_files mixed = bad;
    snprintf(mixed.key, sizeof mixed.key, "%s", other.key);
    expect_refused(&mixed, "setting tls-key", other.key, "not that of the first certificate");

    make_files(&bad, "a.test", NULL, "secret");
    expect_refused(&bad, "setting tls-key", bad.key, "has a passphrase");
    write_text(bad.key, "w", "nothing\n");
    expect_refused(&bad, "setting tls-key", bad.key, "no private key");
    unlink(bad.key);
    expect_refused(&bad, "setting tls-key", bad.key, "No such file");

    make_files(&bad, "a.test", NULL, NULL);
    write_text(bad.cert, "a", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    expect_refused(&bad, "setting tls-cert", bad.cert, "what follows");
    write_text(bad.cert, "w", "");
    expect_refused(&bad, "setting tls-cert", bad.cert, "no certificate");
    unlink(bad.cert);
    expect_refused(&bad, "setting tls-cert", bad.cert, "No such file");
    struct tls_files dir = bad;
    snprintf(dir.cert, sizeof dir.cert, "%s", dir.dir);
    expect_refused(&dir, "setting tls-cert", dir.cert, "directory");
    remove_files(&bad);
    remove_files(&other);
}

/* Certificate, issuers and key may be one file, in any order of the two kinds. */
static void one_file_may_hold_everything(void **state) {
    (void)state;
    struct tls_files one = new_files("a.test", NULL);
    char text[8192] = "";
    FILE *file = fopen(one.key, "r");
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    file = fopen(one.cert, "r");
    len += fread(text + len, 1, sizeof text - 1 - len, file);
    fclose(file);
    write_text(one.cert, "w", text);
    const char *path = one.cert;
    struct tls_certificates *certificates;
    struct err err;
    if (!tls_load(&path, &path, 1, &certificates, &err))
        fail_msg("%s", err.text);
    tls_certificates_release(certificates);
    remove_files(&one);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_carries_bytes_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(old_versions_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_can_not_renegotiate, setup, teardown),
        cmocka_unit_test_setup_teardown(the_protocol_is_http_1_1_or_none, setup, teardown),
        cmocka_unit_test(the_certificate_is_chosen_by_name),
        cmocka_unit_test_setup_teardown(other_certificates_are_for_new_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(much_goes_through_a_full_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_loop_can_not_see_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_record_is_nothing_more, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_may_wait_for_room, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_comes_behind_the_last_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_waits_for_room, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_vanishes_is_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(other_bytes_are_a_broken_session, setup, teardown),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(one_file_may_hold_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

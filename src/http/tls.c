/* See tls.h. */
#include "http/tls.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/fs.h"
#include "sys/loop.h"

/* The most that one record carries (RFC 8446, 5.1); a session writes record by record. */
#define RECORD_BYTES 16384u

/* For TLS 1.2: forward secrecy and authenticated encryption, nothing else. Those of TLS 1.3 are all fine. */
#define CIPHERS_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20"

struct tls_certificates {
    size_t holds;
    size_t count;
    SSL_CTX *contexts[TLS_CERTIFICATES]; /* one per certificate */
};

struct tls_context {
    struct tls_certificates *certificates;
};

struct tls_session {
    SSL *ssl;
    struct tls_certificates *certificates; /* the handshake chooses among them */
    int read_waits_for, write_waits_for;   /* enum loop_events */
    bool may_receive;                      /* from the socket: see on_bio() */
    bool has_more;
    bool is_begun;
    bool is_broken;
};

/* ---- certificates ---- */

/* The newest reason; the queue is empty afterwards. */
static const char *reason(void) {
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return text ? text : "no reason given";
}

/* Without this OpenSSL would ask on the terminal. */
static int no_passphrase(char *place, int size, int is_writing, void *arg) {
    (void)place;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

static void free_wiped(struct buf *text) {
    if (text->data)
        mem_wipe(text->data, text->capacity);
    buf_done(text);
}

/* NULL on failure. `text` is the file's and outlives the BIO. */
static BIO *open_pem(const char *path, const char *setting, struct buf *text, struct err *err) {
    buf_init(text, TLS_FILE_BYTES);
    if (!fs_read(path, text, err)) {
        err_wrap(err, "setting %s", setting);
        return NULL;
    }
    BIO *bio = BIO_new_mem_buf(buf_text(text), (int)text->len);
    assert(bio);
    return bio;
}

static bool read_chain(SSL_CTX *context, BIO *bio, const char *path, struct err *err) {
    X509 *issuer;
    while ((issuer = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)))
        if (SSL_CTX_add0_chain_cert(context, issuer) != 1) {
            X509_free(issuer);
            return err_set(err, ERR_PARAMETER, "setting tls-cert: can't use the issuers in %s: %s", path,
                           reason());
        }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return err_set(err, ERR_PARAMETER,
                       "setting tls-cert: what follows the certificate in %s is broken: %s", path, reason());
    ERR_clear_error();
    return true;
}

static bool use_certificate(SSL_CTX *context, BIO *bio, const char *path, struct err *err) {
    X509 *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    if (!certificate)
        return err_set(err, ERR_PARAMETER, "setting tls-cert: %s has no certificate in PEM form: %s", path,
                       reason());
    bool ok = SSL_CTX_use_certificate(context, certificate) == 1;
    if (!ok)
        err_set(err, ERR_PARAMETER, "setting tls-cert: can't use the certificate in %s: %s", path, reason());
    else if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        log_warn("tls.certificate_expired", "file=\"%s\" setting=tls-cert", path);
    X509_free(certificate);
    return ok && read_chain(context, bio, path, err);
}

static bool load_certificate(SSL_CTX *context, const char *path, struct err *err) {
    OWN(buf) struct buf text;
    BIO *bio = open_pem(path, "tls-cert", &text, err);
    if (!bio)
        return false;
    bool ok = use_certificate(context, bio, path, err);
    BIO_free(bio);
    return ok;
}

static bool use_key(SSL_CTX *context, BIO *bio, const char *path, const char *cert_path, struct err *err) {
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    int why = ERR_GET_REASON(ERR_peek_last_error());
    if (!key && (why == PEM_R_BAD_PASSWORD_READ || why == PEM_R_PROBLEMS_GETTING_PASSWORD)) {
        ERR_clear_error();
        return err_set(err, ERR_PARAMETER,
                       "setting tls-key: the key in %s has a passphrase; write one without: "
                       "openssl pkey -in %s -out FILE",
                       path, path);
    }
    if (!key)
        return err_set(err, ERR_PARAMETER, "setting tls-key: %s has no private key in PEM form: %s", path,
                       reason());
    bool belongs = X509_check_private_key(SSL_CTX_get0_certificate(context), key) == 1;
    bool ok = belongs && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    if (!belongs)
        err_set(err, ERR_PARAMETER,
                "setting tls-key: the key in %s is not that of the first certificate in %s (both settings "
                "list their files in the same order)",
                path, cert_path);
    else if (!ok)
        err_set(err, ERR_PARAMETER, "setting tls-key: can't use the key in %s: %s", path, reason());
    ERR_clear_error();
    return ok;
}

static bool load_key(SSL_CTX *context, const char *path, const char *cert_path, struct err *err) {
    struct buf text __attribute__((cleanup(free_wiped)));
    BIO *bio = open_pem(path, "tls-key", &text, err);
    if (!bio)
        return false;
    bool ok = use_key(context, bio, path, cert_path, err);
    BIO_free(bio);
    return ok;
}

/* ---- what the handshake asks ---- */

/* No certificate of this name is no failure: the client decides whether it takes the first one. */
static int choose_certificate(SSL *ssl, int *alert, void *arg) {
    (void)alert;
    const struct tls_certificates *certificates = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!name)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_CTX *chosen = NULL;
    bool is_exact = false;
    for (size_t i = 0; i < certificates->count && !is_exact; i++) {
        SSL_CTX *context = certificates->contexts[i];
        char *matched = NULL;
        if (X509_check_host(SSL_CTX_get0_certificate(context), name, strlen(name),
                            X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, &matched) == 1) {
            is_exact = matched && matched[0] != '*';
            if (is_exact || !chosen)
                chosen = context;
        }
        OPENSSL_free(matched);
    }
    if (!chosen)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(ssl, chosen);
    return SSL_TLSEXT_ERR_OK;
}

/* The list is length-prefixed names; OpenSSL has checked that they fill it. */
static int choose_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
                           const unsigned char *offered, unsigned offered_len, void *arg) {
    (void)ssl;
    (void)arg;
    static const char wanted[] = "http/1.1";
    size_t wanted_len = strlen(wanted);
    for (unsigned at = 0; at < offered_len; at += 1u + offered[at]) {
        if (offered[at] != wanted_len || memcmp(offered + at + 1, wanted, wanted_len) != 0)
            continue;
        *ret_name = offered + at + 1;
        *ret_len = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Sessions are resumed by tickets, which cost no memory here. */
static SSL_CTX *new_context(struct tls_certificates *certificates) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert(context);
    bool ok = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_cipher_list(context, CIPHERS_1_2) == 1;
    assert(ok);
    SSL_CTX_set_options(context,
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(context, certificates);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return context;
}

bool tls_load(const char *const *cert_files, const char *const *key_files, size_t count,
              struct tls_certificates **ret_certificates, struct err *err) {
    if (count == 0 || count > TLS_CERTIFICATES)
        return err_set(err, ERR_PARAMETER, "setting tls-cert: %zu files, but it takes 1 to %d", count,
                       TLS_CERTIFICATES);
    struct tls_certificates *certificates = mem_alloc(sizeof *certificates);
    certificates->holds = 1;
    for (size_t i = 0; i < count; i++) {
        SSL_CTX *context = certificates->contexts[certificates->count++] = new_context(certificates);
        if (!load_certificate(context, cert_files[i], err) ||
            !load_key(context, key_files[i], cert_files[i], err)) {
            tls_certificates_release(certificates);
            return false;
        }
    }
    *ret_certificates = certificates;
    return true;
}

void tls_certificates_release(struct tls_certificates *certificates) {
    if (!certificates || --certificates->holds > 0)
        return;
    for (size_t i = 0; i < certificates->count; i++)
        SSL_CTX_free(certificates->contexts[i]);
    free(certificates);
}

struct tls_context *tls_context_new(struct tls_certificates *certificates) {
    struct tls_context *context = mem_alloc(sizeof *context);
    context->certificates = certificates;
    return context;
}

void tls_context_replace(struct tls_context *context, struct tls_certificates *certificates) {
    tls_certificates_release(context->certificates);
    context->certificates = certificates;
}

void tls_context_free(struct tls_context *context) {
    if (!context)
        return;
    tls_certificates_release(context->certificates);
    free(context);
}

/* ---- sessions ---- */

/* OpenSSL reads on until content comes, so a client that sends records without any (KeyUpdate, for one) as
 * fast as they are read would keep it for ever. One recv(2) at a time then, the loop sees what is left. */
static long on_bio(BIO *bio, int operation, const char *data, size_t len, int number, long numbers,
                   int status, size_t *processed) {
    (void)data;
    (void)len;
    (void)number;
    (void)numbers;
    (void)processed;
    struct tls_session *session = (void *)BIO_get_callback_arg(bio);
    if (operation != BIO_CB_READ)
        return status;
    bool is_refused = !session->may_receive;
    session->may_receive = false;
    if (is_refused)
        BIO_set_retry_read(bio);
    return is_refused ? -1 : status;
}

struct tls_session *tls_session_new(struct tls_context *context, int fd) {
    struct tls_session *session = mem_alloc(sizeof *session);
    session->certificates = context->certificates;
    session->certificates->holds++;
    session->ssl = SSL_new(session->certificates->contexts[0]);
    bool ok = session->ssl && SSL_set_fd(session->ssl, fd) == 1;
    assert(ok);
    BIO_set_callback_ex(SSL_get_rbio(session->ssl), on_bio);
    BIO_set_callback_arg(SSL_get_rbio(session->ssl), (char *)session);
    SSL_set_accept_state(session->ssl);
    session->read_waits_for = LOOP_READ;
    session->write_waits_for = LOOP_WRITE;
    return session;
}

void tls_session_free(struct tls_session *session) {
    if (!session)
        return;
    SSL_free(session->ssl);
    tls_certificates_release(session->certificates);
    free(session);
}

/* What a call that returned `status` came to, as recv(2) would have it: 0 for the end, -1 and errno. */
static ssize_t outcome(struct tls_session *session, int status, int *waits_for) {
    int system_error = errno;
    switch (SSL_get_error(session->ssl, status)) {
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_WANT_READ:
        *waits_for = LOOP_READ;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_WRITE:
        *waits_for = LOOP_WRITE;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_SYSCALL: errno = system_error ? system_error : EPROTO; break;
    default: errno = EPROTO;
    }
    session->is_broken = true;
    return -1;
}

static bool is_usable(struct tls_session *session) {
    session->is_begun = true;
    if (session->is_broken)
        errno = EPROTO;
    else
        ERR_clear_error();
    session->may_receive = true;
    return !session->is_broken;
}

/* Record after record: the socket is read far ahead, so what the loop does not see is taken here, or noted.
 * An end or failure behind bytes waits for the next call, which then must come. */
ssize_t tls_session_read(struct tls_session *session, void *place, size_t room) {
    session->has_more = false;
    if (!is_usable(session))
        return -1;
    size_t total = 0;
    do {
        size_t len = 0;
        errno = 0;
        int status = SSL_read_ex(session->ssl, (char *)place + total, room - total, &len);
        if (status != 1) {
            ssize_t result = outcome(session, status, &session->read_waits_for);
            if (total == 0)
                return result;
            session->has_more = result == 0 || errno != EAGAIN;
            return (ssize_t)total;
        }
        total += len;
        session->may_receive = true;
    } while (total < room && SSL_has_pending(session->ssl));
    session->read_waits_for = LOOP_READ;
    session->has_more = SSL_has_pending(session->ssl);
    return (ssize_t)total;
}

/* The next record's content behind `skip` bytes: where it lies, or copied together from several parts. */
static const char *gather(const struct iovec *parts, size_t count, size_t skip, char *place,
                          size_t *ret_len) {
    size_t len = 0;
    for (size_t i = 0; i < count && len < RECORD_BYTES; i++) {
        if (skip >= parts[i].iov_len) {
            skip -= parts[i].iov_len;
            continue;
        }
        const char *data = (const char *)parts[i].iov_base + skip;
        size_t piece = parts[i].iov_len - skip;
        skip = 0;
        if (len == 0 && (piece >= RECORD_BYTES || i + 1 == count)) {
            *ret_len = piece < RECORD_BYTES ? piece : RECORD_BYTES;
            return data;
        }
        if (piece > RECORD_BYTES - len)
            piece = RECORD_BYTES - len;
        memcpy(place + len, data, piece);
        len += piece;
    }
    *ret_len = len;
    return place;
}

ssize_t tls_session_write(struct tls_session *session, const struct iovec *parts, size_t count) {
    if (!is_usable(session))
        return -1;
    char place[RECORD_BYTES];
    size_t total = 0, len;
    for (;;) {
        const char *record = gather(parts, count, total, place, &len);
        if (len == 0)
            break;
        size_t written = 0;
        errno = 0;
        int status = SSL_write_ex(session->ssl, record, len, &written);
        if (status == 1) {
            session->write_waits_for = LOOP_WRITE;
            total += written;
            continue;
        }
        if (outcome(session, status, &session->write_waits_for) == 0)
            errno = EPIPE;
        return total > 0 && errno == EAGAIN ? (ssize_t)total : -1;
    }
    return (ssize_t)total;
}

int tls_session_shut(struct tls_session *session) {
    if (!is_usable(session) || SSL_in_init(session->ssl))
        return 0;
    errno = 0;
    int status = SSL_shutdown(session->ssl);
    if (status >= 0 || outcome(session, status, &session->write_waits_for) == 0 || errno != EAGAIN)
        return 0;
    return -1;
}

int tls_session_events(const struct tls_session *session, int wanted) {
    return ((wanted & LOOP_READ) ? session->read_waits_for : LOOP_NONE) |
           ((wanted & LOOP_WRITE) ? session->write_waits_for : LOOP_NONE);
}

int tls_session_ready(const struct tls_session *session, int events) {
    return ((events & session->read_waits_for) ? LOOP_READ : LOOP_NONE) |
           ((events & session->write_waits_for) ? LOOP_WRITE : LOOP_NONE);
}

bool tls_session_has_more(const struct tls_session *session) {
    return session->has_more;
}

bool tls_session_is_begun(const struct tls_session *session) {
    return session->is_begun;
}

bool tls_session_is_handshaking(const struct tls_session *session) {
    return !SSL_is_init_finished(session->ssl);
}

const char *tls_session_version(const struct tls_session *session) {
    return SSL_get_version(session->ssl);
}

const char *tls_session_cipher(const struct tls_session *session) {
    return SSL_get_cipher_name(session->ssl);
}

/* Certificates made on the spot, and a TLS client in the thread of its server: OpenSSL's own, over memory or
 * a socket. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "http/tls.h"

struct tls_files {
    char dir[32];
    char cert[96];
    char key[96];
};

static inline void put_name(X509 *certificate, const char *common_name, const char *alternatives) {
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    if (!alternatives)
        return;
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternatives);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* Self-signed, over a new P-256 key. `alternatives` as in openssl.cnf: "DNS:a.test,DNS:*.b.test", or NULL.
 * Encrypted when there is a passphrase. */
static inline void make_files(const struct tls_files *files, const char *common_name,
                              const char *alternatives, const char *passphrase) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_non_null(key);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    put_name(certificate, common_name, alternatives);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);

    FILE *file = fopen(files->cert, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fopen(files->key, "w");
    assert_non_null(file);
    const EVP_CIPHER *cipher = passphrase ? EVP_aes_256_cbc() : NULL;
    assert_int_equal(PEM_write_PrivateKey(file, key, cipher, NULL, 0, NULL, (void *)(uintptr_t)passphrase),
                     1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static inline struct tls_files new_files(const char *common_name, const char *alternatives) {
    struct tls_files files = {.dir = "/tmp/lamb-tls-XXXXXX"};
    assert_non_null(mkdtemp(files.dir));
    snprintf(files.cert, sizeof files.cert, "%s/cert.pem", files.dir);
    snprintf(files.key, sizeof files.key, "%s/key.pem", files.dir);
    make_files(&files, common_name, alternatives, NULL);
    return files;
}

static inline void remove_files(const struct tls_files *files) {
    unlink(files->cert);
    unlink(files->key);
    rmdir(files->dir);
}

static inline struct tls_context *load_context(const struct tls_files *files, size_t count) {
    const char *certs[8], *keys[8];
    for (size_t i = 0; i < count; i++) {
        certs[i] = files[i].cert;
        keys[i] = files[i].key;
    }
    struct tls_certificates *certificates;
    struct err err;
    if (!tls_load(certs, keys, count, &certificates, &err))
        fail_msg("%s", err.text);
    return tls_context_new(certificates);
}

/* A client that believes every certificate. */
static inline SSL *tls_client(int fd, const char *server_name) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(ssl, fd);
    if (server_name)
        SSL_set_tlsext_host_name(ssl, server_name);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_connect_state(ssl);
    return ssl;
}

/* The common name of the server's certificate. */
static inline void server_name_of(SSL *client, char ret_name[64]) {
    X509 *certificate = SSL_get1_peer_certificate(client);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, ret_name, 64);
    X509_free(certificate);
}

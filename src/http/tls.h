/* TLS for accepted connections (RFC 8446, RFC 5246), over OpenSSL, which only this file knows.
 *
 * tls_load() reads certificates; a context holds those that new sessions get and can be given others at any
 * time, old sessions go on with theirs. A session is one connection: reading and writing do the handshake on
 * their way. TLS 1.2 and 1.3; no compression, no renegotiation; ALPN "http/1.1" (RFC 7301: a client that
 * offers protocols, but not this one, is refused with no_application_protocol).
 *
 * SIGPIPE must be ignored, as loop_new() does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/err.h"

struct tls_certificates;
struct tls_context;
struct tls_session;

#define TLS_CERTIFICATES 64
#define TLS_FILE_BYTES (256u * 1024)

/* Reads `count` pairs of PEM files: a certificate followed by those that issued it, and its key without a
 * passphrase. Names are chosen by SNI from the certificates' own (subjectAltName, else the common name): an
 * exact one before a wildcard of one label; the first pair for everybody else. Errors name the file and the
 * setting. Blocks; may be called on any thread. */
bool tls_load(const char *const *cert_files, const char *const *key_files, size_t count,
              struct tls_certificates **ret_certificates, struct err *err);
void tls_certificates_release(struct tls_certificates *certificates); /* NULL is fine */

/* Takes the certificates. */
struct tls_context *tls_context_new(struct tls_certificates *certificates);
void tls_context_replace(struct tls_context *context, struct tls_certificates *certificates);
void tls_context_free(struct tls_context *context); /* sessions live on; NULL is fine */

/* The server's side on a connected, non-blocking socket, which stays the caller's. */
struct tls_session *tls_session_new(struct tls_context *context, int fd);
void tls_session_free(struct tls_session *session); /* sends nothing; NULL is fine */

/* As recv(2) and sendmsg(2): bytes, 0 at the end of what the other side sends, or -1 and errno. What was not
 * taken must be the beginning of what is sent next. EAGAIN: try again when the socket is ready for
 * tls_session_events(). EPROTO: the session can't go on. */
ssize_t tls_session_read(struct tls_session *session, void *place, size_t room);
ssize_t tls_session_write(struct tls_session *session, const struct iovec *parts, size_t count);

/* Nothing more will be written (close_notify). -1 with EAGAIN: again, when it can be written. */
int tls_session_shut(struct tls_session *session);

/* Which events of the socket (enum loop_events) the wanted operations wait for, and which operations may go
 * on after these events: reading may have to write, and the reverse. */
int tls_session_events(const struct tls_session *session, int wanted);
int tls_session_ready(const struct tls_session *session, int events);

/* True when a read would give something that is not in the socket any more: the loop can't tell. */
bool tls_session_has_more(const struct tls_session *session);

bool tls_session_is_begun(const struct tls_session *session); /* something was read or written */
bool tls_session_is_handshaking(const struct tls_session *session);

/* "TLSv1.3", "TLS_AES_256_GCM_SHA384": static texts, after the handshake. */
const char *tls_session_version(const struct tls_session *session);
const char *tls_session_cipher(const struct tls_session *session);

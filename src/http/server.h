/* HTTP/1.1 server over a listening socket (RFC 9112): keep-alive, pipelining, chunked bodies both ways,
 * Expect: 100-continue, limits and time-outs. Parsing is llhttp's; what llhttp lets through and RFC 9112 does
 * not (missing or double Host, space before a colon, folded lines, transfer codings other than one "chunked")
 * is refused here.
 *
 * One exchange is one request and its response. A connection works on one exchange at a time; pipelined
 * requests wait in its input buffer, so that responses leave in order. The handler may answer at once or much
 * later. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/request.h"
#include "sys/loop.h"

struct http_listener;
struct http_exchange;
struct tls_context;

struct http_handler {
    /* The header section is complete. Return the most bytes of body that are wanted; a request that announces
     * or sends more is answered through `too_large`. To refuse the request before its body is read, answer it
     * here with http_respond() and return 0. 100-continue is sent only after this. A client that
     * leaves before its whole request is here leaves without a word, so keep nothing that must be freed. NULL
     * means 0 bytes for everything. */
    size_t (*begin)(void *arg, struct http_exchange *exchange);

    /* A piece of a body that begin() asked for with http_take_pieces(); only to be looked at. */
    void (*piece)(void *arg, struct http_exchange *exchange, const void *data, size_t len);

    /* The whole request is here. From now on the exchange belongs to the handler until it has answered. */
    void (*handle)(void *arg, struct http_exchange *exchange);

    /* The client went away, or half-closed, while the handler owned the exchange, or the rest of a body in
     * pieces is refused: forget it; it is invalid after this call. Not called once the response was handed
     * over completely. */
    void (*gone)(void *arg, struct http_exchange *exchange);

    /* Must answer with http_respond(). NULL: a plain 413. The connection is closed afterwards. */
    void (*too_large)(void *arg, struct http_exchange *exchange);
};

/* What the large bodies of requests may hold together, on all listeners that share it. */
struct http_budget {
    size_t limit_bytes;
    size_t used_bytes;
};

struct http_options {
    size_t budget_bytes;        /* what large bodies may hold on this listener; past it 503; 0 = any */
    struct tls_context *tls;    /* NULL: plain; see http/tls.h */
    struct http_budget *budget; /* the same for all listeners that share it; NULL: they share none */
    const char *common_headers; /* complete lines with CRLF, sent with every response; may be NULL */
    bool send_date;             /* adds Date */
    int32_t max_connections;    /* further ones are accepted and closed at once; 0 = LIMIT_HTTP_CONNECTIONS */
    int32_t idle_timeout_ms;    /* without a request; 0 = never (runtimes wait for hours) */
    int32_t header_timeout_ms;  /* from the first byte to the end of the headers; 0 = never */
    int32_t body_timeout_ms;    /* without any progress of a body or of a response being read; 0 = never */
};

/* Takes listen_fd (already listening, non-blocking or not). `handler`, `arg` and the texts of `options` must
 * outlive it. */
struct http_listener *http_listener_new(struct loop *loop, int listen_fd, const struct http_handler *handler,
                                        void *arg, const struct http_options *options,
                                        const struct clock *clock);

/* Stops accepting and closes idle connections; busy ones close after their response. `closed(arg)` is called
 * once, when the last connection is gone (perhaps at once). */
void http_listener_drain(struct http_listener *listener, void (*closed)(void *arg), void *arg);

/* Closes everything now (calls `gone` for exchanges that handlers own). NULL is fine. */
void http_listener_free(struct http_listener *listener);

size_t http_listener_connections(const struct http_listener *listener);

/* A request is arriving, is worked on, or its answer is not with the kernel yet. */
bool http_listener_is_busy(const struct http_listener *listener);

/* Opens a listening TCP socket on a numeric address. Port 0 lets the kernel choose; see http_listen_port. */
bool http_listen(const char *address, uint16_t port, int *ret_fd, struct err *err);
uint16_t http_listen_port(int listen_fd);

/* The client's address as text; false when it is not known any more. */
#define HTTP_PEER_BYTES 46
bool http_exchange_peer(const struct http_exchange *exchange, char ret_address[HTTP_PEER_BYTES]);

const struct http_request *http_exchange_request(const struct http_exchange *exchange);

/* Takes the body over, as NUL-terminated memory that the caller frees; the request's body is empty
 * afterwards. A large body moves without a copy. */
char *http_exchange_take_body(struct http_exchange *exchange, size_t *ret_len);

/* Inside begin() alone, which must return the most bytes that are wanted all the same: the body is not kept
 * but comes through `piece`, as it arrives, and `handle` follows with an empty one. From the end of begin()
 * on the exchange belongs to the handler, which is told when the client goes away, and may answer at any
 * time, also inside piece() (the connection ends then). A chunk comes in a piece of its own, or in several.
 */
void http_take_pieces(struct http_exchange *exchange);

/* Whether such a body rests: nothing comes to the handler, neither pieces nor `handle`, and the client is not
 * read; that it went away is noticed later. HTTP_PIECES_BYTES are read at a time. */
#define HTTP_PIECES_BYTES (64u * 1024)
void http_pause(struct http_exchange *exchange, bool is_paused);

/* A trailer field of a chunked body, by its lower-case name; NULL when it was not sent. In handle() and until
 * the answer. A request with too many of them is answered 431; those that would steer it are dropped. */
#define HTTP_TRAILER_BYTES (64u * 1024)
const struct http_text *http_trailer_get(const struct http_exchange *exchange, const char *lower_name);

/* What TLS protects it by, static texts in OpenSSL's names ("TLSv1.3", "TLS_AES_128_GCM_SHA256"). */
bool http_exchange_tls(const struct http_exchange *exchange, const char **ret_version,
                       const char **ret_cipher);

/* Whether the connection is to end with the answer, as far as is known by now. */
bool http_exchange_is_last(const struct http_exchange *exchange);

/* A pointer of the handler's, NULL at the start of each exchange. */
void http_exchange_set_context(struct http_exchange *exchange, void *context);
void *http_exchange_context(const struct http_exchange *exchange);

/* Answers completely. `headers` is complete lines with CRLF, or NULL; Content-Length, Connection and the
 * options' headers are added (no Content-Length and no body for 1xx, 204, 304). Head and body leave in one
 * writev; what the socket does not take is copied, so `body` may be reused at once. The exchange is invalid
 * afterwards. */
void http_respond(struct http_exchange *exchange, int status, const char *headers, const void *body,
                  size_t body_len);

/* The same, after which the connection is closed. */
void http_respond_and_close(struct http_exchange *exchange, int status, const char *headers, const void *body,
                            size_t body_len);

/* Answers in pieces: start, write..., end. length < 0 means chunked. http_write gives the number of bytes
 * still waiting for the client; when that is over HTTP_HIGH_WATER, wait for `drained(arg)`, which is called
 * once it is zero again. http_abort ends a started response by closing the connection. */
#define HTTP_HIGH_WATER (256u * 1024)
void http_start(struct http_exchange *exchange, int status, const char *headers, int64_t length);
size_t http_write(struct http_exchange *exchange, const void *data, size_t len);

/* The same for bytes that lie apart and belong together: one chunk, one system call; perhaps the last. */
#define HTTP_WRITE_PARTS 3
size_t http_write_parts(struct http_exchange *exchange, const struct iovec *parts, size_t count);
void http_end_parts(struct http_exchange *exchange, const struct iovec *parts, size_t count);
void http_on_drained(struct http_exchange *exchange, void (*drained)(void *arg), void *arg);
void http_end(struct http_exchange *exchange);
void http_abort(struct http_exchange *exchange);

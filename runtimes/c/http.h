/* The HTTP/1.1 client of liblamb: one keep-alive connection to the Runtime API, answers read in the order
 * of the requests. It knows nothing of Lambda. For liblamb only.
 *
 * Everything read is bounded. An answer lives in the connection's buffer, so an event of 6 MB is never
 * copied. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#define LAMB_HTTP_HEAD_BYTES (64u * 1024)
#define LAMB_HTTP_BODY_BYTES (16u * 1024 * 1024)
#define LAMB_HTTP_HEADERS 64

struct lamb_http {
    struct sockaddr_in address;
    int fd; /* -1: not connected */
    char *buffer;
    size_t capacity;
    size_t start; /* the first byte not yet given out */
    size_t end;
    char failure[160]; /* why the last call failed */
};

/* Positions count from the first byte of the answer, which may move while its body is still coming. */
struct lamb_http_header {
    size_t name;
    size_t value;
};

/* Good until the next call of lamb_http_receive or lamb_http_close. */
struct lamb_http_reply {
    int status;
    char *bytes;
    char *body; /* followed by a NUL if this is the last answer outstanding */
    size_t body_size;
    size_t header_count;
    struct lamb_http_header headers[LAMB_HTTP_HEADERS];
};

/* `api` is HOST:PORT as in AWS_LAMBDA_RUNTIME_API; HOST is an IPv4 address or localhost. Connects at
 * first use. */
bool lamb_http_init(struct lamb_http *http, const char *api);
void lamb_http_done(struct lamb_http *http);
void lamb_http_close(struct lamb_http *http);

/* Connects if need be and writes all parts, which it uses up. On failure the connection is closed. */
bool lamb_http_send(struct lamb_http *http, struct iovec *parts, int count);

/* Waits for one whole answer, without a time limit. `last` says that no further answer is outstanding: a
 * byte after this one is then a failure. On failure the connection is closed. */
bool lamb_http_receive(struct lamb_http *http, bool last, struct lamb_http_reply *ret_reply);

/* NULL if the answer has no such header. */
const char *lamb_http_header(const struct lamb_http_reply *reply, const char *name);

/* The HTTP/1.1 client of liblamb. See http.h. */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (32u * 1024)
#define MESSAGE_BYTES (LAMB_HTTP_HEAD_BYTES + LAMB_HTTP_BODY_BYTES)

__attribute__((format(printf, 2, 3))) static bool fail(struct lamb_http *http, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(http->failure, sizeof http->failure, format, args);
    va_end(args);
    return false;
}

bool lamb_http_init(struct lamb_http *http, const char *api) {
    *http = (struct lamb_http){.fd = -1, .address = {.sin_family = AF_INET}};
    if (api == NULL)
        return fail(http, "AWS_LAMBDA_RUNTIME_API isn't set: a function is started by Lamb or AWS Lambda");
    char host[64] = "";
    const char *colon = strrchr(api, ':');
    size_t host_size = colon == NULL ? sizeof host : (size_t)(colon - api);
    char *end = NULL;
    long port = colon == NULL ? 0 : strtol(colon + 1, &end, 10);
    if (host_size >= sizeof host || port < 1 || port > 65535 || *end != '\0')
        return fail(http, "AWS_LAMBDA_RUNTIME_API is '%.80s', not HOST:PORT", api);
    memcpy(host, api, host_size);
    const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET, number, &http->address.sin_addr) != 1)
        return fail(http, "AWS_LAMBDA_RUNTIME_API is '%.80s'; its host must be an IPv4 address", api);
    http->address.sin_port = htons((uint16_t)port);
    return true;
}

void lamb_http_close(struct lamb_http *http) {
    if (http->fd >= 0)
        close(http->fd);
    http->fd = -1;
    http->start = http->end = 0;
}

void lamb_http_done(struct lamb_http *http) {
    lamb_http_close(http);
    free(http->buffer);
    http->buffer = NULL;
}

static bool http_connect(struct lamb_http *http) {
    http->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (http->fd < 0)
        return fail(http, "no socket for the Runtime API: %s", strerror(errno));
    setsockopt(http->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(http->fd, (const struct sockaddr *)&http->address, sizeof http->address) != 0) {
        fail(http, "the Runtime API can't be reached: %s", strerror(errno));
        lamb_http_close(http);
        return false;
    }
    return true;
}

bool lamb_http_send(struct lamb_http *http, struct iovec *parts, int count) {
    if (http->fd < 0 && !http_connect(http))
        return false;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(http->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            fail(http, "the Runtime API took no more bytes: %s", strerror(errno));
            lamb_http_close(http);
            return false;
        }
        while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
    return true;
}

/* Makes room for `size` bytes of the current answer and the NUL after them. */
static bool reserve(struct lamb_http *http, size_t size) {
    if (http->capacity - http->start > size)
        return true;
    if (http->start > 0) {
        memmove(http->buffer, http->buffer + http->start, http->end - http->start);
        http->end -= http->start;
        http->start = 0;
    }
    if (http->capacity > size)
        return true;
    size_t capacity = size < BUFFER_BYTES ? BUFFER_BYTES : size + BUFFER_BYTES;
    char *grown = realloc(http->buffer, capacity);
    if (grown == NULL)
        return fail(http, "no memory for an answer of %zu bytes", size);
    http->buffer = grown;
    http->capacity = capacity;
    return true;
}

/* Waits until `size` bytes of the current answer are there; takes along what else has come. */
static bool need(struct lamb_http *http, size_t size) {
    if (size > MESSAGE_BYTES)
        return fail(http, "an answer of the Runtime API is longer than %u bytes", MESSAGE_BYTES);
    if (!reserve(http, size))
        return false;
    while (http->end - http->start < size) {
        ssize_t got = recv(http->fd, http->buffer + http->end, http->capacity - http->end - 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(http, "the Runtime API can't be read: %s", strerror(errno));
        if (got == 0)
            return fail(http, "the Runtime API closed the connection");
        http->end += (size_t)got;
    }
    return true;
}

static char *at(const struct lamb_http *http, size_t position) {
    return http->buffer + http->start + position;
}

static char *find_crlf(char *text, size_t size) {
    const char *end = text + size;
    for (; (text = memchr(text, '\r', (size_t)(end - text))) != NULL; text++)
        if (end - text > 1 && text[1] == '\n')
            return text;
    return NULL;
}

/* Finds the line that begins at `position`: its length without CR LF. Lines end within `limit` bytes. */
static bool find_line(struct lamb_http *http, size_t position, size_t limit, size_t *ret_size) {
    size_t searched = position;
    for (;;) {
        size_t have = http->end - http->start;
        char *found = have > searched ? find_crlf(at(http, searched), have - searched) : NULL;
        if (found != NULL) {
            *ret_size = (size_t)(found - at(http, position));
            return true;
        }
        if (have >= limit)
            return fail(http, "a line of the Runtime API's answer is too long");
        searched = have > position ? have - 1 : position;
        if (!need(http, have + 1))
            return false;
    }
}

/* Reads status line and headers; texts are NUL-terminated in place. Gives the position of the body. */
static bool read_head(struct lamb_http *http, struct lamb_http_reply *reply, size_t *ret_body) {
    size_t size;
    if (!find_line(http, 0, LAMB_HTTP_HEAD_BYTES, &size))
        return false;
    const char *status = at(http, 0);
    if (size < 12 || memcmp(status, "HTTP/1.1 ", 9) != 0 || strspn(status + 9, "0123456789") != 3)
        return fail(http, "the Runtime API doesn't answer in HTTP/1.1");
    reply->status = atoi(status + 9);
    reply->header_count = 0;
    for (size_t line = size + 2;; line += size + 2) {
        if (!find_line(http, line, LAMB_HTTP_HEAD_BYTES, &size))
            return false;
        if (size == 0) {
            *ret_body = line + 2;
            return true;
        }
        char *text = at(http, line);
        char *colon = memchr(text, ':', size);
        if (colon == NULL || reply->header_count == LAMB_HTTP_HEADERS)
            return fail(http, "the Runtime API's answer has a malformed header or more than %d headers",
                        LAMB_HTTP_HEADERS);
        *colon = text[size] = '\0';
        size_t value = (size_t)(colon - text) + 1;
        value += strspn(text + value, " \t");
        reply->headers[reply->header_count++] = (struct lamb_http_header){.name = line,
                                                                          .value = line + value};
    }
}

/* Decodes a chunked body in place: chunk by chunk, the data moves down over the chunk lines. */
static bool read_chunked(struct lamb_http *http, size_t body, size_t *ret_size, size_t *ret_end) {
    size_t decoded = 0;
    size_t size;
    for (size_t line = body;;) {
        if (!find_line(http, line, line + 1024, &size))
            return false;
        char *end;
        unsigned long chunk = strtoul(at(http, line), &end, 16);
        if (end == at(http, line) || chunk > LAMB_HTTP_BODY_BYTES)
            return fail(http, "the Runtime API sent a malformed chunk");
        line += size + 2;
        if (chunk == 0) {
            do {
                if (!find_line(http, line, line + LAMB_HTTP_HEAD_BYTES, &size))
                    return false;
                line += size + 2;
            } while (size > 0);
            *ret_size = decoded;
            *ret_end = line;
            return true;
        }
        if (!need(http, line + chunk + 2))
            return false;
        memmove(at(http, body + decoded), at(http, line), chunk);
        decoded += chunk;
        line += chunk + 2;
    }
}

static bool read_sized(struct lamb_http *http, const char *length, size_t body, size_t *ret_size) {
    char *end = NULL;
    unsigned long size = length == NULL ? 0 : strtoul(length, &end, 10);
    if (length != NULL && (end == length || *end != '\0' || size > LAMB_HTTP_BODY_BYTES))
        return fail(http, "the Runtime API answers with a Content-Length of '%.40s'", length);
    *ret_size = size;
    return need(http, body + size);
}

static bool read_reply(struct lamb_http *http, struct lamb_http_reply *reply) {
    size_t body = 0;
    size_t end = 0;
    do {
        if (!reserve(http, BUFFER_BYTES / 2) || !read_head(http, reply, &body))
            return false;
        if (reply->status < 200)
            http->start += body;
    } while (reply->status < 200);
    reply->bytes = at(http, 0);
    const char *encoding = lamb_http_header(reply, "Transfer-Encoding");
    if (encoding != NULL && strcasecmp(encoding, "chunked") == 0) {
        if (!read_chunked(http, body, &reply->body_size, &end))
            return false;
    } else {
        if (!read_sized(http, lamb_http_header(reply, "Content-Length"), body, &reply->body_size))
            return false;
        end = body + reply->body_size;
    }
    reply->bytes = at(http, 0);
    reply->body = at(http, body);
    http->start += end;
    return true;
}

/* A buffer that grew for one large event is given back before the next. */
static void trim(struct lamb_http *http) {
    if (http->start != http->end)
        return;
    http->start = http->end = 0;
    if (http->capacity > 8 * BUFFER_BYTES) {
        free(http->buffer);
        http->buffer = NULL;
        http->capacity = 0;
    }
}

bool lamb_http_receive(struct lamb_http *http, bool last, struct lamb_http_reply *ret_reply) {
    trim(http);
    bool received = read_reply(http, ret_reply);
    if (received && last && http->start != http->end)
        received = fail(http, "the Runtime API sent more than it was asked for");
    if (received && last)
        ret_reply->body[ret_reply->body_size] = '\0';
    if (!received)
        lamb_http_close(http);
    return received;
}

const char *lamb_http_header(const struct lamb_http_reply *reply, const char *name) {
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcasecmp(reply->bytes + reply->headers[i].name, name) == 0)
            return reply->bytes + reply->headers[i].value;
    return NULL;
}

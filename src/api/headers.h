/* Header lines of an answer, put together without allocation or formatting: the invoke path uses it for every
 * call. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"

/* The longest set: that of an invocation with its log tail in base64. */
#define HEADERS_BYTES (1024 + (LIMIT_LOG_TAIL_BYTES + 2) / 3 * 4)

/* On the stack, begun with `len` 0. What is put into it is bounded by whoever puts it. */
struct headers {
    size_t len;
    char text[HEADERS_BYTES];
};

static inline void headers_put_text(struct headers *headers, const char *text) {
    size_t len = strlen(text);
    assert(len < HEADERS_BYTES - headers->len);
    memcpy(headers->text + headers->len, text, len + 1);
    headers->len += len;
}

/* "<name>: <value>" and CRLF. */
static inline void headers_put(struct headers *headers, const char *name, const char *value) {
    headers_put_text(headers, name);
    headers_put_text(headers, ": ");
    headers_put_text(headers, value);
    headers_put_text(headers, "\r\n");
}

/* The same with the value in base64. */
static inline void headers_put_base64(struct headers *headers, const char *name, const void *data,
                                      size_t size) {
    headers_put_text(headers, name);
    headers_put_text(headers, ": ");
    assert(digest_base64_encoded_bytes(size) < HEADERS_BYTES - headers->len);
    headers->len += digest_base64_encode(data, size, headers->text + headers->len);
    headers_put_text(headers, "\r\n");
}

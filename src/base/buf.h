/* A growing byte buffer with a limit given at birth. Appending past the limit fails, leaves the content alone
 * and is remembered, so that a chain of appends is checked once at its end with buf_ok(). */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* NULL while empty; NUL-terminated by every append and by buf_text() */
    size_t len;
    size_t capacity;
    size_t limit; /* most bytes it may ever hold */
    bool overflowed;
};

void buf_init(struct buf *buf, size_t limit);
void buf_done(struct buf *buf);

/* Forgets content and overflow; keeps the memory. */
void buf_clear(struct buf *buf);

/* Forgets content and gives the memory back when more than `keep_bytes` are held. */
void buf_shrink(struct buf *buf, size_t keep_bytes);

bool buf_append(struct buf *buf, const void *data, size_t len);
bool buf_append_text(struct buf *buf, const char *text);
bool buf_append_byte(struct buf *buf, char byte);
bool buf_append_number(struct buf *buf, long long number);
bool buf_append_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for at least `len` more bytes at data + len, or NULL past the limit (which is remembered as well). The
 * caller adds what it wrote to buf->len. */
char *buf_reserve(struct buf *buf, size_t len);

/* Drops the first `len` bytes. */
void buf_consume(struct buf *buf, size_t len);

static inline bool buf_ok(const struct buf *buf) {
    return !buf->overflowed;
}

/* Content as a string; "" when empty. Valid until the next change. */
static inline const char *buf_text(const struct buf *buf) {
    if (!buf->data)
        return "";
    buf->data[buf->len] = '\0'; /* there is always room for it; a caller of buf_reserve has not written it */
    return buf->data;
}

/* Hands the content over as a malloc'd, NUL-terminated string (never NULL); the buffer is empty
 * afterwards. */
char *buf_take(struct buf *buf);

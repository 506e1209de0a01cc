/* A growing byte buffer with a limit. Memory doubles, so that appending byte by byte costs constant time
 * each. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAPACITY 64

void buf_init(struct buf *buf, size_t limit) {
    /* The cap keeps len + 1 and doubling from overflowing; no machine has that much. */
    *buf = (struct buf){.limit = limit < PTRDIFF_MAX / 2 ? limit : PTRDIFF_MAX / 2};
}

void buf_done(struct buf *buf) {
    free(buf->data);
    *buf = (struct buf){.limit = buf->limit};
}

void buf_clear(struct buf *buf) {
    buf->len = 0;
    buf->overflowed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_shrink(struct buf *buf, size_t keep_bytes) {
    if (buf->capacity > keep_bytes)
        buf_done(buf);
    else
        buf_clear(buf);
}

char *buf_reserve(struct buf *buf, size_t len) {
    if (len > buf->limit - buf->len) {
        buf->overflowed = true;
        return NULL;
    }
    size_t needed = buf->len + len + 1;
    if (needed > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
        while (capacity < needed)
            capacity *= 2;
        /* Doubling must not hold twice the limit. */
        if (capacity > buf->limit + 1)
            capacity = buf->limit + 1;
        buf->data = mem_resize(buf->data, capacity);
        buf->capacity = capacity;
    }
    return buf->data + buf->len;
}

bool buf_append(struct buf *buf, const void *data, size_t len) {
    char *place = buf_reserve(buf, len);
    if (!place)
        return false;
    if (len)
        memcpy(place, data, len);
    place[len] = '\0';
    buf->len += len;
    return true;
}

bool buf_append_text(struct buf *buf, const char *text) {
    return buf_append(buf, text, strlen(text));
}

bool buf_append_byte(struct buf *buf, char byte) {
    return buf_append(buf, &byte, 1);
}

bool buf_append_number(struct buf *buf, long long number) {
    char digits[24];
    char *end = digits + sizeof digits;
    char *start = end;
    unsigned long long rest = number < 0 ? 0ull - (unsigned long long)number : (unsigned long long)number;
    do {
        *--start = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        *--start = '-';
    return buf_append(buf, start, (size_t)(end - start));
}

bool buf_append_format(struct buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    char small[256];
    int wanted = vsnprintf(small, sizeof small, format, args);
    va_end(args);

    bool ok = wanted >= 0;
    if (!ok) {
        buf->overflowed = true;
    } else if ((size_t)wanted < sizeof small) {
        ok = buf_append(buf, small, (size_t)wanted);
    } else {
        char *place = buf_reserve(buf, (size_t)wanted);
        ok = place != NULL;
        if (ok) {
            vsnprintf(place, (size_t)wanted + 1, format, again);
            buf->len += (size_t)wanted;
        }
    }
    va_end(again);
    return ok;
}

void buf_consume(struct buf *buf, size_t len) {
    if (!buf->data)
        return;
    if (len > buf->len)
        len = buf->len;
    buf->len -= len;
    memmove(buf->data, buf->data + len, buf->len);
    buf->data[buf->len] = '\0';
}

char *buf_take(struct buf *buf) {
    char *text = buf->data ? buf->data : mem_alloc(1);
    text[buf->len] = '\0';
    *buf = (struct buf){.limit = buf->limit};
    return text;
}

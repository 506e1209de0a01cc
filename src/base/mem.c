/* Memory that is there or the process is not. Anybody may call it, on any thread. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The write is all that is safe to do without memory; its result can change nothing. */
static void *or_abort(void *memory) {
    if (!memory) {
        fputs("lamb: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t size) {
    return or_abort(calloc(1, size ? size : 1));
}

void *mem_alloc_array(size_t count, size_t item_size) {
    if (count == 0 || item_size == 0)
        return mem_alloc(0);
    return or_abort(calloc(count, item_size));
}

void *mem_resize(void *old, size_t size) {
    return or_abort(realloc(old, size ? size : 1));
}

void *mem_copy(const void *data, size_t size) {
    void *copy = or_abort(malloc(size ? size : 1));
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *mem_copy_text(const char *data, size_t len) {
    if (len == SIZE_MAX)
        or_abort(NULL);
    char *copy = or_abort(malloc(len + 1));
    if (len)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *mem_text(const char *text) {
    return text ? mem_copy_text(text, strlen(text)) : NULL;
}

char *mem_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text;
    int len = vasprintf(&text, format, args);
    va_end(args);
    return or_abort(len < 0 ? NULL : text);
}

void mem_wipe(void *data, size_t size) {
    explicit_bzero(data, size);
}

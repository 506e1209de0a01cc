/* See trailers.h. Texts are copied into one block, where they stay until the end: a body has passed through
 * its buffer by then. */
#include "http/trailers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/server.h"

struct trailers {
    size_t count;
    size_t text_len;
    struct http_header fields[LIMIT_HTTP_HEADERS];
    char text[HTTP_TRAILER_BYTES];
};

/* Fields of framing, routing, authentication and content (RFC 9110, 6.5.1). */
static const char *const dropped_names[] = {
    "authorization",     "connection", "content-encoding", "content-length", "content-range",
    "content-type",      "cookie",     "expect",           "host",           "keep-alive",
    "max-forwards",      "te",         "trailer",          "upgrade",        "proxy-authorization",
    "transfer-encoding",
};

/* Not zeroed, so that only what is used costs memory. */
struct trailers *trailers_new(void) {
    struct trailers *trailers = mem_resize(NULL, sizeof *trailers);
    trailers->count = 0;
    trailers->text_len = 0;
    return trailers;
}

void trailers_free(struct trailers *trailers) {
    free(trailers);
}

static struct http_header *last(struct trailers *trailers) {
    return &trailers->fields[trailers->count - 1];
}

bool trailers_begin_field(struct trailers *trailers) {
    if (trailers->count == LIMIT_HTTP_HEADERS)
        return false;
    trailers->fields[trailers->count++] = (struct http_header){0};
    return true;
}

static bool add(struct trailers *trailers, struct http_text *text, const char *at, size_t len) {
    char *place = trailers->text + trailers->text_len;
    if (len > sizeof trailers->text - trailers->text_len)
        return false;
    if (len > 0)
        memcpy(place, at, len);
    if (!text->data)
        text->data = place;
    text->len += len;
    trailers->text_len += len;
    return true;
}

bool trailers_add_name(struct trailers *trailers, const char *at, size_t len) {
    return add(trailers, &last(trailers)->name, at, len);
}

bool trailers_add_value(struct trailers *trailers, const char *at, size_t len) {
    return add(trailers, &last(trailers)->value, at, len);
}

bool trailers_end_field(struct trailers *trailers) {
    struct http_text *name = &last(trailers)->name;
    struct http_text *value = &last(trailers)->value;
    if (name->len == 0)
        return false;
    while (value->len > 0 && (value->data[value->len - 1] == ' ' || value->data[value->len - 1] == '\t'))
        value->len--;
    for (size_t i = 0; i < sizeof dropped_names / sizeof dropped_names[0]; i++)
        if (http_text_is_nocase(*name, dropped_names[i]))
            name->len = 0; /* found by no name */
    return true;
}

size_t trailers_bytes(const struct trailers *trailers) {
    return trailers ? trailers->text_len : 0;
}

const struct http_text *trailers_get(const struct trailers *trailers, const char *lower_name) {
    for (size_t i = 0; trailers && i < trailers->count; i++)
        if (http_text_is_nocase(trailers->fields[i].name, lower_name))
            return &trailers->fields[i].value;
    return NULL;
}

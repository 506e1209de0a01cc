/* The trailer fields of one chunked body. They come from outside: HTTP_TRAILER_BYTES and LIMIT_HTTP_HEADERS
 * bound them, also those that are not kept. For parse.c, which reads them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

struct trailers;

struct trailers *trailers_new(void);
void trailers_free(struct trailers *trailers); /* NULL is fine */

/* The bytes of a field come in any number of parts: first those of its name, then those of its value. False
 * when there are too many fields or bytes. */
bool trailers_begin_field(struct trailers *trailers);
bool trailers_add_name(struct trailers *trailers, const char *at, size_t len);
bool trailers_add_value(struct trailers *trailers, const char *at, size_t len);

/* Closes the field. False when it has no name. One that would steer the message, which has been read by then,
 * is dropped (RFC 9110, 6.5.1). */
bool trailers_end_field(struct trailers *trailers);

/* How many bytes of names and values came. */
size_t trailers_bytes(const struct trailers *trailers); /* NULL is fine */

/* The first of that name; NULL when there is none. */
const struct http_text *trailers_get(const struct trailers *trailers, const char *lower_name);

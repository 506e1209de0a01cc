/* A parsed HTTP request as a plain value: what the server hands to its handlers, what signatures are verified
 * over, and what tests build by hand. All texts point into memory of the exchange and live as long as it
 * does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

struct http_text {
    const char *data; /* not NUL-terminated */
    size_t len;
};

struct http_header {
    struct http_text name;  /* as sent */
    struct http_text value; /* white space around it cut */
};

struct http_request {
    struct http_text method; /* upper case as sent */
    struct http_text path;   /* raw, percent-encoded, begins with '/' */
    struct http_text query;  /* raw, without '?'; empty when there is none */
    struct http_header headers[LIMIT_HTTP_HEADERS];
    size_t header_count;
    struct http_text body;   /* whole, after chunked decoding */
    const char *body_sha256; /* of the body in lower-case hex, when somebody computed it already; else NULL */
    bool keep_alive;
    bool is_http_1_0; /* else 1.1 */
};

/* First header of that name, compared without case; NULL when absent. */
const struct http_text *http_header_get(const struct http_request *request, const char *lower_name);

/* How many headers have that name. */
size_t http_header_count(const struct http_request *request, const char *lower_name);

bool http_text_is(struct http_text text, const char *expected);
bool http_text_is_nocase(struct http_text text, const char *expected);
bool http_text_is_same(struct http_text a, struct http_text b);
bool http_text_is_same_nocase(struct http_text a, struct http_text b);

/* First value of a query parameter, percent-decoded into `value` (NUL-terminated). *ret_present says whether
 * it was there; false when it is malformed or does not fit. */
bool http_query_get(struct http_text query, const char *name, char *value, size_t size, bool *ret_present);

/* Percent-decodes into NUL-terminated text. False for a bad escape, an encoded NUL, or when it does not fit.
 */
bool http_percent_decode(struct http_text text, char *value, size_t size);

/* Whether it decodes to this text. */
bool http_percent_is(struct http_text text, const char *expected);

/* Cuts the first parameter off `rest`, still encoded; false at the end. One without '=' has an empty value.
 * The body of a form has the same syntax once its '+' are spaces. */
bool http_query_next(struct http_text *rest, struct http_text *ret_name, struct http_text *ret_value);

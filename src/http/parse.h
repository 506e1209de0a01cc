/* One request out of bytes: its header section and its chunked body. llhttp does the reading; what it lets
 * through and RFC 9112 does not is refused here. Knows no sockets. Used by the connections of the server, and
 * by tests.
 *
 * llhttp must be built with LLHTTP_STRICT_MODE=1: without it any two bytes pass for the line end behind a
 * chunk. */
#pragma once

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/request.h"

enum parse_result {
    PARSE_NEEDS_MORE, /* everything given was read, and the end is not there yet */
    PARSE_COMPLETE,
    PARSE_REFUSED, /* see refusal_status; nothing more can be read */
    PARSE_RESTS,   /* the sink wanted no more for now; the rest may be given later */
};

/* Where the content of a chunked body goes. */
struct parse_sink {
    bool (*take)(void *arg, const char *data, size_t len); /* false: no more for now */
    void *arg;
    uint64_t limit_bytes; /* of content; past it the request is refused with 413 */
};

struct trailers;

struct parse {
    llhttp_t llhttp;
    struct http_request request; /* complete, but for its body, once parse_head() said so */

    /* Of the header section: */
    struct http_text target;
    uint64_t content_length; /* 0 when there is none, or when the body is chunked */
    bool is_chunked;
    bool is_http_1_0;
    bool expects_continue; /* Expect: 100-continue */

    int refusal_status;
    const char *refusal_reason; /* constant */

    /* While reading: */
    bool in_header;
    bool in_body;
    const struct parse_sink *sink;
    bool is_resting;
    char last_byte;            /* of what parse_chunks() has read */
    uint64_t content_bytes;    /* of the body, so far; whoever reads a body that is not chunked counts it */
    uint64_t chunked_bytes;    /* read from the wire, framing included */
    struct trailers *trailers; /* NULL unless some came */
};

/* For a new request, also the first one. */
void parse_reset(struct parse *parse);

/* Frees what the last request has left. */
void parse_done(struct parse *parse);

/* Reads the header section. The bytes of successive calls must follow each other in memory and stay there:
 * the request's texts point into them. *ret_used is the number of bytes that belong to the section (all of
 * them unless it is complete). */
enum parse_result parse_head(struct parse *parse, const char *data, size_t len, size_t *ret_used);

/* Gives the chunks' content to the sink, as it lies there, and keeps the trailer fields. The bytes may be
 * anywhere. *ret_used as above, or how much was read before the sink wanted no more. */
enum parse_result parse_chunks(struct parse *parse, const struct parse_sink *sink, const char *data,
                               size_t len, size_t *ret_used);

/* From what a function answered to an HTTP response. Values without I/O; any thread. Whatever a function
 * answers, nothing of it can become another header or another response: names must be tokens, values have no
 * control characters, and what frames a message is ours. Sources: as event.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/* How a function's document is read. */
enum web_format {
    WEB_FORMAT_2, /* {"statusCode","headers","cookies","body","isBase64Encoded"}, or any value: the body */
    WEB_FORMAT_1, /* {"statusCode","headers","multiValueHeaders","body","isBase64Encoded"} */
};

/* The longest header section that a function may ask for. */
#define WEB_RESPONSE_HEAD_BYTES (64u * 1024)

struct web_response {
    int status;
    struct buf headers; /* complete lines with CRLF, for http_respond(); Content-Type is always there */
    const char *body;   /* in the document or in `decoded` */
    size_t body_len;
    struct buf decoded;
};

struct web_response_rules {
    enum web_format format;
    bool omits_cors;  /* Access-Control-* headers of the function are left out: the front answers them */
    const char *type; /* of a response with a statusCode that names none; NULL: "application/json" */
};

/* ERR_SYNTAX when the document is no JSON; ERR_PARAMETER when it can't be a response: a status out of 200 to
 * 599, a header that is no text, a body that is not in the base64 it is said to be in; ERR_LIMIT for too many
 * headers. The document must outlive the response. */
bool web_response_parse(struct web_response *ret_response, const struct web_response_rules *rules,
                        const void *document, size_t len, struct err *err);

/* The same of the metadata before a streamed body, a JSON object: status and header lines alone. */
bool web_response_parse_metadata(struct web_response *ret_response, const struct web_response_rules *rules,
                                 const void *metadata, size_t len, struct err *err);

void web_response_done(struct web_response *response); /* also when parsing failed */

/* Adds "name: value" and CRLF when that is a header which a function may set; false when name or value are
 * malformed. Connection, Content-Length and others that frame the message, Date and what begins with
 * x-amzn-requestid or x-amzn-trace-id, are left out without a word. */
bool web_response_add_header(struct buf *headers, const struct web_response_rules *rules, const char *name,
                             const char *value);

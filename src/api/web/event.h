/* From an HTTP request to the event that a function gets of it: payload format 2.0, which function URLs and
 * HTTP APIs have in common. Values without I/O; any thread. The parts of it that format 1.0 has too are
 * functions of their own. Sources: Lambda Developer Guide, "Invoking Lambda function URLs"; API Gateway
 * Developer Guide, "AWS Lambda proxy integrations for HTTP APIs". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "http/request.h"

/* A name and a value that are written as they are. */
struct web_pair {
    struct http_text name;
    struct http_text value;
};

struct web_pairs {
    const struct web_pair *items;
    size_t count;
};

/* Who signed the request. Texts are never NULL. */
struct web_iam {
    const char *access_key;
    const char *account;
    const char *caller_id; /* "AIDA...", "AROA...:session", or the account */
    const char *user_arn;
};

/* All that an event says. Texts that may be NULL say so. */
struct web_request {
    const struct http_request *http;
    struct http_text body; /* of `http`, or what was taken of it */
    const char *source_ip;
    struct http_text domain_name;   /* of the request's host, without port */
    struct http_text domain_prefix; /* its first label */
    const char *scheme;             /* "http" or "https", by which the client came */
    uint16_t port;                  /* to which the client came */
    const char *request_id;
    int64_t time_us; /* wall clock */
    const char *account_id;
    const char *api_id;
    const char *route_key; /* "$default", "GET /pets/{id}" */
    const char *stage;
    struct http_text path;                   /* raw, with its escapes */
    const struct web_pairs *path_parameters; /* NULL: there are none */
    const struct web_pairs *stage_variables; /* likewise */
    const char *authorizer;                  /* the JSON of requestContext.authorizer; NULL */
    const struct web_iam *iam;               /* becomes it, when there is no other; NULL */
    const char *tls_version;                 /* NULL: it did not come over TLS */
    const char *tls_cipher;
    const char *trace_id;   /* X-Amzn-Trace-Id of the event; never NULL */
    bool has_cookie_header; /* beside "cookies", as function URLs do, HTTP APIs not */
};

/* What an event takes at most beside a body of LIMIT_PAYLOAD_BYTES in base64. A body of text that is longer
 * once its characters are escaped does not fit. */
#define WEB_EVENT_BYTES (10u * 1024 * 1024)

/* Format 2.0. Too long is the buffer's overflow. */
void web_event_write(struct json_writer *writer, const struct web_request *request);

/* Its members from "routeKey" on but the body, which the event of an authorizer has too. */
void web_request_write(struct json_writer *writer, const struct web_request *request);

/* ---- parts, for format 1.0 ---- */

/* Called with each header that the function gets, by lower-case name and with its values joined by ",", or
 * each value for itself: those of the request, in its order, but what is between the client and Lamb alone
 * (Connection and the like, Authorization where `iam` tells who signed); and those that the front adds in
 * place of what the client sent (x-amzn-trace-id, x-forwarded-port, x-forwarded-proto, x-amzn-tls-*) or
 * behind it (x-forwarded-for). The name is NUL-terminated. */
struct web_headers_reader {
    void (*each)(void *arg, struct http_text lower_name, struct http_text value);
    void *arg;
    bool is_joined;
    bool omits_cookie;
};
void web_headers_read(const struct web_request *request, const struct web_headers_reader *reader);

/* {"name":"a,b"} of the query, decoded, by name. */
void web_query_write(struct json_writer *writer, struct http_text query);

/* The name of a member, which may have NULs in it; a member that is a text; one of pairs, unless `pairs` is
 * NULL. */
void web_key_write(struct json_writer *writer, struct http_text name);
void web_text_write(struct json_writer *writer, const char *key, struct http_text value);
void web_pairs_write(struct json_writer *writer, const char *key, const struct web_pairs *pairs);

/* The parameters of a query, decoded and sorted by name, those of one name in their order. One block, which
 * the caller frees. */
struct web_pairs web_query_sort(struct http_text query, void **ret_block);

/* Cuts the first cookie off the value of a Cookie header; false at the end. */
bool web_cookie_next(struct http_text *rest, struct http_text *ret_cookie);

/* Whether an event has the body in base64: by its type, or when it is no UTF-8. */
bool web_body_is_binary(const struct http_request *request, struct http_text body);

/* "body" and "isBase64Encoded"; without a body null in format 1.0 and nothing in 2.0. */
void web_body_write(struct json_writer *writer, const struct web_request *request, bool writes_null);

/* "12/Mar/2020:19:03:58 +0000" */
#define WEB_TIME_BYTES 32
void web_time_format(int64_t time_us, char ret_text[WEB_TIME_BYTES]);

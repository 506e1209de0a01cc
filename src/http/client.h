/* Outbound HTTP by libcurl. Blocking: belongs into jobs. libcurl is loaded the first time it is needed, so
 * that a daemon that never calls out pays neither its start-up nor its memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct http_client_request {
    const char *method; /* "GET" */
    const char *url;
    const char *sign_service; /* SigV4 service name ("s3"), or NULL for an unsigned request */
    const char *sign_region;
    const char *sign_access_key;
    const char *sign_secret;
    const char *content_type; /* of the body; NULL: bytes */
    const char *target;       /* X-Amz-Target, or NULL */
    const void *body;
    size_t body_len;
    int timeout_ms;
};

/* Fills `body` (its limit bounds the answer: ERR_TOO_LARGE past it). *ret_status is the HTTP status, whatever
 * it is; false only when there was no answer (ERR_IO, ERR_TIMEOUT, ERR_UNSUPPORTED when libcurl is missing).
 */
bool http_client_run(const struct http_client_request *request, int *ret_status, struct buf *body,
                     struct err *err);

/* What verifying and presigning share: from a request to its signature (AWS General Reference, "Create a
 * signed AWS API request"). For the sigv4 files alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/request.h"

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"
#define SIGV4_TERMINATOR "aws4_request"

/* What AWS says to every signature that is wrong. */
#define SIGV4_MISMATCH_TEXT                                                                                  \
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "  \
    "Access Key and signing method. Consult the service documentation for details."

#define SIGV4_KEY_BYTES 32
#define SIGV4_SIGNATURE_BYTES 65 /* 64 hex digits and NUL */
#define SIGV4_DATE_BYTES 17      /* "20260131T123456Z" and NUL */
#define SIGV4_MAX_PARAMETERS 256

struct sigv4_scope {
    const char *region;
    const char *service;
    int64_t signed_at_s;
    const char *signed_headers; /* "host;x-amz-date" */
    bool is_presigned;          /* X-Amz-Signature in the query is not part of what was signed */
};

void sigv4_format_date(int64_t seconds, char ret_text[SIGV4_DATE_BYTES]);

/* Derives the key that signs one day's requests to one service of one region. */
void sigv4_derive_key(const char *secret, const struct sigv4_scope *scope, uint8_t ret_key[SIGV4_KEY_BYTES]);

/* Lower-case hex. False when the request can't have been signed like this: a signed header is absent, the
 * list is unsorted, or there is more than a request within our limits can hold. Allocates nothing. */
bool sigv4_sign(const uint8_t key[SIGV4_KEY_BYTES], const struct sigv4_scope *scope,
                const struct http_request *request, const char *payload_hash,
                char ret_signature[SIGV4_SIGNATURE_BYTES]);

/* The next name of a list like "host;x-amz-date"; cuts it off `rest`. False at the end. */
bool sigv4_next_signed(struct http_text *rest, struct http_text *ret_name);

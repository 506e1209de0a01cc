/* AWS Signature Version 4 (AWS General Reference, "Signing AWS API requests"): verifies the header form and
 * the presigned form, and makes presigned URLs. Knows nothing of accounts: the caller looks keys up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/request.h"

/* What a request claims about itself, before anything was verified. Texts point into the request or into
 * `storage`. */
struct sigv4_claim {
    bool presigned;
    char access_key[129];
    char date[9]; /* "20260131" of the credential scope */
    char region[65];
    char service[65];
    char session_token[2049]; /* "" when there is none */
    int64_t signed_at_s;      /* x-amz-date, seconds since 1970 */
    int64_t expires_s;        /* presigned: X-Amz-Expires; otherwise 0 */
    char signed_headers[1025];
    char signature[65];
};

enum sigv4_result {
    SIGV4_OK,
    SIGV4_MISSING,    /* no signature at all: MissingAuthenticationTokenException */
    SIGV4_INCOMPLETE, /* malformed Authorization: IncompleteSignatureException */
    SIGV4_EXPIRED,    /* clock skew over 5 minutes, or a presigned URL after its time */
    SIGV4_MISMATCH,   /* InvalidSignatureException */
};

/* Reads the claim; err->text has AWS's message when the result is not SIGV4_OK. */
enum sigv4_result sigv4_parse(const struct http_request *request, struct sigv4_claim *ret_claim,
                              struct err *err);

/* Signing keys of (secret, date, region, service), so that a request costs three hashes less. Embedded;
 * bounded. */
#define SIGV4_CACHE_KEYS 64
struct sigv4_cache {
    struct sigv4_cached {
        char id[256]; /* access key/date/region/service */
        uint8_t key[32];
        uint64_t used; /* for replacing the one used longest ago */
    } keys[SIGV4_CACHE_KEYS];
    uint64_t uses;
};

/* Verifies claim and payload hash against `secret` at time now_s. Body hash: x-amz-content-sha256 when sent
 * (UNSIGNED-PAYLOAD accepted; a hash is compared with the body's), otherwise the body's own hash. Every
 * x-amz-* header and Host must be signed. `cache` may be NULL: then it may be called on any thread. */
enum sigv4_result sigv4_verify(struct sigv4_cache *cache, const struct sigv4_claim *claim,
                               const struct http_request *request, const char *secret, int64_t now_s,
                               struct err *err);

/* Drops all keys of an access key: after it was deleted or its secret changed. */
void sigv4_cache_forget(struct sigv4_cache *cache, const char *access_key);

struct sigv4_presign {
    const char *scheme; /* "http" */
    const char *host;   /* "127.0.0.1:4566" */
    const char *path;   /* raw, encoded, begins with '/' */
    const char *query;  /* raw, encoded, or NULL: further parameters, signed too */
    const char *access_key;
    const char *secret;
    const char *session_token; /* or NULL */
    const char *region;
    const char *service;
    int64_t now_s;
    int64_t expires_s;
};

/* A presigned GET URL in fresh memory (caller frees); NULL when it is longer than any request may be. */
char *sigv4_presign_url(const struct sigv4_presign *presign);

/* What the API front is told when it is made. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/runtime.h"

/* Texts and arrays must outlive the API. */
struct api_options {
    const char *region;
    const char *account;         /* twelve digits */
    const char *const *accounts; /* further ones, NULL-terminated; may be NULL */
    bool requires_signature;     /* --auth sigv4 */
    const char *const *hosts;    /* accepted in Host beside loopback names, NULL-terminated; see guard.h */
    const char *public_endpoint; /* "http://127.0.0.1:4566": for URLs that clients follow */
    const char *url_domain;      /* "localhost": what the hosts of function URLs and HTTP APIs end with */
    const char *blob_dir;
    const char *code_dir;
    const char *s3_endpoint; /* NULL: code from S3 is refused with a clear error */
    const char *s3_access_key;
    const char *s3_secret_key;
    const struct runtime_set *runtimes;
    uint32_t concurrency;
    uint32_t event_bytes;        /* of an asynchronous event at most */
    bool shows_metrics;          /* at /metrics, without a signature */
    bool checks_roles;           /* a function's role must exist and trust Lambda */
    int64_t role_credentials_ms; /* how long those of an environment live */
};

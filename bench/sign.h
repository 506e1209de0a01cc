/* AWS Signature Version 4 of the load client's one request, in the header form.
 * Source: "AWS IAM User Guide, Create a signed AWS API request". */
#pragma once

#include <stddef.h>
#include <time.h>

enum { SIGN_DATE_SIZE = sizeof "20260102T030405Z", SIGN_AUTHORIZATION_SIZE = 512 };

struct sign_key {
    const char *access_key;
    const char *secret_key;
    const char *region;
};

struct sign_headers {
    char date[SIGN_DATE_SIZE];                   /* value of X-Amz-Date */
    char authorization[SIGN_AUTHORIZATION_SIZE]; /* value of Authorization */
};

/* Signs a POST for the service "lambda". path is already in its canonical form and has no query; host is
 * the value of the Host header. Dies if an argument is too long. */
void sign_post(const struct sign_key *key, const char *host, const char *path, const void *body,
               size_t body_size, time_t now, struct sign_headers *ret_headers);

/* See location.h. */
#include "api/lambda/location.h"

#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "base/digest.h"
#include "base/mem.h"
#include "http/sigv4.h"

#define EXPIRES_S 600

/* The address that the caller reaches Lamb at. */
static const char *endpoint_of(const struct api_call *call) {
    return call->is_from_sandbox ? "http://127.0.0.1:9002" : call->api->options.public_endpoint;
}

char *location_make(const struct api_call *call, const char *digest) {
    const char *endpoint = endpoint_of(call);
    char path[sizeof "/_lamb/code/" + DIGEST_SHA256_HEX_BYTES];
    snprintf(path, sizeof path, "/_lamb/code/%s", digest);
    const char *separator = strstr(endpoint, "://");
    const char *rest = separator ? separator + strlen("://") : endpoint;
    OWN_MEM char *host = mem_copy_text(rest, strcspn(rest, "/"));
    OWN_MEM char *scheme = mem_copy_text(endpoint, separator ? (size_t)(separator - endpoint) : 0);
    const struct access_key *key = call->api->auth.root;
    const struct sigv4_presign presign = {
        .scheme = separator ? scheme : "http",
        .host = host,
        .path = path,
        .access_key = key->id,
        .secret = key->secret,
        .region = call->api->options.region,
        .service = "lambda",
        .now_s = clock_wall_us(call->api->clock) / 1000000,
        .expires_s = EXPIRES_S,
    };
    return sigv4_presign_url(&presign);
}

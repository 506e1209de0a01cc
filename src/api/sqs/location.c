/* See location.h. */
#include "api/sqs/location.h"

#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "api/context.h"
#include "base/mem.h"

static bool set(struct queue_location *ret_location, const char *account, size_t account_len,
                const char *name, size_t name_len) {
    struct queue_location location = {0};
    if (account_len != ACCOUNT_BYTES - 1 || name_len == 0 || name_len >= sizeof location.name)
        return false;
    for (size_t i = 0; i < account_len; i++)
        if (account[i] < '0' || account[i] > '9')
            return false;
    memcpy(location.account, account, account_len);
    memcpy(location.name, name, name_len);
    *ret_location = location;
    return true;
}

bool location_from_url(const char *url, size_t len, struct queue_location *ret_location) {
    const char *name = memrchr(url, '/', len);
    if (!name || name == url)
        return false;
    const char *account = memrchr(url, '/', (size_t)(name - url));
    return account && set(ret_location, account + 1, (size_t)(name - account - 1), name + 1,
                          (size_t)(url + len - name - 1));
}

/* "ACCOUNT<separator>NAME" */
static bool split(const char *text, char separator, struct queue_location *ret_location) {
    const char *end = strchr(text, separator);
    return end && set(ret_location, text, (size_t)(end - text), end + 1, strlen(end + 1));
}

bool location_from_arn(const char *arn, const char *region, struct queue_location *ret_location) {
    static const char prefix[] = "arn:aws:sqs:";
    size_t region_len = strlen(region);
    if (strncmp(arn, prefix, strlen(prefix)) != 0)
        return false;
    const char *at = arn + strlen(prefix);
    return strncmp(at, region, region_len) == 0 && at[region_len] == ':' &&
           split(at + region_len + 1, ':', ret_location);
}

bool location_from_key(const char *key, struct queue_location *ret_location) {
    size_t len = strlen(QUEUE_KEY_PREFIX);
    return strncmp(key, QUEUE_KEY_PREFIX, len) == 0 && split(key + len, '/', ret_location);
}

void location_key(const struct queue_location *location, char ret_key[QUEUE_KEY_BYTES]) {
    snprintf(ret_key, QUEUE_KEY_BYTES, QUEUE_KEY_PREFIX "%s/%s", location->account, location->name);
}

void location_arn(const struct queue_location *location, const char *region, char ret_arn[QUEUE_ARN_BYTES]) {
    snprintf(ret_arn, QUEUE_ARN_BYTES, "arn:aws:sqs:%s:%s:%s", region, location->account, location->name);
}

char *location_url(const struct queue_location *location, const struct api_call *call) {
    const struct http_text *host = call->request ? http_header_get(call->request, "host") : NULL;
    const char *version, *cipher;
    bool has_tls = call->exchange && http_exchange_tls(call->exchange, &version, &cipher);
    if (host)
        return mem_format("%s://%.*s/%s/%s", has_tls ? "https" : "http", (int)host->len, host->data,
                          location->account, location->name);
    return mem_format("%s/%s/%s", call->api->options.public_endpoint, location->account, location->name);
}

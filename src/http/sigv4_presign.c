/* Presigned URLs, with the parameters in the order the SDKs write them. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/sigv4.h"
#include "http/sigv4_sign.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void append_encoded(struct buf *buf, const char *text) {
    for (; *text; text++) {
        bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                        (*text >= '0' && *text <= '9') || strchr("-_.~", *text);
        if (is_plain)
            buf_append_byte(buf, *text);
        else
            buf_append_format(buf, "%%%02X", (unsigned char)*text);
    }
}

static void append_parameter(struct buf *query, const char *name, const char *value) {
    if (query->len > 0)
        buf_append_byte(query, '&');
    buf_append_text(query, name);
    buf_append_byte(query, '=');
    append_encoded(query, value);
}

static void append_claim(struct buf *query, const struct sigv4_presign *presign) {
    char date[SIGV4_DATE_BYTES];
    sigv4_format_date(presign->now_s, date);
    OWN_MEM char *credential = mem_format("%s/%.8s/%s/%s/" SIGV4_TERMINATOR, presign->access_key, date,
                                          presign->region, presign->service);
    OWN_MEM char *expires = mem_format("%lld", (long long)presign->expires_s);
    append_parameter(query, "X-Amz-Algorithm", SIGV4_ALGORITHM);
    append_parameter(query, "X-Amz-Credential", credential);
    append_parameter(query, "X-Amz-Date", date);
    append_parameter(query, "X-Amz-Expires", expires);
    append_parameter(query, "X-Amz-SignedHeaders", "host");
    if (presign->session_token)
        append_parameter(query, "X-Amz-Security-Token", presign->session_token);
}

static struct http_text text_of(const char *text) {
    return (struct http_text){text, strlen(text)};
}

char *sigv4_presign_url(const struct sigv4_presign *presign) {
    OWN(buf) struct buf query;
    buf_init(&query, LIMIT_HTTP_TARGET_BYTES);
    if (presign->query)
        buf_append_text(&query, presign->query);
    append_claim(&query, presign);

    struct http_request request = {
        .method = text_of("GET"),
        .path = text_of(presign->path),
        .query = {buf_text(&query), query.len},
        .headers = {{text_of("host"), text_of(presign->host)}},
        .header_count = 1,
    };
    const struct sigv4_scope scope = {
        .region = presign->region,
        .service = presign->service,
        .signed_at_s = presign->now_s,
        .signed_headers = "host",
        .is_presigned = true,
    };
    uint8_t key[SIGV4_KEY_BYTES];
    sigv4_derive_key(presign->secret, &scope, key);
    char signature[SIGV4_SIGNATURE_BYTES];
    const char *payload_hash = strcmp(presign->service, "s3") == 0 ? SIGV4_UNSIGNED : EMPTY_SHA256;
    bool ok = buf_ok(&query) && sigv4_sign(key, &scope, &request, payload_hash, signature);
    mem_wipe(key, sizeof key);
    if (!ok)
        return NULL;
    return mem_format("%s://%s%s?%s&X-Amz-Signature=%s", presign->scheme, presign->host, presign->path,
                      buf_text(&query), signature);
}

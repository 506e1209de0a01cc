/* Verifying a claim: time, what had to be signed, the payload's hash, and the signature. Allocates nothing
 * when the signing key is cached. */
#include "http/sigv4.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "http/sigv4_sign.h"

/* How far a client's clock may be off (AWS General Reference, "Troubleshoot Signature Version 4"). */
#define SKEW_S 300

#define COMPLAIN(err, result, ...) (err_set(err, ERR_UNAUTHENTICATED, __VA_ARGS__), result)

static bool format_cache_id(const struct sigv4_claim *claim, char *id, size_t size) {
    int len = snprintf(id, size, "%s/%s/%s/%s", claim->access_key, claim->date, claim->region,
                       claim->service);
    return len > 0 && (size_t)len < size;
}

static struct sigv4_cached *cache_find(struct sigv4_cache *cache, const char *id) {
    for (size_t i = 0; i < SIGV4_CACHE_KEYS; i++)
        if (strcmp(cache->keys[i].id, id) == 0)
            return &cache->keys[i];
    return NULL;
}

/* Takes the place that was used longest ago; unused ones come first. */
static void cache_add(struct sigv4_cache *cache, const char *id, const uint8_t key[SIGV4_KEY_BYTES]) {
    struct sigv4_cached *place = &cache->keys[0];
    for (size_t i = 1; i < SIGV4_CACHE_KEYS; i++)
        if (cache->keys[i].used < place->used)
            place = &cache->keys[i];
    snprintf(place->id, sizeof place->id, "%s", id);
    memcpy(place->key, key, SIGV4_KEY_BYTES);
    place->used = ++cache->uses;
}

void sigv4_cache_forget(struct sigv4_cache *cache, const char *access_key) {
    size_t len = strlen(access_key);
    for (size_t i = 0; i < SIGV4_CACHE_KEYS; i++) {
        struct sigv4_cached *cached = &cache->keys[i];
        if (strncmp(cached->id, access_key, len) == 0 && cached->id[len] == '/')
            mem_wipe(cached, sizeof *cached);
    }
}

static enum sigv4_result complain_expired(int64_t signed_at_s, int64_t now_s, int64_t allowed_s,
                                          struct err *err) {
    char then[SIGV4_DATE_BYTES], limit[SIGV4_DATE_BYTES], now[SIGV4_DATE_BYTES];
    sigv4_format_date(signed_at_s, then);
    sigv4_format_date(now_s - allowed_s, limit);
    sigv4_format_date(now_s, now);
    bool is_whole = allowed_s % 60 == 0;
    return COMPLAIN(err, SIGV4_EXPIRED, "Signature expired: %s is now earlier than %s (%s - %lld %s.)", then,
                    limit, now, (long long)(is_whole ? allowed_s / 60 : allowed_s), is_whole ? "min" : "sec");
}

static enum sigv4_result check_time(const struct sigv4_claim *claim, int64_t now_s, struct err *err) {
    int64_t allowed_s = claim->expires_s > 0 ? claim->expires_s : SKEW_S;
    if (claim->signed_at_s < now_s - allowed_s)
        return complain_expired(claim->signed_at_s, now_s, allowed_s, err);
    if (claim->signed_at_s <= now_s + SKEW_S)
        return SIGV4_OK;
    char then[SIGV4_DATE_BYTES], limit[SIGV4_DATE_BYTES], now[SIGV4_DATE_BYTES];
    sigv4_format_date(claim->signed_at_s, then);
    sigv4_format_date(now_s + SKEW_S, limit);
    sigv4_format_date(now_s, now);
    return COMPLAIN(err, SIGV4_EXPIRED, "Signature not yet current: %s is still later than %s (%s + 5 min.)",
                    then, limit, now);
}

static bool is_amz_header(struct http_text name) {
    return name.len > 6 && http_text_is_nocase((struct http_text){name.data, 6}, "x-amz-");
}

static bool is_signed(const char *signed_headers, struct http_text name) {
    struct http_text rest = {signed_headers, strlen(signed_headers)};
    struct http_text found;
    while (sigv4_next_signed(&rest, &found)) {
        if (found.len != name.len)
            continue;
        size_t i = 0;
        while (i < name.len && (name.data[i] >= 'A' && name.data[i] <= 'Z' ? name.data[i] | 0x20
                                                                           : name.data[i]) == found.data[i])
            i++;
        if (i == name.len)
            return true;
    }
    return false;
}

/* What steers a request must be under its signature: Host, and every x-amz-* header. */
static enum sigv4_result check_signed_headers(const struct sigv4_claim *claim,
                                              const struct http_request *request, struct err *err) {
    if (!is_signed(claim->signed_headers, (struct http_text){"host", 4}))
        return COMPLAIN(err, SIGV4_MISMATCH,
                        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    for (size_t i = 0; i < request->header_count; i++) {
        struct http_text name = request->headers[i].name;
        if (is_amz_header(name) && !is_signed(claim->signed_headers, name))
            return COMPLAIN(err, SIGV4_MISMATCH, "'%.*s' must be a 'SignedHeader' in the AWS Authorization.",
                            (int)name.len, name.data);
    }
    return SIGV4_OK;
}

/* What the client says about its payload: a hash, UNSIGNED-PAYLOAD, or nothing (""). */
static bool read_payload_claim(const struct sigv4_claim *claim, const struct http_request *request,
                               char text[DIGEST_SHA256_HEX_BYTES]) {
    text[0] = '\0';
    const struct http_text *header = http_header_get(request, "x-amz-content-sha256");
    if (header) {
        if (header->len >= DIGEST_SHA256_HEX_BYTES)
            return false;
        memcpy(text, header->data, header->len);
        text[header->len] = '\0';
        return true;
    }
    bool is_present = false;
    if (claim->presigned &&
        !http_query_get(request->query, "X-Amz-Content-Sha256", text, DIGEST_SHA256_HEX_BYTES, &is_present))
        return false;
    /* S3 never hashes the payload of a presigned request; other services do. */
    if (claim->presigned && !is_present && strcmp(claim->service, "s3") == 0)
        snprintf(text, DIGEST_SHA256_HEX_BYTES, "%s", SIGV4_UNSIGNED);
    return true;
}

static enum sigv4_result check_payload(const struct sigv4_claim *claim, const struct http_request *request,
                                       char ret_hash[DIGEST_SHA256_HEX_BYTES], struct err *err) {
    char claimed[DIGEST_SHA256_HEX_BYTES];
    bool is_readable = read_payload_claim(claim, request, claimed);
    if (is_readable && strcmp(claimed, SIGV4_UNSIGNED) == 0) {
        memcpy(ret_hash, claimed, sizeof claimed);
        return SIGV4_OK;
    }
    if (!is_readable || (claimed[0] != '\0' && strlen(claimed) != DIGEST_SHA256_HEX_BYTES - 1))
        return COMPLAIN(err, SIGV4_MISMATCH,
                        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, or a valid sha256 value.");
    if (request->body_sha256) {
        snprintf(ret_hash, DIGEST_SHA256_HEX_BYTES, "%s", request->body_sha256);
    } else {
        uint8_t hash[DIGEST_SHA256_BYTES];
        digest_sha256(request->body.data, request->body.len, hash);
        digest_hex(hash, sizeof hash, ret_hash);
    }
    if (claimed[0] != '\0' && strcmp(claimed, ret_hash) != 0)
        return COMPLAIN(err, SIGV4_MISMATCH,
                        "The provided 'x-amz-content-sha256' header does not match what was computed.");
    return SIGV4_OK;
}

/* Compares signatures with the cached or a fresh key. A fresh one is kept only when it proves right, so that
 * wrong claims can't push good keys out. */
static bool is_signature_right(struct sigv4_cache *cache, const struct sigv4_claim *claim,
                               const struct http_request *request, const char *secret,
                               const char *payload_hash) {
    const struct sigv4_scope scope = {
        .region = claim->region,
        .service = claim->service,
        .signed_at_s = claim->signed_at_s,
        .signed_headers = claim->signed_headers,
        .is_presigned = claim->presigned,
    };
    char id[sizeof cache->keys[0].id];
    bool is_cacheable = cache && format_cache_id(claim, id, sizeof id);
    struct sigv4_cached *cached = is_cacheable ? cache_find(cache, id) : NULL;
    uint8_t fresh[SIGV4_KEY_BYTES];
    if (!cached)
        sigv4_derive_key(secret, &scope, fresh);
    char signature[SIGV4_SIGNATURE_BYTES];
    bool ok = sigv4_sign(cached ? cached->key : fresh, &scope, request, payload_hash, signature) &&
              strlen(claim->signature) == sizeof signature - 1 &&
              digest_equal(claim->signature, signature, sizeof signature - 1);
    if (ok && cached)
        cached->used = ++cache->uses;
    else if (ok && is_cacheable)
        cache_add(cache, id, fresh);
    if (!cached)
        mem_wipe(fresh, sizeof fresh);
    return ok;
}

enum sigv4_result sigv4_verify(struct sigv4_cache *cache, const struct sigv4_claim *claim,
                               const struct http_request *request, const char *secret, int64_t now_s,
                               struct err *err) {
    enum sigv4_result result = check_time(claim, now_s, err);
    if (result == SIGV4_OK)
        result = check_signed_headers(claim, request, err);
    char payload_hash[DIGEST_SHA256_HEX_BYTES];
    if (result == SIGV4_OK)
        result = check_payload(claim, request, payload_hash, err);
    if (result == SIGV4_OK && !is_signature_right(cache, claim, request, secret, payload_hash))
        result = COMPLAIN(err, SIGV4_MISMATCH, SIGV4_MISMATCH_TEXT);
    return result;
}

/* See sign.h. */
#include "bench/sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "bench/die.h"

enum { HEX_SIZE = 2 * SHA256_DIGEST_LENGTH + 1, TEXT_SIZE_MAX = 1024 };

static void hex(const unsigned char *digest, char *ret_text) {
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        snprintf(ret_text + (size_t)i * 2, 3, "%02x", digest[i]);
}

static void hash_hex(const void *data, size_t size, char *ret_text) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(data, size, digest);
    hex(digest, ret_text);
}

/* One link of the key chain. key and ret_digest may be the same memory. */
static void hmac(const void *key, size_t key_size, const char *text, unsigned char *ret_digest) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    if (HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text, strlen(text), digest, NULL) ==
        NULL)
        die("HMAC-SHA256 failed");
    memcpy(ret_digest, digest, sizeof digest);
}

static void check_fits(int wanted_size, size_t size, const char *what) {
    if (wanted_size < 0 || (size_t)wanted_size >= size)
        die("%s is too long to sign", what);
}

void sign_post(const struct sign_key *key, const char *host, const char *path, const void *body,
               size_t body_size, time_t now, struct sign_headers *ret_headers) {
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(ret_headers->date, sizeof ret_headers->date, "%Y%m%dT%H%M%SZ", &parts);
    char day[sizeof "20260102"];
    strftime(day, sizeof day, "%Y%m%d", &parts);

    char body_hash[HEX_SIZE];
    hash_hex(body, body_size, body_hash);
    char canonical[TEXT_SIZE_MAX];
    check_fits(snprintf(canonical, sizeof canonical,
                        "POST\n%s\n\nhost:%s\nx-amz-date:%s\n\nhost;x-amz-date\n%s", path, host,
                        ret_headers->date, body_hash),
               sizeof canonical, "the path or host");

    char canonical_hash[HEX_SIZE];
    hash_hex(canonical, strlen(canonical), canonical_hash);
    char text[TEXT_SIZE_MAX];
    check_fits(snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%s/%s/lambda/aws4_request\n%s",
                        ret_headers->date, day, key->region, canonical_hash),
               sizeof text, "the region");

    char secret[TEXT_SIZE_MAX];
    check_fits(snprintf(secret, sizeof secret, "AWS4%s", key->secret_key), sizeof secret, "the secret key");
    unsigned char digest[SHA256_DIGEST_LENGTH];
    hmac(secret, strlen(secret), day, digest);
    hmac(digest, sizeof digest, key->region, digest);
    hmac(digest, sizeof digest, "lambda", digest);
    hmac(digest, sizeof digest, "aws4_request", digest);
    hmac(digest, sizeof digest, text, digest);

    char signature[HEX_SIZE];
    hex(digest, signature);
    check_fits(snprintf(ret_headers->authorization, sizeof ret_headers->authorization,
                        "AWS4-HMAC-SHA256 Credential=%s/%s/%s/lambda/aws4_request, "
                        "SignedHeaders=host;x-amz-date, Signature=%s",
                        key->access_key, day, key->region, signature),
               sizeof ret_headers->authorization, "the access key");
}

/* Any bytes as a request with a signature. What must hold: a claim's texts are bounded; nothing that was not
 * signed with the secret passes; whatever is presigned verifies, and not with anything added. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/parse.h"
#include "http/sigv4.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define NOW_S 1769862896

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sigv4_cache cache;

static void check_claim(const struct http_request *request) {
    struct sigv4_claim claim;
    struct err err = {0};
    enum sigv4_result result = sigv4_parse(request, &claim, &err);
    if (result != SIGV4_OK) {
        assert(err.text[0] != '\0');
        return;
    }
    assert(strlen(claim.access_key) > 0 && strlen(claim.region) > 0 && strlen(claim.service) > 0);
    assert(strlen(claim.date) == 8);
    assert(strlen(claim.signed_headers) < sizeof claim.signed_headers);
    assert(claim.expires_s >= 0 && claim.expires_s <= 604800);
    sigv4_verify(&cache, &claim, request, SECRET, claim.signed_at_s, &err);
    /* Nobody guesses a signature of a secret that never signed anything. */
    assert(sigv4_verify(NULL, &claim, request, "unused", claim.signed_at_s, &err) != SIGV4_OK);
}

/* Bytes that may stand in a path or query, made out of any. */
static void make_printable(char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == '?' || text[i] == '#')
            text[i] = '/';
}

static enum sigv4_result verify_url(const char *target) {
    struct http_text text = {target, strcspn(target, "?")};
    struct http_request request = {
        .method = {"GET", 3},
        .path = text,
        .query = {target + text.len + 1, strlen(target + text.len + 1)},
        .headers = {{{"Host", 4}, {"h:1", 3}}},
        .header_count = 1,
    };
    struct sigv4_claim claim;
    enum sigv4_result result = sigv4_parse(&request, &claim, NULL);
    return result == SIGV4_OK ? sigv4_verify(&cache, &claim, &request, SECRET, NOW_S, NULL) : result;
}

static size_t count(const char *text, char wanted) {
    size_t found = 0;
    for (; *text; text++)
        found += *text == wanted;
    return found;
}

static void check_presigning(const uint8_t *data, size_t size) {
    size_t path_len = size / 2;
    OWN_MEM char *path = mem_format("/%.*s", (int)path_len, (const char *)data);
    OWN_MEM char *query = mem_copy_text((const char *)data + path_len, size - path_len);
    make_printable(path, strlen(path));
    make_printable(query, strlen(query));
    /* Names that mean something to the verifier, plain or in disguise, are not for callers. */
    if (strcasestr(query, "x-amz") || strchr(query, '%') || count(query, '&') > 200)
        return;
    struct sigv4_presign presign = {
        .scheme = "http",
        .host = "h:1",
        .path = path,
        .query = size % 3 ? query : NULL,
        .access_key = "AKIDEXAMPLE",
        .secret = SECRET,
        .session_token = size % 2 ? "token/+=" : NULL,
        .region = "us-east-1",
        .service = size % 5 ? "lambda" : "s3",
        .now_s = NOW_S,
        .expires_s = 60,
    };
    OWN_MEM char *url = sigv4_presign_url(&presign);
    assert(url);
    char *target = url + strlen("http://h:1");
    assert(verify_url(target) == SIGV4_OK);
    OWN_MEM char *other = mem_format("%s&x=y", target);
    assert(verify_url(other) == SIGV4_MISMATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct parse parse;
    char *text = mem_copy(data, size);
    parse_reset(&parse);
    size_t used;
    if (parse_head(&parse, text, size, &used) == PARSE_COMPLETE) {
        parse.request.body = (struct http_text){text + used, size - used};
        check_claim(&parse.request);
    }
    free(text);
    check_presigning(data, size < 4000 ? size : 4000);
    return 0;
}

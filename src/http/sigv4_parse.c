/* What a request claims about its signature: out of the Authorization header or the query. Order and words of
 * the complaints are AWS's, as its services answer them. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "http/sigv4.h"
#include "http/sigv4_sign.h"

#define WEEK_S 604800

/* The parts of a claim before they are looked into. */
struct raw_claim {
    struct http_text algorithm;
    struct http_text credential;
    struct http_text signed_headers;
    struct http_text signature;
    struct http_text date;
};

#define COMPLAIN(err, result, ...) (err_set(err, ERR_UNAUTHENTICATED, __VA_ARGS__), result)

static bool copy_text(struct http_text text, char *place, size_t size) {
    if (text.len >= size)
        return false;
    for (size_t i = 0; i < text.len; i++)
        place[i] = text.data[i];
    place[text.len] = '\0';
    return true;
}

/* AWS shows a hash instead of the header, which may hold somebody's password. */
static void hash_header(struct http_text value, char ret_text[DIGEST_SHA256_BASE64_BYTES]) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    digest_sha256(value.data, value.len, hash);
    digest_base64_encode(hash, sizeof hash, ret_text);
}

static bool is_separator(char c) {
    return c == ' ' || c == ',' || c == '\t';
}

/* The next text between separators; cuts it off `rest`. False at the end. */
static bool next_word(struct http_text *rest, struct http_text *ret_word) {
    size_t start = 0;
    while (start < rest->len && is_separator(rest->data[start]))
        start++;
    size_t end = start;
    while (end < rest->len && !is_separator(rest->data[end]))
        end++;
    *ret_word = (struct http_text){rest->data + start, end - start};
    *rest = (struct http_text){rest->data + end, rest->len - end};
    return end > start;
}

static void take_field(struct raw_claim *raw, struct http_text name, struct http_text value) {
    if (http_text_is(name, "Credential"))
        raw->credential = value;
    else if (http_text_is(name, "SignedHeaders"))
        raw->signed_headers = value;
    else if (http_text_is(name, "Signature"))
        raw->signature = value;
}

static enum sigv4_result complain_about_fields(const struct raw_claim *raw, struct http_text header,
                                               struct err *err) {
    char hash[DIGEST_SHA256_BASE64_BYTES];
    hash_header(header, hash);
    return COMPLAIN(
        err, SIGV4_INCOMPLETE, "%s%s%s%s(Hashed with SHA-256 and encoded with Base64) Authorization=%s",
        raw->credential.len ? "" : "Authorization header requires 'Credential' parameter. ",
        raw->signature.len ? "" : "Authorization header requires 'Signature' parameter. ",
        raw->signed_headers.len ? "" : "Authorization header requires 'SignedHeaders' parameter. ",
        raw->date.len
            ? ""
            : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
        hash);
}

static enum sigv4_result read_header(const struct http_request *request, struct http_text header,
                                     struct raw_claim *raw, struct err *err) {
    if (http_header_count(request, "authorization") > 1)
        return COMPLAIN(err, SIGV4_INCOMPLETE, "Authorization header was sent more than once.");
    struct http_text rest = header;
    next_word(&rest, &raw->algorithm);
    struct http_text word;
    while (next_word(&rest, &word)) {
        const char *equals = memchr(word.data, '=', word.len);
        if (!equals) {
            char hash[DIGEST_SHA256_BASE64_BYTES];
            hash_header(header, hash);
            return COMPLAIN(
                err, SIGV4_INCOMPLETE,
                "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 "
                "and encoded with Base64): '%s'.",
                hash);
        }
        size_t name_len = (size_t)(equals - word.data);
        take_field(raw, (struct http_text){word.data, name_len},
                   (struct http_text){equals + 1, word.len - name_len - 1});
    }
    const struct http_text *date = http_header_get(request, "x-amz-date");
    if (!date)
        date = http_header_get(request, "date");
    if (date)
        raw->date = *date;
    if (!raw->credential.len || !raw->signature.len || !raw->signed_headers.len || !raw->date.len)
        return complain_about_fields(raw, header, err);
    return SIGV4_OK;
}

/* Decoded parameters of a presigned URL; texts of the raw claim point in here. */
struct presigned {
    char algorithm[32];
    char credential[384];
    char signature[65];
    char signed_headers[1025];
    char date[32];
};

static enum sigv4_result read_query(struct http_text query, struct presigned *texts, struct raw_claim *raw,
                                    struct err *err) {
    const struct {
        const char *name;
        char *text;
        size_t size;
        struct http_text *part;
    } rows[] = {
        {"X-Amz-Algorithm", texts->algorithm, sizeof texts->algorithm, &raw->algorithm},
        {"X-Amz-Credential", texts->credential, sizeof texts->credential, &raw->credential},
        {"X-Amz-Signature", texts->signature, sizeof texts->signature, &raw->signature},
        {"X-Amz-SignedHeaders", texts->signed_headers, sizeof texts->signed_headers, &raw->signed_headers},
        {"X-Amz-Date", texts->date, sizeof texts->date, &raw->date},
    };
    OWN(buf) struct buf missing;
    buf_init(&missing, 1024);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_present = false;
        if (!http_query_get(query, rows[i].name, rows[i].text, rows[i].size, &is_present))
            return COMPLAIN(err, SIGV4_INCOMPLETE,
                            "AWS query-string parameter '%s' is malformed or too long.", rows[i].name);
        if (is_present && rows[i].text[0] != '\0') {
            *rows[i].part = (struct http_text){rows[i].text, strlen(rows[i].text)};
            continue;
        }
        buf_append_format(&missing, "AWS query-string parameters must include '%s'. ", rows[i].name);
    }
    if (missing.len > 0)
        return COMPLAIN(err, SIGV4_INCOMPLETE, "%sRe-examine the query-string parameters.",
                        buf_text(&missing));
    return SIGV4_OK;
}

/* X-Amz-Expires: 1 second to 7 days (Amazon S3 API Reference, "Authenticating Requests: Using Query
 * Parameters"). */
static enum sigv4_result read_expires(struct http_text query, int64_t *ret_expires_s, struct err *err) {
    char text[16];
    bool is_present;
    if (!http_query_get(query, "X-Amz-Expires", text, sizeof text, &is_present))
        return COMPLAIN(err, SIGV4_INCOMPLETE, "X-Amz-Expires should be a number");
    if (!is_present)
        return SIGV4_OK;
    char *end;
    long long seconds = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == ' ' || text[0] == '+')
        return COMPLAIN(err, SIGV4_INCOMPLETE, "X-Amz-Expires should be a number");
    if (seconds < 1)
        return COMPLAIN(err, SIGV4_INCOMPLETE, "X-Amz-Expires must be non-negative");
    if (seconds > WEEK_S)
        return COMPLAIN(
            err, SIGV4_INCOMPLETE,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must "
            "be less than 604800 seconds");
    *ret_expires_s = seconds;
    return SIGV4_OK;
}

/* "AKID/20260131/us-east-1/lambda/aws4_request" in its five parts. */
static bool split_credential(struct http_text credential, struct http_text parts[5]) {
    size_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= credential.len; i++) {
        if (i < credential.len && credential.data[i] != '/')
            continue;
        if (count == 5)
            return false;
        parts[count++] = (struct http_text){credential.data + start, i - start};
        start = i + 1;
    }
    return count == 5;
}

static enum sigv4_result read_credential(const struct raw_claim *raw, struct sigv4_claim *claim,
                                         struct err *err) {
    struct http_text parts[5];
    if (!split_credential(raw->credential, parts))
        return COMPLAIN(
            err, SIGV4_INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            "got '%.*s'",
            (int)raw->credential.len, raw->credential.data);
    if (!http_text_is(parts[4], SIGV4_TERMINATOR))
        return COMPLAIN(err, SIGV4_MISMATCH,
                        "Credential should be scoped with a valid terminator: '" SIGV4_TERMINATOR
                        "', not '%.*s'.",
                        (int)parts[4].len, parts[4].data);
    copy_text((struct http_text){raw->date.data, 8}, claim->date, sizeof claim->date);
    if (!http_text_is(parts[1], claim->date))
        return COMPLAIN(
            err, SIGV4_MISMATCH,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            "'%.*s' != '%s', from '%.*s'.",
            (int)parts[1].len, parts[1].data, claim->date, (int)raw->date.len, raw->date.data);
    if (!parts[0].len || !copy_text(parts[0], claim->access_key, sizeof claim->access_key) || !parts[2].len ||
        !copy_text(parts[2], claim->region, sizeof claim->region) || !parts[3].len ||
        !copy_text(parts[3], claim->service, sizeof claim->service))
        return COMPLAIN(err, SIGV4_INCOMPLETE, "An element of Credential is empty or too long, got '%.*s'",
                        (int)raw->credential.len, raw->credential.data);
    return SIGV4_OK;
}

/* X-Amz-Security-Token, from where the rest of the claim is. */
static bool read_token(const struct http_request *request, struct sigv4_claim *claim) {
    claim->session_token[0] = '\0';
    if (claim->presigned) {
        bool is_present;
        return http_query_get(request->query, "X-Amz-Security-Token", claim->session_token,
                              sizeof claim->session_token, &is_present);
    }
    const struct http_text *token = http_header_get(request, "x-amz-security-token");
    return !token || copy_text(*token, claim->session_token, sizeof claim->session_token);
}

static enum sigv4_result read_claim(const struct http_request *request, const struct raw_claim *raw,
                                    struct sigv4_claim *claim, struct err *err) {
    claim->signed_at_s = clock_parse_amz_date(raw->date.data, raw->date.len);
    if (claim->signed_at_s < 0)
        return COMPLAIN(
            err, SIGV4_INCOMPLETE,
            "Date must be in ISO-8601 'basic format'. Got '%.*s'. See http://en.wikipedia.org/wiki/ISO_8601",
            (int)raw->date.len, raw->date.data);
    if (!http_text_is(raw->algorithm, SIGV4_ALGORITHM))
        return COMPLAIN(err, SIGV4_INCOMPLETE, "Unsupported AWS 'algorithm': '%.*s'.",
                        (int)raw->algorithm.len, raw->algorithm.data);
    enum sigv4_result result = read_credential(raw, claim, err);
    if (result != SIGV4_OK)
        return result;
    if (!copy_text(raw->signed_headers, claim->signed_headers, sizeof claim->signed_headers))
        return COMPLAIN(err, SIGV4_INCOMPLETE, "SignedHeaders is too long: %zu bytes, at most %zu are read.",
                        raw->signed_headers.len, sizeof claim->signed_headers - 1);
    if (!copy_text(raw->signature, claim->signature, sizeof claim->signature))
        return COMPLAIN(err, SIGV4_MISMATCH, SIGV4_MISMATCH_TEXT);
    if (!read_token(request, claim))
        return COMPLAIN(err, SIGV4_MISMATCH, "The security token included in the request is invalid.");
    return SIGV4_OK;
}

enum sigv4_result sigv4_parse(const struct http_request *request, struct sigv4_claim *ret_claim,
                              struct err *err) {
    const struct http_text *header = http_header_get(request, "authorization");
    char algorithm[sizeof((struct presigned *)0)->algorithm];
    bool is_present = false;
    bool is_presigned = !http_query_get(request->query, "X-Amz-Algorithm", algorithm, sizeof algorithm,
                                        &is_present);
    is_presigned = is_presigned || is_present;
    if (!header && !is_presigned)
        return COMPLAIN(err, SIGV4_MISSING, "Missing Authentication Token");
    if (header && is_presigned)
        return COMPLAIN(
            err, SIGV4_MISMATCH,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");

    struct raw_claim raw = {0};
    struct presigned texts;
    struct sigv4_claim claim;
    claim.presigned = is_presigned;
    claim.expires_s = 0;
    enum sigv4_result result = is_presigned ? read_query(request->query, &texts, &raw, err)
                                            : read_header(request, *header, &raw, err);
    if (result == SIGV4_OK)
        result = read_claim(request, &raw, &claim, err);
    if (result == SIGV4_OK && is_presigned)
        result = read_expires(request->query, &claim.expires_s, err);
    if (result == SIGV4_OK)
        *ret_claim = claim;
    return result;
}

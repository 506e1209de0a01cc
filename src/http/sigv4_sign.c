/* The canonical request, the string to sign, and the signature. Canonical means as botocore, the SDKs' common
 * model, writes it:
 * - path: dot segments and empty segments removed, then percent-encoded once more; for S3 as sent;
 * - query: pairs as sent, sorted by name and value;
 * - headers: the signed ones, white space around and runs of it inside their values cut to one space,
 * repeated ones joined. */
#include "http/sigv4_sign.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/mem.h"

/* A request's path may grow threefold, its query and headers don't; names and hashes are small. */
#define CANONICAL_BYTES (LIMIT_HTTP_HEADER_BYTES + 3 * LIMIT_HTTP_TARGET_BYTES + 4096)

/* Text in memory of the caller; once something did not fit, nothing more is added. */
struct writer {
    char *text;
    size_t len;
    size_t size;
    bool is_full;
};

static void put(struct writer *writer, const char *data, size_t len) {
    if (len > writer->size - writer->len) {
        writer->is_full = true;
        writer->size = writer->len;
        return;
    }
    memcpy(writer->text + writer->len, data, len);
    writer->len += len;
}

static void put_byte(struct writer *writer, char byte) {
    put(writer, &byte, 1);
}

static void put_text(struct writer *writer, const char *text) {
    put(writer, text, strlen(text));
}

/* RFC 3986, 2.3. */
static bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static void put_encoded(struct writer *writer, const char *data, size_t len) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (is_unreserved(data[i]))
            put_byte(writer, data[i]);
        else
            put(writer, (const char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
    }
}

static void put_path(struct writer *writer, struct http_text path, const char *service) {
    if (strcmp(service, "s3") == 0) {
        put(writer, path.data, path.len);
        return;
    }
    size_t start = writer->len;
    for (size_t at = 0; at < path.len;) {
        const char *slash = memchr(path.data + at, '/', path.len - at);
        size_t len = slash ? (size_t)(slash - path.data) - at : path.len - at;
        struct http_text segment = {path.data + at, len};
        at += slash ? len + 1 : len;
        if (http_text_is(segment, "..")) {
            while (writer->len > start && writer->text[--writer->len] != '/')
                continue;
        } else if (len > 0 && !http_text_is(segment, ".")) {
            put_byte(writer, '/');
            put_encoded(writer, segment.data, len);
        }
    }
    bool is_empty = writer->len == start;
    bool ends_in_slash = path.len > 0 && path.data[path.len - 1] == '/';
    if (is_empty || ends_in_slash)
        put_byte(writer, '/');
}

struct parameter {
    struct http_text name;
    struct http_text value;
};

static int compare_texts(struct http_text a, struct http_text b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_parameters(const struct parameter *a, const struct parameter *b) {
    int order = compare_texts(a->name, b->name);
    return order != 0 ? order : compare_texts(a->value, b->value);
}

/* Keeps the list sorted. Insertion is quick here: most queries have none or two, and hardly any come
 * unsorted. */
static void insert_sorted(struct parameter *parameters, size_t count, struct parameter added) {
    size_t place = count;
    for (; place > 0 && compare_parameters(&parameters[place - 1], &added) > 0; place--)
        parameters[place] = parameters[place - 1];
    parameters[place] = added;
}

static bool put_query(struct writer *writer, struct http_text query, bool is_presigned) {
    struct parameter parameters[SIGV4_MAX_PARAMETERS];
    size_t count = 0;
    for (size_t at = 0; query.len > 0 && at <= query.len;) {
        const char *end = memchr(query.data + at, '&', query.len - at);
        size_t len = end ? (size_t)(end - query.data) - at : query.len - at;
        const char *equals = memchr(query.data + at, '=', len);
        size_t name_len = equals ? (size_t)(equals - query.data) - at : len;
        struct parameter found = {.name = {query.data + at, name_len}};
        if (equals)
            found.value = (struct http_text){equals + 1, len - name_len - 1};
        at += len + 1;
        if (is_presigned && http_text_is(found.name, "X-Amz-Signature"))
            continue;
        if (count == SIGV4_MAX_PARAMETERS)
            return false;
        insert_sorted(parameters, count++, found);
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put_byte(writer, '&');
        put(writer, parameters[i].name.data, parameters[i].name.len);
        put_byte(writer, '=');
        if (parameters[i].value.len > 0)
            put(writer, parameters[i].value.data, parameters[i].value.len);
    }
    return true;
}

static bool is_white(char c) {
    return c == ' ' || c == '\t';
}

static void put_value(struct writer *writer, struct http_text value) {
    size_t at = 0;
    bool is_first = true;
    while (at < value.len) {
        size_t start = at;
        while (at < value.len && !is_white(value.data[at]))
            at++;
        if (at > start) {
            if (!is_first)
                put_byte(writer, ' ');
            put(writer, value.data + start, at - start);
            is_first = false;
        }
        while (at < value.len && is_white(value.data[at]))
            at++;
    }
}

static bool is_named(struct http_text name, struct http_text lower_name) {
    if (name.len != lower_name.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != lower_name.data[i])
            return false;
    }
    return true;
}

bool sigv4_next_signed(struct http_text *rest, struct http_text *ret_name) {
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->data, ';', rest->len);
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    size_t used = end ? len + 1 : len;
    *ret_name = (struct http_text){rest->data, len};
    *rest = (struct http_text){rest->data + used, rest->len - used};
    return true;
}

static bool put_header(struct writer *writer, const struct http_request *request,
                       struct http_text lower_name) {
    size_t found = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!is_named(request->headers[i].name, lower_name))
            continue;
        if (found++ == 0) {
            put(writer, lower_name.data, lower_name.len);
            put_byte(writer, ':');
        } else {
            put_byte(writer, ',');
        }
        put_value(writer, request->headers[i].value);
    }
    put_byte(writer, '\n');
    return found > 0;
}

static bool put_headers(struct writer *writer, const struct http_request *request,
                        const char *signed_headers) {
    struct http_text rest = {signed_headers, strlen(signed_headers)};
    struct http_text last = {0};
    struct http_text name;
    while (sigv4_next_signed(&rest, &name)) {
        if (compare_texts(last, name) >= 0 || !put_header(writer, request, name))
            return false;
        last = name;
    }
    return true;
}

void sigv4_format_date(int64_t seconds, char ret_text[SIGV4_DATE_BYTES]) {
    time_t time = seconds;
    struct tm date;
    if (!gmtime_r(&time, &date) || strftime(ret_text, SIGV4_DATE_BYTES, "%Y%m%dT%H%M%SZ", &date) == 0)
        ret_text[0] = '\0';
}

void sigv4_derive_key(const char *secret, const struct sigv4_scope *scope, uint8_t ret_key[SIGV4_KEY_BYTES]) {
    char date[SIGV4_DATE_BYTES];
    sigv4_format_date(scope->signed_at_s, date);
    OWN_MEM char *start = mem_format("AWS4%s", secret);
    uint8_t key[SIGV4_KEY_BYTES];
    digest_hmac_sha256(start, strlen(start), date, 8, key);
    digest_hmac_sha256(key, sizeof key, scope->region, strlen(scope->region), key);
    digest_hmac_sha256(key, sizeof key, scope->service, strlen(scope->service), key);
    digest_hmac_sha256(key, sizeof key, SIGV4_TERMINATOR, strlen(SIGV4_TERMINATOR), ret_key);
    mem_wipe(start, strlen(start));
    mem_wipe(key, sizeof key);
}

/* Hashes the canonical request. */
static bool hash_request(const struct sigv4_scope *scope, const struct http_request *request,
                         const char *payload_hash, char ret_hex[DIGEST_SHA256_HEX_BYTES]) {
    char text[CANONICAL_BYTES];
    struct writer writer = {.text = text, .size = sizeof text};
    put(&writer, request->method.data, request->method.len);
    put_byte(&writer, '\n');
    put_path(&writer, request->path, scope->service);
    put_byte(&writer, '\n');
    if (!put_query(&writer, request->query, scope->is_presigned))
        return false;
    put_byte(&writer, '\n');
    if (!put_headers(&writer, request, scope->signed_headers))
        return false;
    put_byte(&writer, '\n');
    put_text(&writer, scope->signed_headers);
    put_byte(&writer, '\n');
    put_text(&writer, payload_hash);
    if (writer.is_full)
        return false;
    uint8_t hash[DIGEST_SHA256_BYTES];
    digest_sha256(text, writer.len, hash);
    digest_hex(hash, sizeof hash, ret_hex);
    return true;
}

bool sigv4_sign(const uint8_t key[SIGV4_KEY_BYTES], const struct sigv4_scope *scope,
                const struct http_request *request, const char *payload_hash,
                char ret_signature[SIGV4_SIGNATURE_BYTES]) {
    char request_hash[DIGEST_SHA256_HEX_BYTES];
    if (!hash_request(scope, request, payload_hash, request_hash))
        return false;
    char date[SIGV4_DATE_BYTES];
    sigv4_format_date(scope->signed_at_s, date);

    char text[512];
    struct writer writer = {.text = text, .size = sizeof text};
    put_text(&writer, SIGV4_ALGORITHM "\n");
    put_text(&writer, date);
    put_byte(&writer, '\n');
    put(&writer, date, strnlen(date, 8));
    put_byte(&writer, '/');
    put_text(&writer, scope->region);
    put_byte(&writer, '/');
    put_text(&writer, scope->service);
    put_text(&writer, "/" SIGV4_TERMINATOR "\n");
    put_text(&writer, request_hash);
    if (writer.is_full)
        return false;
    uint8_t mac[DIGEST_SHA256_BYTES];
    digest_hmac_sha256(key, SIGV4_KEY_BYTES, text, writer.len, mac);
    digest_hex(mac, sizeof mac, ret_signature);
    return true;
}

/* See event.h. What is no UTF-8 in a header, a path or a query becomes U+FFFD, as everywhere in what Lamb
 * writes as JSON. */
#include "api/web/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

void web_text_write(struct json_writer *writer, const char *key, struct http_text value) {
    json_key(writer, key);
    json_put_string_bytes(writer, value.data, value.len);
}

/* ---- headers ---- */

/* Between the client and the front alone (RFC 9110, 7.6.1). */
static const char *const hop_names[] = {"connection",        "expect",  "keep-alive",
                                        "proxy-connection",  "te",      "trailer",
                                        "transfer-encoding", "upgrade", NULL};

/* The front says these. */
static const char *const own_names[] = {"x-amzn-tls-cipher-suite",
                                        "x-amzn-tls-version",
                                        "x-amzn-trace-id",
                                        "x-forwarded-for",
                                        "x-forwarded-port",
                                        "x-forwarded-proto",
                                        NULL};

static bool is_one_of(struct http_text name, const char *const *names) {
    for (; *names; names++)
        if (http_text_is_nocase(name, *names))
            return true;
    return false;
}

struct reading {
    const struct web_request *request;
    const struct web_headers_reader *reader;
    struct buf name;  /* in lower case */
    struct buf value; /* joined */
};

static void emit(struct reading *reading, struct http_text value) {
    const struct http_text name = {buf_text(&reading->name), reading->name.len};
    reading->reader->each(reading->reader->arg, name, value);
}

static void set_name(struct reading *reading, struct http_text name) {
    buf_clear(&reading->name);
    buf_append(&reading->name, name.data, name.len);
    for (size_t i = 0; i < reading->name.len; i++)
        if (reading->name.data[i] >= 'A' && reading->name.data[i] <= 'Z')
            reading->name.data[i] |= 0x20;
}

/* What Lamb has read itself; the function learns of it by requestContext.authorizer. */
static bool is_signature(const struct web_request *request, struct http_text name) {
    return request->iam && http_text_is_nocase(name, "authorization");
}

static bool came_before(const struct http_request *http, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (http_text_is_same_nocase(http->headers[i].name, http->headers[index].name))
            return true;
    return false;
}

/* The first header of a name, and those that follow it. */
static void emit_all(struct reading *reading, size_t first) {
    const struct http_request *http = reading->request->http;
    struct http_text name = http->headers[first].name;
    bool is_many = false;
    set_name(reading, name);
    buf_clear(&reading->value);
    for (size_t i = first; i < http->header_count; i++) {
        if (!http_text_is_same_nocase(http->headers[i].name, name))
            continue;
        struct http_text value = http->headers[i].value;
        if (!reading->reader->is_joined) {
            emit(reading, value);
            continue;
        }
        is_many = is_many || i > first;
        if (i > first)
            buf_append_byte(&reading->value, ',');
        buf_append(&reading->value, value.data, value.len);
    }
    if (reading->reader->is_joined)
        emit(reading, is_many ? (struct http_text){buf_text(&reading->value), reading->value.len}
                              : http->headers[first].value);
}

static void emit_own(struct reading *reading, const char *name, const char *value) {
    if (!value)
        return;
    set_name(reading, (struct http_text){name, strlen(name)});
    emit(reading, (struct http_text){value, strlen(value)});
}

/* Each proxy on the way adds whom it was called by. */
static void emit_forwarded_for(struct reading *reading) {
    const struct http_request *http = reading->request->http;
    buf_clear(&reading->value);
    for (size_t i = 0; i < http->header_count; i++)
        if (http_text_is_nocase(http->headers[i].name, "x-forwarded-for")) {
            buf_append(&reading->value, http->headers[i].value.data, http->headers[i].value.len);
            buf_append_text(&reading->value, ", ");
        }
    buf_append_text(&reading->value, reading->request->source_ip);
    emit_own(reading, "x-forwarded-for", buf_text(&reading->value));
}

void web_headers_read(const struct web_request *request, const struct web_headers_reader *reader) {
    struct reading reading = {.request = request, .reader = reader};
    const struct http_request *http = request->http;
    char port[8];
    buf_init(&reading.name, LIMIT_HTTP_HEADER_BYTES + 1);
    buf_init(&reading.value, 2 * LIMIT_HTTP_HEADER_BYTES);
    for (size_t i = 0; i < http->header_count; i++) {
        struct http_text name = http->headers[i].name;
        if (is_one_of(name, hop_names) || is_one_of(name, own_names) || is_signature(request, name) ||
            came_before(http, i) || (reader->omits_cookie && http_text_is_nocase(name, "cookie")))
            continue;
        emit_all(&reading, i);
    }
    snprintf(port, sizeof port, "%u", request->port);
    emit_own(&reading, "x-amzn-tls-cipher-suite", request->tls_cipher);
    emit_own(&reading, "x-amzn-tls-version", request->tls_version);
    emit_own(&reading, "x-amzn-trace-id", request->trace_id);
    emit_forwarded_for(&reading);
    emit_own(&reading, "x-forwarded-port", port);
    emit_own(&reading, "x-forwarded-proto", request->scheme);
    buf_done(&reading.name);
    buf_done(&reading.value);
}

static void write_header(void *arg, struct http_text lower_name, struct http_text value) {
    web_text_write(arg, lower_name.data, value);
}

static void write_headers(struct json_writer *writer, const struct web_request *request, bool omits_cookie) {
    const struct web_headers_reader reader = {
        .each = write_header, .arg = writer, .is_joined = true, .omits_cookie = omits_cookie};
    json_open_object(writer);
    web_headers_read(request, &reader);
    json_close_object(writer);
}

/* ---- cookies ---- */

bool web_cookie_next(struct http_text *rest, struct http_text *ret_cookie) {
    struct http_text text = *rest;
    while (text.len && (*text.data == ';' || *text.data == ' ' || *text.data == '\t'))
        text.data++, text.len--;
    const char *end = text.len ? memchr(text.data, ';', text.len) : NULL;
    size_t len = end ? (size_t)(end - text.data) : text.len;
    *rest = (struct http_text){text.data + len, text.len - len};
    while (len && (text.data[len - 1] == ' ' || text.data[len - 1] == '\t'))
        len--;
    *ret_cookie = (struct http_text){text.data, len};
    return len > 0;
}

static void write_cookies(struct json_writer *writer, const struct http_request *http) {
    bool is_open = false;
    for (size_t i = 0; i < http->header_count; i++) {
        if (!http_text_is_nocase(http->headers[i].name, "cookie"))
            continue;
        struct http_text rest = http->headers[i].value;
        struct http_text cookie;
        while (web_cookie_next(&rest, &cookie)) {
            if (!is_open) {
                json_key(writer, "cookies");
                json_open_array(writer);
            }
            is_open = true;
            json_put_string_bytes(writer, cookie.data, cookie.len);
        }
    }
    if (is_open)
        json_close_array(writer);
}

/* ---- the query ---- */

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX and '+' of a name or value, to *end, which moves by text.len bytes at most. A bad escape stays. */
static struct http_text decode(struct http_text text, char **end) {
    char *start = *end;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && text.len - i > 2 && hex(text.data[i + 1]) >= 0 && hex(text.data[i + 2]) >= 0) {
            c = (char)(hex(text.data[i + 1]) << 4 | hex(text.data[i + 2]));
            i += 2;
        }
        *(*end)++ = c;
    }
    return (struct http_text){start, (size_t)(*end - start)};
}

static int compare_texts(struct http_text a, struct http_text b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* The values follow each other in memory, in the order of the query. */
static int compare_pairs(const void *one, const void *other) {
    const struct web_pair *a = one, *b = other;
    int order = compare_texts(a->name, b->name);
    return order ? order : (a->name.data > b->name.data) - (a->name.data < b->name.data);
}

struct web_pairs web_query_sort(struct http_text query, void **ret_block) {
    size_t most = 1;
    for (size_t i = 0; i < query.len; i++)
        most += query.data[i] == '&';
    struct web_pair *items = mem_alloc(most * sizeof *items + query.len + most);
    char *end = (char *)(items + most);
    struct http_text rest = query, name, value;
    size_t count = 0;
    while (count < most && http_query_next(&rest, &name, &value)) {
        if (name.len + value.len == 0)
            continue;
        items[count].name = decode(name, &end);
        *end++ = '\0';
        items[count++].value = decode(value, &end);
    }
    qsort(items, count, sizeof *items, compare_pairs);
    *ret_block = items;
    return (struct web_pairs){items, count};
}

/* A name as a member: it may have NULs in it. */
void web_key_write(struct json_writer *writer, struct http_text name) {
    json_put_string_bytes(writer, name.data, name.len);
    buf_append_byte(writer->buf, ':');
    writer->needs_comma = false;
}

void web_query_write(struct json_writer *writer, struct http_text query) {
    void *block;
    struct web_pairs pairs = web_query_sort(query, &block);
    OWN(buf) struct buf joined;
    buf_init(&joined, 2 * query.len + 1);
    json_open_object(writer);
    for (size_t i = 0; i < pairs.count;) {
        struct http_text name = pairs.items[i].name;
        buf_clear(&joined);
        for (size_t first = i; i < pairs.count && compare_texts(pairs.items[i].name, name) == 0; i++) {
            if (i > first)
                buf_append_byte(&joined, ',');
            buf_append(&joined, pairs.items[i].value.data, pairs.items[i].value.len);
        }
        web_key_write(writer, name);
        json_put_string_bytes(writer, buf_text(&joined), joined.len);
    }
    json_close_object(writer);
    free(block);
}

/* ---- the body ---- */

static bool ends_nocase(struct http_text text, const char *end) {
    size_t len = strlen(end);
    return text.len >= len && strncasecmp(text.data + text.len - len, end, len) == 0;
}

static bool is_textual(const struct http_text *type) {
    if (!type)
        return false;
    const char *semicolon = memchr(type->data, ';', type->len);
    struct http_text name = {type->data, semicolon ? (size_t)(semicolon - type->data) : type->len};
    while (name.len && (name.data[name.len - 1] == ' ' || name.data[name.len - 1] == '\t'))
        name.len--;
    static const char *const names[] = {"application/javascript", "application/json", "application/xml",
                                        NULL};
    return is_one_of(name, names) || ends_nocase(name, "+json") || ends_nocase(name, "+xml") ||
           (name.len > 5 && strncasecmp(name.data, "text/", 5) == 0);
}

static bool is_utf8(struct http_text text) {
    for (size_t at = 0; at < text.len;) {
        size_t size = (unsigned char)text.data[at] < 0x80 ? 1 : utf8_sequence(text.data + at, text.len - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

bool web_body_is_binary(const struct http_request *request, struct http_text body) {
    return !is_textual(http_header_get(request, "content-type")) || !is_utf8(body);
}

static void put_base64(struct json_writer *writer, struct http_text body) {
    size_t bytes = digest_base64_encoded_bytes(body.len);
    json_put_raw(writer, "\"", 1);
    char *space = buf_reserve(writer->buf, bytes);
    if (space)
        writer->buf->len += digest_base64_encode(body.data, body.len, space);
    buf_append_byte(writer->buf, '"');
}

void web_body_write(struct json_writer *writer, const struct web_request *request, bool writes_null) {
    bool is_binary = request->body.len > 0 && web_body_is_binary(request->http, request->body);
    if (request->body.len > 0 || writes_null)
        json_key(writer, "body");
    if (is_binary)
        put_base64(writer, request->body);
    else if (request->body.len > 0)
        json_put_string_bytes(writer, request->body.data, request->body.len);
    else if (writes_null)
        json_put_null(writer);
    json_key(writer, "isBase64Encoded");
    json_put_bool(writer, is_binary);
}

/* ---- the event ---- */

void web_time_format(int64_t time_us, char ret_text[WEB_TIME_BYTES]) {
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm tm = {.tm_mday = 1};
    gmtime_r(&seconds, &tm);
    snprintf(ret_text, WEB_TIME_BYTES, "%02u/%s/%04u:%02u:%02u:%02u +0000", (unsigned)tm.tm_mday % 100,
             months[tm.tm_mon], (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static void write_iam(struct json_writer *writer, const struct web_iam *iam) {
    json_open_object(writer);
    json_key(writer, "iam");
    json_open_object(writer);
    json_put_member(writer, "accessKey", iam->access_key);
    json_put_member(writer, "accountId", iam->account);
    json_put_member(writer, "callerId", iam->caller_id);
    json_key(writer, "cognitoIdentity");
    json_put_null(writer);
    json_key(writer, "principalOrgId");
    json_put_null(writer);
    json_put_member(writer, "userArn", iam->user_arn);
    json_put_member(writer, "userId", iam->caller_id);
    json_close_object(writer);
    json_close_object(writer);
}

static void write_authorizer(struct json_writer *writer, const struct web_request *request) {
    if (!request->authorizer && !request->iam)
        return;
    json_key(writer, "authorizer");
    if (request->authorizer)
        json_put_raw(writer, request->authorizer, strlen(request->authorizer));
    else
        write_iam(writer, request->iam);
}

static void write_http(struct json_writer *writer, const struct web_request *request) {
    const struct http_request *http = request->http;
    const struct http_text *agent = http_header_get(http, "user-agent");
    json_key(writer, "http");
    json_open_object(writer);
    web_text_write(writer, "method", http->method);
    web_text_write(writer, "path", request->path);
    json_put_member(writer, "protocol", http->is_http_1_0 ? "HTTP/1.0" : "HTTP/1.1");
    json_put_member(writer, "sourceIp", request->source_ip);
    web_text_write(writer, "userAgent", agent ? *agent : (struct http_text){"", 0});
    json_close_object(writer);
}

static void write_context(struct json_writer *writer, const struct web_request *request) {
    char time_text[WEB_TIME_BYTES];
    web_time_format(request->time_us, time_text);
    json_key(writer, "requestContext");
    json_open_object(writer);
    json_put_member(writer, "accountId", request->account_id);
    json_put_member(writer, "apiId", request->api_id);
    write_authorizer(writer, request);
    web_text_write(writer, "domainName", request->domain_name);
    web_text_write(writer, "domainPrefix", request->domain_prefix);
    write_http(writer, request);
    json_put_member(writer, "requestId", request->request_id);
    json_put_member(writer, "routeKey", request->route_key);
    json_put_member(writer, "stage", request->stage);
    json_put_member(writer, "time", time_text);
    json_put_member_integer(writer, "timeEpoch", request->time_us / 1000);
    json_close_object(writer);
}

void web_pairs_write(struct json_writer *writer, const char *key, const struct web_pairs *pairs) {
    if (!pairs)
        return;
    json_key(writer, key);
    json_open_object(writer);
    for (size_t i = 0; i < pairs->count; i++) {
        web_key_write(writer, pairs->items[i].name);
        json_put_string_bytes(writer, pairs->items[i].value.data, pairs->items[i].value.len);
    }
    json_close_object(writer);
}

void web_request_write(struct json_writer *writer, const struct web_request *request) {
    const struct http_request *http = request->http;
    json_put_member(writer, "routeKey", request->route_key);
    web_text_write(writer, "rawPath", request->path);
    web_text_write(writer, "rawQueryString", http->query);
    write_cookies(writer, http);
    json_key(writer, "headers");
    write_headers(writer, request, !request->has_cookie_header);
    if (http->query.len > 0) {
        json_key(writer, "queryStringParameters");
        web_query_write(writer, http->query);
    }
    write_context(writer, request);
    web_pairs_write(writer, "pathParameters", request->path_parameters);
    web_pairs_write(writer, "stageVariables", request->stage_variables);
}

void web_event_write(struct json_writer *writer, const struct web_request *request) {
    json_open_object(writer);
    json_put_member(writer, "version", "2.0");
    web_request_write(writer, request);
    web_body_write(writer, request, false);
    json_close_object(writer);
}

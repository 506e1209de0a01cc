/* See cors.h. What may be allowed by "*" is answered as the request asks for it: a browser takes "*" itself
 * for nothing but a name where credentials are allowed. */
#include "api/web/cors.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct texts {
    char **items;
    size_t count;
    bool has_any; /* "*" is among them */
};

struct web_cors {
    struct texts origins;
    struct texts methods;
    struct texts headers;
    struct texts exposed;
    int64_t max_age_s;
    bool has_max_age;
    bool allows_credentials;
};

/* ---- reading ---- */

/* By the name that starts with a capital, or the same with a small letter. */
static struct json_value member(struct json_value object, const char *name) {
    struct json_value value = json_member(object, name);
    if (json_is_present(value))
        return value;
    OWN_MEM char *other = mem_text(name);
    other[0] |= 0x20;
    return json_member(object, other);
}

/* What can't stand in a header line is left out. */
static bool is_clean(const char *text) {
    if (text[0] == '\0')
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static struct texts read_texts(struct json_value list) {
    struct texts texts = {.items = mem_alloc_array(json_size(list) + 1, sizeof *texts.items)};
    struct json_value item;
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &item);) {
        char *text = json_string(item);
        if (!text || !is_clean(text)) {
            free(text);
            continue;
        }
        texts.has_any = texts.has_any || strcmp(text, "*") == 0;
        texts.items[texts.count++] = text;
    }
    return texts;
}

static void free_texts(struct texts *texts) {
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
    free(texts->items);
}

static struct json_value list_of(struct json_value cors, const char *name) {
    struct json_value value = member(cors, name);
    bool is_list = json_is_present(value) && json_type_of(value) == JSON_ARRAY;
    return is_list ? value : (struct json_value){0};
}

struct web_cors *web_cors_new(struct json_value value) {
    if (!json_is_present(value) || json_type_of(value) != JSON_OBJECT || json_size(value) == 0)
        return NULL;
    struct web_cors *cors = mem_alloc(sizeof *cors);
    struct json_value credentials = member(value, "AllowCredentials");
    cors->origins = read_texts(list_of(value, "AllowOrigins"));
    cors->methods = read_texts(list_of(value, "AllowMethods"));
    cors->headers = read_texts(list_of(value, "AllowHeaders"));
    cors->exposed = read_texts(list_of(value, "ExposeHeaders"));
    cors->allows_credentials = json_is_present(credentials) && json_type_of(credentials) == JSON_TRUE;
    cors->has_max_age = json_integer(member(value, "MaxAge"), &cors->max_age_s);
    return cors;
}

void web_cors_free(struct web_cors *cors) {
    if (!cors)
        return;
    free_texts(&cors->origins);
    free_texts(&cors->methods);
    free_texts(&cors->headers);
    free_texts(&cors->exposed);
    free(cors);
}

/* ---- deciding ---- */

bool web_cors_is_preflight(const struct http_request *request) {
    return http_text_is(request->method, "OPTIONS") && http_header_get(request, "origin") &&
           http_header_get(request, "access-control-request-method");
}

static bool has(const struct texts *texts, struct http_text text) {
    for (size_t i = 0; i < texts->count; i++)
        if (http_text_is_nocase(text, texts->items[i]))
            return true;
    return texts->has_any;
}

/* "https://<star>" stands for all origins of a scheme. */
static bool allows_origin(const struct web_cors *cors, struct http_text origin) {
    for (size_t i = 0; i < cors->origins.count; i++) {
        const char *allowed = cors->origins.items[i];
        size_t len = strlen(allowed);
        if (len > 3 && strcmp(allowed + len - 3, "//*") == 0 && origin.len >= len &&
            strncasecmp(origin.data, allowed, len - 1) == 0)
            return true;
    }
    return has(&cors->origins, origin);
}

static bool allows_headers(const struct web_cors *cors, struct http_text wanted) {
    size_t start = 0;
    for (size_t i = 0; i <= wanted.len; i++) {
        if (i < wanted.len && wanted.data[i] != ',')
            continue;
        struct http_text name = {wanted.data + start, i - start};
        while (name.len && *name.data == ' ')
            name.data++, name.len--;
        while (name.len && name.data[name.len - 1] == ' ')
            name.len--;
        if (name.len && !has(&cors->headers, name))
            return false;
        start = i + 1;
    }
    return true;
}

/* Nothing at all is said to a preflight for what is not allowed, as the service does. */
static bool is_allowed(const struct web_cors *cors, const struct http_request *request,
                       const struct http_text *origin, bool is_preflight) {
    if (!origin || !allows_origin(cors, *origin))
        return false;
    if (!is_preflight)
        return true;
    const struct http_text *method = http_header_get(request, "access-control-request-method");
    const struct http_text *headers = http_header_get(request, "access-control-request-headers");
    return (!method || has(&cors->methods, *method)) && (!headers || allows_headers(cors, *headers));
}

/* ---- writing ---- */

static void put(struct buf *lines, const char *name, struct http_text value) {
    buf_append_text(lines, name);
    buf_append_text(lines, ": ");
    buf_append(lines, value.data, value.len);
    buf_append_text(lines, "\r\n");
}

static void put_list(struct buf *lines, const char *name, const struct texts *texts,
                     const struct http_text *wanted) {
    if (texts->has_any && wanted && wanted->len) {
        put(lines, name, *wanted);
        return;
    }
    for (size_t i = 0; i < texts->count; i++) {
        buf_append_text(lines, i ? "," : name);
        if (i == 0)
            buf_append_text(lines, ": ");
        buf_append_text(lines, texts->items[i]);
    }
    if (texts->count)
        buf_append_text(lines, "\r\n");
}

void web_cors_write(const struct web_cors *cors, const struct http_request *request, bool is_preflight,
                    struct buf *headers) {
    const struct http_text *origin = http_header_get(request, "origin");
    if (!is_allowed(cors, request, origin, is_preflight))
        return;
    if (cors->origins.has_any && !cors->allows_credentials) {
        buf_append_text(headers, "Access-Control-Allow-Origin: *\r\n");
    } else {
        put(headers, "Access-Control-Allow-Origin", *origin);
        buf_append_text(headers, "Vary: Origin\r\n");
    }
    if (cors->allows_credentials)
        buf_append_text(headers, "Access-Control-Allow-Credentials: true\r\n");
    put_list(headers, "Access-Control-Expose-Headers", &cors->exposed, NULL);
    if (!is_preflight)
        return;
    put_list(headers, "Access-Control-Allow-Methods", &cors->methods,
             http_header_get(request, "access-control-request-method"));
    put_list(headers, "Access-Control-Allow-Headers", &cors->headers,
             http_header_get(request, "access-control-request-headers"));
    if (cors->has_max_age) /* 0 says something too: without the header browsers cache for 5 s */
        buf_append_format(headers, "Access-Control-Max-Age: %lld\r\n", (long long)cors->max_age_s);
}

/* Reading what a request says: headers by name, parameters of the query, percent-encoding (RFC 3986). Pure
 * functions over memory, for anybody. */
#include "http/request.h"

#include <stdint.h>
#include <string.h>

/* ASCII alone: names of the wire don't depend on a locale. */
static unsigned char lower(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool http_text_is_same(struct http_text a, struct http_text b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool http_text_is_same_nocase(struct http_text a, struct http_text b) {
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

static struct http_text text_of(const char *text) {
    return (struct http_text){text, strlen(text)};
}

bool http_text_is(struct http_text text, const char *expected) {
    return http_text_is_same(text, text_of(expected));
}

bool http_text_is_nocase(struct http_text text, const char *expected) {
    return http_text_is_same_nocase(text, text_of(expected));
}

const struct http_text *http_header_get(const struct http_request *request, const char *lower_name) {
    const struct http_text name = text_of(lower_name);
    for (size_t i = 0; i < request->header_count; i++)
        if (http_text_is_same_nocase(request->headers[i].name, name))
            return &request->headers[i].value;
    return NULL;
}

size_t http_header_count(const struct http_request *request, const char *lower_name) {
    const struct http_text name = text_of(lower_name);
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += http_text_is_same_nocase(request->headers[i].name, name);
    return count;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    unsigned char letter = lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The next decoded byte and the place behind it. False for a bad escape. */
static bool decode_byte(struct http_text text, size_t *at, char *ret_byte) {
    if (text.data[*at] != '%') {
        *ret_byte = text.data[(*at)++];
        return true;
    }
    if (text.len - *at < 3)
        return false;
    int high = hex_value(text.data[*at + 1]);
    int low = hex_value(text.data[*at + 2]);
    if (high < 0 || low < 0)
        return false;
    *ret_byte = (char)(high << 4 | low);
    *at += 3;
    return true;
}

bool http_percent_decode(struct http_text text, char *value, size_t size) {
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        char byte;
        if (!decode_byte(text, &at, &byte) || byte == '\0' || len + 1 >= size)
            return false;
        value[len++] = byte;
    }
    if (size == 0)
        return false;
    value[len] = '\0';
    return true;
}

bool http_percent_is(struct http_text text, const char *expected) {
    for (size_t at = 0; at < text.len; expected++) {
        char byte;
        if (*expected == '\0' || !decode_byte(text, &at, &byte) || byte != *expected)
            return false;
    }
    return *expected == '\0';
}

bool http_query_next(struct http_text *rest, struct http_text *ret_name, struct http_text *ret_value) {
    if (rest->len == 0)
        return false;
    const char *end = memchr(rest->data, '&', rest->len);
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    const char *equals = memchr(rest->data, '=', len);
    size_t name_len = equals ? (size_t)(equals - rest->data) : len;
    size_t value_start = equals ? name_len + 1 : len;
    *ret_name = (struct http_text){rest->data, name_len};
    *ret_value = (struct http_text){rest->data + value_start, len - value_start};
    size_t used = end ? len + 1 : len;
    *rest = (struct http_text){rest->data + used, rest->len - used};
    return true;
}

bool http_query_get(struct http_text query, const char *name, char *value, size_t size, bool *ret_present) {
    struct http_text found_name, found_value;
    while (http_query_next(&query, &found_name, &found_value)) {
        if (!http_percent_is(found_name, name))
            continue;
        if (!http_percent_decode(found_value, value, size))
            return false;
        *ret_present = true;
        return true;
    }
    *ret_present = false;
    return true;
}

/* See host.h. */
#include "api/web/host.h"

#include <string.h>

/* The longest DNS name. */
#define NAME_MAX_CHARS 253

/* Cuts the port off. False when there is something else behind a colon. */
static bool cut_port(struct http_text authority, struct http_text *ret_name, struct http_text *ret_port) {
    const char *colon = memchr(authority.data, ':', authority.len);
    size_t len = colon ? (size_t)(colon - authority.data) : authority.len;
    size_t digits = len < authority.len ? authority.len - len - 1 : 0;
    *ret_name = (struct http_text){authority.data, len};
    *ret_port = (struct http_text){authority.data + authority.len - digits, digits};
    if (len == 0 || len > NAME_MAX_CHARS || authority.len - len > sizeof "65535")
        return false;
    for (size_t i = len + 1; i < authority.len; i++)
        if (authority.data[i] < '0' || authority.data[i] > '9')
            return false;
    return true;
}

/* Cuts the first label off; false when it is the only one. */
static bool cut_label(struct http_text *rest, struct http_text *ret_label) {
    const char *dot = memchr(rest->data, '.', rest->len);
    if (!dot)
        return false;
    size_t len = (size_t)(dot - rest->data);
    *ret_label = (struct http_text){rest->data, len};
    *rest = (struct http_text){dot + 1, rest->len - len - 1};
    return true;
}

static enum web_host_kind kind_of(struct http_text label) {
    if (http_text_is_nocase(label, WEB_LABEL_URL))
        return WEB_HOST_URL;
    return http_text_is_nocase(label, WEB_LABEL_API) ? WEB_HOST_API : WEB_HOST_OTHER;
}

enum web_host_kind web_host_split(const struct http_request *request, const char *region, const char *domain,
                                  struct web_host *ret_host) {
    const struct http_text *authority = http_header_get(request, "host");
    struct http_text rest, kind, place;
    *ret_host = (struct web_host){0};
    if (!authority || !cut_port(*authority, &rest, &ret_host->port))
        return WEB_HOST_OTHER;
    ret_host->name = rest;
    if (!cut_label(&rest, &ret_host->id) || !cut_label(&rest, &kind) || kind_of(kind) == WEB_HOST_OTHER ||
        !cut_label(&rest, &place))
        return WEB_HOST_OTHER;
    if (!http_text_is_nocase(rest, "localhost") && !http_text_is_nocase(rest, domain))
        return WEB_HOST_OTHER;
    if (!http_text_is_nocase(place, region))
        ret_host->id.len = 0;
    return ret_host->kind = kind_of(kind);
}

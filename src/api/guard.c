/* Checks Host (RFC 9110, 7.2) and Origin (RFC 6454). Called by api/dispatch.c; pure. */
#include "api/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The longest DNS name; an address is shorter. */
#define HOST_MAX_CHARS 253

/* The part of "name:port" or "[address]:port" before the port. False when it is none of both. */
static bool split_host(struct http_text authority, struct http_text *ret_host) {
    size_t len;
    if (authority.len && authority.data[0] == '[') {
        const char *end = memchr(authority.data, ']', authority.len);
        if (!end)
            return false;
        len = (size_t)(end - authority.data) + 1;
    } else {
        const char *colon = memchr(authority.data, ':', authority.len);
        len = colon ? (size_t)(colon - authority.data) : authority.len;
    }
    if (len == 0 || len > HOST_MAX_CHARS)
        return false;
    if (len < authority.len) {
        if (authority.data[len] != ':' || authority.len - len > sizeof "65535")
            return false;
        for (size_t i = len + 1; i < authority.len; i++)
            if (authority.data[i] < '0' || authority.data[i] > '9')
                return false;
    }
    *ret_host = (struct http_text){authority.data, len};
    return true;
}

static bool ends_nocase(struct http_text text, const char *suffix) {
    size_t len = strlen(suffix);
    return text.len > len && strncasecmp(text.data + text.len - len, suffix, len) == 0;
}

static bool is_loopback(struct http_text host) {
    char text[HOST_MAX_CHARS + 1];
    if (host.data[0] == '[') {
        memcpy(text, host.data + 1, host.len - 2);
        text[host.len - 2] = '\0';
        struct in6_addr address;
        return inet_pton(AF_INET6, text, &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
    }
    if (host.data[0] != '1') /* spares names the copy */
        return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool is_accepted(struct http_text host, const char *const *hosts) {
    if (is_loopback(host) || http_text_is_nocase(host, "localhost") || ends_nocase(host, ".localhost"))
        return true;
    for (; hosts && *hosts; hosts++)
        if (http_text_is_nocase(host, *hosts))
            return true;
    return false;
}

/* A page that Lamb itself served has the very authority the request was sent to. */
static bool is_same_origin(struct http_text origin, struct http_text authority) {
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i]);
        if (origin.len == len + authority.len && strncasecmp(origin.data, schemes[i], len) == 0 &&
            strncasecmp(origin.data + len, authority.data, authority.len) == 0)
            return true;
    }
    return false;
}

bool guard_check(const struct http_request *request, const char *const *hosts, struct err *err) {
    const struct http_text *authority = http_header_get(request, "host");
    struct http_text host;
    if (!authority || !split_host(*authority, &host))
        return err_set(err, ERR_DENIED, "Lamb refuses this request: it has no valid Host header.");
    if (!is_accepted(host, hosts))
        return err_set(err, ERR_DENIED,
                       "Lamb refuses requests for the host \"%.*s\". It answers to localhost, *.localhost, "
                       "loopback addresses and the names in the setting `hosts`.",
                       (int)host.len, host.data);
    const struct http_text *origin = http_header_get(request, "origin");
    if (origin && !is_same_origin(*origin, *authority))
        return err_set(err, ERR_DENIED,
                       "Lamb refuses requests that a web page of another origin (%.*s) makes a browser send.",
                       (int)(origin->len < HOST_MAX_CHARS ? origin->len : HOST_MAX_CHARS), origin->data);
    return true;
}

/* Any bytes as what an HTTP API reads from outside: the key of a route, the path of a request, the URI of a
 * function, and the answer of an authorizer. Each part of the input ends with a NUL. What must hold: a key
 * that is accepted is the same as itself, and its own path leads to it. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "api/gateway/authorizer.h"
#include "api/gateway/function_uri.h"
#include "api/gateway/routes.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_text text_of(const char *text) {
    return (struct http_text){text, strlen(text)};
}

/* A path with braces in it is one like any other: what is in them are values. */
static bool is_plain(struct http_text path) {
    return !memchr(path.data, '%', path.len);
}

static void find(const struct route_key *keys, size_t count, struct http_text path) {
    struct routes *routes = routes_new();
    for (size_t i = 0; i < count; i++)
        routes_add(routes, &keys[i], &keys[i]);
    struct route_match match;
    if (routes_find(routes, text_of("GET"), path, &match))
        for (size_t i = 0; i < match.key->parameter_count; i++)
            assert(match.values[i].len > 0);
    routes_free(routes);
}

static void find_itself(const struct route_key *key) {
    struct routes *routes = routes_new();
    struct route_match match;
    routes_add(routes, key, key);
    assert(route_key_is_same(key, key));
    if (key->is_default || is_plain(key->path))
        assert(routes_find(routes, key->method, key->path, &match) && match.value == key);
    routes_free(routes);
}

static void answer(const char *text) {
    static const struct gateway_authorizer kinds[] = {{.is_simple = true}, {.is_simple = false}};
    for (size_t i = 0; i < 2; i++) {
        struct err err;
        struct authorization *authorization = authorizer_answer_parse(&kinds[i], text, strlen(text), &err);
        OWN(buf) struct buf written;
        struct json_writer writer;
        buf_init(&written, 1 << 20);
        json_writer_init(&writer, &written);
        if (authorization) {
            authorization_allows(authorization, "arn:aws:execute-api:us-east-1:000000000000:abc/dev/GET/x",
                                 "::1");
            authorization_write(&writer, authorization, i == 1);
            assert(!buf_ok(&written) || json_check(written.data, written.len, NULL));
        }
        authorization_unref(authorization);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    OWN_MEM char *text = mem_copy_text((const char *)data, size);
    struct route_key keys[8];
    struct function_ref function;
    struct err err;
    size_t count = 0;
    for (const char *part = text; part <= text + size; part += strlen(part) + 1) {
        if (count < 8 && route_key_parse(part, &keys[count], &err))
            find_itself(&keys[count++]);
        if (part[0] == '/')
            find(keys, count, text_of(part));
        if (function_uri_parse(part, &function, &err))
            assert(function.account[0] && function.name[0]);
        answer(part);
    }
    return 0;
}

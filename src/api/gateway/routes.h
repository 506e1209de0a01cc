/* Routes of an HTTP API: their keys ("GET /pets/{id}", "ANY /{proxy+}", "$default"), and the one that a
 * request goes to. Values without I/O; any thread.
 *
 * The order of precedence: a route whose whole path matches, a route with a greedy parameter, $default.
 * Within the first two a literal segment wins over a parameter, the first segment first, and a longer path
 * before a greedy parameter wins over a shorter one; of routes with the same path one with the request's
 * method wins over ANY. A more specific path that has no such method does not hide a less specific one.
 * Source: API Gateway Developer Guide, "Create routes for HTTP APIs in API Gateway". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "http/request.h"

#define ROUTES_DEFAULT "$default"
#define ROUTES_MAX_PARAMETERS 32
#define ROUTES_MAX_KEY_CHARS 1024

/* A key taken apart; its texts point into it. */
struct route_key {
    bool is_default;
    struct http_text method; /* "GET", "ANY" */
    struct http_text path;   /* "/pets/{id}" */
    bool is_greedy;          /* the last segment is "{name+}" */
    size_t parameter_count;
    struct http_text parameters[ROUTES_MAX_PARAMETERS]; /* their names */
};

/* ERR_PARAMETER for what is no key of an HTTP API's route. */
bool route_key_parse(const char *text, struct route_key *ret_key, struct err *err);

/* Whether both stand for the same requests: parameters may have other names. */
bool route_key_is_same(const struct route_key *a, const struct route_key *b);

struct routes;

struct routes *routes_new(void);
void routes_free(struct routes *routes); /* NULL is fine */

/* `key` must live as long as the routes. The first of two that are the same counts. */
void routes_add(struct routes *routes, const struct route_key *key, const void *value);

struct route_match {
    const void *value; /* of routes_add() */
    const struct route_key *key;
    struct http_text
        values[ROUTES_MAX_PARAMETERS]; /* of the key's parameters, in their order; still encoded */
};

/* False when there is none. `path` is the request's, without its stage. */
bool routes_find(const struct routes *routes, struct http_text method, struct http_text path,
                 struct route_match *ret_match);

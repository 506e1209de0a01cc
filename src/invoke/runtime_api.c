/* See runtime_api.h. */
#include "invoke/runtime_api.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define PREFIX "/2018-06-01/"
#define INVOCATION PREFIX "runtime/invocation/"

/* A runtime needs one connection, perhaps a second one for a while. Each may make us hold a response, so this
 * bounds what a hostile function can cost. */
#define MAX_CONNECTIONS 16

/* Of /init/error, a document with a stack trace; the others have none. */
#define OTHER_BODY_BYTES (256u * 1024)

struct runtime_api {
    struct http_listener *listener;
    const struct runtime_api_handler *handler;
    void *arg;
};

/* What a request asks for. */
struct route {
    enum { ROUTE_CALL, ROUTE_PING, ROUTE_UNKNOWN, ROUTE_WRONG_METHOD } kind;
    enum runtime_call call;
    char request_id[IDENT_UUID_BYTES];
};

static bool text_has_prefix(struct http_text text, const char *prefix) {
    size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

/* ".../invocation/<id>/response" or "/error". An id of another length can't be current: it is passed on cut.
 */
static struct route route_invocation(struct http_text path) {
    struct route route = {.kind = ROUTE_UNKNOWN};
    const char *id = path.data + strlen(INVOCATION);
    const char *end = path.data + path.len;
    const char *slash = memchr(id, '/', (size_t)(end - id));
    if (!slash || slash == id)
        return route;
    struct http_text tail = {slash, (size_t)(end - slash)};
    if (http_text_is(tail, "/response"))
        route.call = RUNTIME_RESPONSE;
    else if (http_text_is(tail, "/error"))
        route.call = RUNTIME_ERROR;
    else
        return route;
    route.kind = ROUTE_CALL;
    size_t id_len = (size_t)(slash - id);
    if (id_len >= sizeof route.request_id)
        id_len = sizeof route.request_id - 1;
    memcpy(route.request_id, id, id_len);
    return route;
}

static struct route route_request(const struct http_request *request) {
    static const struct {
        const char *path;
        const char *method;
        int kind;
        enum runtime_call call;
    } fixed[] = {
        {INVOCATION "next", "GET", ROUTE_CALL, RUNTIME_NEXT},
        {PREFIX "runtime/init/error", "POST", ROUTE_CALL, RUNTIME_INIT_ERROR},
        {PREFIX "ping", "GET", ROUTE_PING, RUNTIME_NEXT},
    };
    struct route route = {.kind = ROUTE_UNKNOWN};
    const char *method = "POST";
    size_t i = 0;
    while (i < sizeof fixed / sizeof fixed[0] && !http_text_is(request->path, fixed[i].path))
        i++;
    if (i < sizeof fixed / sizeof fixed[0]) {
        route.kind = fixed[i].kind;
        route.call = fixed[i].call;
        method = fixed[i].method;
    } else if (text_has_prefix(request->path, INVOCATION)) {
        route = route_invocation(request->path);
    }
    if (route.kind != ROUTE_UNKNOWN && !http_text_is(request->method, method))
        route.kind = ROUTE_WRONG_METHOD;
    return route;
}

/* Only a response may be large. */
static size_t on_begin(void *arg, struct http_exchange *exchange) {
    (void)arg;
    struct route route = route_request(http_exchange_request(exchange));
    bool is_result = route.kind == ROUTE_CALL &&
                     (route.call == RUNTIME_RESPONSE || route.call == RUNTIME_ERROR);
    return is_result ? LIMIT_RESPONSE_BYTES : OTHER_BODY_BYTES;
}

static void on_handle(void *arg, struct http_exchange *exchange) {
    struct runtime_api *api = arg;
    struct route route = route_request(http_exchange_request(exchange));
    switch (route.kind) {
    case ROUTE_CALL: api->handler->call(api->arg, route.call, route.request_id, exchange); break;
    case ROUTE_PING: http_respond(exchange, 200, "Content-Type: text/plain\r\n", "pong", 4); break;
    case ROUTE_WRONG_METHOD: http_respond(exchange, 405, NULL, NULL, 0); break;
    case ROUTE_UNKNOWN:
        http_respond(exchange, 404, "Content-Type: text/plain\r\n", "404 page not found\n", 19);
        break;
    }
}

static void on_gone(void *arg, struct http_exchange *exchange) {
    struct runtime_api *api = arg;
    api->handler->gone(api->arg, exchange);
}

/* The handler may end the environment and with it `api`, so it is told last. */
static void on_too_large(void *arg, struct http_exchange *exchange) {
    struct runtime_api *api = arg;
    struct route route = route_request(http_exchange_request(exchange));
    char message[80];
    snprintf(message, sizeof message, "Exceeded maximum allowed payload size (%u bytes).",
             LIMIT_RESPONSE_BYTES);
    runtime_api_refuse(exchange, 413, "RequestEntityTooLarge", message);
    if (route.kind == ROUTE_CALL && route.call == RUNTIME_RESPONSE)
        api->handler->too_large(api->arg, route.request_id);
}

struct runtime_api *runtime_api_new(struct loop *loop, const struct clock *clock, int listener_fd,
                                    const struct runtime_api_handler *handler, void *arg) {
    static const struct http_handler http_handler = {
        .begin = on_begin,
        .handle = on_handle,
        .gone = on_gone,
        .too_large = on_too_large,
    };
    /* Runtimes wait at /next for hours, so nothing times out; the process behind the connections is bounded
     * anyway. */
    static const struct http_options options = {.max_connections = MAX_CONNECTIONS};
    struct runtime_api *api = mem_alloc(sizeof *api);
    api->handler = handler;
    api->arg = arg;
    api->listener = http_listener_new(loop, listener_fd, &http_handler, api, &options, clock);
    return api;
}

void runtime_api_free(struct runtime_api *api) {
    if (!api)
        return;
    http_listener_free(api->listener);
    free(api);
}

void runtime_api_accept(struct http_exchange *exchange) {
    http_respond(exchange, 202, "Content-Type: application/json\r\n", "{\"status\":\"OK\"}\n", 16);
}

void runtime_api_refuse(struct http_exchange *exchange, int status, const char *type, const char *message) {
    char body[512];
    int len = snprintf(body, sizeof body, "{\"errorMessage\":\"%s\",\"errorType\":\"%s\"}\n", message, type);
    http_respond(exchange, status, "Content-Type: application/json\r\n", body,
                 (size_t)len < sizeof body ? (size_t)len : sizeof body - 1);
}

/* See environment_api.h. */
#include "invoke/environment_api.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/fd.h"

#define RUNTIME "/2018-06-01/runtime/"
#define EXTENSION "/2020-01-01/extension/"
#define PING "/2018-06-01/ping"

/* A runtime needs one or two connections, and so does each of ten extensions, which have one more for a while
 * when they subscribe. */
#define MAX_CONNECTIONS 40

/* Bodies nobody reads; those of an invocation that isn't running, so that the call is refused for that. */
#define IGNORED_BODY_BYTES (4u * 1024)

/* Documents: with a stack trace, and without one. */
#define OTHER_BODY_BYTES (256u * 1024)
#define SMALL_BODY_BYTES (32u * 1024)

/* All large bodies at one time: one response of any size and one error. The rest is what connections hold
 * anyway, so this bounds what a hostile function can cost. */
#define BODIES_BYTES (LIMIT_RESPONSE_BYTES + OTHER_BODY_BYTES)

/* Refusals quote what they refuse, cut to the text of an err, every byte of it escaped. */
#define REFUSAL_BYTES (8u * ERR_TEXT_BYTES)

struct environment_api {
    struct loop *loop;
    const struct clock *clock;
    int listener_fd; /* the listener's */
    struct http_listener *listener;
    const struct environment_api_handler *handler;
    void *arg;
};

struct route {
    const char *path; /* '*' stands for a request id */
    const char *method;
    enum environment_call call;
    size_t body_bytes; /* 0: begin_result() says */
};

static const struct route routes[] = {
    {RUNTIME "invocation/next", "GET", CALL_NEXT, IGNORED_BODY_BYTES},
    {RUNTIME "invocation/*/response", "POST", CALL_RESPONSE, 0},
    {RUNTIME "invocation/*/error", "POST", CALL_ERROR, 0},
    {RUNTIME "init/error", "POST", CALL_INIT_ERROR, OTHER_BODY_BYTES},
    {EXTENSION "register", "POST", CALL_EXTENSION_REGISTER, SMALL_BODY_BYTES},
    {EXTENSION "event/next", "GET", CALL_EXTENSION_NEXT, IGNORED_BODY_BYTES},
    {EXTENSION "init/error", "POST", CALL_EXTENSION_INIT_ERROR, OTHER_BODY_BYTES},
    {EXTENSION "exit/error", "POST", CALL_EXTENSION_EXIT_ERROR, OTHER_BODY_BYTES},
    {"/2022-07-01/telemetry", "PUT", CALL_TELEMETRY, SMALL_BODY_BYTES},
    {"/2020-08-15/logs", "PUT", CALL_LOGS, SMALL_BODY_BYTES},
};

struct match {
    const struct route *route; /* NULL: there is no such path */
    bool is_allowed;           /* the method is the route's */
    char request_id[IDENT_UUID_BYTES];
};

/* An id of another length than ours can't be that of an invocation: it is cut. */
static bool match_path(const char *pattern, struct http_text path, char ret_request_id[IDENT_UUID_BYTES]) {
    const char *star = strchr(pattern, '*');
    if (!star)
        return http_text_is(path, pattern);
    size_t before = (size_t)(star - pattern);
    size_t after = strlen(star + 1);
    if (path.len <= before + after || memcmp(path.data, pattern, before) != 0 ||
        memcmp(path.data + path.len - after, star + 1, after) != 0)
        return false;
    const char *id = path.data + before;
    size_t len = path.len - before - after;
    if (memchr(id, '/', len))
        return false;
    if (len >= IDENT_UUID_BYTES)
        len = IDENT_UUID_BYTES - 1;
    memcpy(ret_request_id, id, len);
    ret_request_id[len] = '\0';
    return true;
}

static struct match match_request(const struct http_request *request) {
    struct match match = {0};
    for (size_t i = 0; i < sizeof routes / sizeof routes[0] && !match.route; i++)
        if (match_path(routes[i].path, request->path, match.request_id))
            match.route = &routes[i];
    match.is_allowed = match.route && http_text_is(request->method, match.route->method);
    return match;
}

/* A body for an invocation, which is large only by right. */
static bool is_result(const struct match *match) {
    return match->is_allowed && (match->route->call == CALL_RESPONSE || match->route->call == CALL_ERROR);
}

static size_t body_limit(const struct match *match) {
    return match->is_allowed ? match->route->body_bytes : IGNORED_BODY_BYTES;
}

static size_t on_begin(void *arg, struct http_exchange *exchange) {
    struct environment_api *api = arg;
    struct match match = match_request(http_exchange_request(exchange));
    if (!is_result(&match))
        return body_limit(&match);
    size_t most = api->handler->begin_result(api->arg, match.route->call, match.request_id, exchange);
    return most > 0 ? most : IGNORED_BODY_BYTES;
}

static void on_piece(void *arg, struct http_exchange *exchange, const void *data, size_t len) {
    struct environment_api *api = arg;
    api->handler->piece(api->arg, exchange, data, len);
}

static void on_handle(void *arg, struct http_exchange *exchange) {
    struct environment_api *api = arg;
    const struct http_request *request = http_exchange_request(exchange);
    struct match match = match_request(request);
    bool is_ping = http_text_is(request->path, PING);
    if (!match.route && !is_ping)
        http_respond(exchange, 404, "Content-Type: text/plain\r\n", "404 page not found\n", 19);
    else if (is_ping ? !http_text_is(request->method, "GET") : !match.is_allowed)
        http_respond(exchange, 405, NULL, NULL, 0);
    else if (is_ping)
        http_respond(exchange, 200, "Content-Type: text/plain\r\n", "pong", 4);
    else
        api->handler->call(api->arg, match.route->call, match.request_id, exchange);
}

static void on_gone(void *arg, struct http_exchange *exchange) {
    struct environment_api *api = arg;
    api->handler->gone(api->arg, exchange);
}

static void on_too_large(void *arg, struct http_exchange *exchange) {
    struct environment_api *api = arg;
    struct match match = match_request(http_exchange_request(exchange));
    if (is_result(&match))
        api->handler->result_too_large(api->arg, match.route->call, match.request_id, exchange);
    else
        environment_api_refuse_size(exchange, body_limit(&match));
}

static void listen_on(struct environment_api *api, int listener_fd) {
    static const struct http_handler handler = {
        .begin = on_begin,
        .piece = on_piece,
        .handle = on_handle,
        .gone = on_gone,
        .too_large = on_too_large,
    };
    /* Programs wait for events for hours, so nothing times out; the processes behind the connections are
     * bounded anyway. */
    static const struct http_options options = {
        .budget_bytes = BODIES_BYTES,
        .max_connections = MAX_CONNECTIONS,
    };
    api->listener_fd = listener_fd;
    api->listener = http_listener_new(api->loop, listener_fd, &handler, api, &options, api->clock);
}

struct environment_api *environment_api_new(struct loop *loop, const struct clock *clock, int listener_fd,
                                            const struct environment_api_handler *handler, void *arg) {
    struct environment_api *api = mem_alloc(sizeof *api);
    *api = (struct environment_api){.loop = loop, .clock = clock, .handler = handler, .arg = arg};
    listen_on(api, listener_fd);
    return api;
}

void environment_api_free(struct environment_api *api) {
    if (!api)
        return;
    http_listener_free(api->listener);
    free(api);
}

/* Clients that the kernel has connected already, but nobody has accepted. */
static void refuse_waiting(int listener_fd) {
    int fd;
    while ((fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1)
        close(fd);
}

void environment_api_disconnect(struct environment_api *api) {
    struct err err;
    int listener_fd = fcntl(api->listener_fd, F_DUPFD_CLOEXEC, 0);
    if (listener_fd == -1 || !fd_set_nonblocking(listener_fd, &err)) {
        log_warn("environment.not_disconnected", "error=\"%s\"", strerror(errno));
        fd_close(&listener_fd);
        return;
    }
    http_listener_free(api->listener);
    refuse_waiting(listener_fd);
    listen_on(api, listener_fd);
}

void environment_api_accept(struct http_exchange *exchange) {
    http_respond(exchange, 202, "Content-Type: application/json\r\n", "{\"status\":\"OK\"}\n", 16);
}

void environment_api_refuse(struct http_exchange *exchange, int status, const char *type,
                            const char *message) {
    OWN(buf) struct buf body;
    buf_init(&body, REFUSAL_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    json_put_member(&writer, "errorMessage", message);
    json_put_member(&writer, "errorType", type);
    json_close_object(&writer);
    buf_append_byte(&body, '\n');
    http_respond(exchange, status, "Content-Type: application/json\r\n", buf_text(&body), body.len);
}

void environment_api_refuse_size(struct http_exchange *exchange, size_t limit_bytes) {
    OWN_MEM char *message = mem_format("Exceeded maximum allowed payload size (%zu bytes).", limit_bytes);
    environment_api_refuse(exchange, 413, "RequestEntityTooLarge", message);
}

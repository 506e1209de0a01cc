/* See extensions_fixture.h. */
#include "extensions_fixture.h"

static void tell(struct play *play) {
    if (play->frees)
        extensions_free(take_ptr(play->extensions));
}

static void on_changed(void *arg) {
    struct play *play = arg;
    play->changed++;
    tell(play);
}

static void on_failed(void *arg, const char *name, const char *fatal_type, const char *error_type) {
    struct play *play = arg;
    play->failed++;
    snprintf(play->failure, sizeof play->failure, "%s %s (%s)", name, fatal_type,
             error_type ? error_type : "-");
    tell(play);
}

static void on_call(void *arg, enum environment_call call, const char *request_id,
                    struct http_exchange *exchange) {
    struct play *play = arg;
    assert_string_equal(request_id, "");
    const char *name;
    if (call != CALL_TELEMETRY && call != CALL_LOGS)
        extensions_call(play->extensions, call, exchange);
    else if (extensions_name_of(play->extensions, exchange, &name))
        http_respond(exchange, 200, NULL, name, strlen(name));
}

static size_t begin_result(void *arg, enum environment_call call, const char *request_id,
                           struct http_exchange *exchange) {
    (void)arg, (void)call, (void)request_id, (void)exchange;
    return 0;
}

static void on_gone(void *arg, struct http_exchange *exchange) {
    struct play *play = arg;
    if (play->extensions)
        extensions_gone(play->extensions, exchange);
}

int setup(void **state) {
    static const struct environment_api_handler handler = {
        .call = on_call, .begin_result = begin_result, .gone = on_gone};
    static const struct extensions_events events = {on_changed, on_failed};
    struct play *play = mem_alloc(sizeof *play);
    fixture_init(&play->http);
    struct err err;
    int fd;
    assert_true(http_listen("127.0.0.1", 0, &fd, &err));
    play->http.port = http_listen_port(fd);
    play->http.loop = loop_new();
    play->api = environment_api_new(play->http.loop, &play->http.clock, fd, &handler, play);
    play->function = function_new();
    function_set_text(&play->function->name, "my-func");
    function_set_text(&play->function->handler, "app.handler");
    snprintf(play->function->account, sizeof play->function->account, "123456789012");
    snprintf(play->function->version, sizeof play->function->version, "$LATEST");
    play->extensions = extensions_new(play->function, &events, play);
    *state = play;
    return 0;
}

int teardown(void **state) {
    struct play *play = *state;
    environment_api_free(play->api);
    extensions_free(play->extensions);
    function_unref(play->function);
    turn(&play->http, 2);
    loop_free(play->http.loop);
    free(play);
    return 0;
}

/* ---- What an extension does ---- */

/* Status line, headers and body. */
char *read_answer(struct play *play, const struct client *client) {
    struct buf answer;
    buf_init(&answer, 1024 * 1024);
    bool is_reset = false;
    const char *body = NULL;
    size_t len = 0;
    for (time_t end = time(NULL) + PATIENCE_S; time(NULL) < end;) {
        loop_turn(play->http.loop, false);
        assert_true(receive_some(client->fd, &answer, 1, &is_reset));
        const char *head_end = strstr(buf_text(&answer), "\r\n\r\n");
        if (!head_end)
            continue;
        body = head_end + 4;
        len = (size_t)atoi(strstr(buf_text(&answer), "Content-Length: ") + 16);
        if (strlen(body) == len)
            return buf_take(&answer);
    }
    fail_msg("no answer");
    return NULL;
}

bool has_answer(struct play *play, const struct client *client) {
    turn(&play->http, 5);
    char byte;
    return recv(client->fd, &byte, 1, MSG_PEEK) == 1;
}

static void send_request(struct play *play, const struct client *client, const char *request,
                         const char *headers, const char *body) {
    OWN_MEM char *text = mem_format("%s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n%s\r\n%s", request,
                                    strlen(body), headers, body);
    say(&play->http, client->fd, text);
}

char *ask(struct play *play, const struct client *client, const char *request, const char *headers,
          const char *body) {
    send_request(play, client, request, headers, body);
    return read_answer(play, client);
}

char *ask_register(struct play *play, const struct client *client, const char *name, const char *body) {
    OWN_MEM char *headers = mem_format("Lambda-Extension-Name: %s\r\n", name);
    return ask(play, client, "POST /2020-01-01/extension/register", headers, body);
}

struct client join(struct play *play, const char *name, const char *body) {
    struct client client = {.fd = client_open(&play->http)};
    OWN_MEM char *answer = ask_register(play, &client, name, body);
    const char *id = strstr(answer, "Lambda-Extension-Identifier: ");
    assert_non_null(id);
    snprintf(client.id, sizeof client.id, "%s", id + strlen("Lambda-Extension-Identifier: "));
    assert_true(ident_is_uuid(client.id, strlen(client.id)));
    return client;
}

struct client join_external(struct play *play, const char *name, const char *body, uint32_t program) {
    assert_true(extensions_expect(play->extensions, name, program));
    return join(play, name, body);
}

void ask_next(struct play *play, const struct client *client) {
    OWN_MEM char *headers = mem_format("Lambda-Extension-Identifier: %s\r\n", client->id);
    send_request(play, client, "GET /2020-01-01/extension/event/next", headers, "");
    turn(&play->http, 5);
}

char *post_error(struct play *play, const struct client *client, const char *phase, const char *type) {
    OWN_MEM char *headers = mem_format(
        "Lambda-Extension-Identifier: %s\r\nLambda-Extension-Function-Error-Type: %s\r\n", client->id, type);
    OWN_MEM char *request = mem_format("POST /2020-01-01/extension/%s/error", phase);
    return ask(play, client, request, headers, "{}");
}

void assert_refusal(const char *answer, const char *type, const char *message) {
    OWN_MEM char *expected = mem_format("\r\n\r\n{\"errorMessage\":\"%s\",\"errorType\":\"%s\"}\n", message,
                                        type);
    assert_memory_equal(answer, "HTTP/1.1 403 Forbidden\r\n", 24);
    assert_string_equal(strstr(answer, "\r\n\r\n"), expected);
}

void assert_line(const struct play *play, size_t index, const char *expected) {
    struct extensions_line line;
    assert_true(extensions_describe(play->extensions, index, &line));
    char text[512];
    snprintf(text, sizeof text, "%s %s [%s%s%s] %s", line.name, line.state,
             line.event_count > 0 ? line.events[0] : "", line.event_count > 1 ? "," : "",
             line.event_count > 1 ? line.events[1] : "", line.error_type ? line.error_type : "-");
    assert_string_equal(text, expected);
}

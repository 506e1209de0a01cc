/* See telemetry_fixture.h. */
#include "telemetry_fixture.h"

struct fixture server;
struct telemetry *telemetry;
struct function *function;
struct notice_origin origin;
struct consumer consumers[CONSUMERS];
int sockets_wanted;
int sockets_refused;
bool are_sockets_late;
int send_buffer_bytes;
enum notice_kind last_subscription;

int socket_new(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (send_buffer_bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
    return fd;
}

static void on_want_socket(void *arg) {
    (void)arg;
    sockets_wanted++;
    if (are_sockets_late)
        return;
    bool is_refused = sockets_refused > 0;
    sockets_refused -= is_refused;
    telemetry_give_socket(telemetry, is_refused ? -1 : socket_new());
}

static void on_subscribed(void *arg, const struct notice *notice) {
    (void)arg;
    last_subscription = notice->kind;
    telemetry_notice(telemetry, notice, server.wall_us);
}

static void on_subscribe(void *arg, struct http_exchange *exchange) {
    (void)arg;
    const struct http_request *request = http_exchange_request(exchange);
    const struct http_text *name = http_header_get(request, "x-name");
    OWN_MEM char *text = mem_copy_text(name->data, name->len);
    telemetry_subscribe(telemetry, http_text_is(request->path, "/logs") ? LOGS_API : TELEMETRY_API, text,
                        exchange);
}

/* ---- consumers ---- */

static void consumer_open(struct consumer *consumer) {
    struct err err;
    *consumer = (struct consumer){.fd = -1};
    assert_true(http_listen("127.0.0.1", 0, &consumer->listen_fd, &err));
    assert_int_equal(fcntl(consumer->listen_fd, F_SETFL, O_NONBLOCK), 0);
    consumer->port = http_listen_port(consumer->listen_fd);
    buf_init(&consumer->input, SIZE_MAX);
    buf_init(&consumer->head, SIZE_MAX);
    buf_init(&consumer->got, SIZE_MAX);
}

static void consumer_close(struct consumer *consumer) {
    if (consumer->fd >= 0)
        close(consumer->fd);
    if (consumer->listen_fd >= 0)
        close(consumer->listen_fd);
    buf_done(&consumer->input);
    buf_done(&consumer->head);
    buf_done(&consumer->got);
}

void consumer_hang_up(struct consumer *consumer) {
    close(consumer->fd);
    consumer->fd = -1;
    buf_clear(&consumer->input);
}

void consumer_say(struct consumer *consumer, const char *text) {
    send(consumer->fd, text, strlen(text), MSG_NOSIGNAL);
}

static void consumer_answer(struct consumer *consumer, const char *body, size_t len) {
    consumer->requests++;
    if (consumer->manners <= SAYS_CLOSE) {
        buf_append(&consumer->got, body, len);
        buf_append_byte(&consumer->got, '\n');
        consumer->taken++;
    }
    switch (consumer->manners) {
    case ANSWERS:
        consumer_say(consumer, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK");
        break;
    case ANSWERS_1_0:
        consumer_say(consumer, "HTTP/1.0 200 OK\r\n\r\nfine");
        consumer_hang_up(consumer);
        break;
    case SAYS_CLOSE:
        consumer_say(consumer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        break;
    case REFUSES: consumer_say(consumer, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"); break;
    case BABBLES: consumer_say(consumer, "220 mail is welcome\r\n"); break;
    case FLOODS: consumer_say(consumer, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"); break;
    case LEAVES: consumer_hang_up(consumer); break;
    case HANGS:
    case STARES: break;
    }
}

static void consumer_read_requests(struct consumer *consumer) {
    while (consumer->fd >= 0 && consumer->input.len > 0) {
        const char *text = buf_text(&consumer->input);
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        if (!end)
            return;
        assert_true(length && length < end);
        size_t head_len = (size_t)(end + 4 - text);
        size_t body_len = (size_t)atoi(length + strlen("Content-Length: "));
        if (consumer->input.len < head_len + body_len)
            return;
        buf_clear(&consumer->head);
        buf_append(&consumer->head, text, head_len);
        OWN_MEM char *body = mem_copy_text(text + head_len, body_len);
        buf_consume(&consumer->input, head_len + body_len);
        consumer_answer(consumer, body, body_len);
    }
}

void consumer_step(struct consumer *consumer) {
    if (consumer->fd < 0 && consumer->listen_fd >= 0) {
        consumer->fd = accept4(consumer->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        consumer->connections += consumer->fd >= 0;
    }
    static char data[65536];
    if (consumer->fd < 0 || consumer->manners == STARES)
        return;
    if (consumer->manners == FLOODS && consumer->requests > 0)
        send(consumer->fd, data, sizeof data, MSG_NOSIGNAL);
    ssize_t len = recv(consumer->fd, data, sizeof data, 0);
    if (len == 0 || (len < 0 && errno != EAGAIN)) {
        consumer_hang_up(consumer);
    } else if (len > 0 && consumer->is_raw) {
        buf_append(&consumer->got, data, (size_t)len);
    } else if (len > 0) {
        buf_append(&consumer->input, data, (size_t)len);
        consumer_read_requests(consumer);
    }
}

void pump(void) {
    loop_turn(server.loop, false);
    for (size_t i = 0; i < CONSUMERS; i++)
        consumer_step(&consumers[i]);
}

void pump_some(void) {
    for (int i = 0; i < 20; i++)
        pump();
}

void pass(int64_t ms) {
    server.mono_us += ms * 1000;
    server.wall_us += ms * 1000;
}

/* ---- subscribing ---- */

/* Asserts status line and body; gives nothing else away. */
void subscribe_as(const char *name, const char *path, const char *body, int status, const char *answer) {
    int fd = client_open(&server);
    OWN_MEM char *request = mem_format("PUT %s HTTP/1.1\r\nHost: h\r\nX-Name: %s\r\nConnection: close\r\n"
                                       "Content-Length: %zu\r\n\r\n%s",
                                       path, name, strlen(body), body);
    say(&server, fd, request);
    OWN_MEM char *text = read_to_end(&server, fd);
    close(fd);
    OWN_MEM char *line = mem_format("HTTP/1.1 %d ", status);
    assert_memory_equal(text, line, strlen(line));
    assert_non_null(strstr(text, "Content-Type: application/json\r\n"));
    assert_string_equal(strstr(text, "\r\n\r\n") + 4, answer);
}

char *http_body(const char *types, const char *buffering, uint16_t port) {
    return mem_format("{\"schemaVersion\":\"2025-01-29\",\"types\":[%s],\"buffering\":{%s},"
                      "\"destination\":{\"protocol\":\"HTTP\",\"URI\":\"http://sandbox.localdomain:%u\"}}",
                      types, buffering, port);
}

void subscribe(const char *name, const char *types, const char *buffering, int consumer) {
    OWN_MEM char *body = http_body(types, buffering, consumers[consumer].port);
    subscribe_as(name, "/telemetry", body, 200, "\"OK\"");
}

void subscribe_tcp(const char *name, const char *types, const char *buffering, int consumer) {
    OWN_MEM char *body = mem_format("{\"schemaVersion\":\"2025-01-29\",\"types\":[%s],\"buffering\":{%s},"
                                    "\"destination\":{\"protocol\":\"TCP\",\"port\":%u}}",
                                    types, buffering, consumers[consumer].port);
    consumers[consumer].is_raw = true;
    subscribe_as(name, "/telemetry", body, 200, "\"OK\"");
}

void write_line(const char *text) {
    telemetry_line(telemetry, TELEMETRY_FUNCTION, text, strlen(text), server.wall_us);
}

const char *got(int consumer) {
    return buf_text(&consumers[consumer].got);
}

const char *find(const char *text, const char *part) {
    size_t len = strlen(part);
    for (; *text; text++)
        if (*text == *part && strncmp(text, part, len) == 0)
            return text;
    return NULL;
}

int count_in(const char *text, const char *part) {
    int count = 0;
    for (; (text = find(text, part)); text += strlen(part))
        count++;
    return count;
}

/* ---- each test ---- */

int set_up(void **state) {
    (void)state;
    fixture_init(&server);
    server.handler.handle = on_subscribe;
    fixture_open(&server);
    function = function_new();
    function_set_text(&function->name, "f");
    function_set_text(&function->runtime, "python3.12");
    snprintf(function->account, sizeof function->account, "123456789012");
    snprintf(function->version, sizeof function->version, "$LATEST");
    function->memory_mb = 256;
    origin = (struct notice_origin){
        .function = function, .region = "eu-central-1", .stream = "2026/01/31/[$LATEST]0123"};
    static const struct telemetry_callbacks callbacks = {.want_socket = on_want_socket,
                                                         .subscribed = on_subscribed};
    telemetry = telemetry_new(server.loop, &server.clock, &origin, &callbacks, NULL);
    for (size_t i = 0; i < CONSUMERS; i++)
        consumer_open(&consumers[i]);
    sockets_wanted = sockets_refused = 0;
    are_sockets_late = false;
    send_buffer_bytes = 0;
    return 0;
}

int tear_down(void **state) {
    (void)state;
    telemetry_free(telemetry);
    for (size_t i = 0; i < CONSUMERS; i++)
        consumer_close(&consumers[i]);
    fixture_close(&server);
    function_unref(function);
    return 0;
}

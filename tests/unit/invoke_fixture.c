/* See invoke_fixture.h. */
#include "invoke_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/server.h"
#include "sys/fd.h"
#include "sys/fs.h"

static uint16_t ports[MAX_SANDBOXES + 1];

struct clock test_clock;
int64_t clock_ahead_us;
bool is_clock_stopped;
static int64_t setup_us;
struct upper upper;
uint32_t scaling_rate;
struct stream_limits stream_limits;
const char *called_qualifier;
struct loop *loop;
struct invoke *invoke;
struct runtime_set runtimes;
struct function *function;
char dir[64], code_dir[96], log_dir[96];
struct caller callers[8];

int64_t machine_us(void) {
    struct clock machine = clock_system();
    return clock_mono_us(&machine);
}

static int64_t mono_us(void *context) {
    (void)context;
    return (is_clock_stopped ? setup_us : machine_us()) + clock_ahead_us;
}

void add_file(const char *digest, const char *name, unsigned mode) {
    OWN_MEM char *layout = fs_join(code_dir, digest);
    OWN_MEM char *path = fs_join(layout, name);
    assert_true(fs_make_dirs(layout, 0755, NULL));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && fchmod(fd, mode) == 0);
    close(fd);
}

static bool give_credentials(void *arg, const struct function *asked,
                             struct invoke_credentials *ret_credentials) {
    assert_ptr_equal(arg, &upper);
    assert_string_equal(asked->name, "f");
    *ret_credentials = (struct invoke_credentials){
        .access_key_id = "ASIA0000000000000000",
        .secret_access_key = "secret",
        .session_token = "token",
        .lifetime_ms = upper.lifetime_ms,
    };
    return upper.has_credentials;
}

static void *open_api(void *arg, int listener_fd) {
    assert_ptr_equal(arg, &upper);
    upper.opened++;
    return (void *)(intptr_t)(listener_fd + 1);
}

static bool is_api_busy(void *arg, void *api) {
    assert_ptr_equal(arg, &upper);
    assert_non_null(api);
    return upper.is_busy;
}

static void close_api(void *arg, void *api) {
    assert_ptr_equal(arg, &upper);
    upper.closed++;
    close((int)(intptr_t)api - 1);
}

void set_upper(void) {
    const struct invoke_upper callbacks = {
        .credentials = give_credentials,
        .open_api = open_api,
        .is_api_busy = is_api_busy,
        .close_api = close_api,
        .arg = &upper,
    };
    invoke_set_upper(invoke, &callbacks);
}

struct invoke_figures figures(void) {
    struct invoke_figures now;
    invoke_read(invoke, &now);
    return now;
}

size_t count_environments(void) {
    struct invoke_figures now = figures();
    size_t sum = 0;
    for (size_t i = 0; i < ENVIRONMENT_STATES; i++)
        sum += now.environments[i];
    return sum;
}

size_t count_idle(void) {
    return figures().environments[ENVIRONMENT_IDLE];
}

void make_invoke(uint32_t concurrency) {
    struct invoke_options options = {
        .region = "us-east-1",
        .code_dir = code_dir,
        .log_dir = log_dir,
        .runtimes = &runtimes,
        .starts_at_once = 2,
        .concurrency = concurrency,
        .scaling_rate = scaling_rate,
        .idle_timeout_ms = 3600000,
        .init_timeout_ms = LIMIT_INIT_MS,
        .log_file_bytes = 1024 * 1024,
        .log_files = 2,
        .streams = stream_limits,
    };
    invoke = invoke_new(loop, &test_clock, &options);
}

int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lamb-test-invoke-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(code_dir, sizeof code_dir, "%s/code", dir);
    snprintf(log_dir, sizeof log_dir, "%s/logs", dir);
    fake_reset();
    memset(callers, 0, sizeof callers);
    test_clock = clock_system();
    test_clock.mono_us = mono_us;
    clock_ahead_us = 0;
    setup_us = machine_us();
    scaling_rate = LIMIT_SCALING_RATE;
    stream_limits = (struct stream_limits){.size_bytes = 20 << 20, .burst_bytes = 6 << 20};
    called_qualifier = "$LATEST";
    upper = (struct upper){.has_credentials = true, .lifetime_ms = 3600000};
    loop = loop_new();
    add_file(DIGEST, "bootstrap", 0755);
    make_invoke(10);
    function = function_new();
    snprintf(function->account, sizeof function->account, "000000000000");
    function_set_text(&function->name, "f");
    snprintf(function->version, sizeof function->version, "$LATEST");
    function_set_text(&function->runtime, "provided.al2023");
    snprintf(function->code_digest, sizeof function->code_digest, DIGEST);
    function->state = FUNCTION_ACTIVE;
    function->epoch = 1;
    return 0;
}

int teardown(void **state) {
    (void)state;
    invoke_free(invoke);
    function_unref(function);
    loop_free(loop);
    assert_true(fs_remove_tree(dir, NULL));
    return 0;
}

static void on_done(void *arg, const struct invoke_result *result) {
    struct caller *caller = arg;
    assert_false(caller->is_done);
    caller->is_done = true;
    caller->outcome = result->outcome;
    assert_true(result->is_streamed == (caller->begun > 0));
    snprintf(caller->error_type, sizeof caller->error_type, "%s",
             result->error_type ? result->error_type : "");
    assert_true(result->payload_len < sizeof caller->payload);
    if (result->payload_len > 0)
        memcpy(caller->payload, result->payload, result->payload_len);
    if (result->log_tail)
        memcpy(caller->tail, result->log_tail, result->log_tail_len);
    caller->retry_after_s = result->retry_after_s;
    if (result->reason)
        snprintf(caller->reason, sizeof caller->reason, "%s", result->reason);
}

/* The function as it is after an update: an equal copy of another epoch. */
void update_function(void) {
    struct function *updated = function_copy(function);
    updated->epoch++;
    function_unref(function);
    function = updated;
}

static void on_begin(void *arg, const char *content_type) {
    struct caller *caller = arg;
    assert_false(caller->is_done);
    caller->begun++;
    snprintf(caller->content_type, sizeof caller->content_type, "%s", content_type);
}

static void on_piece(void *arg, const void *data, size_t len) {
    struct caller *caller = arg;
    assert_true(caller->begun == 1 && !caller->is_done && len > 0);
    size_t room = sizeof caller->stream - caller->stream_bytes;
    if (caller->stream_bytes < sizeof caller->stream)
        memcpy(caller->stream + caller->stream_bytes, data, len < room ? len : room - 1);
    caller->stream_bytes += len;
    caller->pieces++;
    if (caller->stops_at_piece == caller->pieces)
        invocation_pause(caller->invocation, true);
}

static const struct invoke_stream_events stream_events = {.begin = on_begin, .piece = on_piece};

struct caller *call_with(int index, const char *payload, bool wants_tail) {
    return call_for(index, payload, wants_tail, false);
}

struct caller *call_for(int index, const char *payload, bool wants_tail, bool takes_stream) {
    struct caller *caller = &callers[index];
    *caller = (struct caller){0};
    snprintf(caller->request_id, sizeof caller->request_id, "00000000-0000-4000-8000-%012d", index);
    struct invoke_request request = {
        .function = function,
        .qualifier = called_qualifier,
        .invoked_arn = "arn:aws:lambda:us-east-1:000000000000:function:f",
        .request_id = caller->request_id,
        .trace_id = "Root=1-00000000-000000000000000000000000",
        .payload = payload,
        .payload_len = strlen(payload),
        .wants_log_tail = wants_tail,
        .stream = takes_stream ? &stream_events : NULL,
    };
    invoke_start(invoke, &request, on_done, caller, &caller->invocation);
    return caller;
}

struct caller *call(int index) {
    return call_with(index, "{\"n\":1}", false);
}

struct runtime connect_to(uint64_t id, int output) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(ports[id])};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    struct runtime runtime = {.sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .output = output};
    assert_int_equal(connect(runtime.sock, (struct sockaddr *)&address, sizeof address), 0);
    /* What is written in parts comes at once. */
    assert_int_equal(setsockopt(runtime.sock, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
    return runtime;
}

struct runtime start_sandbox(uint64_t id) {
    int listener, api_listener, pipes[2];
    assert_true(http_listen("127.0.0.1", 0, &listener, NULL));
    assert_true(http_listen("127.0.0.1", 0, &api_listener, NULL));
    ports[id] = http_listen_port(listener);
    assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
    struct sandbox_fds fds = {
        .runtime_listener = listener,
        .api_listener = api_listener,
        .output = pipes[0],
        .memory_peak = -1,
        .freezer = -1,
        .control = fake_control(id),
        .memory_events = -1,
    };
    invoke_sandbox_callbacks()->started(invoke, id, &fds);
    fd_close(&fds.api_listener);
    return connect_to(id, pipes[1]);
}

struct runtime again(uint64_t id) {
    struct runtime runtime = connect_to(id, dup(last_output[id]));
    ask_next(&runtime);
    return runtime;
}

void end_sandbox(uint64_t id, struct sandbox_end end) {
    invoke_sandbox_callbacks()->ended(invoke, id, &end);
}

void stop_runtime(struct runtime *runtime) {
    fd_close(&runtime->sock);
    fd_close(&runtime->output);
}

static void send_text(const struct runtime *runtime, const char *text) {
    assert_int_equal(send(runtime->sock, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void ask_next(const struct runtime *runtime) {
    send_text(runtime, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n");
}

void post(const struct runtime *runtime, const char *path, const char *body) {
    OWN_MEM char *text = mem_format(
        "POST /2018-06-01/runtime/%s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", path,
        strlen(body), body);
    send_text(runtime, text);
}

void respond(const struct runtime *runtime, const struct caller *caller, const char *body) {
    OWN_MEM char *path = mem_format("invocation/%s/response", caller->request_id);
    post(runtime, path, body);
}

bool is_readable(const struct runtime *runtime) {
    struct pollfd poll_fd = {.fd = runtime->sock, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

/* One whole answer: head and body arrive in one piece on loopback. */
const char *read_answer(const struct runtime *runtime) {
    static char text[8192];
    turn_until(is_readable(runtime));
    ssize_t len = recv(runtime->sock, text, sizeof text - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    return text;
}

struct runtime cold_start(uint64_t id) {
    struct runtime runtime = start_sandbox(id);
    ask_next(&runtime);
    return runtime;
}

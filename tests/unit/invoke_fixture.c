/* See invoke_fixture.h. */
#include "invoke_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
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

uint64_t started_count;
bool is_killed[MAX_SANDBOXES + 1];

uint64_t sandbox_start(struct sandbox_host *host, const struct plan *plan, const int *mount_fds) {
    (void)host;
    assert_string_equal(plan->argv[0], "/var/task/bootstrap");
    assert_true(mount_fds[0] >= 0);
    assert_true(started_count < MAX_SANDBOXES);
    return ++started_count;
}

void sandbox_kill(struct sandbox_host *host, uint64_t id) {
    (void)host;
    is_killed[id] = true;
}

void sandbox_limit_cpu(struct sandbox_host *host, uint64_t id, uint32_t cpu_millis) {
    (void)host;
    assert_true(id <= started_count && cpu_millis == 72);
}

struct clock test_clock;
struct loop *loop;
struct invoke *invoke;
struct runtime_set runtimes;
struct function *function;
char dir[64], code_dir[96], log_dir[96];
struct caller callers[8];

static void make_code(void) {
    OWN_MEM char *layout = fs_join(code_dir, DIGEST);
    OWN_MEM char *bootstrap = fs_join(layout, "bootstrap");
    assert_true(fs_make_dirs(layout, 0755, NULL));
    int fd = open(bootstrap, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_true(fd >= 0 && fchmod(fd, 0755) == 0);
    close(fd);
}

void make_invoke(uint32_t concurrency) {
    struct invoke_options options = {
        .region = "us-east-1",
        .code_dir = code_dir,
        .log_dir = log_dir,
        .runtimes = &runtimes,
        .starts_at_once = 2,
        .concurrency = concurrency,
        .idle_timeout_ms = 3600000,
        .init_timeout_ms = LIMIT_INIT_MS,
        .log_file_bytes = 1024 * 1024,
        .log_files = 2,
    };
    invoke = invoke_new(loop, &test_clock, &options);
}

int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lamb-test-invoke-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(code_dir, sizeof code_dir, "%s/code", dir);
    snprintf(log_dir, sizeof log_dir, "%s/logs", dir);
    started_count = 0;
    memset(is_killed, 0, sizeof is_killed);
    memset(callers, 0, sizeof callers);
    test_clock = clock_system();
    loop = loop_new();
    make_code();
    make_invoke(10);
    function = function_new();
    snprintf(function->account, sizeof function->account, "000000000000");
    snprintf(function->name, sizeof function->name, "f");
    snprintf(function->version, sizeof function->version, "$LATEST");
    snprintf(function->runtime, sizeof function->runtime, "provided.al2023");
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
    assert_true(result->payload_len < sizeof caller->payload);
    if (result->payload_len > 0)
        memcpy(caller->payload, result->payload, result->payload_len);
    if (result->log_tail)
        memcpy(caller->tail, result->log_tail, result->log_tail_len);
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

struct caller *call_with(int index, const char *payload, bool wants_tail) {
    struct caller *caller = &callers[index];
    *caller = (struct caller){0};
    snprintf(caller->request_id, sizeof caller->request_id, "00000000-0000-4000-8000-%012d", index);
    struct invoke_request request = {
        .function = function,
        .invoked_arn = "arn:aws:lambda:us-east-1:000000000000:function:f",
        .request_id = caller->request_id,
        .trace_id = "Root=1-00000000-000000000000000000000000",
        .payload = payload,
        .payload_len = strlen(payload),
        .wants_log_tail = wants_tail,
    };
    invoke_start(invoke, &request, on_done, caller, &caller->invocation);
    return caller;
}

struct caller *call(int index) {
    return call_with(index, "{\"n\":1}", false);
}

struct runtime start_sandbox(uint64_t id) {
    int listener, pipes[2];
    assert_true(http_listen("127.0.0.1", 0, &listener, NULL));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(http_listen_port(listener))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
    invoke_sandbox_callbacks()->started(invoke, id, listener, pipes[0], -1);
    struct runtime runtime = {.sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .output = pipes[1]};
    assert_int_equal(connect(runtime.sock, (struct sockaddr *)&address, sizeof address), 0);
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

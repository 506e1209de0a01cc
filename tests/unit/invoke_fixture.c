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
bool is_frozen[MAX_SANDBOXES + 1];
struct launched launched;

static void note_plan(const struct plan *plan) {
    launched = (struct launched){.mount_count = plan->mount_count};
    snprintf(launched.program, sizeof launched.program, "%s", plan->argv[0]);
    for (size_t i = 0; i < plan->mount_count; i++)
        snprintf(launched.targets[i], sizeof launched.targets[i], "%s", plan->mounts[i].target);
    size_t len = 0;
    for (size_t i = 0; plan->envp[i]; i++) {
        len += (size_t)snprintf(launched.variables + len, sizeof launched.variables - len, "%s\n",
                                plan->envp[i]);
        assert_true(len < sizeof launched.variables);
    }
}

uint64_t sandbox_start(struct sandbox_host *host, const struct plan *plan, const int *mount_fds) {
    (void)host;
    note_plan(plan);
    for (size_t i = 0; i < plan->mount_count; i++)
        assert_true(mount_fds[i] >= 0);
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

void sandbox_freeze(struct sandbox_host *host, uint64_t id, int freezer_fd, bool is_frozen_now) {
    (void)host;
    assert_true(id <= started_count && freezer_fd == -1);
    assert_true(is_frozen[id] != is_frozen_now);
    is_frozen[id] = is_frozen_now;
}

struct clock test_clock;
int64_t clock_ahead_us;
struct upper upper;
uint32_t scaling_rate;
const char *called_qualifier;
struct loop *loop;
struct invoke *invoke;
struct runtime_set runtimes;
struct function *function;
char dir[64], code_dir[96], log_dir[96];
struct caller callers[8];

static int64_t mono_us(void *context) {
    (void)context;
    struct clock machine = clock_system();
    return clock_mono_us(&machine) + clock_ahead_us;
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
    memset(is_frozen, 0, sizeof is_frozen);
    memset(callers, 0, sizeof callers);
    test_clock = clock_system();
    test_clock.mono_us = mono_us;
    clock_ahead_us = 0;
    scaling_rate = LIMIT_SCALING_RATE;
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

struct caller *call_with(int index, const char *payload, bool wants_tail) {
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
    };
    invoke_start(invoke, &request, on_done, caller, &caller->invocation);
    return caller;
}

struct caller *call(int index) {
    return call_with(index, "{\"n\":1}", false);
}

struct runtime start_sandbox(uint64_t id) {
    int listener, api_listener, pipes[2];
    assert_true(http_listen("127.0.0.1", 0, &listener, NULL));
    assert_true(http_listen("127.0.0.1", 0, &api_listener, NULL));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(http_listen_port(listener))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
    struct sandbox_fds fds = {listener, api_listener, pipes[0], -1, -1};
    invoke_sandbox_callbacks()->started(invoke, id, &fds);
    fd_close(&fds.api_listener);
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

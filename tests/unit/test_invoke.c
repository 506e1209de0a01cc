/* Pool, environments and Runtime API together, over a sandbox host that only takes notes: the test plays the
 * sandboxes and the runtimes in them, on loopback sockets and the real loop. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/server.h"
#include "invoke/invoke.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MAX_SANDBOXES 16
#define WAIT_US 5000000

static uint64_t started_count;
static bool is_killed[MAX_SANDBOXES + 1];

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

struct caller {
    bool is_done;
    enum invoke_outcome outcome;
    char payload[4096];
    char tail[LIMIT_LOG_TAIL_BYTES + 1];
    char reason[64];
    struct invocation *invocation;
    char request_id[IDENT_UUID_BYTES];
};

struct runtime {
    int sock;
    int output;
};

static struct clock test_clock;
static struct loop *loop;
static struct invoke *invoke;
static struct runtime_set runtimes;
static struct function *function;
static char dir[64], code_dir[96], log_dir[96];
static struct caller callers[8];

static void make_code(void) {
    OWN_MEM char *layout = fs_join(code_dir, DIGEST);
    OWN_MEM char *bootstrap = fs_join(layout, "bootstrap");
    assert_true(fs_make_dirs(layout, 0755, NULL));
    int fd = open(bootstrap, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    assert_true(fd >= 0 && fchmod(fd, 0755) == 0);
    close(fd);
}

static void make_invoke(uint32_t concurrency) {
    struct invoke_options options = {
        .region = "us-east-1",
        .code_dir = code_dir,
        .log_dir = log_dir,
        .runtimes = &runtimes,
        .concurrency = concurrency,
        .idle_timeout_ms = 3600000,
        .init_timeout_ms = LIMIT_INIT_MS,
        .log_file_bytes = 1024 * 1024,
        .log_files = 2,
    };
    invoke = invoke_new(loop, &test_clock, &options);
}

static int setup(void **state) {
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

static int teardown(void **state) {
    (void)state;
    invoke_free(invoke);
    function_unref(function);
    loop_free(loop);
    assert_true(fs_remove_tree(dir, NULL));
    return 0;
}

/* Turns the loop until `condition`; fails after five seconds. */
#define turn_until(condition)                                                                                \
    do {                                                                                                     \
        int64_t began_us = clock_mono_us(&test_clock);                                                       \
        while (!(condition)) {                                                                               \
            loop_turn(loop, false);                                                                          \
            assert_true(clock_mono_us(&test_clock) - began_us < WAIT_US);                                    \
        }                                                                                                    \
    } while (0)

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
static void update_function(void) {
    struct function *updated = function_copy(function);
    updated->epoch++;
    function_unref(function);
    function = updated;
}

static struct caller *call_with(int index, const char *payload, bool wants_tail) {
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

static struct caller *call(int index) {
    return call_with(index, "{\"n\":1}", false);
}

static struct runtime start_sandbox(uint64_t id) {
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

static void end_sandbox(uint64_t id, struct sandbox_end end) {
    invoke_sandbox_callbacks()->ended(invoke, id, &end);
}

static void stop_runtime(struct runtime *runtime) {
    fd_close(&runtime->sock);
    fd_close(&runtime->output);
}

static void send_text(const struct runtime *runtime, const char *text) {
    assert_int_equal(send(runtime->sock, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void ask_next(const struct runtime *runtime) {
    send_text(runtime, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void post(const struct runtime *runtime, const char *path, const char *body) {
    OWN_MEM char *text = mem_format(
        "POST /2018-06-01/runtime/%s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", path,
        strlen(body), body);
    send_text(runtime, text);
}

static void respond(const struct runtime *runtime, const struct caller *caller, const char *body) {
    OWN_MEM char *path = mem_format("invocation/%s/response", caller->request_id);
    post(runtime, path, body);
}

static bool is_readable(const struct runtime *runtime) {
    struct pollfd poll_fd = {.fd = runtime->sock, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

/* One whole answer: head and body arrive in one piece on loopback. */
static const char *read_answer(const struct runtime *runtime) {
    static char text[8192];
    turn_until(is_readable(runtime));
    ssize_t len = recv(runtime->sock, text, sizeof text - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    return text;
}

static struct runtime cold_start(uint64_t id) {
    struct runtime runtime = start_sandbox(id);
    ask_next(&runtime);
    return runtime;
}

static void a_call_gets_the_functions_answer(void **state) {
    (void)state;
    struct caller *caller = call(0);
    assert_int_equal(started_count, 1);
    struct runtime runtime = cold_start(1);
    const char *event = read_answer(&runtime);
    assert_non_null(strstr(event, "HTTP/1.1 200"));
    assert_non_null(strstr(event, "Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-000000000000\r\n"));
    assert_non_null(strstr(
        event, "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f\r\n"));
    assert_non_null(strstr(event, "Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000\r\n"));
    assert_non_null(strstr(event, "Lambda-Runtime-Deadline-Ms: "));
    assert_non_null(strstr(event, "\r\n\r\n{\"n\":1}"));
    assert_false(caller->is_done);
    respond(&runtime, caller, "\"hello\"");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 202"));
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_DONE);
    assert_string_equal(caller->payload, "\"hello\"");
    stop_runtime(&runtime);
}

static void the_newest_idle_environment_is_used(void **state) {
    (void)state;
    call(0);
    call(1);
    assert_int_equal(started_count, 2);
    struct runtime first = cold_start(1);
    read_answer(&first);
    struct runtime second = cold_start(2);
    read_answer(&second);
    respond(&first, &callers[0], "1");
    read_answer(&first);
    ask_next(&first);
    turn_until(invoke_count(invoke).idle == 1);
    respond(&second, &callers[1], "2");
    read_answer(&second);
    ask_next(&second);
    turn_until(invoke_count(invoke).idle == 2);
    call(2);
    assert_non_null(strstr(read_answer(&second), "000000000002"));
    assert_false(is_readable(&first));
    assert_int_equal(started_count, 2);
    stop_runtime(&first);
    stop_runtime(&second);
}

static void a_caller_in_a_row_causes_one_cold_start(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    call(1);
    assert_int_equal(started_count, 1);
    ask_next(&runtime);
    assert_non_null(strstr(read_answer(&runtime), "000000000001"));
    assert_int_equal(started_count, 1);
    stop_runtime(&runtime);
}

static void an_environment_that_does_not_return_is_replaced(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    call(1);
    turn_until(started_count == 2);
    stop_runtime(&runtime);
}

static void the_oldest_waiting_call_is_served_first(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime second = cold_start(2);
    assert_non_null(strstr(read_answer(&second), "000000000000"));
    struct runtime first = cold_start(1);
    assert_non_null(strstr(read_answer(&first), "000000000001"));
    assert_int_equal(invoke_count(invoke).waiting, 0);
    stop_runtime(&first);
    stop_runtime(&second);
}

/* Two callers that call again at once never need more than two environments, however slow the second one
 * starts. */
static void no_more_environments_than_callers(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime first = cold_start(1);
    int served = 0;
    for (int next = 2; next < 7; next++) {
        read_answer(&first);
        respond(&first, &callers[served++], "0");
        read_answer(&first);
        call(next);
        ask_next(&first);
    }
    assert_int_equal(started_count, 2);
    assert_int_equal(invoke_count(invoke).environments, 2);
    stop_runtime(&first);
}

static void the_account_limit_throttles(void **state) {
    (void)state;
    invoke_free(invoke);
    make_invoke(1);
    call(0);
    struct caller *refused = call(1);
    assert_true(refused->is_done);
    assert_int_equal(refused->outcome, INVOKE_THROTTLED);
    assert_string_equal(refused->reason, "ConcurrentInvocationLimitExceeded");
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    assert_false(call(2)->is_done);
    stop_runtime(&runtime);
}

static void a_retired_epoch_never_serves_again(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime idle = cold_start(1);
    read_answer(&idle);
    struct runtime busy = cold_start(2);
    read_answer(&busy);
    respond(&idle, &callers[0], "0");
    read_answer(&idle);
    ask_next(&idle);
    turn_until(invoke_count(invoke).idle == 1);
    invoke_retire(invoke, function);
    assert_true(is_killed[1]);
    assert_false(is_killed[2]);
    update_function();
    call(2);
    assert_int_equal(started_count, 3);
    respond(&busy, &callers[1], "1");
    read_answer(&busy);
    assert_true(callers[1].is_done);
    ask_next(&busy);
    turn_until(is_killed[2]);
    assert_false(callers[2].is_done);
    stop_runtime(&idle);
    stop_runtime(&busy);
}

static void a_failed_initialisation_is_tried_once_more(void **state) {
    (void)state;
    struct caller *caller = call_with(0, "{}", true);
    end_sandbox(1, (struct sandbox_end){.exited = true, .exit_status = 3});
    assert_false(caller->is_done);
    assert_int_equal(started_count, 2);
    end_sandbox(2, (struct sandbox_end){.exited = true, .exit_status = 3});
    assert_true(caller->is_done);
    assert_int_equal(started_count, 2);
    assert_int_equal(caller->outcome, INVOKE_FUNCTION_ERROR);
    assert_non_null(strstr(caller->payload, "Runtime exited with error: exit status 3"));
    assert_non_null(strstr(caller->tail, "Phase: init\tStatus: error\tError Type: Runtime.ExitError"));
    assert_non_null(strstr(caller->tail, "Phase: invoke\tStatus: error\tError Type: Runtime.ExitError"));
    assert_non_null(strstr(caller->tail, "REPORT RequestId"));
}

static void a_posted_init_error_reaches_the_caller(void **state) {
    (void)state;
    struct caller *caller = call(0);
    for (uint64_t id = 1; id <= 2; id++) {
        struct runtime runtime = start_sandbox(id);
        post(&runtime, "init/error", "{\"errorMessage\":\"no\",\"errorType\":\"Runtime.ImportModuleError\"}");
        assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 202"));
        stop_runtime(&runtime);
        end_sandbox(id, (struct sandbox_end){.exited = true, .exit_status = 1});
    }
    assert_true(caller->is_done);
    assert_string_equal(caller->payload,
                        "{\"errorMessage\":\"no\",\"errorType\":\"Runtime.ImportModuleError\"}");
}

static void a_crash_is_told_to_its_caller_alone(void **state) {
    (void)state;
    call(0);
    call(1);
    struct runtime first = cold_start(1);
    read_answer(&first);
    struct runtime second = cold_start(2);
    read_answer(&second);
    end_sandbox(1, (struct sandbox_end){.signal = SIGSEGV});
    assert_true(callers[0].is_done);
    assert_int_equal(callers[0].outcome, INVOKE_FUNCTION_ERROR);
    assert_non_null(strstr(callers[0].payload, "signal: segmentation fault"));
    assert_false(callers[1].is_done);
    stop_runtime(&first);
    stop_runtime(&second);
}

static void calls_out_of_order_are_refused(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = start_sandbox(1);
    respond(&runtime, &callers[0], "0");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 400"));
    ask_next(&runtime);
    read_answer(&runtime);
    post(&runtime, "invocation/00000000-0000-4000-8000-000000000009/response", "0");
    assert_non_null(strstr(read_answer(&runtime), "InvalidRequestID"));
    post(&runtime, "init/error", "{}");
    const char *answer = read_answer(&runtime);
    assert_non_null(strstr(answer, "HTTP/1.1 403"));
    assert_non_null(strstr(answer, "State transition from Running to InitError failed for runtime."));
    ask_next(&runtime);
    assert_non_null(strstr(read_answer(&runtime), "000000000000"));
    respond(&runtime, &callers[0], "0");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 202"));
    respond(&runtime, &callers[0], "0");
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 400"));
    stop_runtime(&runtime);
}

static void an_abandoned_call_still_runs(void **state) {
    (void)state;
    char payload[] = "{\"kept\":true}";
    struct caller *caller = call_with(0, payload, false);
    invocation_abandon(caller->invocation);
    memset(payload, 'x', sizeof payload - 1);
    struct runtime runtime = cold_start(1);
    assert_non_null(strstr(read_answer(&runtime), "{\"kept\":true}"));
    respond(&runtime, caller, "0");
    read_answer(&runtime);
    assert_false(caller->is_done);
    ask_next(&runtime);
    turn_until(invoke_count(invoke).idle == 1);
    stop_runtime(&runtime);
}

static void the_log_tail_has_everything_of_the_call(void **state) {
    (void)state;
    struct caller *caller = call_with(0, "{}", true);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    assert_int_equal(write(runtime.output, "one\ntwo\nthree\n", 14), 14);
    respond(&runtime, caller, "0");
    read_answer(&runtime);
    const char *start = strstr(caller->tail,
                               "START RequestId: 00000000-0000-4000-8000-000000000000 Version: $LATEST\n");
    const char *lines = strstr(caller->tail, "one\ntwo\nthree\n");
    const char *end = strstr(caller->tail, "END RequestId: ");
    assert_true(start && lines && end && start < lines && lines < end);
    assert_non_null(strstr(end, "Init Duration: "));
    stop_runtime(&runtime);
}

static void a_dying_idle_runtime_gets_no_event(void **state) {
    (void)state;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(invoke_count(invoke).idle == 1);
    stop_runtime(&runtime);
    turn_until(is_killed[1]);
    call(1);
    assert_int_equal(started_count, 2);
}

static void the_oldest_idle_environment_makes_room(void **state) {
    (void)state;
    invoke_free(invoke);
    make_invoke(1);
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(invoke_count(invoke).idle == 1);
    update_function();
    call(1);
    assert_true(is_killed[1]);
    assert_int_equal(started_count, 2);
    stop_runtime(&runtime);
}

static void a_function_without_bootstrap_is_told_so(void **state) {
    (void)state;
    OWN_MEM char *bootstrap = fs_join(code_dir, DIGEST "/bootstrap");
    assert_int_equal(unlink(bootstrap), 0);
    struct caller *caller = call_with(0, "{}", true);
    assert_true(caller->is_done);
    assert_null(caller->invocation);
    assert_int_equal(started_count, 0);
    assert_non_null(
        strstr(caller->payload, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"));
    assert_non_null(strstr(caller->tail, "Error Type: Runtime.InvalidEntrypoint"));
}

static void on_drained(void *arg) {
    *(bool *)arg = true;
}

static void draining_waits_for_calls_and_their_log(void **state) {
    (void)state;
    bool is_drained = false;
    call(0);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    invoke_drain(invoke, on_drained, &is_drained);
    assert_int_equal(call(1)->outcome, INVOKE_FAILED);
    loop_turn(loop, false);
    assert_false(is_drained);
    respond(&runtime, &callers[0], "0");
    turn_until(is_drained);
    OWN(buf) struct buf text;
    buf_init(&text, 65536);
    OWN_MEM char *path = mem_format("%s/000000000000/f.log", log_dir);
    assert_true(fs_read(path, &text, NULL));
    assert_non_null(strstr(buf_text(&text), "REPORT RequestId: 00000000-0000-4000-8000-000000000000"));
    stop_runtime(&runtime);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_gets_the_functions_answer),
        TEST(the_newest_idle_environment_is_used),
        TEST(a_caller_in_a_row_causes_one_cold_start),
        TEST(an_environment_that_does_not_return_is_replaced),
        TEST(the_oldest_waiting_call_is_served_first),
        TEST(no_more_environments_than_callers),
        TEST(the_account_limit_throttles),
        TEST(a_retired_epoch_never_serves_again),
        TEST(a_failed_initialisation_is_tried_once_more),
        TEST(a_posted_init_error_reaches_the_caller),
        TEST(a_crash_is_told_to_its_caller_alone),
        TEST(calls_out_of_order_are_refused),
        TEST(an_abandoned_call_still_runs),
        TEST(the_log_tail_has_everything_of_the_call),
        TEST(a_dying_idle_runtime_gets_no_event),
        TEST(the_oldest_idle_environment_makes_room),
        TEST(a_function_without_bootstrap_is_told_so),
        TEST(draining_waits_for_calls_and_their_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Responses that are passed on as a runtime writes them, to their receiver in this process: what it gets and
 * when, how the runtime is held back, and every way that a stream can end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "phases_fixture.h"

#define MIB (1024 * 1024)
#define ERROR_TYPE "Lambda-Runtime-Function-Error-Type: "
#define ERROR_BODY "Lambda-Runtime-Function-Error-Body: "
#define ACCEPTED "HTTP/1.1 202 "

/* ---- a runtime that streams ---- */

static void say(const struct runtime *runtime, const char *text) {
    assert_int_equal(send(runtime->sock, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    turn_a_bit();
}

static void begin_with(const struct runtime *runtime, const struct caller *caller, const char *headers) {
    OWN_MEM char *head = mem_format("POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: h\r\n"
                                    "Lambda-Runtime-Function-Response-Mode: streaming\r\n%s\r\n",
                                    caller->request_id, headers);
    say(runtime, head);
}

static void begin(const struct runtime *runtime, const struct caller *caller) {
    begin_with(runtime, caller, "Transfer-Encoding: chunked\r\n");
}

static void chunk(const struct runtime *runtime, const char *text) {
    OWN_MEM char *chunked = mem_format("%zx\r\n%s\r\n", strlen(text), text);
    say(runtime, chunked);
}

static void finish(const struct runtime *runtime, const char *trailers) {
    OWN_MEM char *end = mem_format("0\r\n%s\r\n", trailers);
    say(runtime, end);
}

/* Writes so much of a body as is taken without any time passing. Returns how much that was. */
static size_t pour(const struct runtime *runtime, size_t len) {
    static const char part[16384];
    size_t sent = 0;
    for (int idle = 0; sent < len && idle < 200;) {
        size_t room = len - sent < sizeof part ? len - sent : sizeof part;
        ssize_t taken = send(runtime->sock, part, room, MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_true(taken > 0 || errno == EAGAIN);
        sent += taken > 0 ? (size_t)taken : 0;
        idle = taken > 0 ? 0 : idle + 1;
        loop_turn(loop, false);
    }
    turn_a_bit();
    return sent;
}

/* A runtime with the event of a caller that takes streams. */
static struct runtime serve(struct caller **ret_caller) {
    *ret_caller = call_for(0, "{}", false, true);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    return runtime;
}

static void come_back(struct runtime *runtime) {
    ask_next(runtime);
    turn_until(count_idle() == 1);
    stop_runtime(runtime);
}

/* Of platform.runtimeDone. The clock is the machine's and goes on by itself. */
static int span_ms(const struct caller *caller, const char *name) {
    OWN_MEM char *key = mem_format("{\"name\":\"%s\"", name);
    const char *span = strstr(caller->tail, key);
    const char *duration = span ? strstr(span, "\"durationMs\":") : NULL;
    assert_non_null(duration);
    return atoi(duration + strlen("\"durationMs\":"));
}

/* ---- as it should be ---- */

static void pieces_come_as_they_are_written(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin_with(&runtime, caller, "Transfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n");
    assert_int_equal(caller->begun, 1);
    assert_string_equal(caller->content_type, "text/event-stream");
    assert_int_equal(caller->stream_bytes, 0);
    chunk(&runtime, "one ");
    assert_string_equal(caller->stream, "one ");
    chunk(&runtime, "two");
    assert_string_equal(caller->stream, "one two");
    assert_int_equal(caller->pieces, 2);
    assert_false(caller->is_done);
    assert_false(is_readable(&runtime));
    finish(&runtime, "");
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_DONE);
    assert_string_equal(caller->payload, "");
    assert_string_equal(caller->error_type, "");
    assert_non_null(strstr(read_answer(&runtime), ACCEPTED));
    assert_int_equal(figures().totals.streams, 1);
    assert_int_equal(figures().totals.stream_bytes, 7);
    assert_int_equal(figures().totals.answers[TOTALS_DONE], 1);
    come_back(&runtime);
}

static void a_response_without_a_type_is_bytes(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin_with(&runtime, caller, "Content-Length: 0\r\n");
    assert_string_equal(caller->content_type, "application/octet-stream");
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_DONE);
    assert_int_equal(caller->pieces, 0);
    read_answer(&runtime);
    come_back(&runtime);
}

static void other_responses_come_whole(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    respond(&runtime, caller, "\"whole\"");
    turn_until(caller->is_done);
    assert_int_equal(caller->begun, 0);
    assert_string_equal(caller->payload, "\"whole\"");
    read_answer(&runtime);
    ask_next(&runtime);
    turn_until(count_idle() == 1);

    caller = call(1); /* takes no stream */
    read_answer(&runtime);
    begin(&runtime, caller);
    chunk(&runtime, "in ");
    chunk(&runtime, "parts");
    assert_false(caller->is_done);
    finish(&runtime, "");
    assert_true(caller->is_done);
    assert_string_equal(caller->payload, "in parts");
    assert_int_equal(figures().totals.streams, 0);
    read_answer(&runtime);
    come_back(&runtime);
}

static void a_caller_of_the_log_gets_it_at_the_end(void **state) {
    (void)state;
    struct caller *caller = call_for(0, "{}", true, true);
    function->logs_json = true;
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    pass(100);
    begin(&runtime, caller);
    pass(200);
    chunk(&runtime, "12345");
    pass(300);
    finish(&runtime, "");
    read_answer(&runtime);
    assert_false(caller->is_done);
    pass(50);
    ask_next(&runtime);
    turn_until(caller->is_done);
    assert_string_equal(caller->stream, "12345");
    assert_non_null(strstr(caller->tail, "platform.report"));
    assert_non_null(strstr(caller->tail, "\"producedBytes\":5"));
    assert_in_range(span_ms(caller, "responseLatency"), 100, 150);
    assert_in_range(span_ms(caller, "responseDuration"), 500, 550);
    assert_in_range(span_ms(caller, "runtimeOverhead"), 50, 100);
    stop_runtime(&runtime);
}

/* ---- what the runtime says went wrong ---- */

struct trailer_row {
    const char *trailers;
    enum invoke_outcome outcome;
    const char *error_type;
    const char *document;
};

#define OURS(type)                                                                                           \
    "{\"errorType\":\"" type "\",\"errorMessage\":\"RequestId: 00000000-0000-4000-8000-000000000000 Error: " \
    "The response ended with an error that was not described\"}"

#define SIXTEEN "Function.Abcdefg"

static const struct trailer_row trailer_rows[] = {
    {ERROR_TYPE "Function.Broken\r\n" ERROR_BODY "eyJhIjoxfQ==\r\n", INVOKE_FUNCTION_ERROR, "Function.Broken",
     "{\"a\":1}"},
    {ERROR_TYPE "TypeError\r\n" ERROR_BODY "eyJhIjoxfQ==\r\n", INVOKE_FUNCTION_ERROR, "TypeError",
     "{\"a\":1}"},
    {ERROR_TYPE "Schl\xc3\xb6\xc3\x9f\r\n" ERROR_BODY "eyJhIjoxfQ==\r\n", INVOKE_FUNCTION_ERROR,
     "Runtime.Unknown", "{\"a\":1}"},
    {ERROR_TYPE "\"a\\\r\n" ERROR_BODY "!\r\n", INVOKE_FUNCTION_ERROR, "\"a\\", OURS("Runtime.Unknown")},
    {ERROR_TYPE "Function.Broken\r\n" ERROR_BODY "eyJhIjoxfQ\r\n", INVOKE_FUNCTION_ERROR, "Function.Broken",
     OURS("Function.Broken")},
    {ERROR_TYPE SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN "\r\n", INVOKE_FUNCTION_ERROR,
     "Runtime.Unknown", OURS("Runtime.Unknown")},
    {ERROR_TYPE "Function.Broken\r\n", INVOKE_FUNCTION_ERROR, "Function.Broken", OURS("Function.Broken")},
    {ERROR_BODY "eyJhIjoxfQ==\r\n", INVOKE_DONE, "", ""},
    {"Other: 1\r\n", INVOKE_DONE, "", ""},
};

static void trailers_tell_of_an_error(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof trailer_rows / sizeof trailer_rows[0]; i++) {
        const struct trailer_row *row = &trailer_rows[i];
        struct caller *caller = call_for(0, "{}", false, true);
        struct runtime runtime = i == 0 ? cold_start(1) : again(1);
        read_answer(&runtime);
        begin_with(&runtime, caller, "Transfer-Encoding: chunked\r\nTrailer: x\r\n");
        chunk(&runtime, "half");
        finish(&runtime, row->trailers);
        assert_true(caller->is_done);
        assert_int_equal(caller->outcome, row->outcome);
        assert_string_equal(caller->stream, "half");
        assert_string_equal(caller->error_type, row->error_type);
        assert_string_equal(caller->payload, row->document);
        assert_non_null(strstr(read_answer(&runtime), ACCEPTED));
        come_back(&runtime);
        turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    }
    assert_int_equal(figures().totals.answers[TOTALS_FUNCTION_ERROR], 7);
}

static void trailers_count_where_the_response_is_gathered(void **state) {
    (void)state;
    for (int wants_tail = 0; wants_tail < 2; wants_tail++) {
        struct caller *caller = call_for(0, "{}", wants_tail, false);
        struct runtime runtime = wants_tail ? again(1) : cold_start(1);
        read_answer(&runtime);
        begin(&runtime, caller);
        chunk(&runtime, "half");
        finish(&runtime, trailer_rows[0].trailers);
        assert_non_null(strstr(read_answer(&runtime), ACCEPTED));
        ask_next(&runtime);
        turn_until(caller->is_done);
        assert_int_equal(caller->outcome, INVOKE_FUNCTION_ERROR);
        assert_string_equal(caller->payload, "{\"a\":1}");
        stop_runtime(&runtime);
        turn_until(figures().environments[ENVIRONMENT_EMPTY] == 1);
    }
}

static void a_failed_stream_is_an_answer_that_waits_for_its_log(void **state) {
    (void)state;
    struct caller *caller = call_for(0, "{}", true, true);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    begin(&runtime, caller);
    finish(&runtime, trailer_rows[0].trailers);
    read_answer(&runtime);
    assert_false(caller->is_done);
    ask_next(&runtime);
    turn_until(caller->is_done);
    assert_string_equal(caller->error_type, "Function.Broken");
    assert_string_equal(caller->payload, "{\"a\":1}");
    assert_non_null(strstr(caller->tail, "REPORT RequestId"));
    stop_runtime(&runtime);
}

/* ---- how it can break off ---- */

static void assert_truncated(const struct caller *caller) {
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_FUNCTION_ERROR);
    assert_string_equal(caller->error_type, "Runtime.TruncatedResponse");
    assert_string_equal(caller->payload,
                        "{\"errorType\":\"Runtime.TruncatedResponse\",\"errorMessage\":\"RequestId: "
                        "00000000-0000-4000-8000-000000000000 Error: The response ended before it was "
                        "complete\"}");
}

static void a_runtime_may_live_on_after_a_cut(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin(&runtime, caller);
    chunk(&runtime, "half");
    struct runtime next = connect_to(1, runtime.output);
    close(runtime.sock);
    turn_a_bit();
    assert_false(caller->is_done);
    pass(999);
    assert_false(caller->is_done);
    pass(1);
    assert_truncated(caller);
    assert_int_equal(figures().environments[ENVIRONMENT_RESPONDED], 1);
    come_back(&next);
}

static void a_cut_is_certain_when_the_runtime_goes_on(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin(&runtime, caller);
    struct runtime next = connect_to(1, runtime.output);
    say(&runtime, "zz\r\n"); /* no chunk begins like that */
    assert_non_null(strstr(read_answer(&runtime), "HTTP/1.1 400 "));
    assert_false(caller->is_done);
    ask_next(&next);
    turn_until(count_idle() == 1);
    assert_truncated(caller);
    pass(1000); /* told once */
    close(runtime.sock);
    stop_runtime(&next);
}

static void a_crash_cuts_first_and_is_told_as_a_crash(void **state) {
    (void)state;
    struct caller *caller = call_for(0, "{}", true, true);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    begin(&runtime, caller);
    chunk(&runtime, "half");
    stop_runtime(&runtime);
    turn_a_bit();
    pass(900);
    exit_program(1, 0, (struct program_end){.exited = true, .exit_status = 3});
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_FUNCTION_ERROR);
    assert_non_null(strstr(caller->payload, "Runtime exited with error: exit status 3"));
    assert_string_equal(caller->error_type, "");
    assert_non_null(strstr(caller->tail, "Error Type: Runtime.ExitError"));
    pass(1000);
    assert_int_equal(figures().totals.answers[TOTALS_CRASH], 1);
}

static void the_time_of_the_function_is_that_of_its_stream(void **state) {
    (void)state;
    function->timeout_s = 3;
    function->logs_json = true;
    struct caller *caller = call_for(0, "{}", true, true);
    struct runtime runtime = cold_start(1);
    read_answer(&runtime);
    pass(1000);
    begin(&runtime, caller);
    chunk(&runtime, "half");
    pass(1999);
    assert_false(caller->is_done);
    pass(1);
    assert_true(caller->is_done);
    assert_non_null(strstr(caller->payload, "Task timed out after 3.00 seconds"));
    assert_string_equal(caller->stream, "half");
    assert_non_null(strstr(caller->tail, "\"producedBytes\":4"));
    assert_in_range(span_ms(caller, "responseDuration"), 1950, 2000);
    chunk(&runtime, "late"); /* nobody is there for it */
    invocation_pause(caller->invocation, false);
    assert_string_equal(caller->stream, "half");
    stop_runtime(&runtime);
}

static void a_stream_has_a_size(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin_with(&runtime, caller, "Content-Length: 20971521\r\n"); /* a byte too many */
    assert_true(caller->is_done);
    assert_int_equal(caller->begun, 1);
    assert_string_equal(caller->error_type, "Function.ResponseSizeTooLarge");
    assert_string_equal(caller->payload,
                        "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size "
                        "(20971520 bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}");
    const char *answer = read_answer(&runtime);
    assert_non_null(strstr(answer, "HTTP/1.1 413 "));
    assert_non_null(strstr(answer, "(20971520 bytes)"));
    struct runtime next = again(1);
    turn_until(count_idle() == 1);
    close(runtime.sock);

    caller = call_for(0, "{}", false, true);
    read_answer(&next);
    begin(&next, caller);
    say(&next, "1400000\r\n");
    assert_int_equal(pour(&next, 20 * MIB), 20 * MIB);
    assert_int_equal(caller->stream_bytes, 20 * MIB);
    assert_false(caller->is_done);
    say(&next, "\r\n1\r\n!\r\n");
    assert_string_equal(caller->error_type, "Function.ResponseSizeTooLarge");
    assert_int_equal(caller->stream_bytes, 20 * MIB);
    assert_non_null(strstr(read_answer(&next), "HTTP/1.1 413 "));
    stop_runtime(&next);
}

/* ---- the receiver ---- */

static void a_receiver_stops_the_runtime(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    caller->stops_at_piece = 2;
    begin(&runtime, caller);
    chunk(&runtime, "one ");
    chunk(&runtime, "two ");
    chunk(&runtime, "three");
    finish(&runtime, "");
    assert_string_equal(caller->stream, "one two ");
    assert_false(caller->is_done);
    invocation_pause(caller->invocation, false);
    turn_until(caller->is_done);
    assert_string_equal(caller->stream, "one two three");
    read_answer(&runtime);
    come_back(&runtime);
}

static void nothing_is_read_for_a_slow_receiver(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin_with(&runtime, caller, "Content-Length: 20971520\r\n");
    invocation_pause(caller->invocation, true);
    size_t sent = pour(&runtime, 20 * MIB);
    assert_true(sent < 20 * MIB);
    assert_int_equal(caller->stream_bytes, 0);
    invocation_pause(caller->invocation, false);
    sent += pour(&runtime, 20 * MIB - sent);
    turn_until(caller->is_done);
    assert_int_equal(caller->stream_bytes, 20 * MIB);
    read_answer(&runtime);
    come_back(&runtime);
}

static void a_receiver_that_leaves_stops_nothing(void **state) {
    (void)state;
    struct caller *caller;
    stream_limits.rate_bytes = 1024;
    invoke_free(invoke);
    make_invoke(10);
    struct runtime runtime = serve(&caller);
    begin_with(&runtime, caller, "Content-Length: 20971520\r\n");
    size_t sent = pour(&runtime, 20 * MIB);
    assert_true(sent < 20 * MIB); /* the rate */
    invocation_pause(caller->invocation, true);
    size_t before = caller->stream_bytes;
    invocation_abandon(caller->invocation);
    sent += pour(&runtime, 20 * MIB - sent);
    assert_int_equal(sent, 20 * MIB);
    assert_non_null(strstr(read_answer(&runtime), ACCEPTED));
    assert_int_equal(caller->stream_bytes, before);
    assert_false(caller->is_done);
    assert_int_equal(figures().totals.answers[TOTALS_DONE], 1);
    assert_int_equal(figures().totals.stream_bytes, 20 * MIB);
    come_back(&runtime);
}

static void a_receiver_may_leave_before_the_response(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    invocation_abandon(caller->invocation);
    begin_with(&runtime, caller, "Content-Length: 10485760\r\n"); /* more than is gathered */
    assert_int_equal(pour(&runtime, 10 * MIB), 10 * MIB);
    assert_non_null(strstr(read_answer(&runtime), ACCEPTED));
    assert_int_equal(caller->begun, 0);
    come_back(&runtime);
}

/* ---- what the runtime may not do meanwhile ---- */

static void calls_in_the_middle_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *what;
        const char *target;
    } rows[] = {{"response", "InvocationResponse"}, {"error", "InvocationErrorResponse"}, {NULL, "Ready"}};
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin(&runtime, caller);
    chunk(&runtime, "one ");
    struct runtime other = connect_to(1, -1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].what) {
            OWN_MEM char *path = mem_format("invocation/%s/%s", caller->request_id, rows[i].what);
            post(&other, path, "{}");
        } else {
            ask_next(&other);
        }
        OWN_MEM char *refusal = mem_format(
            "{\"errorMessage\":\"State transition from InvocationResponse to %s failed for "
            "runtime. Error: State transition is not allowed\",\"errorType\":"
            "\"InvalidStateTransition\"}\n",
            rows[i].target);
        const char *answer = read_answer(&other);
        assert_non_null(strstr(answer, "HTTP/1.1 403 "));
        assert_non_null(strstr(answer, refusal));
    }
    OWN_MEM char *long_error = mem_alloc(6000);
    memset(long_error, ' ', 5999);
    OWN_MEM char *path = mem_format("invocation/%s/error", caller->request_id);
    post(&other, path, long_error);
    assert_non_null(strstr(read_answer(&other), "State transition from InvocationResponse to "));
    close(other.sock);
    chunk(&runtime, "two");
    finish(&runtime, "");
    assert_string_equal(caller->stream, "one two");
    assert_int_equal(caller->outcome, INVOKE_DONE);
    read_answer(&runtime);
    come_back(&runtime);
}

static void a_stop_ends_a_stream(void **state) {
    (void)state;
    struct caller *caller;
    struct runtime runtime = serve(&caller);
    begin(&runtime, caller);
    chunk(&runtime, "one");
    invocation_pause(caller->invocation, true);
    invoke_free(take_ptr(invoke));
    assert_string_equal(caller->stream, "one");
    assert_true(caller->is_done);
    assert_int_equal(caller->outcome, INVOKE_FAILED);
    stop_runtime(&runtime);
}

/* ---- the rate ---- */

static void a_stream_has_a_rate_after_its_burst(void **state) {
    (void)state;
    struct caller *caller;
    stream_limits = (struct stream_limits){20 * MIB, MIB, 2 * MIB};
    function->timeout_s = 60;
    invoke_free(invoke);
    make_invoke(10);
    struct runtime runtime = serve(&caller);
    begin_with(&runtime, caller, "Content-Length: 20971520\r\n");
    int64_t began_us = clock_mono_us(&test_clock);
    size_t sent = pour(&runtime, 20 * MIB);
    assert_in_range(caller->stream_bytes, MIB, MIB + MIB / 8);
    for (int i = 0; i < 200; i++) { /* evenly */
        pass(10);
        sent += pour(&runtime, 20 * MIB - sent);
        size_t allowed = MIB + (size_t)(clock_mono_us(&test_clock) - began_us) * 2 * MIB / 1000000;
        assert_in_range(caller->stream_bytes, allowed - MIB / 8, allowed + MIB / 8);
    }
    size_t before = caller->stream_bytes;
    invocation_pause(caller->invocation, true);
    pass(2500); /* a rest saves up, no more than the burst */
    invocation_pause(caller->invocation, false);
    sent += pour(&runtime, 20 * MIB - sent);
    assert_in_range(caller->stream_bytes - before, MIB - 65536, MIB + 2 * 65536);
    invocation_abandon(caller->invocation);
    sent += pour(&runtime, 20 * MIB - sent);
    read_answer(&runtime);
    come_back(&runtime);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(pieces_come_as_they_are_written),
        TEST(a_response_without_a_type_is_bytes),
        TEST(other_responses_come_whole),
        TEST(a_caller_of_the_log_gets_it_at_the_end),
        TEST(trailers_tell_of_an_error),
        TEST(trailers_count_where_the_response_is_gathered),
        TEST(a_failed_stream_is_an_answer_that_waits_for_its_log),
        TEST(a_runtime_may_live_on_after_a_cut),
        TEST(a_cut_is_certain_when_the_runtime_goes_on),
        TEST(a_crash_cuts_first_and_is_told_as_a_crash),
        TEST(the_time_of_the_function_is_that_of_its_stream),
        TEST(a_stream_has_a_size),
        TEST(a_receiver_stops_the_runtime),
        TEST(nothing_is_read_for_a_slow_receiver),
        TEST(a_receiver_that_leaves_stops_nothing),
        TEST(a_receiver_may_leave_before_the_response),
        TEST(calls_in_the_middle_are_refused),
        TEST(a_stop_ends_a_stream),
        TEST(a_stream_has_a_rate_after_its_burst),
    };
    is_clock_stopped = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

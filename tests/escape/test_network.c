/* The network of a sandbox from both sides: each of its two listening sockets leads to the descriptor that
 * its maker got, and to nobody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox_fixture.h"
#include "sys/fd.h"

#define INSTANCE "lamb-test-network"

static struct fixture fixture;
static struct outcome first;
static struct outcome second;

static uint64_t begin(struct outcome *outcome, const char *const *argv) {
    struct plan plan = fixture_plan(argv);
    uint64_t id = fixture_begin(&fixture, &plan, outcome);
    assert_true(fixture_wait(&fixture, outcome, outcome_has_output));
    return id;
}

static void end(struct outcome *outcome, uint64_t id) {
    sandbox_kill(fixture.host, id);
    assert_true(fixture_wait(&fixture, outcome, outcome_is_over));
}

static bool has_caller(int listener, int timeout_ms) {
    struct pollfd place = {.fd = listener, .events = POLLIN};
    return poll(&place, 1, timeout_ms) == 1;
}

static void assert_called(int listener, const char *expected) {
    char text[16] = "";
    /* On a busy machine the caller may be done before the listener has seen the end of its handshake. */
    assert_true(has_caller(listener, 5000));
    OWN_FD int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(caller != -1);
    assert_true(recv(caller, text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, expected);
}

/* A program that ends at once would take its listeners along: each is looked at while its sandbox lives. */
static struct outcome *talking;
static int runtime_copy = -1;
static int api_copy = -1;

static bool has_started(const struct outcome *outcome) {
    return outcome->has_started;
}

static void run_with_copies(const char *const *argv) {
    struct plan plan = fixture_plan(argv);
    fixture_begin(&fixture, &plan, talking);
    assert_true(fixture_wait(&fixture, talking, has_started));
    runtime_copy = dup(talking->fds.runtime_listener);
    api_copy = dup(talking->fds.api_listener);
    assert_true(fixture_wait(&fixture, talking, outcome_is_over));
    assert_string_equal(talking->output, "called\n");
}

static void close_copies(void) {
    fd_close(&runtime_copy);
    fd_close(&api_copy);
}

static void each_port_leads_to_its_descriptor(void **state) {
    (void)state;
    talking = &first;
    run_with_copies((const char *const[]){"/var/task/probe", "call_port", "9002", NULL});
    assert_false(has_caller(runtime_copy, 0));
    assert_called(api_copy, "9002");
    close_copies();
    run_with_copies((const char *const[]){"/var/task/probe", "call_port", "9001", NULL});
    assert_false(has_caller(api_copy, 0));
    assert_called(runtime_copy, "9001");
    close_copies();
}

static void calls_do_not_reach_other_sandboxes(void **state) {
    (void)state;
    uint64_t id = begin(&first, (const char *const[]){"/var/task/probe", "sleep", NULL});
    talking = &second;
    run_with_copies((const char *const[]){"/var/task/probe", "call_port", "9002", NULL});
    assert_called(api_copy, "9002");
    close_copies();
    assert_false(has_caller(first.fds.api_listener, 0));
    assert_false(has_caller(first.fds.runtime_listener, 0));
    end(&first, id);
}

static void what_others_serve_is_out_of_reach(void **state) {
    (void)state;
    uint64_t id = begin(&first, (const char *const[]){"/var/task/probe", "listen", "7777", NULL});
    assert_string_equal(first.output, "listening\n");
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "ports", NULL});
    fixture_run(&fixture, &plan, &second);
    assert_string_equal(second.output, "9001 9002\n");
    end(&first, id);
}

static void a_closed_listener_serves_nobody(void **state) {
    (void)state;
    struct plan plan = fixture_plan((const char *const[]){"/var/task/probe", "wait_refused", "9002", NULL});
    fixture_begin(&fixture, &plan, &first);
    assert_true(fixture_wait(&fixture, &first, has_started));
    fd_close(&first.fds.api_listener);
    assert_true(fixture_wait(&fixture, &first, outcome_is_over));
    assert_string_equal(first.output, "ECONNREFUSED\n");
}

static int set_up(void **state) {
    (void)state;
    struct err err;
    if (!fixture_make_files(&fixture))
        return -1;
    if (fixture_start(&fixture, INSTANCE, 2, &err))
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return -1;
}

static int tear_down(void **state) {
    (void)state;
    fixture_stop(&fixture);
    fixture_remove_files(&fixture);
    return 0;
}

static void skip_all(void **state) {
    (void)state;
    print_message("all tests of the network are skipped: they need root\n");
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_port_leads_to_its_descriptor),
        cmocka_unit_test(calls_do_not_reach_other_sandboxes),
        cmocka_unit_test(what_others_serve_is_out_of_reach),
        cmocka_unit_test(a_closed_listener_serves_nobody),
    };
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skip_all)};
    if (geteuid() != 0)
        return cmocka_run_group_tests_name("network", skipped, NULL, NULL);
    return cmocka_run_group_tests_name("network", tests, set_up, tear_down);
}

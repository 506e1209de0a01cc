/* sys/loop: watches, timers, signals and deferred calls; what may be freed when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/fd.h"
#include "sys/loop.h"

static int set_up(void **state) {
    *state = loop_new();
    return 0;
}

static int tear_down(void **state) {
    loop_free(*state);
    return 0;
}

struct probe {
    struct loop *loop;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct loop_signal *signal;
    int calls;
    int events;
    int limit; /* calls after which the loop is stopped */
    char order[64];
    size_t order_len;
};

static void on_ready(void *arg, int events) {
    struct probe *probe = arg;
    probe->calls++;
    probe->events = events;
    if (probe->calls == probe->limit)
        loop_stop(probe->loop);
}

static void make_pipe(int ends[2]) {
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static void test_watch_is_level_triggered(void **state) {
    struct loop *loop = *state;
    int ends[2];
    make_pipe(ends);
    struct probe probe = {.loop = loop, .limit = 3};
    probe.watch = loop_watch_new(loop, ends[0], on_ready, &probe);
    loop_turn(loop, false);
    assert_int_equal(probe.calls, 0);
    loop_watch_set(probe.watch, LOOP_READ);
    loop_watch_set(probe.watch, LOOP_READ);
    loop_turn(loop, false);
    assert_int_equal(probe.calls, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    loop_run(loop);
    assert_int_equal(probe.calls, 3);
    assert_int_equal(probe.events, LOOP_READ);
    loop_watch_set(probe.watch, LOOP_NONE);
    loop_turn(loop, false);
    assert_int_equal(probe.calls, 3);
    loop_watch_set(probe.watch, LOOP_READ);
    loop_turn(loop, true);
    assert_int_equal(probe.calls, 4);
    loop_watch_free(probe.watch);
    loop_watch_free(NULL);
    close(ends[0]);
    close(ends[1]);
}

static void test_watch_both_ways(void **state) {
    struct loop *loop = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    struct probe probe = {.loop = loop};
    probe.watch = loop_watch_new(loop, pair[0], on_ready, &probe);
    loop_watch_set(probe.watch, LOOP_READ | LOOP_WRITE);
    loop_turn(loop, true);
    assert_int_equal(probe.events, LOOP_WRITE);
    assert_int_equal(write(pair[1], "x", 1), 1);
    loop_turn(loop, true);
    assert_int_equal(probe.events, LOOP_READ | LOOP_WRITE);
    /* A hang-up is told as all that was asked for, again and again. */
    close(pair[1]);
    loop_watch_set(probe.watch, LOOP_READ);
    loop_turn(loop, true);
    assert_int_equal(probe.events, LOOP_READ);
    loop_turn(loop, true);
    assert_int_equal(probe.calls, 4);
    loop_watch_free(probe.watch);
    close(pair[0]);
}

static void test_watch_tells_errors(void **state) {
    struct loop *loop = *state;
    int ends[2];
    make_pipe(ends);
    /* Filled, so that it is not writable anyway. */
    char block[4096] = {0};
    while (write(ends[1], block, sizeof block) > 0)
        ;
    struct probe probe = {.loop = loop};
    probe.watch = loop_watch_new(loop, ends[1], on_ready, &probe);
    loop_watch_set(probe.watch, LOOP_WRITE);
    loop_turn(loop, false);
    assert_int_equal(probe.calls, 0);
    close(ends[0]);
    loop_turn(loop, true);
    loop_turn(loop, true);
    assert_int_equal(probe.calls, 2);
    assert_int_equal(probe.events, LOOP_WRITE);
    loop_watch_free(probe.watch);
    close(ends[1]);
}

static void free_on_ready(void *arg, int events) {
    struct probe *probe = arg;
    on_ready(arg, events);
    loop_watch_free(probe->watch);
    probe->watch = NULL;
}

static void test_watch_freed_in_its_callback(void **state) {
    struct loop *loop = *state;
    int ends[2];
    make_pipe(ends);
    assert_int_equal(write(ends[1], "x", 1), 1);
    struct probe probe = {.loop = loop};
    probe.watch = loop_watch_new(loop, ends[0], free_on_ready, &probe);
    loop_watch_set(probe.watch, LOOP_READ);
    loop_turn(loop, true);
    loop_turn(loop, false);
    assert_int_equal(probe.calls, 1);
    close(ends[0]);
    /* The same number may be watched again at once. */
    int again[2];
    make_pipe(again);
    struct loop_watch *watch = loop_watch_new(loop, again[0], on_ready, &probe);
    loop_watch_free(watch);
    close(again[0]);
    close(again[1]);
    close(ends[1]);
}

static void free_other(void *arg, int events) {
    struct probe *probe = arg;
    on_ready(arg, events);
    loop_watch_free(probe->watch); /* which is ready in this very turn */
    probe->watch = NULL;
    loop_stop(probe->loop);
}

static void never(void *arg, int events) {
    (void)arg;
    fail_msg("called with %d after free", events);
}

static void test_watch_freed_by_another(void **state) {
    struct loop *loop = *state;
    int one[2], two[2];
    make_pipe(one);
    make_pipe(two);
    assert_int_equal(write(one[1], "x", 1), 1);
    assert_int_equal(write(two[1], "x", 1), 1);
    struct probe probe = {.loop = loop};
    struct loop_watch *first = loop_watch_new(loop, one[0], free_other, &probe);
    loop_watch_set(first, LOOP_READ);
    probe.watch = loop_watch_new(loop, two[0], never, NULL);
    loop_watch_set(probe.watch, LOOP_READ);
    loop_turn(loop, true);
    assert_int_equal(probe.calls, 1);
    loop_watch_free(first);
    loop_turn(loop, false);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
}

static void on_fired(void *arg) {
    struct probe *probe = arg;
    probe->calls++;
    loop_stop(probe->loop);
}

static int64_t mono_us(void) {
    struct clock clock = clock_system();
    return clock_mono_us(&clock);
}

static void test_timer_is_never_early(void **state) {
    struct loop *loop = *state;
    struct probe probe = {.loop = loop};
    probe.timer = loop_timer_new(loop, on_fired, &probe);
    for (int i = 0; i < 10; i++) {
        int64_t start = mono_us();
        loop_timer_start(probe.timer, 3);
        loop_run(loop);
        assert_true(mono_us() - start >= 3000);
    }
    assert_int_equal(probe.calls, 10);
    loop_timer_free(probe.timer);
}

static void test_timer_counts_from_its_start(void **state) {
    struct loop *loop = *state;
    struct probe probe = {.loop = loop};
    probe.timer = loop_timer_new(loop, on_fired, &probe);
    loop_turn(loop, false);
    /* The turn was long ago when the timer starts. */
    poll(NULL, 0, 30);
    int64_t start = mono_us();
    loop_timer_start(probe.timer, 10);
    loop_run(loop);
    assert_true(mono_us() - start >= 10000);
    loop_timer_free(probe.timer);
}

static void test_timer_stop_and_restart(void **state) {
    struct loop *loop = *state;
    struct probe stopped = {.loop = loop}, late = {.loop = loop};
    stopped.timer = loop_timer_new(loop, on_fired, &stopped);
    late.timer = loop_timer_new(loop, on_fired, &late);
    loop_timer_start(stopped.timer, 1);
    loop_timer_stop(stopped.timer);
    loop_timer_stop(stopped.timer);
    loop_timer_start(late.timer, 3600000);
    loop_timer_start(late.timer, 2);
    loop_run(loop);
    assert_int_equal(late.calls, 1);
    assert_int_equal(stopped.calls, 0);
    loop_timer_start(late.timer, -5);
    loop_turn(loop, true);
    assert_int_equal(late.calls, 2);
    loop_timer_start(late.timer, 1);
    loop_timer_free(late.timer);
    loop_timer_free(stopped.timer);
    loop_timer_free(NULL);
}

static void free_on_fired(void *arg) {
    struct probe *probe = arg;
    on_fired(arg);
    loop_timer_free(probe->timer);
}

static void test_timer_freed_in_its_callback(void **state) {
    struct loop *loop = *state;
    struct probe probe = {.loop = loop};
    probe.timer = loop_timer_new(loop, free_on_fired, &probe);
    loop_timer_start(probe.timer, 0);
    loop_run(loop);
    assert_int_equal(probe.calls, 1);
}

static void test_signal(void **state) {
    struct loop *loop = *state;
    struct probe probe = {.loop = loop};
    probe.signal = loop_signal_new(loop, SIGUSR1, on_fired, &probe);
    raise(SIGUSR1);
    loop_run(loop);
    assert_int_equal(probe.calls, 1);
    loop_signal_free(probe.signal);
    loop_signal_free(NULL);
}

static void test_sigpipe_is_ignored(void **state) {
    (void)state;
    int ends[2];
    make_pipe(ends);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    close(ends[1]);
}

struct note {
    struct probe *probe;
    char name;
    struct note *next; /* deferred when this one runs */
};

static void run_note(void *arg) {
    struct note *note = arg;
    struct probe *probe = note->probe;
    assert_true(probe->order_len < sizeof probe->order - 1);
    probe->order[probe->order_len++] = note->name;
    if (note->next)
        loop_defer(probe->loop, run_note, note->next);
}

static void test_deferred_calls(void **state) {
    struct loop *loop = *state;
    struct probe probe = {.loop = loop};
    struct note late = {&probe, 'D', NULL};
    struct note notes[] = {{&probe, 'a', NULL}, {&probe, 'b', &late}, {&probe, 'c', NULL}};
    for (size_t i = 0; i < 3; i++)
        loop_defer(loop, run_note, &notes[i]);
    assert_string_equal(probe.order, "");
    /* Waiting turns: they come back because something is deferred. */
    loop_turn(loop, true);
    assert_string_equal(probe.order, "abc");
    loop_turn(loop, true);
    assert_string_equal(probe.order, "abcD");
    loop_turn(loop, false);
    assert_string_equal(probe.order, "abcD");

    for (int i = 0; i < 50; i++)
        loop_defer(loop, run_note, &late);
    loop_turn(loop, true);
    assert_int_equal(strlen(probe.order), 54);
}

static void defer_on_ready(void *arg, int events) {
    struct note *note = arg;
    (void)events;
    loop_defer(note->probe->loop, run_note, note);
    loop_stop(note->probe->loop);
}

static void test_deferred_within_the_same_turn(void **state) {
    struct loop *loop = *state;
    struct probe probe = {.loop = loop};
    struct note note = {&probe, 'n', NULL};
    int ends[2];
    make_pipe(ends);
    assert_int_equal(write(ends[1], "x", 1), 1);
    struct loop_watch *watch = loop_watch_new(loop, ends[0], defer_on_ready, &note);
    loop_watch_set(watch, LOOP_READ);
    loop_turn(loop, true);
    assert_string_equal(probe.order, "n");
    loop_watch_free(watch);
    close(ends[0]);
    close(ends[1]);
}

static void count_call(void *arg) {
    (*(int *)arg)++;
}

static void test_stop_before_run_ends_the_next_run(void **state) {
    struct loop *loop = *state;
    int calls = 0;
    loop_defer(loop, count_call, &calls);
    loop_stop(loop);
    loop_run(loop);
    assert_int_equal(calls, 0);
    loop_turn(loop, true);
    assert_int_equal(calls, 1);
    loop_stop(loop); /* and loop_free does not mind */
}

static void stop_loop(void *arg) {
    loop_stop(arg);
}

static void test_run_without_anything_lasts_until_stop(void **state) {
    struct loop *loop = *state;
    loop_defer(loop, stop_loop, loop);
    loop_run(loop);
    loop_defer(loop, stop_loop, loop);
    loop_run(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_watch_is_level_triggered),
        TEST(test_watch_both_ways),
        TEST(test_watch_tells_errors),
        TEST(test_watch_freed_in_its_callback),
        TEST(test_watch_freed_by_another),
        TEST(test_timer_is_never_early),
        TEST(test_timer_counts_from_its_start),
        TEST(test_timer_stop_and_restart),
        TEST(test_timer_freed_in_its_callback),
        TEST(test_signal),
        TEST(test_sigpipe_is_ignored),
        TEST(test_deferred_calls),
        TEST(test_deferred_within_the_same_turn),
        TEST(test_stop_before_run_ends_the_next_run),
        TEST(test_run_without_anything_lasts_until_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

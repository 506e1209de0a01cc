/* See teardown.h. The steps, in this order; each is left out where there is nothing to wait for:
 *
 *   RUNTIME     it got SIGTERM and may go on for a while; not after a failure
 *   KILL        it got SIGKILL: its last lines come before what extensions write of the end
 *   EXTENSIONS  those that asked for it have a SHUTDOWN event; the others have nothing to say
 *   CLEAR       everything gets SIGKILL */
#include "invoke/teardown.h"

#include <signal.h>

#include "invoke/environment.h"

#define INTERNAL_MS 500
#define EXTERNAL_MS 2000
#define RUNTIME_MS 300

/* Far more than the kernel needs to end a few processes. */
#define CLEAR_MS 10000

static bool has_external(const struct environment *environment) {
    return environment->extensions && extensions_has_external(environment->extensions);
}

static void begin_step(struct environment *environment, enum teardown_step step, int64_t timeout_ms) {
    environment->teardown_step = step;
    loop_timer_start(environment->timer, timeout_ms);
}

static void begin(struct environment *environment, const char *reason, int64_t limit_ms) {
    environment->teardown_reason = reason;
    environment->teardown_end_us = clock_mono_us(&environment->context->clock) + limit_ms * 1000;
}

/* A shutdown ends with the sandbox. */
static void clear(struct environment *environment) {
    if (environment->state == ENVIRONMENT_SHUTDOWN) {
        environment_kill(environment);
        return;
    }
    begin_step(environment, TEARDOWN_CLEAR, CLEAR_MS);
    programs_clear(&environment->programs);
}

/* Subscribers may have the rest while they still live. */
static void flush_telemetry(struct environment *environment) {
    programs_drain(&environment->programs, false);
    if (environment->telemetry)
        telemetry_flush(environment->telemetry);
}

static int64_t left_ms(const struct environment *environment) {
    int64_t left_us = environment->teardown_end_us - clock_mono_us(&environment->context->clock);
    return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

/* Also those who have not registered hear of it, so that their end is none of their own making. */
static void tell_extensions(struct environment *environment) {
    int64_t timeout_ms = left_ms(environment);
    flush_telemetry(environment);
    begin_step(environment, TEARDOWN_EXTENSIONS, timeout_ms);
    if (environment->extensions)
        extensions_shutdown(environment->extensions, environment->teardown_reason,
                            clock_wall_us(&environment->context->clock) / 1000 + timeout_ms);
    teardown_check(environment);
}

static void kill_runtime(struct environment *environment) {
    programs_signal_runtime(&environment->programs, SIGKILL);
    begin_step(environment, TEARDOWN_KILL, left_ms(environment));
    teardown_check(environment);
}

void teardown_reset(struct environment *environment, const char *reason) {
    begin(environment, reason, EXTERNAL_MS);
    kill_runtime(environment);
}

void teardown_shut_down(struct environment *environment) {
    bool is_long = has_external(environment);
    begin(environment, "spindown", is_long ? EXTERNAL_MS : INTERNAL_MS);
    flush_telemetry(environment);
    programs_signal_runtime(&environment->programs, SIGTERM);
    begin_step(environment, TEARDOWN_RUNTIME, is_long ? RUNTIME_MS : INTERNAL_MS);
}

void teardown_check(struct environment *environment) {
    enum teardown_step step = environment->teardown_step;
    bool is_runtime_awaited = step == TEARDOWN_RUNTIME || step == TEARDOWN_KILL;
    if (is_runtime_awaited && !environment->programs.has_runtime)
        tell_extensions(environment);
    else if (step == TEARDOWN_EXTENSIONS &&
             (!environment->extensions || extensions_alive(environment->extensions) == 0))
        clear(environment);
}

void teardown_time_over(struct environment *environment) {
    switch (environment->teardown_step) {
    case TEARDOWN_RUNTIME: kill_runtime(environment); break;
    case TEARDOWN_KILL: tell_extensions(environment); break;
    case TEARDOWN_EXTENSIONS: clear(environment); break;
    case TEARDOWN_NONE:
    case TEARDOWN_CLEAR: environment_kill(environment); break;
    }
}

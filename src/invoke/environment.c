/* See environment.h. */
#include "invoke/environment.h"

#include "base/limits.h"
#include "base/mem.h"

size_t environment_counts_starting(const struct environment_counts *counts) {
    return counts->by_state[ENVIRONMENT_STARTING] + counts->by_state[ENVIRONMENT_INITIALIZING] +
           counts->by_state[ENVIRONMENT_RESETTING];
}

size_t environment_counts_all(const struct environment_counts *counts) {
    size_t sum = 0;
    for (size_t i = 0; i < ENVIRONMENT_STATES; i++)
        sum += counts->by_state[i];
    return sum;
}

bool environment_enter(struct environment *environment, enum environment_event event) {
    enum environment_state after;
    if (!environment_state_after(environment->state, event, &after))
        return false;
    for (size_t i = 0; i < 2; i++) {
        environment->counts[i]->by_state[environment->state]--;
        environment->counts[i]->by_state[after]++;
    }
    environment->state = after;
    return true;
}

bool environment_is_expired(const struct environment *environment) {
    return environment->expires_us != INT64_MAX &&
           clock_mono_us(&environment->context->clock) >= environment->expires_us;
}

bool environment_note_oom(struct environment *environment) {
    uint64_t count;
    if (environment->memory_events_fd == -1 ||
        !sandbox_count_oom_kills(environment->memory_events_fd, &count) || count <= environment->oom_kills)
        return false;
    environment->oom_kills = count;
    return true;
}

void environment_thaw(struct environment *environment) {
    freeze_thaw(&environment->freeze);
    if (environment->telemetry)
        telemetry_pause(environment->telemetry, false);
}

void environment_share_cpu(const struct environment *environment, bool is_serving) {
    uint32_t own = launch_cpu_millis(environment->function);
    if (own < LIMIT_INIT_CPU_MILLIS)
        sandbox_limit_cpu(environment->context->host, environment->sandbox_id,
                          is_serving ? own : LIMIT_INIT_CPU_MILLIS);
}

struct extensions *environment_extensions(struct environment *environment) {
    if (environment->extensions)
        return environment->extensions;
    environment->extensions = extensions_new(environment->function, environment->extensions_events,
                                             environment);
    if (environment->runtime != RUNTIME_STARTED)
        extensions_close_registration(environment->extensions);
    return environment->extensions;
}

struct telemetry *environment_new_telemetry(struct environment *environment) {
    const struct environment_context *context = environment->context;
    return telemetry_new(context->loop, &context->clock, &environment->journal.origin,
                         environment->telemetry_callbacks, environment);
}

void environment_close_api(struct environment *environment) {
    const struct invoke_upper *upper = &environment->context->upper;
    if (environment->api)
        upper->close_api(upper->arg, take_ptr(environment->api));
}

/* What its programs call stays open until they are dead: that their connections end is nothing for the log.
 * It may also have been a call of Lamb's own API that brought us here, and whoever handles it goes on
 * afterwards. */
void environment_kill(struct environment *environment) {
    if (environment->state == ENVIRONMENT_ENDING)
        return;
    environment_enter(environment, ENVIRONMENT_ON_KILL);
    list_remove(&environment->idle_link);
    list_remove(&environment->age_link);
    loop_timer_stop(environment->timer);
    freeze_end(&environment->freeze);
    environment->next = NULL;
    sandbox_kill(environment->context->host, environment->sandbox_id);
}

enum totals_end environment_end_reason(const struct environment *environment) {
    if (environment->end_reason != TOTALS_ENDS)
        return environment->end_reason;
    if (environment->fault.kind == FAULT_NO_SANDBOX)
        return TOTALS_END_NO_SANDBOX;
    if (!environment->has_served)
        return TOTALS_END_INIT;
    return environment->fault.kind == FAULT_TIMED_OUT ? TOTALS_END_TIMEOUT : TOTALS_END_CRASH;
}

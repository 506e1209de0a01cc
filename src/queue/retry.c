/* See retry.h. */
#include "queue/retry.h"

const char *retry_condition_name(enum retry_condition condition) {
    static const char *const names[RETRY_CONDITIONS] = {
        [RETRY_NOT_OVER] = "Retry",
        [RETRY_SUCCESS] = "Success",
        [RETRY_EXHAUSTED] = "RetriesExhausted",
        [RETRY_TOO_OLD] = "EventAgeExceeded",
        [RETRY_NO_CONCURRENCY] = "ZeroReservedConcurrency",
        [RETRY_RECURSIVE] = "RecursiveInvocation",
    };
    return names[condition];
}

static int64_t end_us(const struct retry_policy *policy, const struct retry_history *history) {
    return history->accepted_us + policy->most_age_ms * 1000;
}

bool retry_is_too_old(const struct retry_policy *policy, const struct retry_history *history,
                      int64_t now_us) {
    return now_us >= end_us(policy, history);
}

struct retry_decision retry_after_error(const struct retry_delays *delays, const struct retry_policy *policy,
                                        const struct retry_history *history, int64_t now_us) {
    if (history->errors > policy->most_retries)
        return (struct retry_decision){.condition = RETRY_EXHAUSTED};
    int64_t due_us = now_us + (history->errors == 1 ? delays->first_ms : delays->second_ms) * 1000;
    if (due_us >= end_us(policy, history))
        return (struct retry_decision){.condition = RETRY_TOO_OLD};
    return (struct retry_decision){.due_us = due_us};
}

/* The last try is made to end at the moment that the event gets too old: then it is given up. */
struct retry_decision retry_after_put_back(const struct retry_delays *delays,
                                           const struct retry_policy *policy,
                                           const struct retry_history *history, int64_t now_us,
                                           uint16_t spread) {
    if (retry_is_too_old(policy, history, now_us))
        return (struct retry_decision){.condition = RETRY_TOO_OLD};
    int64_t delay_us = delays->put_back_ms * 1000;
    int64_t most_us = delays->put_back_most_ms * 1000;
    for (uint32_t i = 1; i < history->put_backs && delay_us < most_us; i++)
        delay_us *= 2;
    if (delay_us > most_us)
        delay_us = most_us;
    int64_t due_us = now_us + delay_us / 2 + delay_us / 2 * spread / UINT16_MAX;
    int64_t last_us = end_us(policy, history);
    return (struct retry_decision){.due_us = due_us < last_us ? due_us : last_us};
}

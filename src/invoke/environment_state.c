/* See environment_state.h. */
#include "invoke/environment_state.h"

#include <stddef.h>

/* The state that follows, plus one; 0 where the event is refused. A second /next while idle replaces the
 * first (a client that reconnected); one while running gets the same event again. ENVIRONMENT_ON_KILL is
 * allowed always. */
#define TO(state) (ENVIRONMENT_##state + 1)
static const unsigned char transitions[ENVIRONMENT_STATES][ENVIRONMENT_EVENTS] = {
    [ENVIRONMENT_STARTING] = {[ENVIRONMENT_ON_STARTED] = TO(INITIALIZING)},
    [ENVIRONMENT_INITIALIZING] =
        {[ENVIRONMENT_ON_NEXT] = TO(IDLE), [ENVIRONMENT_ON_INIT_ERROR] = TO(INIT_FAILED)},
    [ENVIRONMENT_IDLE] = {[ENVIRONMENT_ON_NEXT] = TO(IDLE), [ENVIRONMENT_ON_DELIVER] = TO(RUNNING)},
    [ENVIRONMENT_RUNNING] = {[ENVIRONMENT_ON_NEXT] = TO(RUNNING),
                             [ENVIRONMENT_ON_RESPONSE] = TO(RESPONDED),
                             [ENVIRONMENT_ON_ERROR] = TO(RESPONDED)},
    [ENVIRONMENT_RESPONDED] = {[ENVIRONMENT_ON_NEXT] = TO(IDLE)},
};

bool environment_state_after(enum environment_state state, enum environment_event event,
                             enum environment_state *ret_state) {
    unsigned char after = event == ENVIRONMENT_ON_KILL ? TO(ENDING) : transitions[state][event];
    if (after == 0)
        return false;
    *ret_state = (enum environment_state)(after - 1);
    return true;
}

const char *environment_state_name(enum environment_state state) {
    static const char *const names[ENVIRONMENT_STATES] = {
        [ENVIRONMENT_STARTING] = "Started",
        [ENVIRONMENT_INITIALIZING] = "Started",
        [ENVIRONMENT_IDLE] = "Ready",
        [ENVIRONMENT_RUNNING] = "Running",
        [ENVIRONMENT_RESPONDED] = "RuntimeResponseSentState",
        [ENVIRONMENT_INIT_FAILED] = "InitError",
        [ENVIRONMENT_ENDING] = "Exited",
    };
    return names[state];
}

const char *environment_event_target(enum environment_event event) {
    static const char *const names[ENVIRONMENT_EVENTS] = {
        [ENVIRONMENT_ON_STARTED] = "Started",
        [ENVIRONMENT_ON_NEXT] = "Ready",
        [ENVIRONMENT_ON_DELIVER] = "Running",
        [ENVIRONMENT_ON_RESPONSE] = "InvocationResponse",
        [ENVIRONMENT_ON_ERROR] = "InvocationErrorResponse",
        [ENVIRONMENT_ON_INIT_ERROR] = "InitError",
        [ENVIRONMENT_ON_KILL] = "Exited",
    };
    return names[event];
}

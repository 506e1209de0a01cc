/* See environment_state.h. */
#include "invoke/environment_state.h"

#include <stddef.h>

/* The state that follows, plus one; 0 where the event is refused. */
#define TO(state) (ENVIRONMENT_##state + 1)
#define ON(event) [ENVIRONMENT_ON_##event]
static const unsigned char transitions[ENVIRONMENT_STATES][ENVIRONMENT_EVENTS] = {
    [ENVIRONMENT_STARTING] = {ON(STARTED) = TO(INITIALIZING)},
    [ENVIRONMENT_INITIALIZING] = {ON(SETTLED) = TO(IDLE), ON(FAIL) = TO(RESETTING)},
    [ENVIRONMENT_IDLE] = {ON(DELIVER) = TO(RUNNING), ON(FAIL) = TO(RESETTING), ON(RETIRE) = TO(SHUTDOWN)},
    [ENVIRONMENT_RUNNING] = {ON(ANSWER) = TO(RESPONDED), ON(FAIL) = TO(RESETTING)},
    [ENVIRONMENT_RESPONDED] = {ON(SETTLED) = TO(IDLE), ON(FAIL) = TO(RESETTING)},
    [ENVIRONMENT_RESETTING] = {ON(CLEARED) = TO(EMPTY)},
    [ENVIRONMENT_EMPTY] = {ON(RESTART) = TO(INITIALIZING)},
};

bool environment_state_after(enum environment_state state, enum environment_event event,
                             enum environment_state *ret_state) {
    unsigned char after = event == ENVIRONMENT_ON_KILL ? TO(ENDING) : transitions[state][event];
    if (after == 0)
        return false;
    *ret_state = (enum environment_state)(after - 1);
    return true;
}

#undef TO
#undef ON

/* A second /next while ready replaces the first (a client that reconnected); one while running gets the same
 * event again. RUNTIME_ON_EXIT and RUNTIME_ON_RESET are allowed always. */
#define TO(state) (RUNTIME_##state + 1)
#define ON(event) [RUNTIME_ON_##event]
static const unsigned char runtime_transitions[RUNTIME_STATES][RUNTIME_EVENTS] = {
    [RUNTIME_STARTED] = {ON(NEXT) = TO(READY), ON(INIT_ERROR) = TO(INIT_ERROR)},
    [RUNTIME_READY] = {ON(NEXT) = TO(READY), ON(DELIVER) = TO(RUNNING)},
    [RUNTIME_RUNNING] = {ON(NEXT) = TO(RUNNING), ON(RESPONSE) = TO(RESPONSE_SENT),
                         ON(ERROR) = TO(RESPONSE_SENT), ON(STREAM) = TO(STREAMING)},
    [RUNTIME_STREAMING] = {ON(STREAM_END) = TO(RESPONSE_SENT)},
    [RUNTIME_RESPONSE_SENT] = {ON(NEXT) = TO(READY)},
};

bool runtime_state_after(enum runtime_state state, enum runtime_event event, enum runtime_state *ret_state) {
    unsigned char after = runtime_transitions[state][event];
    if (event == RUNTIME_ON_EXIT)
        after = TO(EXITED);
    else if (event == RUNTIME_ON_RESET)
        after = TO(STARTED);
    if (after == 0)
        return false;
    *ret_state = (enum runtime_state)(after - 1);
    return true;
}

const char *runtime_state_name(enum runtime_state state) {
    static const char *const names[RUNTIME_STATES] = {
        [RUNTIME_STARTED] = "Started",
        [RUNTIME_READY] = "Ready",
        [RUNTIME_RUNNING] = "Running",
        [RUNTIME_STREAMING] = "InvocationResponse",
        [RUNTIME_RESPONSE_SENT] = "RuntimeResponseSentState",
        [RUNTIME_INIT_ERROR] = "InitError",
        [RUNTIME_EXITED] = "Exited",
    };
    return names[state];
}

const char *runtime_event_target(enum runtime_event event) {
    static const char *const names[RUNTIME_EVENTS] = {
        [RUNTIME_ON_NEXT] = "Ready",
        [RUNTIME_ON_DELIVER] = "Running",
        [RUNTIME_ON_RESPONSE] = "InvocationResponse",
        [RUNTIME_ON_ERROR] = "InvocationErrorResponse",
        [RUNTIME_ON_STREAM] = "InvocationResponse",
        [RUNTIME_ON_STREAM_END] = "RuntimeResponseSentState",
        [RUNTIME_ON_INIT_ERROR] = "InitError",
        [RUNTIME_ON_EXIT] = "Exited",
        [RUNTIME_ON_RESET] = "Started",
    };
    return names[event];
}

/* See environment_state.h. */
#include "invoke/environment_state.h"

#include <stddef.h>

#define STARTING ENVIRONMENT_STARTING + 1
#define INITIALIZING ENVIRONMENT_INITIALIZING + 1
#define IDLE ENVIRONMENT_IDLE + 1
#define RUNNING ENVIRONMENT_RUNNING + 1
#define RESPONDED ENVIRONMENT_RESPONDED + 1
#define INIT_FAILED ENVIRONMENT_INIT_FAILED + 1
#define ENDING ENVIRONMENT_ENDING + 1

/* One more than the state that follows; 0 where the event is refused. A second /next while idle replaces the first (a client
 * that reconnected); one while running gets the same event again. */
static const unsigned char transitions[ENVIRONMENT_STATES][ENVIRONMENT_EVENTS] = {
    /*                              started       next       deliver  response   error      init error   kill  */
    [ENVIRONMENT_STARTING] =     {INITIALIZING, 0,         0,       0,         0,         0,           ENDING},
    [ENVIRONMENT_INITIALIZING] = {0,            IDLE,      0,       0,         0,         INIT_FAILED, ENDING},
    [ENVIRONMENT_IDLE] =         {0,            IDLE,      RUNNING, 0,         0,         0,           ENDING},
    [ENVIRONMENT_RUNNING] =      {0,            RUNNING,   0,       RESPONDED, RESPONDED, 0,           ENDING},
    [ENVIRONMENT_RESPONDED] =    {0,            IDLE,      0,       0,         0,         0,           ENDING},
    [ENVIRONMENT_INIT_FAILED] =  {0,            0,         0,       0,         0,         0,           ENDING},
    [ENVIRONMENT_ENDING] =       {0,            0,         0,       0,         0,         0,           ENDING},
};

bool environment_state_after(enum environment_state state, enum environment_event event, enum environment_state *ret_state) {
    unsigned char after = transitions[state][event];
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

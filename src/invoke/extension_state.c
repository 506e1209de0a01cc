/* See extension_state.h. */
#include "invoke/extension_state.h"

/* The state that follows, plus one; 0 where the event is refused. A second /event/next of one that waits is
 * refused, other than that of a runtime; the same error once more changes nothing. */
#define TO(state) (EXTENSION_##state + 1)
static const unsigned char transitions[EXTENSION_STATES][EXTENSION_EVENTS] = {
    [EXTENSION_STARTED] =
        {[EXTENSION_ON_REGISTER] = TO(REGISTERED), [EXTENSION_ON_LAUNCH_ERROR] = TO(LAUNCH_ERROR)},
    [EXTENSION_REGISTERED] = {[EXTENSION_ON_NEXT] = TO(READY),
                              [EXTENSION_ON_INIT_ERROR] = TO(INIT_ERROR),
                              [EXTENSION_ON_EXIT_ERROR] = TO(EXIT_ERROR)},
    [EXTENSION_READY] = {[EXTENSION_ON_DELIVER] = TO(RUNNING),
                         [EXTENSION_ON_LEAVE] = TO(RUNNING),
                         [EXTENSION_ON_EXIT_ERROR] = TO(EXIT_ERROR)},
    [EXTENSION_RUNNING] = {[EXTENSION_ON_NEXT] = TO(READY), [EXTENSION_ON_EXIT_ERROR] = TO(EXIT_ERROR)},
    [EXTENSION_INIT_ERROR] = {[EXTENSION_ON_INIT_ERROR] = TO(INIT_ERROR)},
    [EXTENSION_EXIT_ERROR] = {[EXTENSION_ON_EXIT_ERROR] = TO(EXIT_ERROR)},
};

bool extension_state_after(enum extension_state state, enum extension_event event,
                           enum extension_state *ret_state) {
    unsigned char after = transitions[state][event];
    if (after == 0)
        return false;
    *ret_state = (enum extension_state)(after - 1);
    return true;
}

const char *extension_state_name(enum extension_state state) {
    static const char *const names[EXTENSION_STATES] = {
        [EXTENSION_STARTED] = "Started",
        [EXTENSION_REGISTERED] = "Registered",
        [EXTENSION_READY] = "Ready",
        [EXTENSION_RUNNING] = "Running",
        [EXTENSION_INIT_ERROR] = "InitError",
        [EXTENSION_EXIT_ERROR] = "ExitError",
        [EXTENSION_LAUNCH_ERROR] = "LaunchError",
    };
    return names[state];
}

const char *extension_event_target(enum extension_event event) {
    static const char *const names[EXTENSION_EVENTS] = {
        [EXTENSION_ON_REGISTER] = "Registered",      [EXTENSION_ON_NEXT] = "Ready",
        [EXTENSION_ON_DELIVER] = "Running",          [EXTENSION_ON_LEAVE] = "Running",
        [EXTENSION_ON_INIT_ERROR] = "InitError",     [EXTENSION_ON_EXIT_ERROR] = "Exited",
        [EXTENSION_ON_LAUNCH_ERROR] = "LaunchError",
    };
    return names[event];
}

/* The life of an extension as a table of states and events; a unit test walks all pairs. The end of its
 * program is no state: what its last one was is told in the log. Source: Lambda Developer Guide, "Using the
 * Lambda Extensions API"; the names in refusals are those of AWS's own runtime interface. */
#pragma once

#include <stdbool.h>

enum extension_state {
    EXTENSION_STARTED,    /* its program was started; it has not registered yet */
    EXTENSION_REGISTERED, /* has not asked for an event yet */
    EXTENSION_READY,      /* waits at /event/next */
    EXTENSION_RUNNING,    /* works on an event, or has left /event/next without one */
    EXTENSION_INIT_ERROR, /* posted /init/error and should exit */
    EXTENSION_EXIT_ERROR, /* posted /exit/error and should exit */
    EXTENSION_LAUNCH_ERROR,
    EXTENSION_STATES
};

enum extension_event {
    EXTENSION_ON_REGISTER,
    EXTENSION_ON_NEXT,
    EXTENSION_ON_DELIVER, /* an event is handed to the waiting /event/next */
    EXTENSION_ON_LEAVE,   /* the waiting /event/next was given up */
    EXTENSION_ON_INIT_ERROR,
    EXTENSION_ON_EXIT_ERROR,
    EXTENSION_ON_LAUNCH_ERROR,
    EXTENSION_EVENTS
};

/* False when the event is not allowed in that state. */
bool extension_state_after(enum extension_state state, enum extension_event event,
                           enum extension_state *ret_state);

/* "Registered": as refusals and log lines call it. */
const char *extension_state_name(enum extension_state state);

/* The state that a call asks for, as refusals call it. */
const char *extension_event_target(enum extension_event event);

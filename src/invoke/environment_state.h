/* The life of an execution environment as a table of states and events. docs/environment-states.md shows it;
 * a unit test walks all pairs. Source: Lambda Runtime API; the names in refusals are those of AWS's own
 * runtime interface. */
#pragma once

#include <stdbool.h>

enum environment_state {
    ENVIRONMENT_STARTING,     /* the sandbox was asked for */
    ENVIRONMENT_INITIALIZING, /* the runtime runs, but has not called /next yet */
    ENVIRONMENT_IDLE,         /* waits at /next */
    ENVIRONMENT_RUNNING,      /* has an event */
    ENVIRONMENT_RESPONDED,    /* answered, not back at /next yet */
    ENVIRONMENT_INIT_FAILED,  /* posted /init/error */
    ENVIRONMENT_ENDING,       /* was killed, or ended by itself; waits for the sandbox to be gone */
    ENVIRONMENT_STATES
};

enum environment_event {
    ENVIRONMENT_ON_STARTED, /* the sandbox runs */
    ENVIRONMENT_ON_NEXT,
    ENVIRONMENT_ON_DELIVER, /* an event is handed to the waiting /next */
    ENVIRONMENT_ON_RESPONSE,
    ENVIRONMENT_ON_ERROR,
    ENVIRONMENT_ON_INIT_ERROR,
    ENVIRONMENT_ON_KILL,
    ENVIRONMENT_EVENTS
};

/* False when the event is not allowed in that state. */
bool environment_state_after(enum environment_state state, enum environment_event event,
                             enum environment_state *ret_state);

/* "Ready", "Running": as refusals of the Runtime API call them. */
const char *environment_state_name(enum environment_state state);

/* The state that a call of the Runtime API asks for: "InvocationResponse". */
const char *environment_event_target(enum environment_event event);

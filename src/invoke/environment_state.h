/* The life of an execution environment as a table of states and events, and that of the runtime in it as
 * another. docs/environment-states.md shows both; a unit test walks all pairs. Source: Lambda Developer
 * Guide, "Understanding the Lambda execution environment lifecycle"; Lambda Runtime API; the names in
 * refusals are those of AWS's own runtime interface. */
#pragma once

#include <stdbool.h>

enum environment_state {
    ENVIRONMENT_STARTING,     /* the sandbox was asked for */
    ENVIRONMENT_INITIALIZING, /* its programs run; not all parties have asked for an event yet */
    ENVIRONMENT_IDLE,         /* the runtime and all extensions wait for an event */
    ENVIRONMENT_RUNNING,      /* has an event */
    ENVIRONMENT_RESPONDED,    /* the runtime has answered, but not all parties are back */
    ENVIRONMENT_RESETTING,    /* something failed: everything in the sandbox is being ended */
    ENVIRONMENT_EMPTY,        /* nothing runs in the sandbox; an event initialises it again */
    ENVIRONMENT_SHUTDOWN,     /* it is not needed any more: extensions are told and waited for */
    ENVIRONMENT_ENDING,       /* was killed, or ended by itself; waits for the sandbox to be gone */
    ENVIRONMENT_STATES
};

enum environment_event {
    ENVIRONMENT_ON_STARTED, /* the sandbox runs */
    ENVIRONMENT_ON_SETTLED, /* all parties wait for an event */
    ENVIRONMENT_ON_DELIVER, /* an event is handed to them */
    ENVIRONMENT_ON_ANSWER,  /* the runtime answered, with a result or an error */
    ENVIRONMENT_ON_FAIL,    /* a time-out, or a party failed or left */
    ENVIRONMENT_ON_CLEARED, /* no process is left in the sandbox */
    ENVIRONMENT_ON_RESTART, /* an empty one is to be initialised for an event */
    ENVIRONMENT_ON_RETIRE,
    ENVIRONMENT_ON_KILL,
    ENVIRONMENT_EVENTS
};

/* How far its end has come: see teardown.h. */
enum teardown_step {
    TEARDOWN_NONE,
    TEARDOWN_RUNTIME,
    TEARDOWN_KILL,
    TEARDOWN_EXTENSIONS,
    TEARDOWN_CLEAR,
};

/* False when the event is not allowed in that state. */
bool environment_state_after(enum environment_state state, enum environment_event event,
                             enum environment_state *ret_state);

enum runtime_state {
    RUNTIME_STARTED,   /* has not asked for an event yet; also before its process is there */
    RUNTIME_READY,     /* waits at /next */
    RUNTIME_RUNNING,   /* has an event */
    RUNTIME_STREAMING, /* writes its response, which is passed on already */
    RUNTIME_RESPONSE_SENT,
    RUNTIME_INIT_ERROR, /* posted /init/error and should exit */
    RUNTIME_EXITED,
    RUNTIME_STATES
};

enum runtime_event {
    RUNTIME_ON_NEXT,
    RUNTIME_ON_DELIVER,
    RUNTIME_ON_RESPONSE,
    RUNTIME_ON_ERROR,
    RUNTIME_ON_STREAM, /* a response begins that is passed on as it comes */
    RUNTIME_ON_STREAM_END,
    RUNTIME_ON_INIT_ERROR,
    RUNTIME_ON_EXIT,
    RUNTIME_ON_RESET, /* the next one starts */
    RUNTIME_EVENTS
};

bool runtime_state_after(enum runtime_state state, enum runtime_event event, enum runtime_state *ret_state);

/* "Ready", "Running": as refusals of the Runtime API call them. */
const char *runtime_state_name(enum runtime_state state);

/* The state that a call of the Runtime API asks for: "InvocationResponse". */
const char *runtime_event_target(enum runtime_event event);

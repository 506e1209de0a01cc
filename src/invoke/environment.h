/* One execution environment: a sandbox with a runtime and perhaps extensions in it, and the phase it is in.
 * Serves one invocation at a time.
 *
 * It turns calls of its programs, time-outs and the ends of processes into log lines and answers; which
 * invocation it gets, and what becomes of it afterwards, is the pool's business, told through struct
 * environment_events. After a failure everything in the sandbox is ended and the environment is empty: it
 * keeps its sandbox and /tmp, and its next invocation initialises it again.
 *
 * This is its state. What happens to it, from the bottom: record (what is written of it), teardown (Shutdown
 * and reset), launching (how its programs start), phases (Init and Invoke), environment_calls (what its
 * programs call), life (how it comes and goes). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "invoke/code_dirs.h"
#include "invoke/environment_api.h"
#include "invoke/environment_state.h"
#include "invoke/extensions.h"
#include "invoke/fault.h"
#include "invoke/freeze.h"
#include "invoke/invocation.h"
#include "invoke/journal.h"
#include "invoke/parked.h"
#include "invoke/programs.h"
#include "invoke/telemetry.h"
#include "invoke/timeline.h"
#include "invoke/totals.h"
#include "sandbox/host.h"

struct environment;
struct provisioned;

struct environment_events {
    /* Waits for an event, or is empty: give it an invocation, let it idle, or kill it. */
    void (*ready)(struct environment *environment);

    /* Its invocation was answered: it does not count as running any more. */
    void (*answered)(struct environment *environment, struct invocation *invocation);

    /* Its invocation was answered, its log is complete, and it is the receiver's again. */
    void (*finished)(struct environment *environment, struct invocation *invocation);

    /* It is over; nothing of the sandbox is left. `environment->invocation`, if any, was waiting for it and
     * was not answered. The receiver frees the environment. */
    void (*ended)(struct environment *environment);
};

/* How many environments are in which state: of one pool, and of all. */
struct environment_counts {
    size_t by_state[ENVIRONMENT_STATES];
};
size_t environment_counts_starting(const struct environment_counts *counts);
size_t environment_counts_all(const struct environment_counts *counts);

/* What all environments share. */
struct environment_context {
    struct loop *loop;
    struct clock clock;
    struct sandbox_host *host;
    const char *region;
    const struct runtime_set *runtimes;
    struct parked *parked;
    const struct stream_limits *stream_limits;
    struct invoke_totals *totals;
    struct environment_events events;
    struct invoke_upper upper; /* all NULL before invoke_set_upper() */
};

/* A parked runtime that is becoming this environment's. */
struct environment_claim {
    struct parked_sandbox sandbox;
    struct launch launch;
};

struct environment {
    struct list idle_link; /* the pool's list of idle or of unclaimed environments */
    struct list age_link;  /* all idle environments, oldest first */
    const struct environment_context *context;
    struct pool *pool;
    struct provisioned *provisioned;      /* it is kept initialised for these; NULL: started on demand */
    struct environment_counts *counts[2]; /* the pool's, or of these; and those of all */
    const struct function *function;      /* the pool's reference, like the directories */
    const struct code_dirs *dirs;
    uint64_t sandbox_id;
    enum environment_state state;
    enum runtime_state runtime;
    struct environment_claim *claim; /* until it is fitted; else NULL */
    struct environment_api *listener;
    void *api;                  /* Lamb's own, inside the sandbox: the upper modules' */
    struct http_exchange *next; /* the waiting /next */
    struct programs programs;
    struct extensions *extensions; /* NULL: none is expected, and none has called */
    const struct extensions_events *extensions_events;
    const struct telemetry_callbacks *telemetry_callbacks;
    struct telemetry *telemetry; /* NULL: nobody can want it */
    struct freeze freeze;
    enum teardown_step teardown_step;
    const char *teardown_reason;   /* "spindown", "timeout", "failure" */
    int64_t teardown_end_us;       /* monotonic: how long extensions have */
    struct loop_timer *timer;      /* of the phase */
    struct invocation *invocation; /* runs here, or waits for this environment to be ready */
    struct fault fault;            /* of the initialisation or invocation at hand */
    struct timeline times;
    uint32_t event_repeats; /* the runtime asked for the event once more */
    struct journal journal;
    int memory_peak_fd;
    int memory_events_fd;
    uint64_t memory_peak_bytes;
    uint64_t oom_kills;         /* seen so far */
    int64_t idle_since_us;      /* monotonic */
    int64_t expires_us;         /* monotonic: no event is delivered from then on; INT64_MAX for never */
    uint32_t pace_round;        /* the pool's; 0 once its initialisation holds up no other */
    enum totals_end end_reason; /* TOTALS_ENDS: none was given */
    bool has_served;            /* an event was delivered */
    bool is_dismissed;          /* it was ended on purpose */
    bool is_restarting;         /* it is initialised again for `invocation`, which is running already */
};

/* Takes the step in the table of states. False when it is not allowed there: nothing has changed. */
bool environment_enter(struct environment *environment, enum environment_event event);

/* True when its credentials will not last for one more invocation. */
bool environment_is_expired(const struct environment *environment);

/* True for processes that were killed for want of memory since the last time. */
bool environment_note_oom(struct environment *environment);

/* It goes on: undoes what may have been frozen. */
void environment_thaw(struct environment *environment);

/* While it serves it has the function's own share of a processor; its beginning and its end have a whole
 * one. */
void environment_share_cpu(const struct environment *environment, bool is_serving);

/* The registry, made when it is first needed: after Init it is closed to internal extensions. */
struct extensions *environment_extensions(struct environment *environment);

struct telemetry *environment_new_telemetry(struct environment *environment);

/* Ends the sandbox at once; `ended` follows. Fine in any state. */
void environment_kill(struct environment *environment);

/* Ends the calls of the sandbox to Lamb's own API, for good. Not from inside such a call. */
void environment_close_api(struct environment *environment);

/* Why it is over. */
enum totals_end environment_end_reason(const struct environment *environment);

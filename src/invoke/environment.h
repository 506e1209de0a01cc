/* One execution environment: a sandbox with a runtime in it, and the state it is in. Serves one invocation at
 * a time.
 *
 * It turns calls of the Runtime API, time-outs and the end of the sandbox into log lines and answers; which
 * invocation it gets, and what becomes of it afterwards, is the pool's business, told through struct
 * environment_events. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "invoke/environment_state.h"
#include "invoke/freeze.h"
#include "invoke/function_log.h"
#include "invoke/invocation.h"
#include "invoke/journal.h"
#include "invoke/output.h"
#include "invoke/runtime_api.h"
#include "sandbox/host.h"

struct environment;
struct provisioned;

struct environment_events {
    /* Waits at /next: give it an invocation, let it idle, or kill it. */
    void (*ready)(struct environment *environment);

    /* Its invocation was answered and is the receiver's again; the environment may be back soon. */
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
    struct environment_events events;
    struct invoke_upper upper; /* all NULL before invoke_set_upper() */
};

/* Why an initialisation came to nothing. */
enum init_failure { INIT_OK, INIT_EXITED, INIT_TIMED_OUT, INIT_POSTED_ERROR, INIT_NO_SANDBOX };

struct environment {
    struct list idle_link; /* the pool's list of idle or of unclaimed environments */
    struct list age_link;  /* all idle environments, oldest first */
    const struct environment_context *context;
    struct pool *pool;
    struct provisioned *provisioned;      /* it is kept initialised for these; NULL: started on demand */
    struct environment_counts *counts[2]; /* the pool's, or of these; and those of all */
    const struct function *function;      /* the pool's reference */
    const char *bootstrap;                /* of a custom runtime, else NULL; static */
    uint64_t sandbox_id;
    enum environment_state state;
    struct runtime_api *runtime_api;
    void *api;                  /* Lamb's own, inside the sandbox: the upper modules' */
    struct http_exchange *next; /* the waiting /next */
    struct output *output;
    struct freeze freeze;
    struct loop_timer *timer;      /* of the initialisation or of the invocation */
    struct invocation *invocation; /* runs here, or waits for this environment to be ready */
    int memory_peak_fd;
    uint64_t memory_peak_bytes;
    int64_t start_us;      /* monotonic: when the sandbox was asked for */
    int64_t init_us;       /* how long it took to the first /next; -1 after it was reported */
    int64_t delivered_us;  /* monotonic */
    int64_t deadline_ms;   /* wall clock: of the event that was delivered */
    int64_t idle_since_us; /* monotonic */
    int64_t expires_us;    /* monotonic: no event is delivered from then on; INT64_MAX for never */
    uint32_t pace_round;   /* the pool's; 0 once its initialisation holds up no other */
    bool has_served;       /* an event was delivered */
    bool is_dismissed;     /* it was ended on purpose */
    enum init_failure init_failure;
    struct buf init_error; /* what the runtime posted to /init/error */
    char init_error_type[128];
    struct sandbox_end end;
    struct err *failure; /* INIT_NO_SANDBOX; owned */
    struct journal journal;
};

/* Asks for the sandbox. `init_timeout_ms` counts from now; the function, its log and the counts must outlive
 * the environment. NULL when it can't be launched (err, see launch.h). */
struct environment_request {
    struct pool *pool;
    struct provisioned *provisioned; /* NULL: on demand */
    struct environment_counts *counts[2];
    const struct function *function;
    struct function_log *log;
    const char *bootstrap; /* see launch.h, like the directories */
    const int *mount_fds;
    int64_t init_timeout_ms;
};
struct environment *environment_new(const struct environment_context *context,
                                    const struct environment_request *request, struct err *err);

/* True when its credentials will not last for one more invocation. */
bool environment_is_expired(const struct environment *environment);

/* Hands the event to the waiting /next. The state must be ENVIRONMENT_IDLE. */
void environment_deliver(struct environment *environment, struct invocation *invocation);

/* Ends the sandbox; `ended` follows. Fine in any state. */
void environment_kill(struct environment *environment);

/* The same, and it is no failure. */
void environment_dismiss(struct environment *environment);

/* Ends the calls of the sandbox to Lamb's own API, for good. Not from inside such a call. */
void environment_close_api(struct environment *environment);

/* What the sandbox host tells. */
void environment_sandbox_started(struct environment *environment, struct sandbox_fds *fds);
void environment_sandbox_ended(struct environment *environment, const struct sandbox_end *end);
void environment_sandbox_failed(struct environment *environment, const struct err *failure);

/* Logs START for an invocation, once. */
void environment_log_start(struct environment *environment, struct invocation *invocation);

/* Answers an invocation whose environment did not come up, with all log lines. */
void environment_answer_init_failure(struct environment *environment, struct invocation *invocation);

void environment_free(struct environment *environment);

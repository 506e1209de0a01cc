/* Runs functions: admission, the pool of execution environments, dispatch and results. What api/ calls, and
 * all it may know.
 *
 * Everything here happens on the loop thread. The warm path takes no lock, touches no file and asks no
 * database: it finds the newest idle environment of the function's epoch and writes the event to its waiting
 * /next. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "invoke/admission.h"
#include "invoke/call.h"
#include "invoke/environment_state.h"
#include "invoke/provision_wish.h"
#include "invoke/stream.h"
#include "invoke/totals.h"
#include "invoke/upper.h"
#include "model/function.h"
#include "model/runtime.h"
#include "sandbox/host.h"
#include "sys/loop.h"

struct invoke;

struct invoke_options {
    const char *region;
    const char *code_dir; /* layouts, see package/layout.h */
    const char *log_dir;  /* one directory per function below it */
    const struct runtime_set *runtimes;
    uint32_t starts_at_once; /* initialisations of one function at a time; see pool.h */
    uint32_t concurrency;    /* limit of each account: LIMIT_CONCURRENCY */
    uint32_t scaling_rate;   /* environments of one function that may be started for calls within ten seconds:
                                LIMIT_SCALING_RATE */
    uint32_t parked_runtimes;  /* kept ready at most, of each runtime in use; see parked.h */
    int64_t idle_timeout_ms;   /* an environment idle for so long is retired */
    uint64_t min_available_mb; /* while the machine has less memory available than this, the oldest idle ones
                                  are retired */
    int64_t init_timeout_ms;   /* LIMIT_INIT_MS */
    uint64_t log_file_bytes;   /* a log file is rotated at this size */
    uint32_t log_files;        /* and so many are kept per function */
    struct stream_limits streams;
    void (*lost)(void *arg); /* lamb-spawner died: nothing can run any more */
    void *lost_arg;
};

/* Copied. Before this, environments get no credentials and no way to the API. */
void invoke_set_upper(struct invoke *invoke, const struct invoke_upper *upper);

/* Undoes it, closing what is open, so that the modules above can end. Not from inside a call of theirs. */
void invoke_leave_upper(struct invoke *invoke);

/* There is such a function: its runtime is made ready ahead. */
void invoke_expect(struct invoke *invoke, const struct function *function);

/* Reserved concurrency of a function, all of its versions together; -1 for none (the function was deleted, or
 * runs in what the account has left). Calls beyond it are INVOKE_THROTTLED. */
void invoke_set_reserved(struct invoke *invoke, const char *account, const char *name, int64_t reserved);

/* Provisioned concurrency of a function: all there is to be, again after every change of it or of the
 * function's versions and aliases; see provision.h. The texts and values need to live only during the call.
 */
void invoke_provision(struct invoke *invoke, const char *account, const char *name,
                      const struct provision_wish *wishes, size_t count);

/* False when nothing is wanted for that version or alias. */
bool invoke_provision_status(const struct invoke *invoke, const char *account, const char *name,
                             const char *qualifier, struct provision_status *ret_status);

/* It was asked for anew: what failed is tried again at once. */
void invoke_provision_retry(struct invoke *invoke, const char *account, const char *name,
                            const char *qualifier);

/* Begins; `done` is called exactly once, perhaps before invoke_start() returns (then *ret_invocation was set
 * to NULL), unless invocation_abandon() came first. */
void invoke_start(struct invoke *invoke, const struct invoke_request *request,
                  void (*done)(void *arg, const struct invoke_result *result), void *arg,
                  struct invocation **ret_invocation);

/* How many more calls of a function its concurrency allows now; see admission.h. */
uint32_t invoke_room(const struct invoke *invoke, const char *account, const char *name);

/* This epoch is over (code or configuration changed, or the version was deleted): idle environments end now,
 * busy ones after their invocation, starting ones are not used. */
void invoke_retire(struct invoke *invoke, const struct function *function);

/* Whether anything of this epoch still runs or is asked for, by whichever value of the function it began. */
bool invoke_has_epoch(const struct invoke *invoke, const struct function *function);

struct invoke *invoke_new(struct loop *loop, const struct clock *clock, const struct invoke_options *options);

/* invoke and the sandbox host need each other: the callbacks and argument for sandbox_host_new(), then the
 * host itself. */
const struct sandbox_callbacks *invoke_sandbox_callbacks(void);
void invoke_set_host(struct invoke *invoke, struct sandbox_host *host);

/* What there is now, and what has happened. */
struct invoke_figures {
    size_t environments[ENVIRONMENT_STATES];
    size_t running; /* invocations that were admitted and are not over */
    size_t waiting; /* those of them that have no environment yet */
    struct invoke_totals totals;
    uint64_t refused[ADMISSION_LIMITS];
    uint64_t log_lines;
    uint64_t log_lines_dropped;
};
void invoke_read(const struct invoke *invoke, struct invoke_figures *ret_figures);

/* Parked runtimes, one row per runtime in use (parked.h); false past the last. */
struct parked_counts;
bool invoke_read_parked(const struct invoke *invoke, size_t index, struct parked_counts *ret_counts);

/* New calls fail from now on; `drained(arg)` is called once no invocation is running and all log lines are on
 * disk. */
void invoke_drain(struct invoke *invoke, void (*drained)(void *arg), void *arg);

/* Fails what is left, waits until the log is written, and drops everything. The sandbox host must have been
 * freed before. NULL is fine. */
void invoke_free(struct invoke *invoke);

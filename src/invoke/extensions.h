/* The extensions of one environment: which there are, what each subscribed to, and which of them the present
 * phase waits for. A registry over the calls of the Extensions API: no I/O of its own, no timers; when a
 * phase begins and ends is the environment's business. Source: Lambda Developer Guide, "Using the Lambda
 * Extensions API"; texts of refusals as AWS's own runtime interface has them.
 *
 * External extensions are programs of /opt/extensions, expected before they register. Everybody else who
 * registers is internal: a part of the runtime's processes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/server.h"
#include "invoke/environment_api.h"
#include "model/function.h"
#include "sandbox/program.h"

struct extensions;

/* Told last: the receiver may do anything, also free the registry. */
struct extensions_events {
    /* An extension registered, asked for an event, or ended as it should: what the phase waits for may be
     * less. */
    void (*changed)(void *arg);

    /* An extension failed, at most once each and never after extensions_shutdown(). `fatal_type` is
     * "Extension.InitError", "Extension.ExitError", "Extension.Crash" or "Extension.LaunchError";
     * `error_type` what it posted itself, or what kept it from starting, or NULL. Both are the
     * registry's. */
    void (*failed)(void *arg, const char *name, const char *fatal_type, const char *error_type);
};

/* `function`, `events` and `arg` must outlive it. */
struct extensions *extensions_new(const struct function *function, const struct extensions_events *events,
                                  void *arg);
void extensions_free(struct extensions *extensions); /* NULL is fine; forgets exchanges that wait */

/* All programs are gone and another Init may begin: everything is as in a new one. Call
 * environment_api_disconnect() before. */
void extensions_reset(struct extensions *extensions);

/* ---- Init ---- */

/* The program of this number, of /opt/extensions/<name>, is about to be started. False when there are
 * LIMIT_EXTENSIONS already: it must not be started, and Init fails with Extension.LaunchError; it is listed
 * with the error type TooManyExtensions. */
bool extensions_expect(struct extensions *extensions, const char *name, uint32_t program);

/* External ones that have not registered yet; the runtime is started when there are none. */
size_t extensions_waiting_to_register(const struct extensions *extensions);

/* The runtime called /next for the first time. */
void extensions_close_registration(struct extensions *extensions);

/* Whether any has registered; each ends in its own way of shutting down. */
bool extensions_has_external(const struct extensions *extensions);
bool extensions_has_any(const struct extensions *extensions);

/* What the log tells of each at the end of Init. */
struct extensions_line {
    const char *name;
    const char *state;     /* "Ready" */
    const char *events[2]; /* "INVOKE", "SHUTDOWN" */
    size_t event_count;
    const char *error_type; /* NULL: none */
};

/* One after another from index 0; false behind the last. Texts are borrowed. */
bool extensions_describe(const struct extensions *extensions, size_t index, struct extensions_line *ret_line);

/* ---- Calls ---- */

/* Answers one of CALL_EXTENSION_..., now or later. */
void extensions_call(struct extensions *extensions, enum environment_call call,
                     struct http_exchange *exchange);

/* The name of the extension whose identifier the exchange carries (borrowed); false when it was refused, and
 * is answered. */
bool extensions_name_of(struct extensions *extensions, struct http_exchange *exchange, const char **ret_name);

/* True when the exchange was a waiting /event/next: its extension is pending again, until it comes back. */
bool extensions_gone(struct extensions *extensions, struct http_exchange *exchange);

/* The program ended, or could not be executed. Others than extensions' are ignored. */
void extensions_exited(struct extensions *extensions, uint32_t program, const struct program_end *end);

/* ---- Phases ---- */

/* Extensions the phase waits for: registered, not failed, and since then, or since they were given an event
 * or left, not back at /event/next. */
size_t extensions_pending(const struct extensions *extensions);

/* Hands an INVOKE event to its subscribers. One that has left /event/next gets it when it is back.
 * `trace_value` may be NULL or "": no tracing then. The deadline is Unix time. */
void extensions_invoke(struct extensions *extensions, const char *request_id, const char *arn,
                       const char *trace_value, int64_t deadline_ms);

/* The same with SHUTDOWN; `reason` is "spindown", "timeout" or "failure". From now on programs may exit. */
void extensions_shutdown(struct extensions *extensions, const char *reason, int64_t deadline_ms);

/* Subscribers of SHUTDOWN whose program has not exited yet: what a shutdown waits for. The others have
 * nothing to say and can be killed. */
size_t extensions_alive(const struct extensions *extensions);

/* How what runs in an environment ends: reset after a failure, which leaves it empty, and Shutdown when it is
 * not needed any more, which ends the sandbox. Extensions are told and have a little time; the runtime gets
 * SIGTERM only where there are extensions to wait for. Source: Lambda Developer Guide, "Understanding the
 * Lambda execution environment lifecycle", shutdown phase; budgets as AWS's own runtime interface has them.
 *
 * Called by the other parts of an environment alone. */
#pragma once

struct environment;

/* The state is ENVIRONMENT_RESETTING. */
void teardown_reset(struct environment *environment, const char *reason);

/* The state is ENVIRONMENT_SHUTDOWN, and some extension has registered. */
void teardown_shut_down(struct environment *environment);

/* A process has ended, or an extension is done: is that all? */
void teardown_check(struct environment *environment);

/* The phase's timer fired. */
void teardown_time_over(struct environment *environment);

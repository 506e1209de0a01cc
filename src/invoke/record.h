/* What is written of an environment's life: which notice follows from what has happened, with its figures.
 * Called by the other parts of an environment alone. */
#pragma once

struct environment;
struct invocation;

/* ---- Init. What happens before an invocation begins is not in its tail, but for the failures that it ends
 * with. */
void record_init_start(struct environment *environment);
void record_init_runtime_done(struct environment *environment);
void record_init_done(struct environment *environment);
void record_init_failed(struct environment *environment);

/* ---- Invoke: of `environment->invocation` */

/* START: its time begins. */
void record_start(struct environment *environment, struct invocation *invocation);

/* Status and type as struct notice has them; NULL for success. */
void record_runtime_done(struct environment *environment, const char *status, const char *error_type);

/* What the fault of the environment was, for the Logs API. */
void record_fault(struct environment *environment);

/* END and REPORT. The initialisation is reported with the first invocation only. */
void record_end(struct environment *environment, const char *status, const char *error_type);

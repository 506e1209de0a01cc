/* How an environment comes and goes: from the request for its sandbox to the end of that. For the pool, and
 * for what the sandbox host tells. */
#pragma once

#include "invoke/environment.h"

/* Asks for the sandbox. `init_timeout_ms` counts from now; the function, its directories, log and counts must
 * outlive the environment. NULL when it can't be launched (err, see launch.h). */
struct life_request {
    struct pool *pool;
    struct provisioned *provisioned; /* NULL: on demand */
    struct environment_counts *counts[2];
    const struct function *function;
    const struct code_dirs *dirs;
    struct function_log *log;
    int64_t init_timeout_ms;
};
struct environment *life_begin(const struct environment_context *context, const struct life_request *request,
                               struct err *err);
void life_free(struct environment *environment);

/* It is not needed any more: extensions are told, and waited for a little. `ended` follows. */
void life_retire(struct environment *environment, enum totals_end reason);

/* The same, and it is no failure of one that is kept initialised. */
void life_dismiss(struct environment *environment, enum totals_end reason);

/* What the sandbox host tells. */
void life_sandbox_started(struct environment *environment, struct sandbox_fds *fds);
void life_sandbox_fitted(struct environment *environment, const struct err *failure);
void life_sandbox_ended(struct environment *environment, const struct sandbox_end *end);
void life_sandbox_failed(struct environment *environment, const struct err *failure);

/* The process that becomes the function's: prepared with the sandbox, it waits for the plan and executes it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "sandbox/inside.h"

struct starter {
    pid_t pid;
    int user_namespace_fd; /* the sandbox's; the caller's descriptor */
};

/* Starts it in a new user namespace in which the function's user is the sandbox's own. `output_fd` becomes
 * its stdout and stderr. */
bool starter_start(const struct inside_seed *seed, int output_fd, struct starter *ret_starter,
                   struct err *err);

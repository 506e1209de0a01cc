/* The process that becomes the sandbox's first program: prepared with the sandbox, it waits for the plan and
 * executes it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "init/execute.h"
#include "sandbox/inside.h"

struct starter_order {
    int plan_socket; /* what the plan comes from */
    int output_fd;   /* becomes its stdout and stderr */
    struct execute_note *note;
};

struct starter {
    pid_t pid;
    int user_namespace_fd; /* the sandbox's; the caller's descriptor */
};

/* Starts it in a new user namespace in which the function's user is the sandbox's own. */
bool starter_start(const struct inside_seed *seed, const struct starter_order *order,
                   struct starter *ret_starter, struct err *err);

/* From a function to the plan of its sandbox: limits, command line and environment variables.
 * Source: Lambda Developer Guide, "Using environment variables" and "Building a custom runtime". */
#pragma once

#include <stdbool.h>

#include "model/function.h"
#include "model/runtime.h"
#include "sandbox/plan.h"

#define LAUNCH_MAX_ARGS 16

struct launch {
    struct plan plan; /* points into the fields below */
    const char *argv[LAUNCH_MAX_ARGS];
    const char **envp;
    char **owned; /* "NAME=value" texts */
    size_t owned_count;
};

/* `log_stream` and the interpreter's path must live until launch_done(). False when the runtime is not
 * installed here any more. */
bool launch_init(struct launch *launch, const struct function *function, const struct runtime_set *runtimes,
                 const char *region, const char *log_stream, struct err *err);
void launch_done(struct launch *launch);

/* The function's share of processors, 1000 for a whole one; its initialisation may have more. */
uint32_t launch_cpu_millis(const struct function *function);

/* "2026/01/31/[$LATEST]<32 hex digits>" */
#define LAUNCH_STREAM_BYTES 104
void launch_log_stream(const struct function *function, int64_t wall_us,
                       char ret_stream[LAUNCH_STREAM_BYTES]);

/* From a function to the plan of its sandbox: limits, directories, command line and environment variables.
 * Source: Lambda Developer Guide, "Using environment variables", "Building a custom runtime" and "Working
 * with layers". */
#pragma once

#include <stdbool.h>

#include "invoke/upper.h"
#include "model/function.h"
#include "model/runtime.h"
#include "sandbox/plan.h"

#define LAUNCH_MAX_ARGS 16

/* The directories of a plan, in this order: at /var/task and at /opt. A function without layers has the first
 * alone. */
enum launch_mount { LAUNCH_CODE, LAUNCH_LAYERS, LAUNCH_MOUNTS };

/* Everything must live until launch_done(). */
struct launch_request {
    const struct function *function;
    const struct runtime_set *runtimes;
    const char *region;
    const char *log_stream;
    const char *bootstrap;                        /* of a custom runtime: its path in the sandbox */
    const struct invoke_credentials *credentials; /* NULL: none */
    bool has_api;                                 /* Lamb's API is served inside the sandbox */
    bool is_provisioned;                          /* started ahead of calls, not for one */
};

struct launch {
    struct plan plan; /* points into the fields below */
    const char *argv[LAUNCH_MAX_ARGS];
    const char **envp;
    char **owned; /* "NAME=value" texts; secrets */
    size_t owned_count;
};

/* ERR_UNSUPPORTED when the runtime is not installed here any more, or its interpreter lies in /opt, which the
 * function's layers hide. */
bool launch_init(struct launch *launch, const struct launch_request *request, struct err *err);
void launch_done(struct launch *launch);

/* The function's share of processors, 1000 for a whole one; its initialisation may have more. */
uint32_t launch_cpu_millis(const struct function *function);

/* "2026/01/31/[$LATEST]<32 hex digits>"; in a group of its own choice "2026/01/31/<name>[$LATEST]<...>". */
#define LAUNCH_STREAM_BYTES 168
void launch_log_stream(const struct function *function, int64_t wall_us,
                       char ret_stream[LAUNCH_STREAM_BYTES]);

/* From a function to the plan of its sandbox and to the programs in it: limits, directories, command line and
 * environment variables. Source: Lambda Developer Guide, "Using environment variables", "Building a custom
 * runtime", "Working with layers" and "Lambda Extensions API". */
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

/* Whose program the plan's is. */
enum launch_role { LAUNCH_RUNTIME, LAUNCH_EXTENSION };

/* Everything must live until launch_done(). */
struct launch_request {
    enum launch_role role;
    const struct function *function;
    const struct runtime_set *runtimes;
    const char *region;
    const char *log_stream;
    const char *bootstrap;                        /* of a custom runtime: its path in the sandbox */
    const char *program_path;                     /* of an extension: "/opt/extensions/<name>" */
    const struct invoke_credentials *credentials; /* NULL: none */
    bool has_api;                                 /* Lamb's API is served inside the sandbox */
    bool is_provisioned;                          /* started ahead of calls, not for one */
};

struct launch {
    struct plan plan; /* points into the fields below */
    const char *argv[LAUNCH_MAX_ARGS];
    size_t argument_count;
    char **owned; /* "NAME=value" texts, NULL-terminated; secrets */
    size_t owned_count;
};

/* ERR_UNSUPPORTED when the runtime is not installed here any more, or its interpreter lies in /opt, which the
 * function's layers hide. */
bool launch_init(struct launch *launch, const struct launch_request *request, struct err *err);
void launch_done(struct launch *launch);

/* A runtime that waits for its function: the interpreter with what it reads at its start, and nothing else.
 * ERR_UNSUPPORTED when it isn't installed or can't wait. The name and the set must live until
 * launch_done(). */
bool launch_init_parked(struct launch *launch, const struct runtime_set *runtimes, const char *runtime,
                        struct err *err);

/* Whether a runtime that waited can go on with this function as if it had been started for it: not when the
 * function sets variables that are read at the start, nor when its layers hide the interpreter. */
bool launch_is_parkable(const struct function *function, const struct runtime_set *runtimes);

/* The function's share of processors, 1000 for a whole one; its initialisation may have more. */
uint32_t launch_cpu_millis(const struct function *function);

/* "2026/01/31/[$LATEST]<32 hex digits>"; in a group of its own choice "2026/01/31/<name>[$LATEST]<...>". */
#define LAUNCH_STREAM_BYTES 168
void launch_log_stream(const struct function *function, int64_t wall_us,
                       char ret_stream[LAUNCH_STREAM_BYTES]);

/* See launching.h. */
#include "invoke/launching.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "invoke/environment.h"
#include "invoke/launch.h"
#include "sys/fd.h"

#define PROGRAM_PATH_BYTES 512

/* The launch of one program, with credentials of its own. `extension` is its name, NULL for the runtime. The
 * path must live as long as the launch. */
static bool make_launch(struct environment *environment, const char *extension, char path[PROGRAM_PATH_BYTES],
                        struct launch *ret_launch, struct err *err) {
    const struct environment_context *context = environment->context;
    const struct invoke_upper *upper = &context->upper;
    struct invoke_credentials credentials;
    bool has_credentials = upper->credentials &&
                           upper->credentials(upper->arg, environment->function, &credentials);
    struct launch_request request = {
        .role = extension ? LAUNCH_EXTENSION : LAUNCH_RUNTIME,
        .function = environment->function,
        .runtimes = context->runtimes,
        .region = context->region,
        .log_stream = environment->journal.stream,
        .bootstrap = environment->dirs->bootstrap,
        .program_path = path,
        .credentials = has_credentials ? &credentials : NULL,
        .has_api = upper->open_api != NULL,
        .is_provisioned = environment->provisioned != NULL,
    };
    if (extension)
        snprintf(path, PROGRAM_PATH_BYTES, "/opt/extensions/%s", extension);
    bool made = launch_init(ret_launch, &request, err);
    if (has_credentials) {
        int64_t expires_us = clock_mono_us(&context->clock) + credentials.lifetime_ms * 1000;
        if (expires_us < environment->expires_us)
            environment->expires_us = expires_us;
    }
    mem_wipe(&credentials, sizeof credentials);
    return made;
}

/* ---- the first start ---- */

static const char *first_extension(const struct environment *environment) {
    return environment->dirs->extension_count > 0 ? environment->dirs->extensions[0] : NULL;
}

/* A plan's texts lie in its launch, which must stay in its place until a parked runtime has it. */
bool launching_begin(struct environment *environment, struct err *err) {
    const struct environment_context *context = environment->context;
    const char *extension = first_extension(environment);
    char path[PROGRAM_PATH_BYTES];
    struct environment_claim *claim = mem_alloc(sizeof *claim);
    if (!make_launch(environment, extension, path, &claim->launch, err)) {
        free(claim);
        return false;
    }
    const struct plan *plan = &claim->launch.plan;
    if (context->parked &&
        parked_take(context->parked, environment->function, extension != NULL, &claim->sandbox)) {
        environment->claim = claim;
        environment->sandbox_id = claim->sandbox.id;
        sandbox_fit(context->host, environment->sandbox_id, plan, environment->dirs->fds);
        return true;
    }
    environment->sandbox_id = sandbox_start(context->host, plan, environment->dirs->fds, -1);
    launch_done(&claim->launch);
    free(claim);
    return true;
}

void launching_drop_claim(struct environment *environment) {
    struct environment_claim *claim = take_ptr(environment->claim);
    if (!claim)
        return;
    sandbox_fds_close(&claim->sandbox.fds);
    fd_close(&claim->sandbox.handover);
    launch_done(&claim->launch);
    free(claim);
}

void launching_open_telemetry(struct environment *environment) {
    if (environment->telemetry)
        telemetry_reopen(environment->telemetry);
    else
        environment->telemetry = environment_new_telemetry(environment);
    environment->journal.telemetry = environment->telemetry;
}

/* ---- programs ---- */

/* `index` of an extension, or -1 for the runtime. */
static bool run(struct environment *environment, int index, struct err *err) {
    const char *extension = index < 0 ? NULL : environment->dirs->extensions[index];
    char path[PROGRAM_PATH_BYTES];
    struct launch launch;
    uint32_t number;
    if (!make_launch(environment, extension, path, &launch, err))
        return false;
    bool ran = programs_run(&environment->programs, &launch.plan.program, extension != NULL, &number, err);
    launch_done(&launch);
    return ran;
}

/* One more than there may be is not started, and fails Init: the fault says so. */
static bool expect(struct environment *environment, size_t index, uint32_t number) {
    struct extensions *extensions = environment_extensions(environment);
    if (extensions_expect(extensions, environment->dirs->extensions[index], number))
        return true;
    environment->fault.kind = FAULT_EXTENSION;
    environment->fault.extension_type = "Extension.LaunchError";
    snprintf(environment->fault.posted_type, sizeof environment->fault.posted_type, "TooManyExtensions");
    return false;
}

static bool run_extensions(struct environment *environment, size_t from, struct err *err) {
    for (size_t i = from; i < environment->dirs->extension_count; i++) {
        if (!expect(environment, i, programs_next(&environment->programs)))
            return true;
        if (!run(environment, (int)i, err))
            return false;
    }
    return true;
}

void launching_start_programs(struct environment *environment) {
    struct err err;
    bool is_running = environment->dirs->extension_count > 0 ? run_extensions(environment, 0, &err)
                                                             : run(environment, -1, &err);
    if (!is_running)
        fault_set_failure(&environment->fault, &err);
}

void launching_check(struct environment *environment) {
    struct err err;
    bool is_due = environment->state == ENVIRONMENT_INITIALIZING && environment->dirs->extension_count > 0 &&
                  !environment->programs.has_runtime && environment->runtime == RUNTIME_STARTED &&
                  environment->extensions && extensions_waiting_to_register(environment->extensions) == 0;
    if (is_due && !run(environment, -1, &err))
        fault_set_failure(&environment->fault, &err);
}

/* A parked runtime that has died meanwhile is not the function's fault: it is started plainly. */
static bool hand_over(struct environment *environment, struct err *err) {
    struct environment_claim *claim = environment->claim;
    uint32_t number;
    bool is_running = parked_hand_over(&claim->sandbox.handover, &claim->launch, err) ||
                      programs_run(&environment->programs, &claim->launch.plan.program, false, &number, err);
    launching_drop_claim(environment);
    return is_running;
}

void launching_go_on(struct environment *environment) {
    struct err err;
    bool is_running = true;
    if (environment->claim)
        is_running = hand_over(environment, &err);
    else if (environment->dirs->extension_count > 0)
        is_running = !expect(environment, 0, 0) || run_extensions(environment, 1, &err);
    if (!is_running)
        fault_set_failure(&environment->fault, &err);
}

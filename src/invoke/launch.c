/* See launch.h. */
#include "invoke/launch.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/mem.h"
#include "model/log_group.h"

#define RUNTIME_ADDRESS "127.0.0.1:9001"
#define API_URL "http://127.0.0.1:9002"
#define WRAPPER_VARIABLE "AWS_LAMBDA_EXEC_WRAPPER"

/* How a family of runtimes is started, and which variables it reads then; "{}" stands for the runtime's label
 * ("3.12", "20"). */
struct family {
    const char *args[4]; /* after the interpreter */
    const char *path;
    const char *library_path;
    const char *variables[3];
    bool can_wait; /* its client takes the variables of its function from a descriptor, see parked.h */
};

#define PATH_COMMON "/usr/local/bin:/usr/bin/:/bin:/opt/bin"
#define LIBRARIES_COMMON "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"

static const struct family families[] = {
    [RUNTIME_PROVIDED] = {.path = PATH_COMMON, .library_path = LIBRARIES_COMMON},
    [RUNTIME_PYTHON] = {.args = {"-S", "/var/runtime/python/lambda_bootstrap.py"},
                        .path = "/var/lang/bin:" PATH_COMMON,
                        .library_path = "/var/lang/lib:" LIBRARIES_COMMON,
                        .variables = {"PYTHONPATH=/var/runtime", "LC_CTYPE=C.UTF-8"},
                        .can_wait = true},
    [RUNTIME_NODEJS] = {.args = {"--max-http-header-size=81920", "/var/runtime/nodejs/index.cjs"},
                        .path = "/var/lang/bin:" PATH_COMMON,
                        .library_path = "/var/lang/lib:" LIBRARIES_COMMON,
                        .variables = {"NODE_PATH=/opt/nodejs/node{}/node_modules:/opt/nodejs/node_modules:"
                                      "/var/runtime/node_modules:/var/runtime:/var/task"},
                        .can_wait = true},
};

/* What extensions get of our variables: they know the function, not the runtime. */
static const char *const extension_variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "TZ",
};

/* Variables that an interpreter, its C library or our client reads when it starts and never again. */
static const char *const start_prefixes[] = {
    "AWS_LAMBDA_EXEC_WRAPPER",
    "GLIBC_",
    "LANG",
    "LC_",
    "LD_",
    "LOCPATH",
    "MALLOC_",
    "NODE_",
    "OPENSSL_",
    "PYTHON",
    "SSL_",
    "TZ",
    "UV_",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *find_own(const struct function *function, const char *name, size_t name_len) {
    for (size_t i = 0; function && i < function->variable_count; i++) {
        const struct function_variable *own = &function->variables[i];
        if (strncmp(own->name, name, name_len) == 0 && own->name[name_len] == '\0')
            return own->value;
    }
    return NULL;
}

static bool is_for_extensions(const char *name, size_t name_len) {
    for (size_t i = 0; i < COUNT(extension_variables); i++)
        if (strncmp(extension_variables[i], name, name_len) == 0 && extension_variables[i][name_len] == '\0')
            return true;
    return false;
}

/* Takes "NAME=value". The function's own variables win over ours: what must not be overridden was refused at
 * creation. */
static void add_variable(struct launch *launch, const struct launch_request *request, char *text) {
    assert(launch->owned_count < PROGRAM_MAX_TEXTS);
    size_t name_len = (size_t)(strchr(text, '=') - text);
    if (find_own(request->function, text, name_len) ||
        (request->role == LAUNCH_EXTENSION && !is_for_extensions(text, name_len))) {
        mem_wipe(text, strlen(text));
        free(text);
        return;
    }
    launch->owned[launch->owned_count++] = text;
}

static void add_common_variables(struct launch *launch, const struct launch_request *request) {
    const struct function *function = request->function;
    add_variable(launch, request, mem_format("_HANDLER=%s", function->handler));
    add_variable(launch, request, mem_format("AWS_REGION=%s", request->region));
    add_variable(launch, request, mem_format("AWS_DEFAULT_REGION=%s", request->region));
    add_variable(launch, request, mem_format("AWS_LAMBDA_FUNCTION_NAME=%s", function->name));
    add_variable(launch, request, mem_format("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%u", function->memory_mb));
    add_variable(launch, request, mem_format("AWS_LAMBDA_FUNCTION_VERSION=%s", function->version));
    add_variable(launch, request,
                 mem_format("AWS_LAMBDA_INITIALIZATION_TYPE=%s",
                            request->is_provisioned ? "provisioned-concurrency" : "on-demand"));
    add_variable(launch, request, mem_text("AWS_LAMBDA_RUNTIME_API=" RUNTIME_ADDRESS));
    add_variable(launch, request, mem_text("AWS_XRAY_CONTEXT_MISSING=LOG_ERROR"));
    add_variable(launch, request, mem_text("AWS_XRAY_DAEMON_ADDRESS=169.254.100.1:2000"));
    add_variable(launch, request, mem_text("_AWS_XRAY_DAEMON_ADDRESS=169.254.100.1"));
    add_variable(launch, request, mem_text("_AWS_XRAY_DAEMON_PORT=2000"));
    add_variable(launch, request, mem_text("LAMBDA_TASK_ROOT=/var/task"));
    add_variable(launch, request, mem_text("LAMBDA_RUNTIME_DIR=/var/runtime"));
}

static void add_log_variables(struct launch *launch, const struct launch_request *request) {
    const struct function *function = request->function;
    char group[LOG_GROUP_BYTES];
    log_group_of(function, group);
    add_variable(launch, request, mem_format("AWS_LAMBDA_LOG_GROUP_NAME=%s", group));
    add_variable(launch, request, mem_format("AWS_LAMBDA_LOG_STREAM_NAME=%s", request->log_stream));
    add_variable(launch, request,
                 mem_format("AWS_LAMBDA_LOG_FORMAT=%s", function->logs_json ? "JSON" : "Text"));
    if (function->logs_json) {
        const char *level = function_log_level_name(function->application_log_level);
        add_variable(launch, request, mem_format("AWS_LAMBDA_LOG_LEVEL=%s", level ? level : "INFO"));
    }
}

/* Who the function is for Lamb's API, and where that is. */
static void add_api_variables(struct launch *launch, const struct launch_request *request) {
    const struct invoke_credentials *credentials = request->credentials;
    if (credentials) {
        add_variable(launch, request, mem_format("AWS_ACCESS_KEY_ID=%s", credentials->access_key_id));
        add_variable(launch, request, mem_format("AWS_SECRET_ACCESS_KEY=%s", credentials->secret_access_key));
        add_variable(launch, request, mem_format("AWS_SESSION_TOKEN=%s", credentials->session_token));
    }
    if (request->has_api)
        add_variable(launch, request, mem_text("AWS_ENDPOINT_URL=" API_URL));
}

/* What is read at the start of an interpreter: the same for all functions of a runtime. */
static void add_start_variables(struct launch *launch, const struct launch_request *request,
                                const struct runtime_kind *kind) {
    const struct family *family = &families[kind->family];
    add_variable(launch, request, mem_text("LANG=en_US.UTF-8"));
    add_variable(launch, request, mem_text("TZ=:UTC"));
    add_variable(launch, request, mem_format("PATH=%s", family->path));
    add_variable(launch, request, mem_format("LD_LIBRARY_PATH=%s", family->library_path));
    for (size_t i = 0; i < COUNT(family->variables) && family->variables[i]; i++) {
        const char *text = family->variables[i];
        const char *mark = strstr(text, "{}");
        add_variable(launch, request,
                     mark ? mem_format("%.*s%s%s", (int)(mark - text), text, kind->label, mark + 2)
                          : mem_text(text));
    }
}

/* What the service's runtimes have of the shell that starts them. */
static void add_shell_variables(struct launch *launch, const struct launch_request *request,
                                const struct runtime_kind *kind) {
    if (kind->family == RUNTIME_PROVIDED)
        return;
    add_variable(launch, request, mem_format("AWS_EXECUTION_ENV=AWS_Lambda_%s", kind->name));
    add_variable(launch, request, mem_text("PWD=/var/task"));
    add_variable(launch, request, mem_text("SHLVL=0"));
}

/* The last ones: until here `owned` holds the variables that the function did not set. */
static void add_own_variables(struct launch *launch, const struct launch_request *request) {
    const struct function *function = request->function;
    for (size_t i = 0; i < function->variable_count && launch->owned_count < PROGRAM_MAX_TEXTS; i++) {
        const struct function_variable *own = &function->variables[i];
        if (request->role != LAUNCH_EXTENSION || strncmp(own->name, "AWS_XRAY_", 9) != 0)
            launch->owned[launch->owned_count++] = mem_format("%s=%s", own->name, own->value);
    }
}

/* ---- command lines ---- */

static void append_argument(struct launch *launch, const char *argument) {
    assert(launch->argument_count < LAUNCH_MAX_ARGS - 1);
    launch->argv[launch->argument_count++] = argument;
}

static void append_interpreter(struct launch *launch, const struct runtime_kind *kind,
                               const char *interpreter) {
    append_argument(launch, interpreter);
    const struct family *family = &families[kind->family];
    for (size_t i = 0; i < COUNT(family->args) && family->args[i]; i++)
        append_argument(launch, family->args[i]);
}

/* `provided` runs its bootstrap; the others their interpreter with our client, behind the function's wrapper
 * if it has one. */
static void set_command(struct launch *launch, const struct launch_request *request,
                        const struct runtime_kind *kind, const char *interpreter) {
    if (request->role == LAUNCH_EXTENSION) {
        append_argument(launch, request->program_path);
        return;
    }
    if (kind->family == RUNTIME_PROVIDED) {
        append_argument(launch, request->bootstrap);
        return;
    }
    const char *wrapper = find_own(request->function, WRAPPER_VARIABLE, sizeof WRAPPER_VARIABLE - 1);
    if (wrapper && wrapper[0] != '\0') {
        append_argument(launch, "/bin/sh");
        append_argument(launch, "/var/runtime/wrap.sh");
        append_argument(launch, wrapper);
    }
    append_interpreter(launch, kind, interpreter);
}

static bool is_hidden(const struct function *function, const char *interpreter) {
    return function->layer_count > 0 && strncmp(interpreter, "/opt/", 5) == 0;
}

static const char *find_interpreter(const struct runtime_set *runtimes, const char *runtime,
                                    const struct runtime_kind **ret_kind, struct err *err) {
    *ret_kind = runtime_find(runtime);
    const char *interpreter = *ret_kind ? runtime_interpreter(runtimes, runtime) : NULL;
    if (interpreter && (size_t)(*ret_kind)->family < COUNT(families))
        return interpreter;
    err_set(err, ERR_UNSUPPORTED, "runtime %s is not installed on this machine (setting: runtimes)", runtime);
    return NULL;
}

/* ---- public ---- */

bool launch_init(struct launch *launch, const struct launch_request *request, struct err *err) {
    const struct function *function = request->function;
    const struct runtime_kind *kind;
    *launch = (struct launch){0};
    const char *interpreter = find_interpreter(request->runtimes, function->runtime, &kind, err);
    if (!interpreter)
        return false;
    if (is_hidden(function, interpreter))
        return err_set(err, ERR_UNSUPPORTED,
                       "the function's layers hide %s, the interpreter of %s: install it outside of /opt "
                       "(settings: runtimes, runtime-dirs)",
                       interpreter, function->runtime);

    launch->owned = mem_alloc_array(PROGRAM_MAX_TEXTS + 1, sizeof *launch->owned);
    add_common_variables(launch, request);
    add_log_variables(launch, request);
    add_api_variables(launch, request);
    add_start_variables(launch, request, kind);
    add_shell_variables(launch, request, kind);
    add_own_variables(launch, request);
    set_command(launch, request, kind, interpreter);

    uint32_t cpu_millis = launch_cpu_millis(function);
    launch->plan = (struct plan){
        .memory_mb = function->memory_mb,
        .cpu_millis = cpu_millis > LIMIT_INIT_CPU_MILLIS ? cpu_millis : LIMIT_INIT_CPU_MILLIS,
        .tmp_mb = function->tmp_mb,
        .processes = LIMIT_ENVIRONMENT_PROCESSES,
        .descriptors = LIMIT_ENVIRONMENT_FDS,
        .program = {.working_dir = request->role == LAUNCH_EXTENSION ? "/" : "/var/task",
                    .argv = launch->argv,
                    .envp = (const char *const *)launch->owned},
        .mounts = {[LAUNCH_CODE] = {"/var/task"}, [LAUNCH_LAYERS] = {"/opt"}},
        .mount_count = function->layer_count > 0 ? 2 : 1,
    };
    return true;
}

bool launch_init_parked(struct launch *launch, const struct runtime_set *runtimes, const char *runtime,
                        struct err *err) {
    const struct runtime_kind *kind;
    *launch = (struct launch){0};
    const char *interpreter = find_interpreter(runtimes, runtime, &kind, err);
    if (!interpreter)
        return false;
    if (!families[kind->family].can_wait)
        return err_set(err, ERR_UNSUPPORTED, "runtime %s can't wait for its function", runtime);

    launch->owned = mem_alloc_array(PROGRAM_MAX_TEXTS + 1, sizeof *launch->owned);
    const struct launch_request nobody = {.role = LAUNCH_RUNTIME};
    add_start_variables(launch, &nobody, kind);
    add_variable(launch, &nobody, mem_format("_LAMB_HANDOVER_FD=%d", PLAN_HANDOVER_FD));
    append_interpreter(launch, kind, interpreter);
    launch->plan = (struct plan){
        .memory_mb = LIMIT_MEMORY_MIN_MB,
        .cpu_millis = LIMIT_INIT_CPU_MILLIS,
        .tmp_mb = LIMIT_TMP_MIN_MB,
        .processes = LIMIT_ENVIRONMENT_PROCESSES,
        .descriptors = LIMIT_ENVIRONMENT_FDS,
        .program = {.working_dir = "/", .argv = launch->argv, .envp = (const char *const *)launch->owned},
        .has_handover = true,
    };
    return true;
}

static bool is_read_at_start(const char *name) {
    if (strcmp(name, "NODE_ENV") == 0)
        return false;
    for (size_t i = 0; i < COUNT(start_prefixes); i++)
        if (strncmp(name, start_prefixes[i], strlen(start_prefixes[i])) == 0)
            return true;
    return false;
}

bool launch_is_parkable(const struct function *function, const struct runtime_set *runtimes) {
    const struct runtime_kind *kind;
    const char *interpreter = find_interpreter(runtimes, function->runtime, &kind, NULL);
    if (!interpreter || !families[kind->family].can_wait || is_hidden(function, interpreter))
        return false;
    for (size_t i = 0; i < function->variable_count; i++)
        if (is_read_at_start(function->variables[i].name))
            return false;
    return true;
}

uint32_t launch_cpu_millis(const struct function *function) {
    return function->memory_mb * 1000 / LIMIT_MB_PER_VCPU;
}

void launch_done(struct launch *launch) {
    for (size_t i = 0; i < launch->owned_count; i++) {
        mem_wipe(launch->owned[i], strlen(launch->owned[i]));
        free(launch->owned[i]);
    }
    free(launch->owned);
    *launch = (struct launch){0};
}

void launch_log_stream(const struct function *function, int64_t wall_us,
                       char ret_stream[LAUNCH_STREAM_BYTES]) {
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    char instance[33];
    ident_hex(instance, 32);
    snprintf(ret_stream, LAUNCH_STREAM_BYTES, "%04d/%02d/%02d/%s[%s]%s", parts.tm_year + 1900,
             parts.tm_mon + 1, parts.tm_mday, function->log_group ? function->name : "", function->version,
             instance);
}

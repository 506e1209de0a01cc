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

/* How a family of runtimes is started, and what its environment has beyond the common variables; "{}" stands
 * for the runtime's label ("3.12", "20"). */
struct family {
    const char *args[4]; /* after the interpreter */
    const char *path;
    const char *library_path;
    const char *variables[3];
};

#define PATH_COMMON "/usr/local/bin:/usr/bin/:/bin:/opt/bin"
#define LIBRARIES_COMMON "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"

static const struct family families[] = {
    [RUNTIME_PROVIDED] = {.path = PATH_COMMON, .library_path = LIBRARIES_COMMON},
    [RUNTIME_PYTHON] = {.args = {"-S", "/var/runtime/python/lambda_bootstrap.py"},
                        .path = "/var/lang/bin:" PATH_COMMON,
                        .library_path = "/var/lang/lib:" LIBRARIES_COMMON,
                        .variables = {"PYTHONPATH=/var/runtime", "LC_CTYPE=C.UTF-8"}},
    [RUNTIME_NODEJS] = {.args = {"--max-http-header-size=81920", "/var/runtime/nodejs/index.cjs"},
                        .path = "/var/lang/bin:" PATH_COMMON,
                        .library_path = "/var/lang/lib:" LIBRARIES_COMMON,
                        .variables = {"NODE_PATH=/opt/nodejs/node{}/node_modules:/opt/nodejs/node_modules:"
                                      "/var/runtime/node_modules:/var/runtime:/var/task"}},
};

static bool is_user_set(const struct function *function, const char *name, size_t name_len) {
    for (size_t i = 0; i < function->variable_count; i++) {
        const char *own = function->variables[i].name;
        if (strncmp(own, name, name_len) == 0 && own[name_len] == '\0')
            return true;
    }
    return false;
}

/* Takes "NAME=value". The function's own variables win over ours: what must not be overridden was refused at
 * creation. */
static void add_variable(struct launch *launch, const struct function *function, char *text) {
    assert(launch->owned_count < PLAN_MAX_TEXTS);
    if (is_user_set(function, text, (size_t)(strchr(text, '=') - text))) {
        free(text);
        return;
    }
    launch->owned[launch->owned_count++] = text;
}

static void add_common_variables(struct launch *launch, const struct launch_request *request) {
    const struct function *function = request->function;
    add_variable(launch, function, mem_format("_HANDLER=%s", function->handler));
    add_variable(launch, function, mem_format("AWS_REGION=%s", request->region));
    add_variable(launch, function, mem_format("AWS_DEFAULT_REGION=%s", request->region));
    add_variable(launch, function, mem_format("AWS_LAMBDA_FUNCTION_NAME=%s", function->name));
    add_variable(launch, function, mem_format("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%u", function->memory_mb));
    add_variable(launch, function, mem_format("AWS_LAMBDA_FUNCTION_VERSION=%s", function->version));
    add_variable(launch, function,
                 mem_format("AWS_LAMBDA_INITIALIZATION_TYPE=%s",
                            request->is_provisioned ? "provisioned-concurrency" : "on-demand"));
    add_variable(launch, function, mem_text("AWS_LAMBDA_RUNTIME_API=" RUNTIME_ADDRESS));
    add_variable(launch, function, mem_text("AWS_XRAY_CONTEXT_MISSING=LOG_ERROR"));
    add_variable(launch, function, mem_text("AWS_XRAY_DAEMON_ADDRESS=169.254.100.1:2000"));
    add_variable(launch, function, mem_text("_AWS_XRAY_DAEMON_ADDRESS=169.254.100.1"));
    add_variable(launch, function, mem_text("_AWS_XRAY_DAEMON_PORT=2000"));
    add_variable(launch, function, mem_text("LAMBDA_TASK_ROOT=/var/task"));
    add_variable(launch, function, mem_text("LAMBDA_RUNTIME_DIR=/var/runtime"));
    add_variable(launch, function, mem_text("LANG=en_US.UTF-8"));
    add_variable(launch, function, mem_text("TZ=:UTC"));
}

static void add_log_variables(struct launch *launch, const struct launch_request *request) {
    const struct function *function = request->function;
    char group[LOG_GROUP_BYTES];
    log_group_of(function, group);
    add_variable(launch, function, mem_format("AWS_LAMBDA_LOG_GROUP_NAME=%s", group));
    add_variable(launch, function, mem_format("AWS_LAMBDA_LOG_STREAM_NAME=%s", request->log_stream));
    add_variable(launch, function,
                 mem_format("AWS_LAMBDA_LOG_FORMAT=%s", function->logs_json ? "JSON" : "Text"));
    if (function->logs_json) {
        const char *level = function_log_level_name(function->application_log_level);
        add_variable(launch, function, mem_format("AWS_LAMBDA_LOG_LEVEL=%s", level ? level : "INFO"));
    }
}

/* Who the function is for Lamb's API, and where that is. */
static void add_api_variables(struct launch *launch, const struct launch_request *request) {
    const struct function *function = request->function;
    const struct invoke_credentials *credentials = request->credentials;
    if (credentials) {
        add_variable(launch, function, mem_format("AWS_ACCESS_KEY_ID=%s", credentials->access_key_id));
        add_variable(launch, function,
                     mem_format("AWS_SECRET_ACCESS_KEY=%s", credentials->secret_access_key));
        add_variable(launch, function, mem_format("AWS_SESSION_TOKEN=%s", credentials->session_token));
    }
    if (request->has_api)
        add_variable(launch, function, mem_text("AWS_ENDPOINT_URL=" API_URL));
}

static void add_family_variables(struct launch *launch, const struct function *function,
                                 const struct runtime_kind *kind) {
    const struct family *family = &families[kind->family];
    add_variable(launch, function, mem_format("PATH=%s", family->path));
    add_variable(launch, function, mem_format("LD_LIBRARY_PATH=%s", family->library_path));
    if (kind->family != RUNTIME_PROVIDED) {
        add_variable(launch, function, mem_format("AWS_EXECUTION_ENV=AWS_Lambda_%s", kind->name));
        add_variable(launch, function, mem_text("PWD=/var/task"));
        add_variable(launch, function, mem_text("SHLVL=0"));
    }
    for (size_t i = 0; i < sizeof family->variables / sizeof family->variables[0] && family->variables[i];
         i++) {
        const char *text = family->variables[i];
        const char *mark = strstr(text, "{}");
        add_variable(launch, function,
                     mark ? mem_format("%.*s%s%s", (int)(mark - text), text, kind->label, mark + 2)
                          : mem_text(text));
    }
}

/* `provided` runs its bootstrap; the others their interpreter with our client, behind the function's wrapper
 * if it has one. */
static void set_command(struct launch *launch, const struct launch_request *request,
                        const struct runtime_kind *kind, const char *interpreter) {
    const struct function *function = request->function;
    size_t count = 0;
    if (kind->family == RUNTIME_PROVIDED) {
        launch->argv[count++] = request->bootstrap;
    } else {
        for (size_t i = 0; i < function->variable_count; i++)
            if (strcmp(function->variables[i].name, "AWS_LAMBDA_EXEC_WRAPPER") == 0 &&
                function->variables[i].value[0] != '\0')
                launch->argv[count++] = function->variables[i].value;
        launch->argv[count++] = interpreter;
        const char *const *args = families[kind->family].args;
        for (size_t i = 0; i < 4 && args[i]; i++)
            launch->argv[count++] = args[i];
    }
    launch->argv[count] = NULL;
}

static bool find_interpreter(const struct launch_request *request, const struct runtime_kind *kind,
                             const char **ret_interpreter, struct err *err) {
    const struct function *function = request->function;
    const char *interpreter = kind ? runtime_interpreter(request->runtimes, function->runtime) : NULL;
    if (!interpreter || (size_t)kind->family >= sizeof families / sizeof families[0])
        return err_set(err, ERR_UNSUPPORTED,
                       "runtime %s is not installed on this machine (setting: runtimes)", function->runtime);
    if (function->layer_count > 0 && strncmp(interpreter, "/opt/", 5) == 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "the function's layers hide %s, the interpreter of %s: install it outside of /opt "
                       "(settings: runtimes, runtime-dirs)",
                       interpreter, function->runtime);
    *ret_interpreter = interpreter;
    return true;
}

bool launch_init(struct launch *launch, const struct launch_request *request, struct err *err) {
    const struct function *function = request->function;
    const struct runtime_kind *kind = runtime_find(function->runtime);
    const char *interpreter = NULL;
    *launch = (struct launch){0};
    if (!find_interpreter(request, kind, &interpreter, err))
        return false;

    launch->owned = mem_alloc_array(PLAN_MAX_TEXTS, sizeof *launch->owned);
    add_common_variables(launch, request);
    add_log_variables(launch, request);
    add_api_variables(launch, request);
    add_family_variables(launch, function, kind);
    launch->envp = mem_alloc_array(launch->owned_count + function->variable_count + 1, sizeof *launch->envp);
    size_t count = 0;
    for (size_t i = 0; i < launch->owned_count; i++)
        launch->envp[count++] = launch->owned[i];
    for (size_t i = 0; i < function->variable_count && launch->owned_count < PLAN_MAX_TEXTS; i++) {
        char *text = mem_format("%s=%s", function->variables[i].name, function->variables[i].value);
        launch->owned[launch->owned_count++] = text;
        launch->envp[count++] = text;
    }
    set_command(launch, request, kind, interpreter);

    uint32_t cpu_millis = launch_cpu_millis(function);
    launch->plan = (struct plan){
        .memory_mb = function->memory_mb,
        .cpu_millis = cpu_millis > LIMIT_INIT_CPU_MILLIS ? cpu_millis : LIMIT_INIT_CPU_MILLIS,
        .tmp_mb = function->tmp_mb,
        .processes = LIMIT_ENVIRONMENT_PROCESSES,
        .descriptors = LIMIT_ENVIRONMENT_FDS,
        .working_dir = "/var/task",
        .argv = launch->argv,
        .envp = launch->envp,
        .mounts = {[LAUNCH_CODE] = {"/var/task"}, [LAUNCH_LAYERS] = {"/opt"}},
        .mount_count = function->layer_count > 0 ? 2 : 1,
    };
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
    free(launch->envp);
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

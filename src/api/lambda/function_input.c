/* Tables of members, and the few that have rules of their own. */
#include "api/lambda/function_input.h"

#include <stdio.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/settings_table.h"
#include "base/mem.h"
#include "model/environment.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct {
    const char *member;
    size_t offset;
} texts[] = {
    {"Description", offsetof(struct function, description)},
    {"Handler", offsetof(struct function, handler)},
    {"Role", offsetof(struct function, role)},
};

static const struct {
    const char *outer; /* the structure it is in, or NULL */
    const char *member;
    size_t offset;
} numbers[] = {
    {NULL, "MemorySize", offsetof(struct function, memory_mb)},
    {NULL, "Timeout", offsetof(struct function, timeout_s)},
    {"EphemeralStorage", "Size", offsetof(struct function, tmp_mb)},
};

static void read_texts(struct json_value root, struct function *function) {
    for (size_t i = 0; i < COUNT(texts); i++) {
        OWN_MEM char *text = body_text(root, texts[i].member);
        if (text)
            function_set_text((const char **)(void *)((char *)function + texts[i].offset), text);
    }
}

static void read_numbers(struct json_value root, struct function *function) {
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct json_value object = numbers[i].outer ? body_member(root, numbers[i].outer) : root;
        int64_t number;
        if (json_integer(json_member(object, numbers[i].member), &number))
            *(uint32_t *)(void *)((char *)function + numbers[i].offset) = (uint32_t)number;
    }
}

static bool read_runtime(struct json_value root, const struct runtime_set *runtimes,
                         struct function *function, struct err *err) {
    OWN_MEM char *name = body_text(root, "Runtime");
    if (!name)
        return true;
    if (!runtime_check_creatable(runtimes, name, err))
        return false;
    function_set_text(&function->runtime, name);
    return true;
}

static void read_architecture(struct json_value root, struct function *function) {
    struct json_value first;
    uint32_t cursor = 0;
    if (!json_each(body_member(root, "Architectures"), &cursor, NULL, &first))
        return;
    const char *name = json_string_is(first, "arm64") ? "arm64" : "x86_64";
    snprintf(function->architecture, sizeof function->architecture, "%s", name);
}

void function_input_read_architecture(struct json_value root, const char *machine,
                                      struct function *function) {
    read_architecture(root, function);
    settings_warn(root, function, machine);
}

static enum function_log_level read_level(struct json_value logging, const char *member,
                                          enum function_log_level level) {
    struct json_value value = body_member(logging, member);
    for (enum function_log_level sent = FUNCTION_LOG_TRACE; sent <= FUNCTION_LOG_FATAL; sent++)
        if (json_string_is(value, function_log_level_name(sent)))
            return sent;
    return level;
}

/* The function's own group is what it has without one. */
static void read_log_group(struct json_value logging, struct function *function) {
    OWN_MEM char *group = body_text(logging, "LogGroup");
    if (!group)
        return;
    OWN_MEM char *own = mem_format("/aws/lambda/%s", function->name);
    function_set_text(&function->log_group, strcmp(group, own) == 0 ? NULL : group);
}

/* Levels exist with JSON alone. */
static bool read_logging(struct json_value root, struct function *function, struct err *err) {
    struct json_value logging = body_member(root, "LoggingConfig");
    struct json_value format = body_member(logging, "LogFormat");
    if (json_is_present(format))
        function->logs_json = json_string_is(format, "JSON");
    read_log_group(logging, function);
    enum function_log_level usual = function->logs_json ? FUNCTION_LOG_INFO : FUNCTION_LOG_NONE;
    if (!function->logs_json || function->application_log_level == FUNCTION_LOG_NONE)
        function->application_log_level = function->system_log_level = usual;
    function->application_log_level = read_level(logging, "ApplicationLogLevel",
                                                 function->application_log_level);
    function->system_log_level = read_level(logging, "SystemLogLevel", function->system_log_level);
    return function->logs_json || function->application_log_level + function->system_log_level == 0 ||
           err_set(err, ERR_PARAMETER,
                   "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your "
                   "request or change the LogFormat to \"JSON\" and try again.");
}

/* Without TargetArn nothing changes; an empty one ends the use of the queue. */
static void read_dead_letters(struct json_value root, struct function *function) {
    OWN_MEM char *arn = body_text(body_member(root, "DeadLetterConfig"), "TargetArn");
    if (arn)
        function_set_text(&function->dead_letter_arn, arn[0] ? arn : NULL);
}

static void read_choices(struct json_value root, struct function *function) {
    struct json_value mode = body_member(body_member(root, "TracingConfig"), "Mode");
    struct json_value apply_on = body_member(body_member(root, "SnapStart"), "ApplyOn");
    if (json_is_present(mode))
        function->is_traced = json_string_is(mode, "Active");
    if (json_is_present(apply_on))
        function->is_snapstart = json_string_is(apply_on, "PublishedVersions");
}

/* Source: Lambda Developer Guide, "Improving startup performance with Lambda SnapStart". */
static bool check_snapstart(const struct function *function, struct err *err) {
    static const char *const supported[] = {"dotnet10", "dotnet8",    "java11",     "java17",    "java21",
                                            "java25",   "python3.12", "python3.13", "python3.14"};
    if (!function->is_snapstart)
        return true;
    for (size_t i = 0; i < COUNT(supported); i++)
        if (strcmp(function->runtime, supported[i]) == 0)
            return true;
    return err_set(err, ERR_PARAMETER, "%s is not supported for SnapStart enabled functions.",
                   function->runtime);
}

static bool read_layers(struct json_value root, const struct function_input_rules *rules,
                        struct function *function, struct err *err) {
    struct json_value layers = body_member(root, "Layers");
    return !json_is_present(layers) || rules->read_layers(rules->call, layers, function, err);
}

static bool read_environment(struct json_value root, struct function *function, struct err *err) {
    struct json_value environment = body_member(root, "Environment");
    return !json_is_present(environment) ||
           environment_read(body_member(environment, "Variables"), function, err);
}

bool function_input_read(struct json_value root, const struct function_input_rules *rules,
                         struct function *function, struct err *err) {
    read_texts(root, function);
    read_numbers(root, function);
    read_architecture(root, function);
    read_choices(root, function);
    read_dead_letters(root, function);
    if (!settings_check(root, err) || !read_runtime(root, rules->runtimes, function, err) ||
        !read_logging(root, function, err) || !check_snapstart(function, err) ||
        !read_environment(root, function, err) || !read_layers(root, rules, function, err))
        return false;
    settings_warn(root, function, rules->machine);
    return true;
}

bool function_input_check_whole(const struct function *function, struct err *err) {
    if (function->runtime[0] && function->handler[0])
        return true;
    return err_set(
        err, ERR_PARAMETER,
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
}

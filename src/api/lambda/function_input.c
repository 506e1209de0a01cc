/* Tables of members, and the few that have rules of their own. */
#include "api/lambda/function_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
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

/* Features of later days. Each is accepted with the value that means it is not used: empty, or this text in
 * this member. */
static const struct {
    const char *member;
    const char *inner;
    const char *unused;
} unsupported[] = {
    {"CapacityProviderConfig", NULL, NULL},
    {"CodeSigningConfigArn", NULL, NULL},
    {"DeadLetterConfig", NULL, NULL},
    {"DurableConfig", NULL, NULL},
    {"FileSystemConfigs", NULL, NULL},
    {"ImageConfig", NULL, NULL},
    {"KMSKeyArn", NULL, NULL},
    {"Layers", NULL, NULL},
    {"PackageType", "", "Zip"},
    {"PublishTo", NULL, NULL},
    {"SnapStart", "ApplyOn", "None"},
    {"TenancyConfig", NULL, NULL},
    {"TracingConfig", "Mode", "PassThrough"},
    {"VpcConfig", NULL, NULL},
};

/* Null, false, "", and containers of nothing else. */
static bool is_empty(struct json_value value) {
    if (!json_is_present(value))
        return true;
    enum json_type type = json_type_of(value);
    if (type == JSON_STRING)
        return json_string_is(value, "");
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return type == JSON_NULL || type == JSON_FALSE;
    struct json_value item;
    for (uint32_t cursor = 0; json_each(value, &cursor, NULL, &item);)
        if (!is_empty(item))
            return false;
    return true;
}

static bool check_unsupported(struct json_value root, struct err *err) {
    for (size_t i = 0; i < COUNT(unsupported); i++) {
        struct json_value value = body_member(root, unsupported[i].member);
        if (is_empty(value))
            continue;
        const char *inner = unsupported[i].inner;
        if (inner && json_string_is(inner[0] ? json_member(value, inner) : value, unsupported[i].unused))
            continue;
        return err_set(err, ERR_PARAMETER,
                       "Lamb does not support this use of %s yet. Leave it out of the request.",
                       unsupported[i].member);
    }
    return true;
}

static bool check_logging(struct json_value root, const char *function_name, struct err *err) {
    struct json_value logging = body_member(root, "LoggingConfig");
    struct json_value format = body_member(logging, "LogFormat");
    if (json_is_present(format) && !json_string_is(format, "Text"))
        return err_set(err, ERR_PARAMETER, "Lamb does not support the LogFormat JSON yet. Use Text.");
    if (json_is_present(body_member(logging, "ApplicationLogLevel")) ||
        json_is_present(body_member(logging, "SystemLogLevel")))
        return err_set(
            err, ERR_PARAMETER,
            "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your "
            "request or change the LogFormat to \"JSON\" and try again.");
    char own_group[LIMIT_FUNCTION_NAME_CHARS + sizeof "/aws/lambda/"];
    snprintf(own_group, sizeof own_group, "/aws/lambda/%s", function_name);
    struct json_value group = body_member(logging, "LogGroup");
    if (json_is_present(group) && !json_string_is(group, own_group))
        return err_set(err, ERR_PARAMETER, "Lamb does not support another LogGroup than %s yet.", own_group);
    return true;
}

static void read_texts(struct json_value root, struct function *function) {
    for (size_t i = 0; i < COUNT(texts); i++) {
        char *text = body_text(root, texts[i].member);
        if (!text)
            continue;
        char **field = (char **)(void *)((char *)function + texts[i].offset);
        free(*field);
        *field = text;
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
    snprintf(function->runtime, sizeof function->runtime, "%s", name);
    return true;
}

bool function_input_read_architecture(struct json_value root, const char *machine, struct function *function,
                                      struct err *err) {
    struct json_value architectures = body_member(root, "Architectures");
    struct json_value first;
    uint32_t cursor = 0;
    if (json_is_present(architectures) && json_each(architectures, &cursor, NULL, &first)) {
        OWN_MEM char *name = json_string(first);
        snprintf(function->architecture, sizeof function->architecture, "%s", name ? name : "");
    }
    if (strcmp(function->architecture, machine) != 0)
        return err_set(
            err, ERR_PARAMETER,
            "This machine runs functions for %s, and the function is for %s. Build it for %s and set "
            "Architectures to [\"%s\"].",
            machine, function->architecture, machine, machine);
    return true;
}

bool function_input_read(struct json_value root, const struct function_input_rules *rules,
                         struct function *function, struct err *err) {
    if (!check_unsupported(root, err) || !check_logging(root, function->name, err) ||
        !read_runtime(root, rules->runtimes, function, err) ||
        !function_input_read_architecture(root, rules->machine, function, err))
        return false;
    read_texts(root, function);
    read_numbers(root, function);
    struct json_value environment = body_member(root, "Environment");
    return !json_is_present(environment) ||
           environment_read(body_member(environment, "Variables"), function, err);
}

bool function_input_check_whole(const struct function *function, struct err *err) {
    if (function->runtime[0] && function->handler[0])
        return true;
    return err_set(
        err, ERR_PARAMETER,
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
}

/* Environment variables of functions: which names are refused and how much may be said. */
#include "model/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define UNABLE                                                                                               \
    "Lambda was unable to configure your environment variables because the environment variables you have "  \
    "provided "

static const char *const reserved_names[] = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
};

bool environment_is_reserved(const char *name) {
    for (size_t i = 0; i < sizeof reserved_names / sizeof reserved_names[0]; i++)
        if (strcmp(name, reserved_names[i]) == 0)
            return true;
    return false;
}

static bool check_names(const struct function_variable *variables, size_t count, struct err *err) {
    OWN(buf) struct buf names;
    buf_init(&names, ERR_TEXT_BYTES);
    for (size_t i = 0; i < count; i++) {
        if (!environment_is_reserved(variables[i].name))
            continue;
        if (names.len > 0)
            buf_append_text(&names, ", ");
        buf_append_text(&names, variables[i].name);
    }
    if (names.len == 0)
        return true;
    return err_set(
        err, ERR_PARAMETER,
        UNABLE "contains reserved keys that are currently not supported for modification. Reserved keys used "
               "in this request: %s",
        buf_text(&names));
}

/* A name or value past the limit is written up to just past it: enough to see that, and for the message. */
static void put_bounded(struct json_writer *writer, const char *text) {
    json_put_string_bytes(writer, text, strnlen(text, LIMIT_ENVIRONMENT_BYTES + 1));
}

static bool check_size(const struct function_variable *variables, size_t count, struct err *err) {
    OWN(buf) struct buf measured;
    buf_init(&measured, 16 * (LIMIT_ENVIRONMENT_BYTES + 1));
    struct json_writer writer;
    json_writer_init(&writer, &measured);
    json_open_object(&writer);
    for (size_t i = 0; i < count && measured.len <= LIMIT_ENVIRONMENT_BYTES; i++) {
        put_bounded(&writer, variables[i].name);
        buf_append_byte(&measured, ':');
        writer.needs_comma = false;
        put_bounded(&writer, variables[i].value);
    }
    json_close_object(&writer);
    if (measured.len <= LIMIT_ENVIRONMENT_BYTES)
        return true;
    return err_set(err, ERR_PARAMETER, UNABLE "exceeded the 4KB limit. String measured: %s",
                   buf_text(&measured));
}

bool environment_check(const struct function_variable *variables, size_t count, struct err *err) {
    return check_names(variables, count, err) && check_size(variables, count, err);
}

/* Where the name stands already, or the next free place. */
static struct function_variable *place_for(struct function_variable *variables, size_t count,
                                           const char *name) {
    size_t i = 0;
    while (i < count && strcmp(variables[i].name, name) != 0)
        i++;
    return &variables[i];
}

/* Names of two characters at least, `"ab":"",`: more of them can't be within the limit. */
#define MOST_VARIABLES (LIMIT_ENVIRONMENT_BYTES / 8)

static size_t collect(struct json_value map, struct function_variable *variables) {
    size_t count = 0;
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(map, &cursor, &key, &value);) {
        char *name = json_string(key);
        char *text = json_string(value);
        struct function_variable *place = name && text ? place_for(variables, count, name) : NULL;
        if (!place || (size_t)(place - variables) > MOST_VARIABLES) {
            free(name);
            free(text);
            continue;
        }
        if (place == &variables[count])
            count++;
        free((char *)place->name);
        free((char *)place->value);
        *place = (struct function_variable){name, text};
    }
    return count;
}

bool environment_read(struct json_value variables, struct function *function, struct err *err) {
    struct function_variable *found = mem_alloc_array(MOST_VARIABLES + 2, sizeof *found);
    size_t count = collect(variables, found);
    bool accepted = environment_check(found, count, err);
    if (accepted) {
        function_set_variables(function, found, count);
        function->has_environment = true;
    }
    for (size_t i = 0; i < count; i++) {
        free((char *)found[i].name);
        free((char *)found[i].value);
    }
    free(found);
    return accepted;
}

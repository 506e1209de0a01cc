/* The fields of a function, and what is done to all of them: copying, ending, comparing. Storing is in
 * function_stored.c. */
#include "model/function_fields.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shared.h"

static const char *const state_names[] = {
    [FUNCTION_PENDING] = "Pending",
    [FUNCTION_ACTIVE] = "Active",
    [FUNCTION_INACTIVE] = "Inactive",
    [FUNCTION_FAILED] = "Failed",
};

static const char *const update_names[] = {
    [FUNCTION_UPDATE_NONE] = "None",
    [FUNCTION_UPDATE_SUCCESSFUL] = "Successful",
    [FUNCTION_UPDATE_FAILED] = "Failed",
    [FUNCTION_UPDATE_IN_PROGRESS] = "InProgress",
};

static const char *const level_names[] = {
    NULL, "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define FIELD(letter, member, type, ...)                                                                     \
    { .name = #member, .key = letter, .offset = offsetof(struct function, member), .kind = type, __VA_ARGS__ }
#define INNER(letter, member, ...)                                                                           \
    FIELD(letter, member, FIELD_INNER, .size = sizeof((struct function *)0)->member, __VA_ARGS__)
#define WORD(letter, member, words, ...)                                                                     \
    FIELD(letter, member, FIELD_WORD, .names = words, .name_count = COUNT(words), __VA_ARGS__)
#define CONFIGURATION .is_configuration = true
#define REQUIRED .is_required = true

const struct function_field function_fields[] = {
    INNER('c', code_digest, CONFIGURATION),
    FIELD('b', code_size_bytes, FIELD_LARGE),
    FIELD('B', code_unzipped_bytes, FIELD_LARGE),
    FIELD('R', runtime, FIELD_TEXT, CONFIGURATION),
    FIELD('h', handler, FIELD_TEXT, CONFIGURATION),
    FIELD('r', role, FIELD_TEXT, CONFIGURATION),
    FIELD('d', description, FIELD_TEXT),
    FIELD('D', latest_description, FIELD_TEXT),
    INNER('a', architecture, CONFIGURATION, REQUIRED),
    FIELD('m', memory_mb, FIELD_SMALL, CONFIGURATION, REQUIRED),
    FIELD('t', timeout_s, FIELD_SMALL, CONFIGURATION, REQUIRED),
    FIELD('e', tmp_mb, FIELD_SMALL, CONFIGURATION, REQUIRED),
    FIELD('V', has_environment, FIELD_FLAG, CONFIGURATION),
    FIELD('v', variables, FIELD_VARIABLES, CONFIGURATION),
    FIELD('l', layers, FIELD_LAYERS, CONFIGURATION),
    FIELD('g', log_group, FIELD_TEXT, CONFIGURATION),
    FIELD('q', dead_letter_arn, FIELD_TEXT, CONFIGURATION),
    FIELD('j', logs_json, FIELD_FLAG, CONFIGURATION),
    WORD('A', application_log_level, level_names, CONFIGURATION),
    WORD('S', system_log_level, level_names, CONFIGURATION),
    FIELD('x', is_traced, FIELD_FLAG, CONFIGURATION),
    FIELD('z', is_snapstart, FIELD_FLAG, CONFIGURATION),
    WORD('s', state, state_names),
    FIELD('w', state_reason, FIELD_REASON),
    FIELD('W', state_reason_code, FIELD_REASON),
    WORD('u', update, update_names),
    FIELD('y', update_reason, FIELD_REASON),
    FIELD('Y', update_reason_code, FIELD_REASON),
    FIELD('T', last_modified_us, FIELD_LARGE),
    INNER('i', revision_id),
};
const size_t function_field_count = COUNT(function_fields);

static bool is_shared(const struct function_field *field) {
    return field->kind == FIELD_TEXT || field->kind == FIELD_VARIABLES || field->kind == FIELD_LAYERS;
}

struct function *function_copy(const struct function *function) {
    struct function *copy = mem_copy(function, sizeof *function);
    copy->references = 1;
    shared_hold(copy->name);
    for (size_t i = 0; i < function_field_count; i++)
        if (is_shared(&function_fields[i]))
            shared_hold(field_shared(copy, &function_fields[i]));
    return copy;
}

void function_unref(const struct function *function) {
    if (!function)
        return;
    struct function *shared = (struct function *)function;
    assert(shared->references > 0);
    if (--shared->references > 0)
        return;
    shared_drop(shared->name);
    for (size_t i = 0; i < function_field_count; i++)
        if (is_shared(&function_fields[i]))
            shared_drop(field_shared(shared, &function_fields[i]));
    free(shared);
}

static bool is_same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool has_variables(const struct function *function, const struct function_variable *variables,
                          size_t count) {
    if (function->variable_count != count)
        return false;
    for (size_t i = 0; i < count && variables != function->variables; i++)
        if (strcmp(function->variables[i].name, variables[i].name) != 0 ||
            strcmp(function->variables[i].value, variables[i].value) != 0)
            return false;
    return true;
}

static bool has_layers(const struct function *function, const struct function_layer *layers, size_t count) {
    if (function->layer_count != count)
        return false;
    for (size_t i = 0; i < count && layers != function->layers; i++)
        if (strcmp(function->layers[i].arn, layers[i].arn) != 0)
            return false;
    return true;
}

static bool has_same(const struct function *a, const struct function *b, const struct function_field *field) {
    const void *in_a = field_in(a, field);
    const void *in_b = field_in(b, field);
    switch (field->kind) {
    case FIELD_TEXT: return is_same_text(field_shared(a, field), field_shared(b, field));
    case FIELD_INNER: return strcmp(in_a, in_b) == 0;
    case FIELD_REASON: return field_shared(a, field) == field_shared(b, field);
    case FIELD_SMALL:
    case FIELD_WORD: return *(const uint32_t *)in_a == *(const uint32_t *)in_b;
    case FIELD_LARGE: return *(const int64_t *)in_a == *(const int64_t *)in_b;
    case FIELD_FLAG: return *(const bool *)in_a == *(const bool *)in_b;
    case FIELD_VARIABLES: return has_variables(a, b->variables, b->variable_count);
    case FIELD_LAYERS: return has_layers(a, b->layers, b->layer_count);
    }
    return false;
}

bool function_is_repeated(const struct function *published, const struct function *latest) {
    for (size_t i = 0; i < function_field_count; i++)
        if (function_fields[i].is_configuration && !has_same(published, latest, &function_fields[i]))
            return false;
    const char *own = published->latest_description;
    return strcmp(own ? own : published->description, latest->description) == 0;
}

const char *function_state_name(enum function_state state) {
    return state_names[state];
}

const char *function_update_name(enum function_update update) {
    return update_names[update];
}

const char *function_log_level_name(enum function_log_level level) {
    return level_names[level];
}

/* The life of a function value. How it is stored is in function_stored.c. */
#include "model/function.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct function *function_new(void) {
    struct function *function = mem_alloc(sizeof *function);
    function->references = 1;
    function->description = mem_text("");
    function->handler = mem_text("");
    function->role = mem_text("");
    snprintf(function->architecture, sizeof function->architecture, "x86_64");
    function->memory_mb = 128;
    function->timeout_s = 3;
    function->tmp_mb = 512;
    return function;
}

static void free_variables(struct function_variable *variables, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(variables[i].name);
        free(variables[i].value);
    }
    free(variables);
}

static struct function_variable *copy_variables(const struct function_variable *variables, size_t count) {
    if (count == 0)
        return NULL;
    struct function_variable *copy = mem_alloc_array(count, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i].name = mem_text(variables[i].name);
        copy[i].value = mem_text(variables[i].value);
    }
    return copy;
}

struct function *function_copy(const struct function *function) {
    struct function *copy = mem_copy(function, sizeof *function);
    copy->references = 1;
    copy->description = mem_text(function->description);
    copy->handler = mem_text(function->handler);
    copy->role = mem_text(function->role);
    copy->variables = copy_variables(function->variables, function->variable_count);
    return copy;
}

/* The count is the one thing of a shared function that changes: the value behind it is const for everybody.
 */
struct function *function_ref(const struct function *function) {
    struct function *shared = (struct function *)function;
    assert(shared->references > 0 && shared->references < UINT32_MAX);
    shared->references++;
    return shared;
}

void function_unref(const struct function *function) {
    if (!function)
        return;
    struct function *shared = (struct function *)function;
    assert(shared->references > 0);
    if (--shared->references > 0)
        return;
    free(shared->description);
    free(shared->handler);
    free(shared->role);
    free_variables(shared->variables, shared->variable_count);
    free(shared);
}

void function_set_text(char **field, const char *value) {
    char *copy = mem_text(value);
    free(*field);
    *field = copy;
}

void function_set_variables(struct function *function, const struct function_variable *variables,
                            size_t count) {
    struct function_variable *copy = copy_variables(variables, count);
    free_variables(function->variables, function->variable_count);
    function->variables = copy;
    function->variable_count = count;
}

const char *function_state_name(enum function_state state) {
    static const char *const names[] = {
        [FUNCTION_PENDING] = "Pending",
        [FUNCTION_ACTIVE] = "Active",
        [FUNCTION_INACTIVE] = "Inactive",
        [FUNCTION_FAILED] = "Failed",
    };
    return names[state];
}

const char *function_update_name(enum function_update update) {
    static const char *const names[] = {
        [FUNCTION_UPDATE_NONE] = "None",
        [FUNCTION_UPDATE_SUCCESSFUL] = "Successful",
        [FUNCTION_UPDATE_FAILED] = "Failed",
        [FUNCTION_UPDATE_IN_PROGRESS] = "InProgress",
    };
    return names[update];
}

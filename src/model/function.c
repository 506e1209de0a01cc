/* Making and setting function values. What is done to every field alike is in function_fields.c. */
#include "model/function.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/shared.h"

struct function *function_new(void) {
    struct function *function = mem_alloc(sizeof *function);
    function->references = 1;
    function->name = function->description = function->handler = function->role = function->runtime =
        shared_text("");
    memcpy(function->architecture, "x86_64", sizeof "x86_64");
    function->memory_mb = 128;
    function->timeout_s = 3;
    function->tmp_mb = 512;
    return function;
}

/* The count is the one thing of a shared function that changes: the value behind it is const for everybody.
 */
struct function *function_ref(const struct function *function) {
    struct function *shared = (struct function *)function;
    assert(shared->references > 0 && shared->references < UINT32_MAX);
    shared->references++;
    return shared;
}

void function_set_text(const char **field, const char *value) {
    const char *old = *field;
    *field = shared_text(value);
    shared_drop(old);
}

/* Copies a text to `space` and moves that behind it. */
static const char *put_text(char **space, const char *text) {
    const char *copy = *space;
    *space = stpcpy(*space, text) + 1;
    return copy;
}

void function_set_variables(struct function *function, const struct function_variable *variables,
                            size_t count) {
    struct function_variable *block = NULL;
    if (count > 0) {
        size_t size = count * sizeof *block;
        for (size_t i = 0; i < count; i++)
            size += strlen(variables[i].name) + strlen(variables[i].value) + 2;
        block = shared_new(size);
        char *space = (char *)(block + count);
        for (size_t i = 0; i < count; i++) {
            block[i].name = put_text(&space, variables[i].name);
            block[i].value = put_text(&space, variables[i].value);
        }
    }
    shared_drop(function->variables);
    function->variables = block;
    function->variable_count = count;
}

void function_set_layers(struct function *function, const struct function_layer *layers, size_t count) {
    struct function_layer *block = NULL;
    if (count > 0) {
        size_t size = count * sizeof *block;
        for (size_t i = 0; i < count; i++)
            size += strlen(layers[i].arn) + 1;
        block = shared_new(size);
        char *space = (char *)(block + count);
        for (size_t i = 0; i < count; i++) {
            block[i] = layers[i];
            block[i].arn = put_text(&space, layers[i].arn);
        }
    }
    shared_drop(function->layers);
    function->layers = block;
    function->layer_count = count;
}

void function_set_own_description(struct function *version, const char *description) {
    const char *latest = version->description;
    version->description = shared_text(description);
    shared_drop(version->latest_description);
    version->latest_description = latest;
}

void function_code_sha256(const struct function *function, char ret_text[DIGEST_SHA256_BASE64_BYTES]) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    ret_text[0] = '\0';
    if (digest_unhex(function->code_digest, hash, sizeof hash))
        digest_base64_encode(hash, sizeof hash, ret_text);
}

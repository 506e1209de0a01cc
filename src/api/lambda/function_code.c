/* See function_code.h. What the layers of a function make together is used by one name. */
#include "api/lambda/function_code.h"

#include "base/mem.h"
#include "package/layout.h"

static const char **list_digests(const struct function *function) {
    const char **digests = mem_alloc_array(function->layer_count, sizeof *digests);
    for (size_t i = 0; i < function->layer_count; i++)
        digests[i] = function->layers[i].digest;
    return digests;
}

static void name_layers(const struct function *function, char ret_name[DIGEST_SHA256_HEX_BYTES]) {
    OWN_MEM const char **digests = list_digests(function);
    layout_name_merged(digests, function->layer_count, ret_name);
}

void function_layers_use(struct code_store *codes, const struct function *function) {
    if (function->layer_count == 0)
        return;
    OWN_MEM const char **digests = list_digests(function);
    code_use_merged(codes, digests, function->layer_count);
}

void function_layers_unuse(struct code_store *codes, const struct function *function) {
    char name[DIGEST_SHA256_HEX_BYTES];
    if (function->layer_count == 0)
        return;
    name_layers(function, name);
    code_unuse(codes, name);
}

void function_code_use(struct code_store *codes, const struct function *function) {
    code_use(codes, function->code_digest);
    function_layers_use(codes, function);
}

void function_code_unuse(struct code_store *codes, const struct function *function) {
    code_unuse(codes, function->code_digest);
    function_layers_unuse(codes, function);
}

static void finish(struct code_wait *step) {
    struct function_code_wait *wait = list_item(step, struct function_code_wait, step);
    wait->err = step->err;
    wait->run(wait);
}

static void unpack_layers(struct code_wait *step) {
    struct function_code_wait *wait = list_item(step, struct function_code_wait, step);
    if (step->err || wait->function->layer_count == 0) {
        finish(step);
        return;
    }
    char name[DIGEST_SHA256_HEX_BYTES];
    name_layers(wait->function, name);
    step->run = finish;
    code_unpack(wait->codes, name, step);
}

void function_code_unpack(struct code_store *codes, const struct function *function,
                          struct function_code_wait *wait) {
    wait->codes = codes;
    wait->function = function;
    wait->step.run = unpack_layers;
    code_unpack(codes, function->code_digest, &wait->step);
}

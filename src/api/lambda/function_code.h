/* All code of a function value: its package and its layers. Loop thread. */
#pragma once

#include "api/lambda/code_store.h"
#include "model/function.h"

/* One use of everything (see code_store.h). The caller knows it to be held. */
void function_code_use(struct code_store *codes, const struct function *function);
void function_code_unuse(struct code_store *codes, const struct function *function);

/* The layers alone. */
void function_layers_use(struct code_store *codes, const struct function *function);
void function_layers_unuse(struct code_store *codes, const struct function *function);

/* Someone who waits for the layouts; embedded in his own state. */
struct function_code_wait {
    void (*run)(struct function_code_wait *wait);
    const struct err *err; /* during run(): NULL when it went well */

    struct code_wait step;
    struct code_store *codes;
    const struct function *function;
};

/* Makes the layouts of a function whose code is used until wait->run() is called, perhaps at once. */
void function_code_unpack(struct code_store *codes, const struct function *function,
                          struct function_code_wait *wait);

/* From the checked members of CreateFunction and UpdateFunctionConfiguration to a function value. Loop
 * thread. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "model/function.h"
#include "model/runtime.h"

struct api_call;

struct function_input_rules {
    const struct runtime_set *runtimes;
    const char *machine; /* the architecture of this machine */

    /* Finds the layer versions that Layers names, checks them, and sets them with function_set_layers(). */
    bool (*read_layers)(const struct api_call *call, struct json_value layers, struct function *function,
                        struct err *err);
    const struct api_call *call;
};

/* Sets every member that was sent; others keep their value. ERR_PARAMETER for values that break a rule beyond
 * the modelled constraints and for settings that are refused (settings_table.h); accepted ones without effect
 * are named in the log. */
bool function_input_read(struct json_value root, const struct function_input_rules *rules,
                         struct function *function, struct err *err);

/* For CreateFunction: what a function of type Zip must have. */
bool function_input_check_whole(const struct function *function, struct err *err);

/* Architectures alone: UpdateFunctionCode has it too. `machine` as above. */
void function_input_read_architecture(struct json_value root, const char *machine, struct function *function);

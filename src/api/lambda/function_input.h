/* From the checked members of CreateFunction and UpdateFunctionConfiguration to a function value. Pure; loop
 * thread or jobs. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"
#include "model/function.h"
#include "model/runtime.h"

struct function_input_rules {
    const struct runtime_set *runtimes;
    const char *machine; /* the only architecture accepted */
};

/* Sets every member that was sent; others keep their value. ERR_PARAMETER for values that break a rule beyond
 * the modelled constraints and for features that Lamb does not have yet, unless they are sent with the value
 * that means "unused". */
bool function_input_read(struct json_value root, const struct function_input_rules *rules,
                         struct function *function, struct err *err);

/* For CreateFunction: what a function of type Zip must have. */
bool function_input_check_whole(const struct function *function, struct err *err);

/* Architectures alone: UpdateFunctionCode has it too. */
bool function_input_read_architecture(struct json_value root, const char *machine, struct function *function,
                                      struct err *err);

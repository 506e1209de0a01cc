/* The settings of functions whose effect Lamb doesn't have yet. What a user would rely on for safety or data
 * is refused; what can do without is accepted, returned, and named in a warning. docs/compatibility.md is
 * made from this table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "model/function.h"

struct setting {
    const char
        *member; /* of CreateFunction, UpdateFunctionConfiguration, UpdateFunctionCode: "TracingConfig" */
    const char *inner; /* the member of it that counts; NULL: all of it */
    const char *lacks; /* "Lamb ...": a sentence without its subject and full stop */

    /* Of one that is accepted: whether the function, as it is after the request, would need the effect;
     * `machine` is the architecture of this machine. NULL: the setting is refused. */
    bool (*is_used)(const struct function *function, const char *machine);

    /* Of one that is refused: the text that is fine all the same. So are empty texts, null, false and
     * containers of nothing else. */
    const char *unused;
};

/* The row at an index, in the order of members; NULL behind the last. */
const struct setting *settings_row(size_t index);

/* ERR_PARAMETER when the request uses a setting that is refused. */
bool settings_check(struct json_value request, struct err *err);

/* One line in the log for each setting that the request uses without effect. */
void settings_warn(struct json_value request, const struct function *function, const char *machine);

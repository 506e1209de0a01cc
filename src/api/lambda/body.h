/* Reading members of a checked JSON body. */
#pragma once

#include <stdbool.h>

#include "base/json.h"

/* Absent and null are the same. */
struct json_value body_member(struct json_value object, const char *name);
bool body_is_true(struct json_value object, const char *name);

/* The text of a member in fresh memory; NULL when it is not there. */
char *body_text(struct json_value object, const char *name);

/* The level of a line that a function wrote, for functions that log JSON. Pure. Source: Lambda Developer
 * Guide, "Log-level filtering". */
#pragma once

#include <stddef.h>

#include "model/function.h"

/* What the member "level" of a JSON object says, in any case, if the object has a valid time too ("timestamp"
 * or "time", RFC 3339). INFO for every other line. */
enum function_log_level line_level(const char *text, size_t len);

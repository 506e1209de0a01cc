/* The event patterns of event source mappings: `{"body":{"city":["Seattle",{"prefix":"Van"}]}}`. Source:
 * Lambda Developer Guide, "Control which events Lambda sends to your function". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether a text is a pattern: an object whose leaves are lists of values and of known operators. Any thread.
 */
bool filter_pattern_is_valid(const char *text, size_t len);

/* Everything that is wrong with a request, in the one sentence the service answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define VIOLATIONS_TEXT_BYTES 1984

/* Starts as {0}; owns nothing. Past its end the text is cut. */
struct violations {
    size_t count;
    size_t len;
    char text[VIOLATIONS_TEXT_BYTES];
};

/* Begins the next violation; its words follow. */
void violations_begin(struct violations *violations);
void violations_put(struct violations *violations, const char *text);
void violations_put_bytes(struct violations *violations, const char *text, size_t len);
bool violations_is_full(const struct violations *violations);

/* True when there is none; otherwise ERR_VALIDATION with "N validation error(s) detected: ..." */
bool violations_finish(const struct violations *violations, struct err *err);

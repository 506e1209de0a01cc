/* What the processes of an environment write to stdout and stderr: cut into lines and handed on as they come.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "sys/loop.h"

struct output;

/* Takes the read end of the pipe (non-blocking). `line` is called on the loop for every line, without its
 * newline; longer lines than LIMIT_LOG_LINE_BYTES come in pieces. */
struct output *output_new(struct loop *loop, int fd, void (*line)(void *arg, const char *text, size_t len),
                          void *arg);

/* Hands on every whole line that was written so far. */
void output_drain(struct output *output);

/* The same, and then what is left of a line without its newline. */
void output_finish(struct output *output);

void output_free(struct output *output); /* NULL is fine */

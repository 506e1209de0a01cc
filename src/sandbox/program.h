/* A command line as a value, its bytes for a socket, and how a program ended. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define PROGRAM_MAX_TEXTS 640 /* arguments plus environment variables: 4 KB of them are at most 512 */

struct program {
    const char *working_dir; /* absolute: "/var/task" */
    const char *const *argv; /* NULL-terminated; argv[0] is a path inside the sandbox */
    const char *const *envp; /* NULL-terminated "NAME=value" */
};

struct program_end {
    bool exited; /* it ended by itself, exit_status is valid */
    int exit_status;
    int signal;     /* or it was ended by this signal; 0 when unknown */
    int exec_errno; /* why it could not be executed (exit_status is 127 or 126 then); else 0 */
};

/* One text with its NUL, and the next text, moving *cursor behind it; NULL when no NUL ends it. */
void program_append_text(struct buf *buf, const char *text);
const char *program_take_text(const char **cursor, const char *end);

/* Appends the bytes. Format: see program.c. */
void program_append(struct buf *buf, const struct program *program);

/* The decoded program points into one block that program_free() releases. Checks every length and bound: the
 * directory must be absolute and argv must not be empty. */
bool program_decode(const void *data, size_t len, struct program **ret_program, struct err *err);

/* Environment variables are secrets: the block is overwritten. NULL is fine. */
void program_free(struct program *program);

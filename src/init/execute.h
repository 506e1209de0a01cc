/* The last steps of a process that becomes a program: limits, streams, directory, execve(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/inside.h"
#include "sandbox/program.h"

/* Sets the resource limits of a process of this sandbox; 0: of the calling one. They can only be lowered. */
void execute_limit(pid_t pid, const struct inside_limits *limits, bool limits_memory);

/* What the process leaves where lamb-init finds it: memory that both share until the program is executed. */
struct execute_note {
    int exec_errno;  /* why it could not be */
    bool has_failed; /* something of ours went wrong before: this sandbox is of no use */
};

/* In a session of its own, with the limits set: never returns. `handover_fd` is -1 for none. What fails is
 * told as a shell would, by a line in the output and the exit status, and in the note. */
_Noreturn void execute_program(const struct program *program, int output_fd, int handover_fd,
                               struct execute_note *note);

/* The system call filter of every process in a sandbox: what is refused, and why, is the table in seccomp.c.
 * The program is built once, at the start of lamb-spawner, and installed as bytes in each sandbox. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct seccomp_program {
    struct sock_filter *instructions;
    size_t count;
};

bool seccomp_build(struct seccomp_program *ret_program, struct err *err);
void seccomp_done(struct seccomp_program *program);

/* For the calling thread and all it will start, for ever. It must have no_new_privs. */
bool seccomp_install(const struct seccomp_program *program, struct err *err);

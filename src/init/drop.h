/* Giving up privileges, for ever. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "sandbox/seccomp.h"

/* Becomes the function's user without any capability, without a way to get one back, unreadable for other
 * processes of the same user, and under the system call filter. The caller is in the sandbox's user
 * namespace. With `follows_parent` the process is killed when its parent ends; it must be asked for last,
 * since changing the user takes it back. */
bool drop_privileges(const struct seccomp_program *filter, bool follows_parent, struct err *err);

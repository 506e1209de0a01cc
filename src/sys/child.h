/* Runs a program of the machine to its end and takes what it prints. Blocks: for start-up and jobs. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* argv[0] is a path. stdout and stderr both go into `output` (bounded by it; more is dropped); stdin is
 * /dev/null; the environment is empty but for PATH. After timeout_ms the child is killed and ERR_TIMEOUT
 * given. *ret_status is the exit status, or 128 + signal. Never forks the caller's memory (posix_spawn). */
bool child_run(const char *const argv[], int timeout_ms, struct buf *output, int *ret_status,
               struct err *err);

/* The directories of one function version, opened, and which programs they hold: the bootstrap of a custom
 * runtime and the extensions of its layers. Source: Lambda Developer Guide, "Building a custom runtime" and
 * "Using the Lambda Extensions API". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "invoke/launch.h"
#include "model/function.h"

/* External extensions looked for at most. One more than LIMIT_EXTENSIONS, so that too many are noticed. */
#define CODE_DIRS_EXTENSIONS (LIMIT_EXTENSIONS + 1)

struct code_dirs {
    int fds[LAUNCH_MOUNTS]; /* -1: the function has no layers */
    const char *bootstrap;  /* of a custom runtime: its path in the sandbox, static; else NULL */
    bool lacks_bootstrap;   /* it should have one: nothing can be started */
    char *extensions[CODE_DIRS_EXTENSIONS]; /* names of files in /opt/extensions, sorted */
    size_t extension_count;
};

/* ERR_NOT_FOUND, ERR_IO when its code is not on disk. Looks at the disk. */
bool code_dirs_open(struct code_dirs *dirs, const char *code_dir, const struct function *function,
                    struct err *err);
void code_dirs_close(struct code_dirs *dirs);

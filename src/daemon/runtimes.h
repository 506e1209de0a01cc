/* Finds the interpreters of this machine for the catalogue of runtimes: Debian's in /usr, those in
 * directories named by `runtime-dirs`, and those that `runtimes` maps by hand. Blocks: start-up. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "model/runtime.h"

/* `mapping` is "name=path,name=path", `dirs` "dir,dir"; `cache_path` keeps the versions of programs that had
 * to be asked. */
bool runtimes_find(const char *mapping, const char *dirs, const char *cache_path, struct runtime_set *ret_set,
                   struct err *err);

/* The directories that sandboxes must see for these settings, NULL-terminated: each of `dirs`, and for each
 * mapped interpreter outside /usr the directory above its bin/. Caller frees with runtimes_dirs_free(). */
bool runtimes_dirs(const char *mapping, const char *dirs, char ***ret_dirs, struct err *err);
void runtimes_dirs_free(char **dirs);

/* Which names the entries of a package may have, and where its symlinks may lead. Pure rules: nothing here
 * touches a file. Refusals are ERR_PARAMETER and name the entry. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/limits.h"

#define ENTRY_PATH_BYTES (LIMIT_ZIP_PATH_BYTES + 1)

/* "Could not unzip uploaded file. The entry '<name>' <why>." */
bool entry_refuse(const char *name, size_t name_len, const char *why, struct err *err);

/* The relative path that a name means: its components joined by single slashes; "" for the package itself
 * ("./"). *ret_is_directory says whether the name ends with a slash. */
bool entry_path_clean(const char *name, size_t name_len, char ret_path[ENTRY_PATH_BYTES],
                      bool *ret_is_directory, struct err *err);

/* Whether the target of the symlink at `path` stays inside the package, going by names alone. */
bool entry_path_check_target(const char *path, const char *target, size_t target_len, struct err *err);

/* Unpacked code, ready to be mounted at /var/task: DIR/<sha256 in hex>/, made whole or not at all. Calls
 * block. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* Unpacks the blob into the layout unless it is there already: into a temporary directory, then renamed. */
bool layout_make(const char *layout_dir, const char *blob_dir, const char *digest, struct err *err);

/* O_PATH descriptor of the unpacked directory. ERR_NOT_FOUND when it was not made. */
bool layout_open(const char *layout_dir, const char *digest, int *ret_fd, struct err *err);

bool layout_remove(const char *layout_dir, const char *digest, struct err *err);

/* Removes temporary leftovers and everything `is_used(arg, digest)` denies, from both directories: at start.
 */
bool layout_clean(const char *layout_dir, const char *blob_dir,
                  bool (*is_used)(void *arg, const char *digest), void *arg, struct err *err);

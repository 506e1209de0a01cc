/* Unpacked code, ready to be mounted: DIR/<name>/, made whole or not at all. The name of a package's layout
 * is its SHA-256 in hex; that of several merged into one directory is the SHA-256 of their names one after
 * the other. Calls block. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"

/* Unpacks the blob into the layout unless it is there already: into a temporary directory, then renamed. */
bool layout_make(const char *layout_dir, const char *blob_dir, const char *digest, struct err *err);

/* O_PATH descriptor of the unpacked directory. ERR_NOT_FOUND when it was not made. */
bool layout_open(const char *layout_dir, const char *name, int *ret_fd, struct err *err);

/* The name of a list of layouts merged, later over earlier. A single one stands for itself. `count` is at
 * least 1. */
void layout_name_merged(const char *const digests[], size_t count, char ret_name[DIGEST_SHA256_HEX_BYTES]);

/* Makes it from the layouts of its parts, which must be there: a copy that costs directories alone, since
 * files are hard links where that is possible. */
bool layout_make_merged(const char *layout_dir, const char *const digests[], size_t count, struct err *err);

bool layout_open_merged(const char *layout_dir, const char *const digests[], size_t count, int *ret_fd,
                        struct err *err);

/* Something missing is fine. */
bool layout_remove(const char *layout_dir, const char *name, struct err *err);

/* Removes temporary leftovers and everything `is_used(arg, name)` denies from the directory of layouts or of
 * blobs: at start. */
bool layout_clean(const char *dir, bool (*is_used)(void *arg, const char *name), void *arg, struct err *err);

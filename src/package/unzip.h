/* Zip packages from strangers: checked in full before anything is used, unpacked only into an empty
 * directory. Refused: path traversal, absolute paths, symlinks that leave the package, devices and other
 * special files, duplicate names, encrypted or truncated archives, more than the limits. Calls block. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct unzip_limits {
    uint64_t unzipped_bytes; /* LIMIT_UNZIPPED_BYTES */
    uint32_t entries;
};

/* Reads the archive to its end (all data, all checksums) and applies every rule. *ret_unzipped_bytes may be
 * NULL. ERR_PARAMETER with the service's text ("Could not unzip uploaded file. ...", "Unzipped size must be
 * smaller than ...", "Uploaded file must be a non-empty zip") or, for the rules the service has no words for,
 * a text naming the entry. */
bool unzip_check(const void *data, size_t len, const struct unzip_limits *limits,
                 uint64_t *ret_unzipped_bytes, struct err *err);

/* Unpacks into `dir_fd`, an empty directory, applying the same rules again. Modes come from the archive
 * (files without Unix modes: 0644 and 0755), without set-id bits; owner is the caller. On failure the
 * directory is to be removed by the caller. */
bool unzip_extract(const void *data, size_t len, const struct unzip_limits *limits, int dir_fd,
                   struct err *err);

/* Files and directories. All calls block: they belong into jobs, start-up and tools, never on the invoke
 * path. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Makes the directory and its parents. An existing one is fine and keeps its mode. */
bool fs_make_dirs(const char *path, mode_t mode, struct err *err);

/* Reads a whole file into buf (its limit bounds it). */
bool fs_read(const char *path, struct buf *buf, struct err *err);

/* Writes beside, fsyncs, renames over, fsyncs the directory: afterwards the file holds either the old or the
 * new content, whatever happens. */
bool fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *err);

/* Removes a file or a tree without following symlinks; something missing is fine. Makes directories writable
 * on the way, since unpacked code may not be. */
bool fs_remove_tree(const char *path, struct err *err);

/* fsync of a directory, so that names in it survive a power cut. */
bool fs_sync_dir(const char *path, struct err *err);

bool fs_exists(const char *path);

/* "dir/name" in fresh memory. */
char *fs_join(const char *dir, const char *name);

/* Calls `each(arg, name)` for every entry but . and ..; stops when it returns false (then returns false with
 * its error). */
bool fs_list(const char *path, bool (*each)(void *arg, const char *name, struct err *err), void *arg,
             struct err *err);

/* Removing a tree that a stranger has made: any depth, any names, any modes, symlinks anywhere.
 *
 * The work is flat. Every directory in the top one is emptied: what is no directory or is empty goes at once;
 * any other directory in it is first renamed into the top one, under a fresh name, and gets its turn there.
 * So two descriptors are enough for any depth, and no path is ever longer than one name. Names are only
 * looked up in open directories and never followed, so that nothing outside of the tree can be reached. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/fs.h"

/* Each pass empties one level at least; more passes than this mean that somebody keeps adding. */
#define MAX_PASSES 100000

/* Opens a directory and makes sure that its entries can be listed and removed. */
static DIR *open_dir(int parent, const char *name) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    OWN_FD int fd = openat(parent, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0)
        fd = openat(parent, name, flags);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return NULL;
    if ((status.st_mode & S_IRWXU) != S_IRWXU && fchmod(fd, (status.st_mode & 07777) | S_IRWXU) < 0)
        return NULL;
    DIR *dir = fdopendir(fd);
    if (dir)
        take_fd(&fd);
    return dir;
}

/* Removes an entry that is no directory, or an empty one. Sets errno to ENOTEMPTY for a directory with
 * content. */
static bool remove_entry(int parent, const char *name) {
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int unlink_errno = errno;
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return true;
    if (errno == EEXIST)
        errno = ENOTEMPTY;
    if (errno == ENOTDIR)
        errno = unlink_errno;
    return false;
}

/* Moves a directory with content into the top one. Renaming changes its "..", which needs the right to write
 * into it. */
static bool lift(int parent, const char *name, int top) {
    char fresh[25];
    ident_hex(fresh, sizeof fresh - 1);
    OWN_DIR DIR *dir = open_dir(parent, name);
    return dir && renameat(parent, name, top, fresh) == 0;
}

/* Calls `handle` for every entry. False when it or reading failed, with errno. */
static bool for_each(DIR *dir, int top, bool (*handle)(int parent, const char *name, int top),
                     bool *ret_any) {
    *ret_any = false;
    struct dirent *entry;
    while ((entry = dir_next(dir)) != NULL) {
        *ret_any = true;
        if (!handle(dirfd(dir), entry->d_name, top))
            return false;
    }
    return errno == 0;
}

static bool remove_or_lift(int parent, const char *name, int top) {
    return remove_entry(parent, name) || (errno == ENOTEMPTY && lift(parent, name, top));
}

/* Runs passes over a directory until one finds it empty: removing while reading may hide entries from a
 * pass. */
static bool empty(DIR *dir, int top, bool (*handle)(int parent, const char *name, int top)) {
    bool any = true;
    for (int pass = 0; any; pass++) {
        if (pass == MAX_PASSES) {
            errno = EBUSY;
            return false;
        }
        rewinddir(dir);
        if (!for_each(dir, top, handle, &any))
            return false;
    }
    return true;
}

/* An entry of the top directory. */
static bool remove_branch(int parent, const char *name, int top) {
    if (remove_entry(parent, name))
        return true;
    if (errno != ENOTEMPTY)
        return false;
    OWN_DIR DIR *dir = open_dir(parent, name);
    return dir && empty(dir, top, remove_or_lift) && remove_entry(parent, name);
}

bool fs_remove_tree(const char *path, struct err *err) {
    if (remove_entry(AT_FDCWD, path))
        return true;
    if (errno != ENOTEMPTY)
        return err_set_errno(err, errno, "Can't remove %s", path);
    OWN_DIR DIR *top = open_dir(AT_FDCWD, path);
    if (!top || !empty(top, dirfd(top), remove_branch) || !remove_entry(AT_FDCWD, path))
        return err_set_errno(err, errno, "Can't remove %s", path);
    return true;
}

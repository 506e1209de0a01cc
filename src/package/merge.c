/* One directory after the other, from the top: its files are put into place, then the directories in it have
 * their turn. A directory is opened by its path from the top, not through the one above it, so that the depth
 * of a tree costs no descriptors. */
#include "package/merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "package/entry_path.h"
#include "sys/dir.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define PIECE_BYTES 65536
#define NAMES_BYTES ((size_t)LIMIT_ZIP_ENTRIES * (NAME_MAX + 1))

struct merge {
    const char *into;
    int from_fd;
    int into_fd;
    char path[ENTRY_PATH_BYTES + 2]; /* the directory in work, from the top; "." is the top */
};

/* The two sides of the directory in work. */
struct place {
    const struct merge *merge;
    int from_fd;
    int into_fd;
};

static bool fail(const struct merge *merge, const char *name, struct err *err) {
    return err_set_errno(err, errno, "Can't merge %s/%s/%s", merge->into, merge->path, name);
}

static int open_below(int top_fd, const char *path) {
    const struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    return (int)syscall(SYS_openat2, top_fd, path, &how, sizeof how);
}

/* Makes room for something that is no directory. */
static bool clear(const struct place *place, const char *name, struct err *err) {
    const struct merge *merge = place->merge;
    if (unlinkat(place->into_fd, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR)
        return fail(merge, name, err);
    OWN_MEM char *path = mem_format("%s/%s/%s", merge->into, merge->path, name);
    return fs_remove_tree(path, err);
}

static bool put_directory(const struct place *place, const char *name, struct err *err) {
    struct stat status;
    if (mkdirat(place->into_fd, name, 0700) == 0)
        return true;
    if (errno == EEXIST && fstatat(place->into_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISDIR(status.st_mode) ||
            (unlinkat(place->into_fd, name, 0) == 0 && mkdirat(place->into_fd, name, 0700) == 0))
            return true;
    }
    return fail(place->merge, name, err);
}

static bool copy_content(int from_fd, int into_fd, struct err *err) {
    OWN_MEM char *piece = mem_alloc(PIECE_BYTES);
    for (;;) {
        ssize_t got = read(from_fd, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "Can't read");
        if (got == 0)
            return true;
        if (!fd_write_all(into_fd, piece, (size_t)got, err))
            return false;
    }
}

static bool copy_file(const struct place *place, const char *name, mode_t mode, struct err *err) {
    OWN_FD int from_fd = openat(place->from_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    OWN_FD int into_fd = openat(place->into_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                0600);
    if (from_fd < 0 || into_fd < 0)
        return fail(place->merge, name, err);
    if (!copy_content(from_fd, into_fd, err))
        return err_wrap(err, "Can't merge %s/%s/%s", place->merge->into, place->merge->path, name);
    return fchmod(into_fd, mode & 0777) == 0 || fail(place->merge, name, err);
}

/* Without hard links, or with too many of them. */
static bool must_copy(int errnum) {
    return errnum == EMLINK || errnum == EXDEV || errnum == EPERM || errnum == EOPNOTSUPP || errnum == ENOSYS;
}

static bool put_file(const struct place *place, const char *name, mode_t mode, struct err *err) {
    if (linkat(place->from_fd, name, place->into_fd, name, 0) == 0)
        return true;
    return must_copy(errno) ? copy_file(place, name, mode, err) : fail(place->merge, name, err);
}

static bool put_link(const struct place *place, const char *name, struct err *err) {
    char target[PATH_MAX];
    ssize_t len = readlinkat(place->from_fd, name, target, sizeof target - 1);
    if (len >= 0) {
        target[len] = '\0';
        if (symlinkat(target, place->into_fd, name) == 0)
            return true;
    }
    return fail(place->merge, name, err);
}

/* With its NUL. */
static bool gather(const struct place *place, const char *name, struct buf *directories, struct err *err) {
    return buf_append(directories, name, strlen(name) + 1) ||
           err_set(err, ERR_CORRUPT, "%s/%s has more directories than a package can have", place->merge->into,
                   place->merge->path);
}

static bool put(const struct place *place, const char *name, struct buf *directories, struct err *err) {
    struct stat status;
    if (fstatat(place->from_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return fail(place->merge, name, err);
    if (S_ISDIR(status.st_mode))
        return put_directory(place, name, err) && gather(place, name, directories, err);
    if (!clear(place, name, err))
        return false;
    return S_ISLNK(status.st_mode) ? put_link(place, name, err) : put_file(place, name, status.st_mode, err);
}

static bool put_all(const struct place *place, struct buf *directories, struct err *err) {
    struct stat status;
    if (fstat(place->from_fd, &status) < 0 || fchmod(place->into_fd, status.st_mode & 0777) < 0)
        return fail(place->merge, "", err);
    int fd = fcntl(place->from_fd, F_DUPFD_CLOEXEC, 0);
    OWN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        fail(place->merge, "", err);
        fd_close(&fd);
        return false;
    }
    struct dirent *entry;
    while ((entry = dir_next(dir)) != NULL)
        if (!put(place, entry->d_name, directories, err))
            return false;
    return errno == 0 || fail(place->merge, "", err);
}

static bool merge_directory(struct merge *merge, struct err *err) {
    OWN(buf) struct buf directories;
    buf_init(&directories, NAMES_BYTES);
    struct place place = {merge, open_below(merge->from_fd, merge->path),
                          open_below(merge->into_fd, merge->path)};
    bool ok = place.from_fd >= 0 && place.into_fd >= 0 ? put_all(&place, &directories, err)
                                                       : fail(merge, "", err);
    fd_close(&place.from_fd);
    fd_close(&place.into_fd);
    size_t len = strlen(merge->path);
    for (size_t at = 0; ok && at < directories.len; at += strlen(directories.data + at) + 1) {
        const char *name = directories.data + at;
        if (len + 1 + strlen(name) >= sizeof merge->path)
            return err_set(err, ERR_CORRUPT, "The tree at %s/%s is deeper than a package can be", merge->into,
                           merge->path);
        merge->path[len] = '/';
        memcpy(merge->path + len + 1, name, strlen(name) + 1);
        ok = merge_directory(merge, err);
        merge->path[len] = '\0';
    }
    return ok;
}

bool merge_tree(const char *from, const char *into, struct err *err) {
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    OWN_FD int from_fd = open(from, flags);
    OWN_FD int into_fd = open(into, flags);
    if (from_fd < 0 || into_fd < 0)
        return err_set_errno(err, errno, "Can't open the directory %s", from_fd < 0 ? from : into);
    struct merge merge = {.into = into, .from_fd = from_fd, .into_fd = into_fd, .path = "."};
    return merge_directory(&merge, err);
}

/* Files and directories. May be called on any thread; every call blocks. */
#include "sys/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/mem.h"
#include "sys/dir.h"
#include "sys/fd.h"

#define READ_BYTES 65536

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool fs_make_dirs(const char *path, mode_t mode, struct err *err) {
    OWN_MEM char *prefix = mem_text(path);
    for (char *slash = prefix;;) {
        slash += strspn(slash, "/");
        slash += strcspn(slash, "/");
        char after = *slash;
        *slash = '\0';
        if (mkdir(prefix, mode) < 0 && errno != EEXIST)
            return err_set_errno(err, errno, "Can't make the directory %s", prefix);
        if (after == '\0')
            break;
        *slash = after;
    }
    if (!is_directory(path))
        return err_set_errno(err, ENOTDIR, "Can't make the directory %s", path);
    return true;
}

bool fs_read(const char *path, struct buf *buf, struct err *err) {
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno, "Can't open %s", path);
    for (;;) {
        size_t room = buf->limit - buf->len;
        char probe = 0; /* at the limit, one byte more tells whether the file goes on */
        size_t wanted = room < READ_BYTES ? room : READ_BYTES;
        char *place = room > 0 ? buf_reserve(buf, wanted) : &probe;
        ssize_t got = read(fd, place, room > 0 ? wanted : 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, errno, "Can't read %s", path);
        if (got == 0)
            return true;
        if (room == 0)
            return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes", path, buf->limit);
        buf->len += (size_t)got;
    }
}

static bool fill_file(const char *path, const void *data, size_t len, mode_t mode, struct err *err) {
    OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, errno, "Can't create %s", path);
    if (!fd_write_all(fd, data, len, err))
        return err_wrap(err, "Can't write %s", path);
    if (fchmod(fd, mode) < 0) /* which the umask does not touch */
        return err_set_errno(err, errno, "Can't set the mode of %s", path);
    if (fsync(fd) < 0)
        return err_set_errno(err, errno, "Can't sync %s", path);
    return true;
}

/* The directory a path lies in. */
static char *parent_of(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_text(".");
    return slash == path ? mem_text("/") : mem_copy_text(path, (size_t)(slash - path));
}

bool fs_write_atomic(const char *path, const void *data, size_t len, mode_t mode, struct err *err) {
    char mark[17];
    ident_hex(mark, sizeof mark - 1);
    OWN_MEM char *beside = mem_format("%s.%s.tmp", path, mark);
    if (!fill_file(beside, data, len, mode, err)) {
        unlink(beside);
        return false;
    }
    if (rename(beside, path) < 0) {
        err_set_errno(err, errno, "Can't rename %s to %s", beside, path);
        unlink(beside);
        return false;
    }
    OWN_MEM char *parent = parent_of(path);
    return fs_sync_dir(parent, err);
}

bool fs_sync_dir(const char *path, struct err *err) {
    OWN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno, "Can't open the directory %s", path);
    if (fsync(fd) < 0)
        return err_set_errno(err, errno, "Can't sync the directory %s", path);
    return true;
}

bool fs_exists(const char *path) {
    return access(path, F_OK) == 0;
}

char *fs_join(const char *dir, const char *name) {
    size_t len = strlen(dir);
    bool has_slash = len > 0 && dir[len - 1] == '/';
    return mem_format("%s%s%s", dir, has_slash ? "" : "/", name);
}

void dir_close(DIR **dir) {
    int saved_errno = errno;
    if (*dir)
        closedir(*dir);
    errno = saved_errno;
}

struct dirent *dir_next(DIR *dir) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry || (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0))
            return entry;
    }
}

bool fs_list(const char *path, bool (*each)(void *arg, const char *name, struct err *err), void *arg,
             struct err *err) {
    OWN_DIR DIR *dir = opendir(path);
    if (!dir)
        return err_set_errno(err, errno, "Can't open the directory %s", path);
    struct dirent *entry;
    while ((entry = dir_next(dir)) != NULL)
        if (!each(arg, entry->d_name, err))
            return false;
    if (errno != 0)
        return err_set_errno(err, errno, "Can't read the directory %s", path);
    return true;
}

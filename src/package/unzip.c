/* Judges the entries of a package and, when asked to, makes files of them. Checking and unpacking are the
 * same walk, so that nothing is unpacked that was not checked. Symlinks are made by a second walk, after all
 * files: while files are written there is no symlink in the directory that a path could lead through, and
 * every directory on the way is opened without following one besides. */
#include "package/unzip.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "package/entry_path.h"
#include "package/entry_tree.h"
#include "package/zip.h"
#include "sys/fd.h"

#define FILE_MODE 0644
#define DIRECTORY_MODE 0755

enum kind { KIND_FILE, KIND_DIRECTORY, KIND_SYMLINK, KIND_SPECIAL };

struct package {
    struct zip zip;
    const struct unzip_limits *limits;
    struct entry_tree tree;
    uint32_t entries;
    uint64_t unzipped_bytes;

    int dir_fd;                    /* where to unpack; -1 when the package is only checked */
    char parent[ENTRY_PATH_BYTES]; /* the directory opened last, and its descriptor (-1: none) */
    int parent_fd;
};

/* An entry that was judged. */
struct member {
    const struct zip_entry *entry;
    enum kind kind;
    char path[ENTRY_PATH_BYTES];
};

static bool refuse(const struct zip_entry *entry, const char *why, struct err *err) {
    return entry_refuse(entry->name, entry->name_len, why, err);
}

static enum kind kind_of(const struct zip_entry *entry, bool has_directory_name) {
    switch (entry->unix_mode & S_IFMT) {
    case 0:
    case S_IFREG: return has_directory_name ? KIND_DIRECTORY : KIND_FILE;
    case S_IFDIR: return KIND_DIRECTORY;
    case S_IFLNK: return has_directory_name ? KIND_SPECIAL : KIND_SYMLINK;
    default: return KIND_SPECIAL;
    }
}

/* Everything about an entry but its data. */
static bool judge(struct package *package, const struct zip_entry *entry, struct member *ret_member,
                  struct err *err) {
    bool has_directory_name;
    if (!entry_path_clean(entry->name, entry->name_len, ret_member->path, &has_directory_name, err))
        return false;
    ret_member->entry = entry;
    ret_member->kind = kind_of(entry, has_directory_name);
    if (entry->is_encrypted)
        return refuse(entry, "is encrypted", err);
    if (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED)
        return refuse(entry, "is packed with a method other than store and deflate", err);
    if (ret_member->kind == KIND_SPECIAL)
        return refuse(entry, "is neither a file nor a directory nor a symlink", err);
    if (ret_member->kind == KIND_DIRECTORY && entry->unpacked_bytes > 0)
        return refuse(entry, "is a directory with data", err);
    if (++package->entries > package->limits->entries)
        return err_set(err, ERR_PARAMETER, "Could not unzip uploaded file. It has more than %u entries.",
                       package->limits->entries);
    if (!entry_tree_add(&package->tree, ret_member->path, ret_member->kind == KIND_DIRECTORY, err))
        return false;
    /* What an entry claims is an upper bound: zip_read() ends where it is passed. */
    if (entry->unpacked_bytes > package->limits->unzipped_bytes - package->unzipped_bytes)
        return err_set(err, ERR_PARAMETER, "Unzipped size must be smaller than %llu bytes",
                       (unsigned long long)package->limits->unzipped_bytes);
    package->unzipped_bytes += entry->unpacked_bytes;
    return true;
}

/* Opens a directory of the package, which is made if it isn't there. */
static int open_below(int parent_fd, const char *name, struct err *err) {
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent_fd, name, flags);
    if (fd < 0 && errno == ENOENT && mkdirat(parent_fd, name, 0700) == 0) {
        fd = openat(parent_fd, name, flags);
        if (fd >= 0 && fchmod(fd, DIRECTORY_MODE) < 0) /* which the umask does not touch */
            fd_close(&fd);
    }
    if (fd < 0)
        err_set_errno(err, errno, "Can't unpack the directory %s", name);
    return fd;
}

/* Goes down component by component to `path` ("" is the package itself) and keeps the last directory open,
 * since the next entry is often a neighbour. */
static bool open_directory(struct package *package, const char *path, size_t len, struct err *err) {
    if (package->parent_fd >= 0 && strlen(package->parent) == len && memcmp(package->parent, path, len) == 0)
        return true;
    fd_close(&package->parent_fd);
    memcpy(package->parent, path, len);
    package->parent[len] = '\0';
    OWN_FD int fd = open_below(package->dir_fd, ".", err);
    char name[ENTRY_PATH_BYTES];
    for (size_t at = 0; fd >= 0 && at < len;) {
        size_t name_len = strcspn(package->parent + at, "/");
        memcpy(name, package->parent + at, name_len);
        name[name_len] = '\0';
        int below = open_below(fd, name, err);
        fd_close(&fd);
        fd = below;
        at += name_len + 1;
    }
    package->parent_fd = take_fd(&fd);
    return package->parent_fd >= 0;
}

/* Opens the directory that the entry lies in; returns its name there, or NULL. */
static const char *open_parent(struct package *package, const char *path, struct err *err) {
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    if (!open_directory(package, path, len, err))
        return NULL;
    return slash ? slash + 1 : path;
}

/* Set-id and sticky bits are dropped; the owner can always get into a directory. */
static mode_t mode_of(const struct member *member) {
    mode_t mode = member->entry->unix_mode & 0777;
    if (member->kind == KIND_DIRECTORY)
        return member->entry->unix_mode ? mode | 0700 : DIRECTORY_MODE;
    return member->entry->unix_mode ? mode : FILE_MODE;
}

static bool make_directory(struct package *package, const struct member *member, struct err *err) {
    if (member->path[0] == '\0')
        return true;
    if (!open_directory(package, member->path, strlen(member->path), err))
        return false;
    return fchmod(package->parent_fd, mode_of(member)) == 0 ||
           err_set_errno(err, errno, "Can't set the mode of %s", member->path);
}

/* `arg` is the descriptor to write to, -1 for none. */
static bool write_piece(void *arg, const void *data, size_t len, struct err *err) {
    int fd = *(int *)arg;
    return fd < 0 || fd_write_all(fd, data, len, err);
}

static bool make_file(struct package *package, const struct member *member, struct err *err) {
    const char *name = open_parent(package, member->path, err);
    if (!name)
        return false;
    OWN_FD int fd = openat(package->parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                           0600);
    if (fd < 0)
        return err_set_errno(err, errno, "Can't unpack %s", member->path);
    if (!zip_read(&package->zip, member->entry, write_piece, &fd, err))
        return false;
    return fchmod(fd, mode_of(member)) == 0 ||
           err_set_errno(err, errno, "Can't set the mode of %s", member->path);
}

struct target {
    size_t len;
    char text[ENTRY_PATH_BYTES];
};

static bool add_to_target(void *arg, const void *data, size_t len, struct err *err) {
    struct target *target = arg;
    assert(len < sizeof target->text - target->len);
    memcpy(target->text + target->len, data, len);
    target->len += len;
    (void)err;
    return true;
}

/* The data of a symlink are its target. */
static bool read_target(struct package *package, const struct member *member, struct target *target,
                        struct err *err) {
    *target = (struct target){0};
    if (member->entry->unpacked_bytes > LIMIT_ZIP_PATH_BYTES)
        return refuse(member->entry, "is a symlink without a proper target", err);
    return zip_read(&package->zip, member->entry, add_to_target, target, err) &&
           entry_path_check_target(member->path, target->text, target->len, err);
}

static bool make_link(struct package *package, const struct member *member, struct err *err) {
    struct target target;
    const char *name = open_parent(package, member->path, err);
    if (!name || !read_target(package, member, &target, err))
        return false;
    return symlinkat(target.text, package->parent_fd, name) == 0 ||
           err_set_errno(err, errno, "Can't unpack the symlink %s", member->path);
}

static bool take_member(struct package *package, const struct member *member, struct err *err) {
    struct target target;
    int nowhere = -1;
    bool unpacks = package->dir_fd >= 0;
    switch (member->kind) {
    case KIND_DIRECTORY: return !unpacks || make_directory(package, member, err);
    case KIND_SYMLINK: /* made later */ return read_target(package, member, &target, err);
    case KIND_FILE:
        return unpacks ? make_file(package, member, err)
                       : zip_read(&package->zip, member->entry, write_piece, &nowhere, err);
    case KIND_SPECIAL: break;
    }
    return false;
}

/* The first walk: every entry is judged and read to its end; directories and files are made. */
static bool walk_members(struct package *package, struct err *err) {
    struct zip_entry entry;
    bool any;
    for (size_t cursor = 0; zip_next(&package->zip, &cursor, &entry, &any, err);) {
        struct member member;
        if (!any)
            return true;
        if (!judge(package, &entry, &member, err) || !take_member(package, &member, err))
            return false;
    }
    return false;
}

/* The second walk. */
static bool walk_links(struct package *package, struct err *err) {
    struct zip_entry entry;
    bool any;
    for (size_t cursor = 0; zip_next(&package->zip, &cursor, &entry, &any, err);) {
        struct member member = {.entry = &entry};
        bool has_directory_name;
        if (!any)
            return true;
        if (!entry_path_clean(entry.name, entry.name_len, member.path, &has_directory_name, err))
            return false;
        if (kind_of(&entry, has_directory_name) == KIND_SYMLINK && !make_link(package, &member, err))
            return false;
    }
    return false;
}

static bool walk(struct package *package, struct err *err) {
    if (zip_is_empty(&package->zip))
        return err_set(err, ERR_PARAMETER, "Uploaded file must be a non-empty zip");
    return walk_members(package, err) && (package->dir_fd < 0 || walk_links(package, err));
}

static bool process(const void *data, size_t len, const struct unzip_limits *limits, int dir_fd,
                    uint64_t *ret_unzipped_bytes, struct err *err) {
    struct err reason = {0};
    struct package package = {.limits = limits, .dir_fd = dir_fd, .parent_fd = -1};
    if (len == 0)
        return err_set(err, ERR_PARAMETER, "Uploaded file must be a non-empty zip");
    entry_tree_init(&package.tree, limits->entries);
    bool good = zip_open(&package.zip, data, len, &reason) && walk(&package, &reason);
    entry_tree_done(&package.tree);
    fd_close(&package.parent_fd);
    if (!good && reason.code == ERR_SYNTAX)
        return err_set(err, ERR_PARAMETER,
                       "Could not unzip uploaded file. Please check your file, then try to upload again.");
    if (!good && err)
        *err = reason;
    if (good && ret_unzipped_bytes)
        *ret_unzipped_bytes = package.unzipped_bytes;
    return good;
}

bool unzip_check(const void *data, size_t len, const struct unzip_limits *limits,
                 uint64_t *ret_unzipped_bytes, struct err *err) {
    return process(data, len, limits, -1, ret_unzipped_bytes, err);
}

bool unzip_extract(const void *data, size_t len, const struct unzip_limits *limits, int dir_fd,
                   struct err *err) {
    assert(dir_fd >= 0);
    return process(data, len, limits, dir_fd, NULL, err);
}

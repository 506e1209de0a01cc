/* See template.h. Paths of the base system are relative to the root that is being built. */
#include "sandbox/template.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sandbox/mounts.h"
#include "sys/fd.h"
#include "sys/fs.h"

/* Where the new root hangs while it is built: nothing that goes into it comes from there. */
#define BUILDING_PLACE "/proc"

/* Of the files of ours in it: ld.so.cache may have 200 kB. */
#define ROOT_OPTIONS_SIZE "8m"
#define MAX_COPY_BYTES (4u * 1024 * 1024)

/* The two lib directories are in LD_LIBRARY_PATH: the dynamic linker never looks again into one that it did
 * not find when its process started, which may be before a function's directories are mounted over these. */
static const char *const directories[] = {
    "dev", "etc", "etc/ssl", "home",      "mnt",      "opt",         "opt/lib",  "proc",         "run",
    "tmp", "usr", "var",     "var/empty", "var/lang", "var/runtime", "var/task", "var/task/lib",
};

static const struct {
    const char *path;
    const char *target;
} links[] = {
    {"dev/fd", "/proc/self/fd"},
    {"dev/stdin", "/proc/self/fd/0"},
    {"dev/stdout", "/proc/self/fd/1"},
    {"dev/stderr", "/proc/self/fd/2"},
    {"etc/localtime", "../usr/share/zoneinfo/UTC"},
    {"etc/mtab", "../proc/self/mounts"},
    {"var/run", "../run"},
};

static const char *const devices[] = {"dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom"};

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

static const struct {
    const char *path;
    const char *content;
} files[] = {
    {"etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\n" TEMPLATE_USER ":x:" TEXT(TEMPLATE_UID) ":" TEXT(
                       TEMPLATE_GID) "::/home/" TEMPLATE_USER ":/sbin/nologin\n"
                                     "nobody:x:65534:65534:nobody:/:/sbin/nologin\n"},
    {"etc/group", "root:x:0:\n" TEMPLATE_USER ":x:" TEXT(TEMPLATE_GID) ":\nnogroup:x:65534:\n"},
    {"etc/hosts", "127.0.0.1 localhost sandbox sandbox.localdomain\n::1 localhost\n"},
    {"etc/hostname", "sandbox\n"},
    {"etc/nsswitch.conf",
     "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"},
    {"etc/resolv.conf", ""},
};

/* Of the host, where it has them. Directories below / are either real or links into /usr. */
static const char *const system_directories[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"};
static const char *const etc_directories[] = {"etc/alternatives", "etc/ssl/certs", "etc/pki",
                                              "etc/crypto-policies"};
static const char *const etc_copies[] = {"etc/ld.so.cache", "etc/mime.types", "etc/protocols", "etc/services",
                                         "etc/ssl/openssl.cnf"};

static bool make_directory(int root, const char *path, struct err *err) {
    if (mkdirat(root, path, 0755) == -1 && errno != EEXIST)
        return err_set_errno(err, errno, "can't make /%s", path);
    return true;
}

/* With its parents. */
static bool make_directories(int root, const char *path, struct err *err) {
    OWN_MEM char *prefix = mem_text(path);
    for (char *slash = strchr(prefix, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_directory(root, prefix, err))
            return false;
        *slash = '/';
    }
    return make_directory(root, prefix, err);
}

static bool make_link(int root, const char *path, const char *target, struct err *err) {
    if (symlinkat(target, root, path) == -1)
        return err_set_errno(err, errno, "can't make the link /%s", path);
    return true;
}

static bool make_file(int root, const char *path, const void *content, size_t len, struct err *err) {
    OWN_FD int file = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file == -1)
        return err_set_errno(err, errno, "can't make /%s", path);
    return fd_write_all(file, content, len, err);
}

/* Shows the host's `path` there, with what is mounted below it. */
static bool show(int root, const char *host_path, const char *path, uint64_t attributes, struct err *err) {
    OWN_FD int tree = open_tree(AT_FDCWD, host_path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree == -1)
        return err_set_errno(err, errno, "can't clone %s", host_path);
    struct mount_attr attr = {.attr_set = attributes, .propagation = MS_PRIVATE};
    if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) == -1)
        return err_set_errno(err, errno, "can't make %s read-only (Linux 5.12 or newer is needed)",
                             host_path);
    if (move_mount(tree, "", root, path, MOVE_MOUNT_F_EMPTY_PATH) == -1)
        return err_set_errno(err, errno, "can't show %s at /%s", host_path, path);
    return true;
}

#define SHOW_DIRECTORY (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define SHOW_DEVICE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

static bool show_directory(int root, const char *host_path, const char *path, struct err *err) {
    return make_directories(root, path, err) && show(root, host_path, path, SHOW_DIRECTORY, err);
}

/* A link of the host stays a link, a directory is shown, what it does not have is left out. */
static bool show_as_it_is(int root, const char *path, struct err *err) {
    char host_path[64];
    char target[256];
    snprintf(host_path, sizeof host_path, "/%s", path);
    ssize_t len = readlink(host_path, target, sizeof target - 1);
    if (len > 0) {
        target[len] = '\0';
        return make_link(root, path, target, err);
    }
    struct stat facts;
    if (stat(host_path, &facts) == -1 || !S_ISDIR(facts.st_mode))
        return true;
    return show_directory(root, host_path, path, err);
}

static bool copy_file(int root, const char *path, struct err *err) {
    OWN_MEM char *host_path = mem_format("/%s", path);
    if (!fs_exists(host_path))
        return true;
    OWN(buf) struct buf content;
    buf_init(&content, MAX_COPY_BYTES);
    return fs_read(host_path, &content, err) && make_file(root, path, buf_text(&content), content.len, err);
}

static bool make_skeleton(int root, struct err *err) {
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        if (!make_directory(root, directories[i], err))
            return false;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        if (!make_link(root, links[i].path, links[i].target, err))
            return false;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (!make_file(root, files[i].path, files[i].content, strlen(files[i].content), err))
            return false;
    return true;
}

static bool show_devices(int root, struct err *err) {
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        char host_path[32];
        snprintf(host_path, sizeof host_path, "/%s", devices[i]);
        if (!make_file(root, devices[i], "", 0, err) || !show(root, host_path, devices[i], SHOW_DEVICE, err))
            return false;
    }
    return true;
}

static bool show_system(int root, struct err *err) {
    for (size_t i = 0; i < sizeof system_directories / sizeof system_directories[0]; i++)
        if (!show_as_it_is(root, system_directories[i], err))
            return false;
    for (size_t i = 0; i < sizeof etc_directories / sizeof etc_directories[0]; i++)
        if (!show_as_it_is(root, etc_directories[i], err))
            return false;
    for (size_t i = 0; i < sizeof etc_copies / sizeof etc_copies[0]; i++)
        if (!copy_file(root, etc_copies[i], err))
            return false;
    return true;
}

/* What lies in /usr is there already. */
static bool show_extra(int root, const char *const *dirs, struct err *err) {
    for (; dirs && *dirs; dirs++) {
        const char *path = *dirs + strspn(*dirs, "/");
        if (strncmp(path, "usr/", 4) != 0 && !show_directory(root, *dirs, path, err))
            return false;
    }
    return true;
}

static bool open_root(int *ret_root, struct err *err) {
    OWN_FD int filesystem = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (filesystem == -1)
        return err_set_errno(err, errno, "can't make a tmpfs (Linux 5.12 or newer is needed)");
    if (fsconfig(filesystem, FSCONFIG_SET_STRING, "mode", "0755", 0) == -1 ||
        fsconfig(filesystem, FSCONFIG_SET_STRING, "size", ROOT_OPTIONS_SIZE, 0) == -1 ||
        fsconfig(filesystem, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == -1)
        return err_set_errno(err, errno, "can't make a tmpfs");
    OWN_FD int root = fsmount(filesystem, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    if (root == -1 || move_mount(root, "", AT_FDCWD, BUILDING_PLACE, MOVE_MOUNT_F_EMPTY_PATH) == -1)
        return err_set_errno(err, errno, "can't mount a tmpfs");
    *ret_root = take_fd(&root);
    return true;
}

/* Makes the finished tree the namespace's root and lets go of the host's. */
static bool move_in(int root, struct err *err) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == -1)
        return err_set_errno(err, errno, "can't make the base system read-only");
    if (fchdir(root) == -1 || syscall(SYS_pivot_root, ".", ".") == -1 || umount2(".", MNT_DETACH) == -1)
        return err_set_errno(err, errno, "can't make the base system the root");
    return true;
}

static bool build(const struct template_options *options, struct err *err) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return err_set_errno(err, errno, "can't make mounts private");
    /* Before the building place hides it. */
    OWN_FD int proc = -1;
    if (options->keeps_proc) {
        proc = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
        if (proc == -1)
            return err_set_errno(err, errno, "can't clone /proc");
    }
    OWN_FD int root = -1;
    if (!open_root(&root, err) || !make_skeleton(root, err) || !show_devices(root, err) ||
        !show_system(root, err) || !show_extra(root, options->extra_dirs, err))
        return false;
    if (options->runtime_dir && !show_directory(root, options->runtime_dir, "var/runtime", err))
        return false;
    if (proc != -1 && move_mount(proc, "", root, "proc", MOVE_MOUNT_F_EMPTY_PATH) == -1)
        return err_set_errno(err, errno, "can't keep /proc");
    return move_in(root, err);
}

bool template_make(const struct template_options *options, int home_fd, int *ret_fd, struct err *err) {
    if (unshare(CLONE_NEWNS) == -1)
        return err_set_errno(err, errno, "can't make a mount namespace");
    OWN_FD int namespace = -1;
    bool built = mounts_open_namespace(&namespace, err) && build(options, err);
    if (setns(home_fd, CLONE_NEWNS) == -1)
        return err_set_errno(err, errno, "can't return from the base system");
    if (built)
        *ret_fd = take_fd(&namespace);
    return built || err_wrap(err, "base system");
}

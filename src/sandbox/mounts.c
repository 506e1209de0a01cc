/* See mounts.h. */
#include "sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/fd.h"

/* ext4's usual ratio is one inode for 16 kB. */
#define TMP_INODES_PER_MB 64

#define TMP_OPTIONS_BYTES 80

#define TMP_FLAGS (MS_NOSUID | MS_NODEV)

/* What in /proc tells of the host rather than of the sandbox, or drives it. Blanked where strangers could
 * open it. */
static const char *const blanked[] = {
    "/proc/acpi",       "/proc/asound",   "/proc/cmdline",       "/proc/diskstats",
    "/proc/interrupts", "/proc/kallsyms", "/proc/kcore",         "/proc/keys",
    "/proc/kmsg",       "/proc/modules",  "/proc/partitions",    "/proc/sched_debug",
    "/proc/scsi",       "/proc/swaps",    "/proc/sysrq-trigger", "/proc/timer_list",
};

bool mounts_open_namespace(int *ret_fd, struct err *err) {
    int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return err_set_errno(err, errno, "can't open /proc/self/ns/mnt");
    *ret_fd = fd;
    return true;
}

static bool move_to(int tree_fd, const char *target, struct err *err) {
    if (move_mount(tree_fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == -1)
        return err_set_errno(err, errno, "can't attach a directory at %s", target);
    return true;
}

static bool blank(const char *path, struct err *err) {
    struct stat facts;
    if (stat(path, &facts) == -1 || !(facts.st_mode & (S_IROTH | S_IWOTH)))
        return true;
    const char *blank = S_ISDIR(facts.st_mode) ? "/var/empty" : "/dev/null";
    OWN_FD int tree = open_tree(AT_FDCWD, blank, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree == -1)
        return err_set_errno(err, errno, "can't clone %s", blank);
    return move_to(tree, path, err);
}

/* Made before the host's goes away, in whose sight alone a user namespace may make one. */
static bool mount_proc(bool replaces_proc, struct err *err) {
    OWN_FD int filesystem = fsopen("proc", FSOPEN_CLOEXEC);
    if (filesystem == -1 || fsconfig(filesystem, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == -1)
        return err_set_errno(err, errno, "can't make /proc");
    unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    OWN_FD int tree = fsmount(filesystem, FSMOUNT_CLOEXEC, attributes);
    if (tree == -1)
        return err_set_errno(err, errno, "can't mount /proc");
    if (replaces_proc && umount2("/proc", MNT_DETACH) == -1)
        return err_set_errno(err, errno, "can't unmount the host's /proc");
    return move_to(tree, "/proc", err);
}

static void format_tmp_options(char options[TMP_OPTIONS_BYTES], uint32_t tmp_mb) {
    snprintf(options, TMP_OPTIONS_BYTES, "mode=1777,size=%um,nr_inodes=%u", tmp_mb,
             tmp_mb * TMP_INODES_PER_MB);
}

bool mounts_enter(int template_fd, int more, bool replaces_proc, struct err *err) {
    if (setns(template_fd, CLONE_NEWNS) == -1)
        return err_set_errno(err, errno, "can't enter the base system");
    if (unshare(CLONE_NEWNS | more) == -1)
        return err_set_errno(err, errno, "can't make namespaces");
    if (!mount_proc(replaces_proc, err))
        return false;
    for (size_t i = 0; i < sizeof blanked / sizeof blanked[0]; i++)
        if (!blank(blanked[i], err))
            return false;
    char options[TMP_OPTIONS_BYTES];
    format_tmp_options(options, LIMIT_TMP_MIN_MB);
    if (mount("tmpfs", "/tmp", "tmpfs", TMP_FLAGS, options) == -1)
        return err_set_errno(err, errno, "can't mount /tmp");
    return true;
}

/* A directory can be cloned only in the mount namespace that it was opened in. Without root lamb-spawner has
 * to live in another one than lamb serve: look the directory up by its name here, and take it if it is the
 * very same one. */
static int find_here(int dir_fd) {
    char link[32];
    char path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir_fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len == -1)
        return -1;
    path[len] = '\0';
    OWN_FD int here = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat wanted;
    struct stat found;
    if (here == -1 || fstat(dir_fd, &wanted) == -1 || fstat(here, &found) == -1)
        return -1;
    if (wanted.st_dev != found.st_dev || wanted.st_ino != found.st_ino) {
        errno = ENOENT;
        return -1;
    }
    return take_fd(&here);
}

/* A read-only clone that hangs nowhere yet. */
static int clone_read_only(int dir_fd) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    OWN_FD int tree = open_tree(dir_fd, "", flags);
    if (tree == -1 && errno == EINVAL) {
        OWN_FD int here = find_here(dir_fd);
        tree = here == -1 ? -1 : open_tree(here, "", flags);
    }
    if (tree == -1)
        return -1;
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
        .propagation = MS_PRIVATE,
    };
    if (mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == -1)
        return -1;
    return take_fd(&tree);
}

static bool resize_tmp(uint32_t tmp_mb, struct err *err) {
    char options[TMP_OPTIONS_BYTES];
    format_tmp_options(options, tmp_mb);
    if (mount(NULL, "/tmp", NULL, MS_REMOUNT | TMP_FLAGS, options) == -1)
        return err_set_errno(err, errno, "can't give /tmp %u MB", tmp_mb);
    return true;
}

static bool change_inside(const int *trees, const struct mounts_change *change, struct err *err) {
    for (size_t i = 0; i < change->count; i++)
        if (!move_to(trees[i], change->attachments[i].target, err))
            return false;
    return change->tmp_mb == change->old_tmp_mb || resize_tmp(change->tmp_mb, err);
}

bool mounts_change(int sandbox_fd, int home_fd, const struct mounts_change *change, struct err *err) {
    int trees[LIMIT_PLAN_MOUNTS];
    size_t cloned = 0;
    bool changed = true;
    for (; changed && cloned < change->count; cloned++) {
        const struct mounts_attachment *attachment = &change->attachments[cloned];
        trees[cloned] = clone_read_only(attachment->dir_fd);
        if (trees[cloned] == -1)
            changed = err_set_errno(err, errno, "can't clone the directory for %s", attachment->target);
    }
    if (changed && setns(sandbox_fd, CLONE_NEWNS) == -1) {
        changed = err_set_errno(err, errno, "can't enter the sandbox's mount namespace");
    } else if (changed) {
        changed = change_inside(trees, change, err);
        /* Going on in the wrong namespace would make every later sandbox out of this one. */
        if (setns(home_fd, CLONE_NEWNS) == -1) {
            log_error("spawner.lost_home", "reason=\"can't return to the own mount namespace\"");
            abort();
        }
    }
    for (size_t i = 0; i < cloned; i++)
        fd_close(&trees[i]);
    return changed;
}

/* The instance's directories in each hierarchy: made and locked at the start of lamb-spawner, cleared of what
 * an earlier run left, removed at its end. See cgroup.h.
 *
 * Where the directory goes on version 2: below the nearest group that systemd has handed over (it marks it
 * with an extended attribute, "Delegate=" in systemd.resource-control(5)), else at the root that we see, else
 * below our own group. A group with processes in it can't hand controllers down, so where that is in the way
 * its processes first move to a leaf beside us (cgroup-v2.rst, "No Internal Process Constraint"). On version
 * 1 it is the root of each hierarchy. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox/cgroup.h"
#include "sandbox/kernel_file.h"
#include "sys/fd.h"
#include "sys/fs.h"

/* Longest list of processes or controllers read at once; what is left is found on the next round. */
#define LIST_BYTES 16384

#define RETRY_MS 2

/* One is enough, unless several daemons of one directory are started and stopped at once. */
#define OPEN_TRIES 10

static void sleep_ms(int ms) {
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static bool is_delegated(const char *dir) {
    static const char *const marks[] = {"trusted.delegate", "user.delegate"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        char value;
        if (getxattr(dir, marks[i], &value, 1) == 1 && value == '1')
            return true;
    }
    return false;
}

/* Fresh memory. */
static char *find_home(const struct cgroup_tree *tree) {
    OWN_MEM char *group = mem_format("%s%s", tree->mount_point, strcmp(tree->own, "/") == 0 ? "" : tree->own);
    size_t mount_len = strlen(tree->mount_point);
    for (size_t len = strlen(group); len > mount_len; len--) {
        OWN_MEM char *ancestor = mem_copy_text(group, len);
        bool is_whole_name = group[len] == '\0' || group[len] == '/';
        if (is_whole_name && is_delegated(ancestor))
            return take_ptr(ancestor);
    }
    bool root_is_ours = faccessat(AT_FDCWD, tree->mount_point, W_OK, AT_EACCESS) == 0;
    return mem_text(root_is_ours ? tree->mount_point : group);
}

/* Makes and opens it, again where an earlier spawner's end removes it in between. */
static bool open_place(struct cgroup_place *ret_place, const char *home, const char *instance,
                       bool is_unified, struct err *err) {
    OWN_MEM char *path = fs_join(home, instance);
    int fd = -1;
    for (int tries = 0; fd == -1 && tries < OPEN_TRIES; tries++) {
        if (mkdir(path, 0755) == -1 && errno != EEXIST)
            return err_set_errno(err, errno, "can't make the control group %s", path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd == -1 && errno != ENOENT)
            break;
    }
    if (fd == -1)
        return err_set_errno(err, errno, "can't open the control group %s", path);
    *ret_place = (struct cgroup_place){.path = take_ptr(path), .fd = fd, .is_unified = is_unified};
    return true;
}

/* Writes every process of `from` into the group `to`. Kernel threads and processes that end meanwhile refuse;
 * fine. */
static void move_processes(int from_fd, int to_fd) {
    char list[LIST_BYTES];
    if (!kernel_file_read(from_fd, "cgroup.procs", list, sizeof list, NULL))
        return;
    char *cursor = NULL;
    for (char *pid = strtok_r(list, "\n", &cursor); pid; pid = strtok_r(NULL, "\n", &cursor))
        kernel_file_write(to_fd, "cgroup.procs", pid, NULL);
}

/* Empties `home` into the leaf "<instance>.daemon" below it. */
static void evacuate(int home_fd, const char *instance) {
    OWN_MEM char *leaf = mem_format("%s.daemon", instance);
    mkdirat(home_fd, leaf, 0755);
    OWN_FD int leaf_fd = openat(home_fd, leaf, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (leaf_fd != -1)
        move_processes(home_fd, leaf_fd);
}

/* Hands a controller from `home` down to our directory and from there to the sandboxes. */
static bool hand_down(int home_fd, int place_fd, const char *instance, const char *controller) {
    char word[32];
    snprintf(word, sizeof word, "+%s", controller);
    struct err err;
    if (!kernel_file_write(home_fd, "cgroup.subtree_control", word, &err)) {
        if (err.errnum != EBUSY)
            return false;
        evacuate(home_fd, instance);
        if (!kernel_file_write(home_fd, "cgroup.subtree_control", word, NULL))
            return false;
    }
    return kernel_file_write(place_fd, "cgroup.subtree_control", word, NULL);
}

static bool open_unified(struct cgroup_set *set, const struct cgroup_tree *tree, const char *instance,
                         struct err *err) {
    OWN_MEM char *home = find_home(tree);
    OWN_FD int home_fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (home_fd == -1)
        return err_set_errno(err, errno, "can't open the control group %s", home);
    if (!open_place(&set->places[set->count], home, instance, true, err))
        return false;
    char offered[1024] = "";
    kernel_file_read(home_fd, "cgroup.controllers", offered, sizeof offered, NULL);
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        const char *name = cgroup_controller_name((enum cgroup_controller)i);
        if (kernel_file_has_word(offered, name) &&
            hand_down(home_fd, set->places[set->count].fd, instance, name))
            set->place_of[i] = (int)set->count;
    }
    /* No controller on version 2, but part of every group (since Linux 5.2). */
    set->place_of[CGROUP_FREEZER] = (int)set->count;
    set->count++;
    return true;
}

static bool open_version1(struct cgroup_set *set, const struct cgroup_tree *tree, const char *instance,
                          struct err *err) {
    bool wanted = false;
    for (int i = 0; i < CGROUP_CONTROLLERS; i++)
        wanted |= tree->offers[i] && set->place_of[i] == -1;
    if (!wanted)
        return true;
    if (!open_place(&set->places[set->count], tree->mount_point, instance, false, err))
        return false;
    for (int i = 0; i < CGROUP_CONTROLLERS; i++)
        if (tree->offers[i] && set->place_of[i] == -1)
            set->place_of[i] = (int)set->count;
    set->count++;
    return true;
}

/* The lock goes with the last copy of the descriptor: it is free once the spawner and all it cloned are gone.
 */
static bool lock_place(const struct cgroup_place *place, int wait_ms, struct err *err) {
    for (int waited_ms = 0;; waited_ms += RETRY_MS) {
        if (flock(place->fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK)
            return err_set_errno(err, errno, "can't lock %s", place->path);
        if (waited_ms >= wait_ms)
            return err_set(err, ERR_CONFLICT,
                           "another lamb serve uses %s: does one run with this data directory?", place->path);
        sleep_ms(RETRY_MS);
    }
}

static void open_places(struct cgroup_set *ret_set, const struct cgroup_layout *layout, const char *instance,
                        struct buf *report) {
    struct cgroup_set set = {.place_of = {-1, -1, -1, -1}};
    for (size_t i = 0; i < layout->count; i++) {
        const struct cgroup_tree *tree = &layout->trees[i];
        struct err refusal;
        bool opened = tree->is_unified ? open_unified(&set, tree, instance, &refusal)
                                       : open_version1(&set, tree, instance, &refusal);
        if (!opened)
            buf_append_format(report, "%s\n", refusal.text);
    }
    *ret_set = set;
}

static void close_places(struct cgroup_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        fd_close(&set->places[i].fd);
        free(set->places[i].path);
    }
    *set = (struct cgroup_set){0};
}

/* False when an earlier spawner, while its lock was waited for, has removed what was opened. */
static bool places_are_there(const struct cgroup_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        struct stat named, opened;
        if (stat(set->places[i].path, &named) == -1 || fstat(set->places[i].fd, &opened) == -1 ||
            named.st_ino != opened.st_ino)
            return false;
    }
    return true;
}

bool cgroup_open(struct cgroup_set *ret_set, const struct cgroup_layout *layout, const char *instance,
                 int wait_ms, struct buf *report, struct err *err) {
    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        struct cgroup_set set;
        size_t reported = report->len;
        open_places(&set, layout, instance, report);
        if (set.count > 0 && !lock_place(&set.places[0], wait_ms, err)) {
            close_places(&set);
            return false;
        }
        if (places_are_there(&set)) {
            *ret_set = set;
            return true;
        }
        close_places(&set);
        report->len = reported;
    }
    return err_set(err, ERR_CONFLICT, "the control groups of %s are removed again and again", instance);
}

static void kill_listed(int dir_fd, const char *procs) {
    char list[LIST_BYTES];
    if (!kernel_file_read(dir_fd, procs, list, sizeof list, NULL))
        return;
    const char *cursor = list;
    uint64_t pid;
    while (kernel_file_next_number(&cursor, &pid))
        if (pid > 1 && pid <= INT32_MAX)
            kill((pid_t)pid, SIGKILL);
}

struct clearing {
    const struct cgroup_place *place;
    const char *left; /* where a group could not be removed yet */
};

static bool clear_group(void *arg, const char *name, struct err *err) {
    (void)err;
    struct clearing *clearing = arg;
    int place_fd = clearing->place->fd;
    if (unlinkat(place_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTDIR)
        return true;
    OWN_MEM char *kill_all = fs_join(name, "cgroup.kill");
    OWN_MEM char *procs = fs_join(name, "cgroup.procs");
    OWN_MEM char *old_freezer = fs_join(name, "freezer.state");
    if (!clearing->place->is_unified || !kernel_file_write(place_fd, kill_all, "1", NULL))
        kill_listed(place_fd, procs);
    /* There on a freezer of version 1 alone, and what was frozen there does not end otherwise. */
    kernel_file_write(place_fd, old_freezer, "THAWED", NULL);
    clearing->left = clearing->place->path;
    return true;
}

/* All places in turns: what is to leave one may be held in another. */
bool cgroup_clear(const struct cgroup_set *set, int timeout_ms, struct err *err) {
    for (int waited_ms = 0;; waited_ms += RETRY_MS) {
        struct clearing clearing = {0};
        for (size_t i = 0; i < set->count; i++) {
            clearing.place = &set->places[i];
            if (!fs_list(clearing.place->path, clear_group, &clearing, err))
                return false;
        }
        if (!clearing.left)
            return true;
        if (waited_ms >= timeout_ms)
            return err_set(err, ERR_TIMEOUT, "processes of an earlier run in %s do not end", clearing.left);
        sleep_ms(RETRY_MS);
    }
}

/* The place with the lock last: whoever then finds no lock finds none of the others either, so that it never
 * takes for its own what is removed a moment later. */
void cgroup_close(struct cgroup_set *set) {
    for (size_t i = set->count; i-- > 0;)
        rmdir(set->places[i].path);
    close_places(set);
}

/* A reconfiguration replaces all options, so the present ones are given again. */
static bool reconfigure(const struct cgroup_tree *tree) {
    OWN_FD int filesystem = fspick(AT_FDCWD, tree->mount_point, FSPICK_CLOEXEC);
    if (filesystem == -1)
        return false;
    OWN_MEM char *options = mem_text(tree->options);
    char *cursor = NULL;
    for (char *option = strtok_r(options, ",", &cursor); option; option = strtok_r(NULL, ",", &cursor))
        if (fsconfig(filesystem, FSCONFIG_SET_FLAG, option, NULL, 0) == -1)
            return false;
    return fsconfig(filesystem, FSCONFIG_SET_FLAG, "favordynmods", NULL, 0) == 0 &&
           fsconfig(filesystem, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) == 0;
}

void cgroup_favor_changes(const struct cgroup_layout *layout) {
    for (size_t i = 0; i < layout->count; i++)
        if (layout->trees[i].is_unified)
            reconfigure(&layout->trees[i]);
}

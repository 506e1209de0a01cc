/* See cgroup.h. */
#include "bench/floor/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/die.h"

/* A function of 1,769 MB has one whole vCPU. */
#define MEMORY_LIMIT "1854930944"
#define PROCESS_LIMIT "1024"

enum { PATH_SIZE = 256, REMOVE_TRIES_MAX = 2000, REMOVE_PAUSE_NS = 500 * 1000 };

struct limit {
    const char *file;
    const char *value;
};

static const char *const v1_roots[CGROUP_V1_COUNT] = {
    "/sys/fs/cgroup/memory",
    "/sys/fs/cgroup/cpu",
    "/sys/fs/cgroup/pids",
};
/* The v1 CPU period is 100,000 µs unless it is changed. */
static const struct limit v1_limits[CGROUP_V1_COUNT] = {
    {"memory.limit_in_bytes", MEMORY_LIMIT},
    {"cpu.cfs_quota_us", "100000"},
    {"pids.max", PROCESS_LIMIT},
};
static const struct limit v2_limits[] = {
    {"memory.max", MEMORY_LIMIT},
    {"cpu.max", "100000 100000"},
    {"pids.max", PROCESS_LIMIT},
};

static bool is_pure_v2(void) {
    return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

static const char *v2_root(void) {
    return is_pure_v2() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
}

static void write_file(int directory, const char *file, const char *value) {
    int fd = openat(directory, file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        die_errno("write '%s' to the control group file %s", value, file);
    close(fd);
}

static int open_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        die_errno("open the control group %s", path);
    return fd;
}

/* A remount replaces every option of the hierarchy, so the ones it has are given again. */
static void favor_dynamic_moves(void) {
    static const struct {
        const char *name;
        unsigned long flag;
    } flags[] = {
        {"nosuid", MS_NOSUID}, {"nodev", MS_NODEV}, {"noexec", MS_NOEXEC}, {"relatime", MS_RELATIME}};
    static const char *const kept[] = {"nsdelegate", "memory_recursiveprot", "memory_localevents",
                                       "memory_hugetlb_accounting"};
    FILE *mounts = setmntent("/proc/self/mounts", "r");
    struct mntent *mount_entry;
    while (mounts != NULL && (mount_entry = getmntent(mounts)) != NULL) {
        if (strcmp(mount_entry->mnt_dir, v2_root()) != 0 || hasmntopt(mount_entry, "favordynmods") != NULL)
            continue;
        unsigned long mount_flags = MS_REMOUNT;
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
            mount_flags |= hasmntopt(mount_entry, flags[i].name) != NULL ? flags[i].flag : 0;
        char options[PATH_SIZE];
        int len = snprintf(options, sizeof options, "favordynmods");
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            if (hasmntopt(mount_entry, kept[i]) != NULL)
                len += snprintf(options + len, sizeof options - (size_t)len, ",%s", kept[i]);
        /* Kernels before 6.0 do not know the option; the floors are then what such a kernel can do. */
        mount("cgroup2", v2_root(), "cgroup2", mount_flags, options);
        break;
    }
    if (mounts != NULL)
        endmntent(mounts);
}

static void v2_parent_path(char *ret_path) {
    snprintf(ret_path, PATH_SIZE, "%s/lamb-floor.%d", v2_root(), (int)getpid());
}

void cgroup_prepare(void) {
    char parent[PATH_SIZE];
    v2_parent_path(parent);
    favor_dynamic_moves();
    if (mkdir(parent, 0755) != 0)
        die_errno("make the control group %s", parent);
    if (is_pure_v2()) {
        const char *const paths[] = {v2_root(), parent};
        for (size_t i = 0; i < 2; i++) {
            int directory = open_directory(paths[i]);
            write_file(directory, "cgroup.subtree_control", "+memory +cpu +pids");
            close(directory);
        }
    }
}

void cgroup_finish(void) {
    char parent[PATH_SIZE];
    v2_parent_path(parent);
    rmdir(parent);
}

/* The path of the group in one hierarchy: -1 the v2 one, otherwise an index of v1_roots. */
static void group_path(const struct cgroup *group, int hierarchy, char *ret_path) {
    if (hierarchy >= 0) {
        snprintf(ret_path, PATH_SIZE, "%s/lamb-floor.%s", v1_roots[hierarchy], group->name);
        return;
    }
    char parent[PATH_SIZE / 2];
    snprintf(parent, sizeof parent, "%s/lamb-floor.%d", v2_root(), (int)getpid());
    snprintf(ret_path, PATH_SIZE, "%s/%s", parent, group->name);
}

static int make_directory(const struct cgroup *group, int hierarchy) {
    char path[PATH_SIZE];
    group_path(group, hierarchy, path);
    if (mkdir(path, 0755) != 0)
        die_errno("make the control group %s", path);
    return open_directory(path);
}

void cgroup_make(struct cgroup *ret_group) {
    static unsigned number;
    bool pure_v2 = is_pure_v2();
    snprintf(ret_group->name, sizeof ret_group->name, "%d.%u", (int)getpid(), ++number);
    ret_group->v2 = make_directory(ret_group, -1);
    for (int i = 0; i < CGROUP_V1_COUNT; i++)
        ret_group->v1[i] = pure_v2 ? -1 : make_directory(ret_group, i);
}

void cgroup_attach(const struct cgroup *group, pid_t pid) {
    char text[16];
    snprintf(text, sizeof text, "%d", (int)pid);
    for (int i = 0; i < CGROUP_V1_COUNT && group->v1[i] >= 0; i++)
        write_file(group->v1[i], "cgroup.procs", text);
}

void cgroup_limit(const struct cgroup *group) {
    for (int i = 0; i < CGROUP_V1_COUNT; i++)
        if (group->v1[i] >= 0)
            write_file(group->v1[i], v1_limits[i].file, v1_limits[i].value);
        else
            write_file(group->v2, v2_limits[i].file, v2_limits[i].value);
}

static void remove_directory(const struct cgroup *group, int hierarchy) {
    char path[PATH_SIZE];
    group_path(group, hierarchy, path);
    /* A killed process leaves its group a moment after its pidfd says that it has ended. */
    for (int tries = 0; rmdir(path) != 0; tries++) {
        if (errno != EBUSY || tries == REMOVE_TRIES_MAX)
            die_errno("remove the control group %s", path);
        nanosleep(&(struct timespec){.tv_nsec = REMOVE_PAUSE_NS}, NULL);
    }
}

void cgroup_remove(struct cgroup *group) {
    for (int i = -1; i < CGROUP_V1_COUNT; i++) {
        int *directory = i < 0 ? &group->v2 : &group->v1[i];
        if (*directory >= 0) {
            close(*directory);
            *directory = -1;
            remove_directory(group, i);
        }
    }
}

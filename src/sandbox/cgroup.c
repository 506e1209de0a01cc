/* One sandbox's control groups: see cgroup.h. The two versions differ in the names of a few files, told in
 * one table. */
#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "sandbox/kernel_file.h"
#include "sys/fd.h"

/* "4294967295/" and the longest file name. */
#define NAME_BYTES 64

/* Smaller periods mean smaller stalls, but a quota below 1 ms is refused by the kernel. */
#define CPU_PERIOD_US 20000u
#define CPU_LEAST_QUOTA_US 1000u

/* The line of memory.events and memory.oom_control that counts, and more than either holds. */
#define OOM_KILLS "oom_kill"
#define EVENTS_BYTES 512

/* What a group has while it waits for its sandbox: the least that a plan asks for as a rule, and tasks for
 * its processes and lamb-init. */
static const struct cgroup_limits usual = {
    .memory_bytes = LIMIT_MEMORY_MIN_MB * UINT64_C(1024) * 1024,
    .cpu_millis = LIMIT_INIT_CPU_MILLIS,
    .tasks = LIMIT_ENVIRONMENT_PROCESSES + 1,
};

/* Kernel documentation: admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst. */
struct dialect {
    const char *memory_limit;
    const char *
        swap_switch; /* "0" keeps the group's memory out of swap; missing where there is no swap accounting */
    const char *memory_peak;
    const char *oom_events;
    const char *freezer;
    const char *frozen; /* what is written into it */
    const char *thawed;
};

static const struct dialect version1 = {
    .memory_limit = "memory.limit_in_bytes",
    .swap_switch = "memory.swappiness",
    .memory_peak = "memory.max_usage_in_bytes",
    .oom_events = "memory.oom_control",
    .freezer = "freezer.state",
    .frozen = "FROZEN",
    .thawed = "THAWED",
};

static const struct dialect version2 = {
    .memory_limit = "memory.max",
    .swap_switch = "memory.swap.max",
    .memory_peak = "memory.peak",
    .oom_events = "memory.events",
    .freezer = "cgroup.freeze",
    .frozen = "1",
    .thawed = "0",
};

static const struct cgroup_place *find_place(const struct cgroup_set *set,
                                             enum cgroup_controller controller) {
    int index = set->place_of[controller];
    return index == -1 ? NULL : &set->places[index];
}

static const struct dialect *dialect_of(const struct cgroup_place *place) {
    return place->is_unified ? &version2 : &version1;
}

static const char *slot_file(char name[NAME_BYTES], uint32_t slot, const char *file) {
    snprintf(name, NAME_BYTES, "%" PRIu32 "/%s", slot, file);
    return name;
}

static const char *slot_dir(char name[NAME_BYTES], uint32_t slot) {
    snprintf(name, NAME_BYTES, "%" PRIu32, slot);
    return name;
}

static bool write_text(const struct cgroup_place *place, uint32_t slot, const char *file, const char *text,
                       struct err *err) {
    char name[NAME_BYTES];
    if (kernel_file_write(place->fd, slot_file(name, slot, file), text, err))
        return true;
    return err_wrap(err, "control group %s", place->path);
}

static bool write_number(const struct cgroup_place *place, uint32_t slot, const char *file, uint64_t number,
                         struct err *err) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return write_text(place, slot, file, text, err);
}

static bool make_group(const struct cgroup_place *place, uint32_t slot, struct err *err) {
    char name[NAME_BYTES];
    if (mkdirat(place->fd, slot_dir(name, slot), 0755) == -1 && errno != EEXIST)
        return err_set_errno(err, errno, "can't make the control group %s/%s", place->path, name);
    return true;
}

bool cgroup_make(const struct cgroup_set *set, uint32_t slot, int *ret_fd, struct err *err) {
    *ret_fd = -1;
    if (set->count == 0 || !set->places[0].is_unified)
        return true;
    if (!make_group(&set->places[0], slot, err))
        return false;
    char name[NAME_BYTES];
    *ret_fd = openat(set->places[0].fd, slot_dir(name, slot), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd == -1)
        return err_set_errno(err, errno, "can't open the control group %s/%s", set->places[0].path, name);
    return true;
}

static bool switch_swap_off(const struct cgroup_place *place, uint32_t slot, struct err *err) {
    struct err refusal;
    if (write_text(place, slot, dialect_of(place)->swap_switch, "0", &refusal) || refusal.errnum == ENOENT)
        return true;
    *err = refusal;
    return false;
}

struct cpu_share {
    uint32_t period_us;
    uint64_t quota_us;
};

static struct cpu_share share_of(uint32_t cpu_millis) {
    uint32_t least_us = (CPU_LEAST_QUOTA_US * 1000 + cpu_millis - 1) / cpu_millis;
    uint32_t period_us = least_us > CPU_PERIOD_US ? least_us : CPU_PERIOD_US;
    return (struct cpu_share){.period_us = period_us, .quota_us = (uint64_t)period_us * cpu_millis / 1000};
}

static bool write_share(const struct cgroup_set *set, uint32_t slot, uint32_t cpu_millis, struct err *err) {
    const struct cgroup_place *cpu = find_place(set, CGROUP_CPU);
    struct cpu_share share = share_of(cpu_millis);
    if (!cpu)
        return true;
    if (cpu->is_unified) {
        char text[48];
        snprintf(text, sizeof text, "%" PRIu64 " %" PRIu32, share.quota_us, share.period_us);
        return write_text(cpu, slot, "cpu.max", text, err);
    }
    return write_number(cpu, slot, "cpu.cfs_period_us", share.period_us, err) &&
           write_number(cpu, slot, "cpu.cfs_quota_us", share.quota_us, err);
}

bool cgroup_limit_cpu(const struct cgroup_set *set, uint32_t slot, uint32_t cpu_millis, struct err *err) {
    return write_share(set, slot, cpu_millis, err);
}

static bool write_limits(const struct cgroup_set *set, uint32_t slot, const struct cgroup_limits *limits,
                         const struct cgroup_limits *old, struct err *err) {
    const struct cgroup_place *memory = find_place(set, CGROUP_MEMORY);
    const struct cgroup_place *pids = find_place(set, CGROUP_PIDS);
    return (!memory || limits->memory_bytes == old->memory_bytes ||
            write_number(memory, slot, dialect_of(memory)->memory_limit, limits->memory_bytes, err)) &&
           (limits->cpu_millis == old->cpu_millis || write_share(set, slot, limits->cpu_millis, err)) &&
           (!pids || limits->tasks == old->tasks || write_number(pids, slot, "pids.max", limits->tasks, err));
}

static const struct cgroup_limits unknown;

bool cgroup_join(const struct cgroup_set *set, uint32_t slot, struct err *err) {
    for (size_t i = 0; i < set->count; i++) {
        const struct cgroup_place *place = &set->places[i];
        if (place->is_unified)
            continue;
        if (!make_group(place, slot, err) || !write_text(place, slot, "cgroup.procs", "0", err))
            return false;
    }
    const struct cgroup_place *memory = find_place(set, CGROUP_MEMORY);
    return (!memory || switch_swap_off(memory, slot, err)) && write_limits(set, slot, &usual, &unknown, err);
}

bool cgroup_limit(const struct cgroup_set *set, uint32_t slot, const struct cgroup_limits *limits,
                  bool is_first, struct err *err) {
    return write_limits(set, slot, limits, is_first ? &usual : &unknown, err);
}

bool cgroup_gives_room(const struct cgroup_limits *limits) {
    return limits->memory_bytes >= usual.memory_bytes && limits->cpu_millis >= usual.cpu_millis &&
           limits->tasks >= usual.tasks;
}

static int open_to_read(const struct cgroup_place *place, uint32_t slot, const char *file) {
    char name[NAME_BYTES];
    return openat(place->fd, slot_file(name, slot, file), O_RDONLY | O_CLOEXEC);
}

int cgroup_open_peak(const struct cgroup_set *set, uint32_t slot) {
    const struct cgroup_place *place = find_place(set, CGROUP_MEMORY);
    return place ? open_to_read(place, slot, dialect_of(place)->memory_peak) : -1;
}

int cgroup_open_events(const struct cgroup_set *set, uint32_t slot) {
    const struct cgroup_place *place = find_place(set, CGROUP_MEMORY);
    return place ? open_to_read(place, slot, dialect_of(place)->oom_events) : -1;
}

bool cgroup_count_oom_kills(int events_fd, uint64_t *ret_count) {
    char text[EVENTS_BYTES];
    ssize_t len = pread(events_fd, text, sizeof text - 1, 0);
    text[len < 0 ? 0 : len] = '\0';
    return kernel_file_find_number(text, OOM_KILLS, ret_count);
}

int cgroup_open_freezer(const struct cgroup_set *set, uint32_t slot) {
    const struct cgroup_place *place = find_place(set, CGROUP_FREEZER);
    char name[NAME_BYTES];
    return place ? openat(place->fd, slot_file(name, slot, dialect_of(place)->freezer), O_WRONLY | O_CLOEXEC)
                 : -1;
}

bool cgroup_has_old_freezer(const struct cgroup_set *set) {
    const struct cgroup_place *place = find_place(set, CGROUP_FREEZER);
    return place && !place->is_unified;
}

bool cgroup_freeze(int freezer_fd, bool is_old, bool is_frozen, struct err *err) {
    const struct dialect *dialect = is_old ? &version1 : &version2;
    const char *text = is_frozen ? dialect->frozen : dialect->thawed;
    if (write(freezer_fd, text, strlen(text)) == -1)
        return err_set_errno(err, errno, "can't write \"%s\" into %s", text, dialect->freezer);
    return true;
}

void cgroup_let_die(const struct cgroup_set *set, uint32_t slot) {
    if (cgroup_has_old_freezer(set))
        write_text(find_place(set, CGROUP_FREEZER), slot, version1.freezer, version1.thawed, NULL);
}

struct cgroup_usage cgroup_read_usage(const struct cgroup_set *set, uint32_t slot) {
    struct cgroup_usage usage = {0};
    const struct cgroup_place *place = find_place(set, CGROUP_MEMORY);
    if (!place)
        return usage;
    const struct dialect *dialect = dialect_of(place);
    char name[NAME_BYTES];
    kernel_file_number(place->fd, slot_file(name, slot, dialect->memory_peak), NULL,
                       &usage.memory_peak_bytes);
    kernel_file_number(place->fd, slot_file(name, slot, dialect->oom_events), OOM_KILLS, &usage.oom_kills);
    return usage;
}

bool cgroup_remove(const struct cgroup_set *set, uint32_t slot, struct err *err) {
    bool removed = true;
    for (size_t i = 0; i < set->count; i++) {
        const struct cgroup_place *place = &set->places[i];
        char name[NAME_BYTES];
        if (unlinkat(place->fd, slot_dir(name, slot), AT_REMOVEDIR) == -1 && errno != ENOENT)
            removed = err_set_errno(err, errno, "can't remove the control group %s/%s", place->path, name);
    }
    return removed;
}

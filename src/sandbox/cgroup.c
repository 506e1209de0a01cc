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

/* Of a group that waits for its sandbox. Not "none": switching limits on for the first group of the machine
 * stops all processors for a moment. */
#define CPU_WAITING_QUOTA_US 1000000u

/* The usual plan's processes, and lamb-init. */
#define USUAL_TASKS (LIMIT_ENVIRONMENT_PROCESSES + 1)

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

static const struct cpu_share waiting_share = {.period_us = CPU_PERIOD_US, .quota_us = CPU_WAITING_QUOTA_US};

static struct cpu_share share_of(uint32_t cpu_millis) {
    uint32_t least_us = (CPU_LEAST_QUOTA_US * 1000 + cpu_millis - 1) / cpu_millis;
    uint32_t period_us = least_us > CPU_PERIOD_US ? least_us : CPU_PERIOD_US;
    return (struct cpu_share){.period_us = period_us, .quota_us = (uint64_t)period_us * cpu_millis / 1000};
}

/* `old_period_us` 0: not known. */
static bool write_share(const struct cgroup_set *set, uint32_t slot, struct cpu_share share,
                        uint32_t old_period_us, struct err *err) {
    const struct cgroup_place *cpu = find_place(set, CGROUP_CPU);
    if (!cpu)
        return true;
    if (cpu->is_unified) {
        char text[48];
        snprintf(text, sizeof text, "%" PRIu64 " %" PRIu32, share.quota_us, share.period_us);
        return write_text(cpu, slot, "cpu.max", text, err);
    }
    return (share.period_us == old_period_us ||
            write_number(cpu, slot, "cpu.cfs_period_us", share.period_us, err)) &&
           write_number(cpu, slot, "cpu.cfs_quota_us", share.quota_us, err);
}

static bool set_usual(const struct cgroup_set *set, uint32_t slot, struct err *err) {
    const struct cgroup_place *memory = find_place(set, CGROUP_MEMORY);
    const struct cgroup_place *pids = find_place(set, CGROUP_PIDS);
    return (!memory || switch_swap_off(memory, slot, err)) && write_share(set, slot, waiting_share, 0, err) &&
           (!pids || write_number(pids, slot, "pids.max", USUAL_TASKS, err));
}

bool cgroup_join(const struct cgroup_set *set, uint32_t slot, struct err *err) {
    for (size_t i = 0; i < set->count; i++) {
        const struct cgroup_place *place = &set->places[i];
        if (place->is_unified)
            continue;
        if (!make_group(place, slot, err) || !write_text(place, slot, "cgroup.procs", "0", err))
            return false;
    }
    return set_usual(set, slot, err);
}

bool cgroup_limit_cpu(const struct cgroup_set *set, uint32_t slot, uint32_t cpu_millis, struct err *err) {
    return write_share(set, slot, share_of(cpu_millis), 0, err);
}

bool cgroup_limit(const struct cgroup_set *set, uint32_t slot, const struct cgroup_limits *limits,
                  struct err *err) {
    const struct cgroup_place *memory = find_place(set, CGROUP_MEMORY);
    const struct cgroup_place *pids = find_place(set, CGROUP_PIDS);
    return (!memory ||
            write_number(memory, slot, dialect_of(memory)->memory_limit, limits->memory_bytes, err)) &&
           write_share(set, slot, share_of(limits->cpu_millis), waiting_share.period_us, err) &&
           (!pids || limits->tasks == USUAL_TASKS ||
            write_number(pids, slot, "pids.max", limits->tasks, err));
}

int cgroup_open_peak(const struct cgroup_set *set, uint32_t slot) {
    const struct cgroup_place *place = find_place(set, CGROUP_MEMORY);
    char name[NAME_BYTES];
    return place ? openat(place->fd, slot_file(name, slot, dialect_of(place)->memory_peak),
                          O_RDONLY | O_CLOEXEC)
                 : -1;
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
    kernel_file_number(place->fd, slot_file(name, slot, dialect->oom_events), "oom_kill", &usage.oom_kills);
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

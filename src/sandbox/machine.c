/* See machine.h. */
#include "sandbox/machine.h"

#include <stddef.h>
#include <sys/resource.h>

#include "sandbox/mounts.h"
#include "sandbox/template.h"
#include "sys/fd.h"

/* For the spawner of an earlier run, which may be ending just now, and for the processes it left. */
#define CLEAR_MS 5000

static const char *const costs[CGROUP_CONTROLLERS] = {
    [CGROUP_MEMORY] =
        "memory is limited for each process alone and with some slack (RLIMIT_DATA), the peak is not known",
    [CGROUP_CPU] = "functions get as much processor time as there is, whatever their memory size",
    [CGROUP_PIDS] = "processes are limited by RLIMIT_NPROC",
    [CGROUP_FREEZER] = "between invocations functions are stopped by signals, which they may notice",
};

static void report_missing(const struct machine *machine, struct buf *report) {
    const char *remedy =
        machine->identity.is_rootless
            ? "run lamb serve as root, or in a unit of systemd with Delegate=yes"
            : "mount cgroup2 writable with this controller (systemd: the unit needs Delegate=yes)";
    for (int i = 0; i < CGROUP_CONTROLLERS; i++)
        if (machine->cgroups.place_of[i] == -1)
            buf_append_format(report, "no control group for %s: %s; %s\n",
                              cgroup_controller_name((enum cgroup_controller)i), costs[i], remedy);
}

static bool prepare_cgroups(struct machine *machine, const char *instance, struct buf *report,
                            struct err *err) {
    struct cgroup_layout layout;
    if (!cgroup_layout_read(&layout, "/proc/self/mountinfo", "/proc/self/cgroup", err))
        return false;
    cgroup_favor_changes(&layout);
    bool opened = cgroup_open(&machine->cgroups, &layout, instance, CLEAR_MS, report, err);
    cgroup_layout_done(&layout);
    if (!opened || !cgroup_clear(&machine->cgroups, CLEAR_MS, err))
        return false;
    report_missing(machine, report);
    return true;
}

/* A running sandbox needs two or three descriptors here, a waiting claim a few. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool prepare(struct machine *machine, const char *instance, const char *runtime_dir,
                    const char *const *extra_dirs, struct buf *report, struct err *err) {
    if (!identity_settle(&machine->identity, report, err))
        return false;
    struct template_options options = {
        .runtime_dir = runtime_dir,
        .extra_dirs = extra_dirs,
        .keeps_proc = machine->identity.is_rootless,
    };
    if (!prepare_cgroups(machine, instance, report, err) || !mounts_open_namespace(&machine->home_fd, err) ||
        !template_make(&options, machine->home_fd, &machine->template_fd, err) ||
        !seccomp_build(&machine->filter, err) || !seats_open(&machine->seats, err))
        return false;
    return true;
}

bool machine_prepare(struct machine *ret_machine, const char *instance, const char *runtime_dir,
                     const char *const *extra_dirs, struct buf *report, struct err *err) {
    struct machine machine = MACHINE_NONE;
    raise_descriptor_limit();
    bool prepared = prepare(&machine, instance, runtime_dir, extra_dirs, report, err);
    if (prepared)
        *ret_machine = machine;
    else
        machine_release(&machine);
    return prepared;
}

void machine_release(struct machine *machine) {
    cgroup_close(&machine->cgroups);
    seats_close(&machine->seats);
    seccomp_done(&machine->filter);
    fd_close(&machine->template_fd);
    fd_close(&machine->home_fd);
}

/* See sandbox.h. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "sandbox/mounts.h"
#include "sys/fd.h"

/* A group is busy for some milliseconds after its last process; past this something is wrong, and others must
 * go on. */
#define REMOVE_MS 5000

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)

/* The process sees the spawner's memory as it is now, so everything in the seed may point there. One with a
 * seat begins with the spawner's descriptors too. */
static pid_t clone_process(int cgroup_fd, bool has_seat, int *ret_process_fd) {
    int process_fd = -1;
    struct clone_args args = {
        .flags = CLONE_PIDFD | NAMESPACES | (has_seat ? CLONE_FILES : 0) |
                 (cgroup_fd == -1 ? 0 : CLONE_INTO_CGROUP),
        .pidfd = (uint64_t)(uintptr_t)&process_fd,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup_fd == -1 ? 0 : (uint64_t)cgroup_fd,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    *ret_process_fd = process_fd;
    return pid;
}

static struct inside_seed make_seed(const struct machine *machine, const struct sandbox_entry *entry,
                                    uint32_t slot, int socket, int seat) {
    return (struct inside_seed){
        .slot = slot,
        .socket = seat == -1 ? socket : machine->seats.fds[seat],
        .foreign_from = seat == -1 ? 0 : seats_end(&machine->seats),
        .template_fd = machine->template_fd,
        .replaces_proc = machine->identity.is_rootless,
        .limits_memory = machine->cgroups.place_of[CGROUP_MEMORY] != -1,
        .cgroups = &machine->cgroups,
        .identity = &machine->identity,
        .filter = &machine->filter,
        .command_line = entry->command_line,
        .command_line_bytes = entry->command_line_bytes,
    };
}

bool sandbox_clone(struct machine *machine, const struct sandbox_entry *entry, uint32_t slot,
                   struct sandbox **ret_sandbox, struct err *err) {
    int pair[2];
    if (!fd_socketpair(pair, err))
        return false;
    OWN_FD int ours = pair[0];
    OWN_FD int theirs = pair[1];
    OWN_FD int cgroup = -1;
    if (!fd_set_nonblocking(ours, err) || !cgroup_make(&machine->cgroups, slot, &cgroup, err))
        return false;
    int process_fd = -1;
    int seat = seats_take(&machine->seats, theirs);
    pid_t pid = clone_process(cgroup, seat != -1, &process_fd);
    if (pid == -1) {
        err_set_errno(err, errno, "can't clone a sandbox's process");
        seats_leave(&machine->seats, seat);
        return false;
    }
    if (pid == 0) {
        struct inside_seed seed = make_seed(machine, entry, slot, theirs, seat);
        entry->run(&seed);
        _exit(1);
    }
    struct sandbox *sandbox = mem_alloc(sizeof *sandbox);
    list_init(&sandbox->link);
    sandbox->state = SANDBOX_PARKING;
    sandbox->slot = slot;
    sandbox->seat = seat;
    sandbox->pid = pid;
    sandbox->process_fd = process_fd;
    sandbox->socket = take_fd(&ours);
    sandbox->tmp_mb = LIMIT_TMP_MIN_MB;
    for (size_t i = 0; i < INSIDE_FDS; i++)
        sandbox->fds[i] = -1;
    *ret_sandbox = sandbox;
    return true;
}

static void take_parked(struct sandbox *sandbox, int fds[FD_MAX_PASSED]) {
    if (sandbox->state != SANDBOX_PARKING || fds[INSIDE_FDS - 1] == -1)
        return;
    sandbox->state = SANDBOX_PARKED;
    for (size_t i = 0; i < INSIDE_FDS; i++)
        sandbox->fds[i] = take_fd(&fds[i]);
}

/* Whoever is inside may have got hold of the socket: nothing said here can harm more than this sandbox's own
 * report. */
static void take_message(struct sandbox *sandbox, struct inside_message *message, int fds[FD_MAX_PASSED]) {
    message->text[sizeof message->text - 1] = '\0';
    switch (message->type) {
    case INSIDE_PARKED: take_parked(sandbox, fds); break;
    case INSIDE_FAILED:
        if (!sandbox->failure)
            sandbox->failure = mem_alloc(sizeof *sandbox->failure);
        err_set(sandbox->failure, ERR_IO, "%s", message->text);
        sandbox->failure->errnum = message->value;
        break;
    default: break;
    }
}

static void take_all(struct sandbox *sandbox) {
    struct inside_message message;
    size_t len;
    int fds[FD_MAX_PASSED];
    /* lamb-init sends two packets in its life; a flood is cut off. */
    for (int i = 0; i < 8; i++) {
        if (!fd_receive(sandbox->socket, &message, sizeof message, &len, fds, NULL) || len == 0)
            return;
        if (len == sizeof message)
            take_message(sandbox, &message, fds);
        for (size_t j = 0; j < FD_MAX_PASSED; j++)
            fd_close(&fds[j]);
    }
}

static void leave_seat(struct machine *machine, struct sandbox *sandbox) {
    seats_leave(&machine->seats, sandbox->seat);
    sandbox->seat = -1;
}

void sandbox_take_messages(struct machine *machine, struct sandbox *sandbox) {
    take_all(sandbox);
    if (sandbox->state != SANDBOX_PARKING)
        leave_seat(machine, sandbox);
}

static bool change_mounts(const struct machine *machine, struct sandbox *sandbox, const struct claim *claim,
                          struct err *err) {
    const struct plan *plan = claim->plan;
    struct mounts_change change = {
        .old_tmp_mb = sandbox->tmp_mb,
        .tmp_mb = plan->tmp_mb,
        .count = plan->mount_count,
    };
    for (size_t i = 0; i < plan->mount_count; i++)
        change.attachments[i] = (struct mounts_attachment){
            .dir_fd = claim->fds[i],
            .target = plan->mounts[i].target,
        };
    if (!mounts_change(sandbox->fds[INSIDE_MOUNT_NAMESPACE], machine->home_fd, &change, err))
        return false;
    sandbox->tmp_mb = plan->tmp_mb;
    /* One without directories may get them later. */
    if (plan->mount_count > 0)
        fd_close(&sandbox->fds[INSIDE_MOUNT_NAMESPACE]);
    return true;
}

/* lamb-init is one of the tasks. */
static struct cgroup_limits limits_of(const struct plan *plan) {
    return (struct cgroup_limits){
        .memory_bytes = (uint64_t)plan->memory_mb * 1024 * 1024,
        .cpu_millis = plan->cpu_millis,
        .tasks = plan->processes + 1,
    };
}

static bool send_limits(const struct sandbox *sandbox, const struct plan *plan, struct err *err) {
    const struct inside_limits limits = {
        .memory_mb = plan->memory_mb,
        .processes = plan->processes,
        .descriptors = plan->descriptors,
    };
    return fd_send(sandbox->socket, &limits, sizeof limits, NULL, 0, err);
}

bool sandbox_claim(const struct machine *machine, struct sandbox *sandbox, const struct claim *claim,
                   struct err *err) {
    const struct plan *plan = claim->plan;
    const int *handover = &claim->fds[plan->mount_count];
    const struct cgroup_limits limits = limits_of(plan);
    const struct cgroup_set *cgroups = &machine->cgroups;
    /* The program first: limits that give it room, and what starts others, can wait until then. */
    bool is_roomy = cgroup_gives_room(&limits);
    if (!change_mounts(machine, sandbox, claim, err) ||
        (!is_roomy && !cgroup_limit(cgroups, sandbox->slot, &limits, true, err)) ||
        !fd_send(sandbox->fds[INSIDE_PLAN], claim->packet, claim->packet_len, handover, plan->has_handover,
                 err) ||
        (is_roomy && !cgroup_limit(cgroups, sandbox->slot, &limits, true, err)) ||
        !send_limits(sandbox, plan, err))
        return false;
    fd_close(&sandbox->fds[INSIDE_PLAN]);
    sandbox->state = SANDBOX_RUNNING;
    return true;
}

bool sandbox_refit(const struct machine *machine, struct sandbox *sandbox, const struct claim *fit,
                   struct err *err) {
    if (sandbox->fds[INSIDE_MOUNT_NAMESPACE] == -1)
        return err_set(err, ERR_CONFLICT, "the sandbox has its directories already");
    const struct cgroup_limits limits = limits_of(fit->plan);
    return change_mounts(machine, sandbox, fit, err) &&
           cgroup_limit(&machine->cgroups, sandbox->slot, &limits, false, err) &&
           send_limits(sandbox, fit->plan, err);
}

void sandbox_close_given(struct sandbox *sandbox) {
    for (size_t i = 0; i < INSIDE_FOR_SERVE; i++)
        fd_close(&sandbox->fds[i]);
}

void sandbox_kill_all(const struct machine *machine, const struct sandbox *sandbox) {
    pidfd_send_signal(sandbox->process_fd, SIGKILL, NULL, 0);
    cgroup_let_die(&machine->cgroups, sandbox->slot);
}

void sandbox_discard(const struct machine *machine, struct sandbox *sandbox) {
    sandbox_kill_all(machine, sandbox);
    sandbox->state = SANDBOX_DISCARDED;
}

void sandbox_reap(struct machine *machine, struct sandbox *sandbox, int64_t now_ms) {
    take_all(sandbox);
    leave_seat(machine, sandbox);
    siginfo_t info = {0};
    while (waitid(P_PIDFD, (id_t)sandbox->process_fd, &info, WEXITED) == -1 && errno == EINTR)
        continue;
    /* It was killed: by us, or by the kernel for want of memory. */
    if (info.si_code != CLD_EXITED)
        sandbox->end.signal = info.si_status;
    struct cgroup_usage usage = cgroup_read_usage(&machine->cgroups, sandbox->slot);
    sandbox->end.out_of_memory = usage.oom_kills > 0;
    sandbox->end.memory_peak_bytes = usage.memory_peak_bytes;
    sandbox->state = SANDBOX_ENDING;
    sandbox->ended_ms = now_ms;
}

bool sandbox_remove_groups(const struct machine *machine, const struct sandbox *sandbox, int64_t now_ms) {
    struct err err;
    if (cgroup_remove(&machine->cgroups, sandbox->slot, &err))
        return true;
    if (err.errnum == EBUSY && now_ms - sandbox->ended_ms < REMOVE_MS)
        return false;
    log_warn("spawner.group_left", "slot=%" PRIu32 " reason=\"%s\"", sandbox->slot, err.text);
    return true;
}

void sandbox_free(struct sandbox *sandbox) {
    list_remove(&sandbox->link);
    fd_close(&sandbox->process_fd);
    fd_close(&sandbox->socket);
    for (size_t i = 0; i < INSIDE_FDS; i++)
        fd_close(&sandbox->fds[i]);
    free(sandbox->failure);
    free(sandbox);
}

/* See starter.h. Only this process ever holds the plan, and with it a function's secrets: the memory of
 * lamb-init, from which it was forked, has none. */
#include "init/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "init/drop.h"
#include "init/execute.h"
#include "init/report.h"
#include "sandbox/kernel_file.h"
#include "sandbox/plan.h"
#include "sandbox/template.h"
#include "sys/fd.h"

static bool receive_plan(int socket, struct plan **ret_plan, int *ret_handover, struct err *err) {
    /* Goes away with all other memory when the program is executed. Not zeroed: most of it is never touched.
     */
    char *packet = mem_resize(NULL, LIMIT_PLAN_BYTES);
    size_t len;
    int fds[FD_MAX_PASSED];
    if (!fd_receive(socket, packet, LIMIT_PLAN_BYTES, &len, fds, err))
        return false;
    *ret_handover = fds[0];
    return plan_decode(packet, len, ret_plan, err);
}

/* Nothing in this sandbox can make a further user namespace, should it ever find a hole in the filter. */
static bool forbid_user_namespaces(struct err *err) {
    struct err refusal;
    if (kernel_file_write(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0", &refusal) ||
        refusal.errnum == ENOENT)
        return true;
    *err = refusal;
    return false;
}

static _Noreturn void starter_run(const struct inside_seed *seed, const struct starter_order *order,
                                  int mapped_fd) {
    struct err err;
    struct plan *plan;
    int handover;
    char byte;
    /* Until lamb-init has written the maps nobody can be anybody here; end of file means it never will. */
    bool prepared = forbid_user_namespaces(&err);
    if (read(mapped_fd, &byte, 1) != 1)
        _exit(0);
    prepared = prepared && drop_privileges(seed->filter, false, &err) &&
               receive_plan(order->plan_socket, &plan, &handover, &err);
    if (!prepared) {
        report_send(seed->socket, INSIDE_FAILED, err.errnum, err.text);
        order->note->has_failed = true;
        _exit(1);
    }
    const struct inside_limits limits = {
        .memory_mb = plan->memory_mb,
        .processes = plan->processes,
        .descriptors = plan->descriptors,
    };
    execute_limit(0, &limits, seed->limits_memory);
    execute_program(&plan->program, order->output_fd, handover, order->note);
}

/* The descriptor outlives the process, so the namespace can be entered at leisure. */
static bool open_user_namespace(int pid, int *ret_fd, struct err *err) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_fd != -1 || err_set_errno(err, errno, "can't open %s", path);
}

bool starter_start(const struct inside_seed *seed, const struct starter_order *order,
                   struct starter *ret_starter, struct err *err) {
    int mapped[2];
    if (pipe2(mapped, O_CLOEXEC) == -1)
        return err_set_errno(err, errno, "pipe2");
    OWN_FD int mapped_read = mapped[0];
    OWN_FD int mapped_write = mapped[1];
    /* Not fork(): glibc knows no way to give it flags. Without a stack of its own the child goes on from
     * here. */
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == -1)
        return err_set_errno(err, errno, "can't make a user namespace");
    if (pid == 0) {
        fd_close(&mapped_write);
        starter_run(seed, order, mapped_read);
    }
    uint32_t outside = identity_of_slot(seed->identity, seed->slot);
    struct starter starter = {.pid = pid};
    if (!identity_write_maps(pid, TEMPLATE_UID, TEMPLATE_GID, outside, outside, err) ||
        !open_user_namespace(pid, &starter.user_namespace_fd, err))
        return false;
    if (write(mapped_write, "m", 1) != 1)
        return err_set_errno(err, errno, "can't tell the starter");
    *ret_starter = starter;
    return true;
}

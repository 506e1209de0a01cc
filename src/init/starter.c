/* See starter.h. Only this process ever holds a plan, and with it a function's secrets: the memory of
 * lamb-init, from which it was forked, has none. */
#include "init/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "init/drop.h"
#include "init/program.h"
#include "init/report.h"
#include "sandbox/kernel_file.h"
#include "sandbox/plan.h"
#include "sandbox/template.h"
#include "sys/fd.h"

/* What a shell gives for a command that is not there, or is there and can't be executed (POSIX, 2.8.2). */
#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126

/* As recorded in AWS Lambda. */
#define MEMLOCK_BYTES 65536
#define STACK_BYTES (8u * 1024 * 1024)

/* Where no control group limits memory: room for the stacks of threads and for allocators that reserve ahead.
 */
#define DATA_SLACK_MB 512

/* Lowers a limit, the hard one too. */
static void limit(enum __rlimit_resource resource, uint64_t most) {
    struct rlimit now;
    if (getrlimit(resource, &now) == -1)
        return;
    rlim_t hard = most < now.rlim_max ? most : now.rlim_max;
    struct rlimit lowered = {.rlim_cur = hard, .rlim_max = hard};
    setrlimit(resource, &lowered);
}

static void apply_limits(const struct inside_seed *seed, const struct plan *plan) {
    limit(RLIMIT_NOFILE, plan->descriptors);
    /* lamb-init is of the same user. */
    limit(RLIMIT_NPROC, plan->processes + 1);
    limit(RLIMIT_MEMLOCK, MEMLOCK_BYTES);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NICE, 0);
    limit(RLIMIT_RTPRIO, 0);
    if (!seed->limits_memory)
        limit(RLIMIT_DATA, (uint64_t)(plan->memory_mb + DATA_SLACK_MB) * 1024 * 1024);
    struct rlimit stack;
    if (getrlimit(RLIMIT_STACK, &stack) == 0) {
        stack.rlim_cur = STACK_BYTES < stack.rlim_max ? STACK_BYTES : stack.rlim_max;
        setrlimit(RLIMIT_STACK, &stack);
    }
}

/* Ends as a shell would, telling both the function's log and lamb-spawner. */
static _Noreturn void fail(const struct inside_seed *seed, const char *what, const char *name, int errnum) {
    char machines[192];
    bool is_foreign = errnum == ENOEXEC && program_tell_machine(name, machines, sizeof machines);
    dprintf(STDERR_FILENO, "lamb: can't %s %s: %s\n", what, name, is_foreign ? machines : strerror(errnum));
    report_send(seed->socket, INSIDE_NOT_EXECUTED, errnum, "");
    _exit(errnum == ENOENT || errnum == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

static _Noreturn void execute(const struct inside_seed *seed, const struct plan *plan, int output_fd) {
    if (dup2(output_fd, STDOUT_FILENO) == -1 || dup2(output_fd, STDERR_FILENO) == -1)
        _exit(EXIT_NOT_EXECUTABLE);
    apply_limits(seed, plan);
    umask(022);
    if (chdir(plan->working_dir) == -1)
        fail(seed, "enter", plan->working_dir, errno);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execve(plan->argv[0], (char *const *)plan->argv, (char *const *)plan->envp);
    fail(seed, "execute", plan->argv[0], errno);
}

static bool receive_plan(int socket, struct plan **ret_plan, struct err *err) {
    /* Goes away with all other memory when the program is executed. */
    char *packet = mem_alloc(LIMIT_PLAN_BYTES);
    size_t len;
    int fds[FD_MAX_PASSED];
    if (!fd_receive(socket, packet, LIMIT_PLAN_BYTES, &len, fds, err))
        return false;
    /* End of file: this sandbox is not wanted any more. */
    if (len == 0)
        _exit(0);
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

static _Noreturn void starter_run(const struct inside_seed *seed, int mapped_fd, int output_fd) {
    struct err err;
    struct plan *plan;
    char byte;
    /* Until lamb-init has written the maps nobody can be anybody here; end of file means it never will. */
    bool prepared = forbid_user_namespaces(&err);
    if (read(mapped_fd, &byte, 1) != 1)
        _exit(0);
    setsid();
    prepared = prepared && drop_privileges(seed->filter, false, &err) &&
               receive_plan(seed->socket, &plan, &err);
    if (!prepared) {
        report_send(seed->socket, INSIDE_FAILED, err.errnum, err.text);
        _exit(EXIT_NOT_EXECUTABLE);
    }
    execute(seed, plan, output_fd);
}

/* The descriptor outlives the process, so the namespace can be entered at leisure. */
static bool open_user_namespace(int pid, int *ret_fd, struct err *err) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_fd != -1 || err_set_errno(err, errno, "can't open %s", path);
}

bool starter_start(const struct inside_seed *seed, int output_fd, struct starter *ret_starter,
                   struct err *err) {
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
        starter_run(seed, mapped_read, output_fd);
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

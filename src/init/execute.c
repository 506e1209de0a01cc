/* See execute.h. */
#include "init/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/foreign.h"
#include "sandbox/control_packet.h"
#include "sandbox/plan.h"

/* As recorded in AWS Lambda. */
#define MEMLOCK_BYTES 65536
#define STACK_BYTES (8u * 1024 * 1024)

/* Where no control group limits memory: room for the stacks of threads and for allocators that reserve ahead.
 */
#define DATA_SLACK_MB 512

static uint64_t least(uint64_t one, uint64_t other) {
    return one < other ? one : other;
}

/* Lowers a limit, the hard one too. */
static void limit(pid_t pid, enum __rlimit_resource resource, uint64_t most) {
    struct rlimit now;
    if (prlimit(pid, resource, NULL, &now) == -1)
        return;
    rlim_t hard = least(most, now.rlim_max);
    const struct rlimit lowered = {.rlim_cur = hard, .rlim_max = hard};
    prlimit(pid, resource, &lowered, NULL);
}

void execute_limit(pid_t pid, const struct inside_limits *limits, bool limits_memory) {
    limit(pid, RLIMIT_NOFILE, limits->descriptors);
    /* lamb-init is of the same user. */
    limit(pid, RLIMIT_NPROC, limits->processes + 1);
    limit(pid, RLIMIT_MEMLOCK, MEMLOCK_BYTES);
    limit(pid, RLIMIT_CORE, 0);
    limit(pid, RLIMIT_NICE, 0);
    limit(pid, RLIMIT_RTPRIO, 0);
    if (!limits_memory)
        limit(pid, RLIMIT_DATA, (uint64_t)(limits->memory_mb + DATA_SLACK_MB) * 1024 * 1024);
    struct rlimit stack;
    if (prlimit(pid, RLIMIT_STACK, NULL, &stack) == 0) {
        stack.rlim_cur = least(STACK_BYTES, stack.rlim_max);
        prlimit(pid, RLIMIT_STACK, &stack, NULL);
    }
}

static _Noreturn void fail(const char *what, const char *name, int errnum, struct execute_note *note) {
    char machines[192];
    bool is_foreign = errnum == ENOEXEC && foreign_tell_machine(name, machines, sizeof machines);
    dprintf(STDERR_FILENO, "lamb: can't %s %s: %s\n", what, name, is_foreign ? machines : strerror(errnum));
    note->exec_errno = errnum;
    _exit(errnum == ENOENT || errnum == ENOTDIR ? CONTROL_NOT_FOUND : CONTROL_NOT_EXECUTABLE);
}

/* All others are closed by execve(). */
static bool place_descriptors(int output_fd, int handover_fd) {
    if (dup2(output_fd, STDOUT_FILENO) == -1 || dup2(output_fd, STDERR_FILENO) == -1 ||
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == -1)
        return false;
    if (handover_fd != -1 && handover_fd != PLAN_HANDOVER_FD)
        return dup2(handover_fd, PLAN_HANDOVER_FD) != -1;
    return handover_fd == -1 || fcntl(handover_fd, F_SETFD, 0) == 0;
}

_Noreturn void execute_program(const struct program *program, int output_fd, int handover_fd,
                               struct execute_note *note) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    umask(022);
    if (!place_descriptors(output_fd, handover_fd))
        fail("prepare", program->argv[0], errno, note);
    if (chdir(program->working_dir) == -1)
        fail("enter", program->working_dir, errno, note);
    execve(program->argv[0], (char *const *)program->argv, (char *const *)program->envp);
    fail("execute", program->argv[0], errno, note);
}

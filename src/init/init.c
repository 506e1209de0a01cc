/* See init.h. The order of the steps is the design: cgroups while the host's are in sight; the base system
 * and with it all namespaces; what needs privileges in them; the starter, for its user namespace; and only
 * then this process's own descent. Every step is done before the sandbox is claimed, so none costs a cold
 * start anything. */
#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/drop.h"
#include "init/orders.h"
#include "init/programs.h"
#include "init/report.h"
#include "init/starter.h"
#include "sandbox/kernel_file.h"
#include "sandbox/mounts.h"
#include "sandbox/network.h"
#include "sys/fd.h"

#define NAME "lamb-init"

/* Our socket's place, so that all above it can be closed. */
#define SOCKET_FD 3

/* The spawner's command line names directories of the host, and everybody inside may read the one of
 * process 1. */
static void take_name(const struct inside_seed *seed) {
    prctl(PR_SET_NAME, NAME);
    memset(seed->command_line, 0, seed->command_line_bytes);
    if (seed->command_line_bytes > sizeof NAME)
        memcpy(seed->command_line, NAME, sizeof NAME);
}

/* The spawner ignores some, and posix_spawn() has it ignore two that glibc hides from signal(); programs
 * would inherit that. A struct of the kernel's that is all zero is SIG_DFL. The end of a child is to be read
 * from a descriptor. */
static void reset_signals(void) {
    static const char by_default[64];
    for (int signum = 1; signum < NSIG; signum++)
        syscall(SYS_rt_sigaction, signum, by_default, NULL, sizeof(uint64_t));
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_SETMASK, &children, NULL);
}

/* Before anything is opened or closed. */
static bool part_descriptors(const struct inside_seed *seed, struct err *err) {
    return seed->foreign_from == 0 || close_range(seed->foreign_from, ~0U, CLOSE_RANGE_UNSHARE) == 0 ||
           err_set_errno(err, errno, "can't part with the spawner's descriptors");
}

/* Of all the spawner's descriptors keeps only the socket; standard input and output lead nowhere. */
static bool close_inherited(struct inside_seed *seed, struct err *err) {
    if (seed->socket != SOCKET_FD && dup3(seed->socket, SOCKET_FD, O_CLOEXEC) == -1)
        return err_set_errno(err, errno, "dup3");
    seed->socket = SOCKET_FD;
    close_range(SOCKET_FD + 1, ~0U, 0);
    OWN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null == -1)
        return err_set_errno(err, errno, "can't open /dev/null");
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (dup2(null, fd) == -1)
            return err_set_errno(err, errno, "dup2");
    return true;
}

/* The kernel may have been asked to spare the daemon when memory runs out; functions come first then. */
static void stop_being_spared(void) {
    static const char file[] = "/proc/self/oom_score_adj";
    char score[16];
    if (kernel_file_read(AT_FDCWD, file, score, sizeof score, NULL) && score[0] == '-')
        kernel_file_write(AT_FDCWD, file, "0", NULL);
}

static bool settle_in(struct inside_seed *seed, struct err *err) {
    if (!cgroup_join(seed->cgroups, seed->slot, err) ||
        !mounts_enter(seed->template_fd, CLONE_NEWNET | CLONE_NEWCGROUP, seed->replaces_proc, err) ||
        !close_inherited(seed, err) || !network_raise_loopback(err))
        return false;
    if (sethostname("sandbox", strlen("sandbox")) == -1)
        return err_set_errno(err, errno, "sethostname");
    stop_being_spared();
    /* Without root they can't be given up; there is nothing in here that they give access to. */
    if (setgroups(0, NULL) == -1 && !seed->identity->is_rootless)
        return err_set_errno(err, errno, "setgroups");
    return true;
}

static bool open_output(int *ret_read, int *ret_write, struct err *err) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) == -1)
        return err_set_errno(err, errno, "pipe2");
    *ret_read = pair[0];
    *ret_write = pair[1];
    return fd_set_nonblocking(pair[0], err);
}

static bool descend(const struct inside_seed *seed, int user_namespace_fd, struct err *err) {
    if (setns(user_namespace_fd, CLONE_NEWUSER) == -1)
        return err_set_errno(err, errno, "can't enter the user namespace");
    return drop_privileges(seed->filter, true, err);
}

/* Two ends of a line; `ret_outer` goes to the spawner, which never waits for it. */
static bool open_line(int *ret_inner, int *ret_outer, struct err *err) {
    int pair[2];
    if (!fd_socketpair(pair, err))
        return false;
    *ret_inner = pair[0];
    *ret_outer = pair[1];
    return fd_set_nonblocking(pair[1], err);
}

/* What the starter must not have is opened after it. */
static bool start(struct inside_seed *seed, struct programs *programs, int fds[INSIDE_FDS], struct err *err) {
    OWN_FD int output_write = -1;
    OWN_FD int plan_inner = -1;
    struct starter starter;
    if (!open_output(&fds[INSIDE_OUTPUT], &output_write, err) ||
        !open_line(&plan_inner, &fds[INSIDE_PLAN], err) || !programs_init(programs, err))
        return false;
    const struct starter_order order = {
        .plan_socket = plan_inner,
        .output_fd = output_write,
        .note = &programs->notes[0],
    };
    if (!starter_start(seed, &order, &starter, err))
        return false;
    programs_add(programs, 0, 0, starter.pid);
    OWN_FD int user_namespace = starter.user_namespace_fd;
    return descend(seed, user_namespace, err);
}

/* Gives lamb-init's end of the control line. */
static bool park(struct inside_seed *seed, struct programs *programs, int *ret_control, struct err *err) {
    int fds[INSIDE_FDS];
    OWN_FD int control = -1;
    for (size_t i = 0; i < INSIDE_FDS; i++)
        fds[i] = -1;
    bool is_parked = settle_in(seed, err) &&
                     network_listen(NETWORK_RUNTIME_PORT, &fds[INSIDE_RUNTIME_LISTENER], err) &&
                     network_listen(NETWORK_API_PORT, &fds[INSIDE_API_LISTENER], err) &&
                     mounts_open_namespace(&fds[INSIDE_MOUNT_NAMESPACE], err) &&
                     start(seed, programs, fds, err) && open_line(&control, &fds[INSIDE_CONTROL], err) &&
                     report_send_fds(seed->socket, INSIDE_PARKED, fds, INSIDE_FDS, err);
    for (size_t i = 0; i < INSIDE_FDS; i++)
        fd_close(&fds[i]);
    *ret_control = take_fd(&control);
    return is_parked;
}

_Noreturn void init_run(const struct inside_seed *seed) {
    struct inside_seed own = *seed;
    struct programs programs;
    struct err err;
    int control;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bool has_parted = part_descriptors(&own, &err);
    reset_signals();
    take_name(&own);
    if (!has_parted || !park(&own, &programs, &control, &err)) {
        report_send(own.socket, INSIDE_FAILED, err.errnum, err.text);
        _exit(1);
    }
    orders_follow(&own, control, &programs);
}

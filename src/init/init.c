/* See init.h. The order of the steps is the design: cgroups while the host's are in sight; the base system
 * and with it all namespaces; what needs privileges in them; the starter, for its user namespace; and only
 * then this process's own descent. Every step is done before the sandbox is claimed, so none costs a cold
 * start anything. */
#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/drop.h"
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
 * would inherit that. A struct of the kernel's that is all zero is SIG_DFL. */
static void reset_signals(void) {
    static const char by_default[64];
    for (int signum = 1; signum < NSIG; signum++)
        syscall(SYS_rt_sigaction, signum, by_default, NULL, sizeof(uint64_t));
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

/* Gives the starter's process number; the descriptors that were made on the way are closed here. */
static bool park(struct inside_seed *seed, pid_t *ret_starter, struct err *err) {
    OWN_FD int runtime_listener = -1;
    OWN_FD int api_listener = -1;
    OWN_FD int output_read = -1;
    OWN_FD int output_write = -1;
    OWN_FD int mount_namespace = -1;
    struct starter starter;
    if (!settle_in(seed, err) || !network_listen(NETWORK_RUNTIME_PORT, &runtime_listener, err) ||
        !network_listen(NETWORK_API_PORT, &api_listener, err) ||
        !open_output(&output_read, &output_write, err) || !mounts_open_namespace(&mount_namespace, err) ||
        !starter_start(seed, output_write, &starter, err))
        return false;
    OWN_FD int user_namespace = starter.user_namespace_fd;
    if (!descend(seed, user_namespace, err))
        return false;
    *ret_starter = starter.pid;
    const int fds[INSIDE_FDS] = {
        [INSIDE_RUNTIME_LISTENER] = runtime_listener,
        [INSIDE_API_LISTENER] = api_listener,
        [INSIDE_OUTPUT] = output_read,
        [INSIDE_MOUNT_NAMESPACE] = mount_namespace,
    };
    return report_send_fds(seed->socket, INSIDE_PARKED, fds, INSIDE_FDS, err);
}

/* To every process of the sandbox but this one, all at once (kill(2)). Those inside can neither come from
 * process 0, which is what an outer pid namespace looks like, nor pretend to with SI_USER. */
static void stop_or_go(int signum, siginfo_t *info, void *context) {
    (void)context;
    if (info->si_code == SI_USER && info->si_pid == 0)
        kill(-1, signum == INSIDE_STOP_SIGNAL ? SIGSTOP : SIGCONT);
}

/* Neither interrupts the other, and of two that wait the lower number, which stops, is taken first: whatever
 * is late, a sandbox that was let go goes. */
static void take_stop_and_go(void) {
    struct sigaction action = {.sa_sigaction = stop_or_go, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigaddset(&action.sa_mask, INSIDE_STOP_SIGNAL);
    sigaddset(&action.sa_mask, INSIDE_GO_SIGNAL);
    sigaction(INSIDE_STOP_SIGNAL, &action, NULL);
    sigaction(INSIDE_GO_SIGNAL, &action, NULL);
}

/* The kernel kills this process when the spawner ends, but only if it ends after that was asked for. */
static bool spawner_is_there(int socket) {
    struct pollfd place = {.fd = socket};
    return poll(&place, 1, 0) == 0;
}

static _Noreturn void reap_until(pid_t starter, int socket) {
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, __WALL);
        if (ended == starter) {
            report_send(socket, INSIDE_EXITED, status, "");
            _exit(0);
        }
        if (ended == -1 && errno != EINTR)
            _exit(1);
    }
}

_Noreturn void init_run(const struct inside_seed *seed) {
    struct inside_seed own = *seed;
    struct err err;
    pid_t starter;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    reset_signals();
    take_name(&own);
    if (!park(&own, &starter, &err)) {
        report_send(own.socket, INSIDE_FAILED, err.errnum, err.text);
        _exit(1);
    }
    take_stop_and_go();
    if (!spawner_is_there(own.socket))
        _exit(0);
    reap_until(starter, own.socket);
}

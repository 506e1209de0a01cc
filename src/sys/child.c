/* Runs a program to its end. The child gets its own process group, so that a time-out ends what it started,
 * too. */
#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/fd.h"

#define PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What the child gets as descriptors and signals: /dev/null, the pipe twice and nothing else; no signal
 * blocked or ignored. */
static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int output_fd) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int failed = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(files, output_fd, STDOUT_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(files, STDOUT_FILENO, STDERR_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    if (!failed)
        failed = posix_spawnattr_setsigmask(attributes, &none);
    if (!failed)
        failed = posix_spawnattr_setsigdefault(attributes, &all);
    if (!failed)
        failed = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                          POSIX_SPAWN_SETSIGDEF);
    return failed;
}

static bool spawn(const char *const argv[], int output_fd, pid_t *ret_pid, struct err *err) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    char path[] = PATH;
    char *environment[] = {path, NULL};
    pid_t pid;
    int failed = prepare(&files, &attributes, output_fd);
    if (!failed) /* the array is const in all but its historical type */
        failed = posix_spawn(&pid, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (failed)
        return err_set_errno(err, failed, "Can't start %s", argv[0]);
    *ret_pid = pid;
    return true;
}

/* Takes what is in the pipe now. False at its end. */
static bool take_output(int fd, struct buf *output) {
    for (;;) {
        char piece[16384];
        ssize_t got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        size_t room = output->limit - output->len;
        size_t kept = (size_t)got < room ? (size_t)got : room;
        buf_append(output, piece, kept);
        if (kept < (size_t)got)
            output->overflowed = true;
    }
}

static int64_t now_ms(void) {
    struct clock clock = clock_system();
    return clock_mono_us(&clock) / 1000;
}

/* Reads until the child is gone; what it left in the pipe is read then, too, but no descendant that keeps the
 * pipe open is waited for. False when time is up. */
static bool attend(int pidfd, int pipe_fd, int timeout_ms, struct buf *output) {
    int64_t deadline = now_ms() + timeout_ms;
    struct pollfd watched[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = pipe_fd, .events = POLLIN}};
    for (;;) {
        int64_t left = deadline - now_ms();
        if (left <= 0)
            return false;
        if (poll(watched, 2, (int)left) <= 0)
            continue;
        bool is_over = watched[0].revents != 0;
        if ((is_over || watched[1].revents) && watched[1].fd >= 0 && !take_output(pipe_fd, output))
            watched[1].fd = -1; /* poll skips it from now on */
        if (is_over)
            return true;
    }
}

static int reap(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool child_run(const char *const argv[], int timeout_ms, struct buf *output, int *ret_status,
               struct err *err) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_errno(err, errno, "Can't make a pipe for the output of %s", argv[0]);
    OWN_FD int read_end = ends[0];
    OWN_FD int write_end = ends[1];
    if (!fd_set_nonblocking(read_end, err))
        return false;
    pid_t pid = -1;
    if (!spawn(argv, write_end, &pid, err))
        return false;
    fd_close(&write_end);

    OWN_FD int pidfd = pidfd_open(pid, 0);
    int pidfd_errno = errno;
    bool in_time = pidfd >= 0 && attend(pidfd, read_end, timeout_ms, output);
    if (!in_time)
        kill(-pid, SIGKILL);
    int status = reap(pid);
    if (pidfd < 0)
        return err_set_errno(err, pidfd_errno, "Can't watch %s", argv[0]);
    if (!in_time)
        return err_set(err, ERR_TIMEOUT, "%s did not end within %d ms and was killed", argv[0], timeout_ms);
    *ret_status = status;
    return true;
}

/* Starts the lamb-spawner program and hears what it found on this machine. Called once, before the loop and
 * before lamb serve gives its privileges up. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox/host.h"
#include "sandbox/message.h"
#include "sys/fd.h"

/* The spawner waits up to SPAWNER_CLEAR_MS for the leftovers of an earlier run, everything else takes
 * milliseconds. */
#define READY_TIMEOUT_MS 20000

#define MAX_ARGUMENTS 64

/* The program's command line: see init/main.c. */
static bool list_arguments(const struct sandbox_options *options, char numbers[2][16],
                           const char *ret_argv[MAX_ARGUMENTS], struct err *err) {
    snprintf(numbers[0], sizeof numbers[0], "%u", options->stock);
    snprintf(numbers[1], sizeof numbers[1], "%u", options->stock_max);
    size_t count = 0;
    ret_argv[count++] = options->spawner_path;
    ret_argv[count++] = options->instance;
    ret_argv[count++] = numbers[0];
    ret_argv[count++] = numbers[1];
    ret_argv[count++] = options->runtime_dir;
    for (size_t i = 0; options->extra_dirs && options->extra_dirs[i]; i++) {
        if (count == MAX_ARGUMENTS - 1)
            return err_set(err, ERR_LIMIT, "more than %zu interpreter directories", i);
        ret_argv[count++] = options->extra_dirs[i];
    }
    ret_argv[count] = NULL;
    return true;
}

/* With an empty environment, the socket as descriptor 3, and every signal as a new program expects it. */
static bool spawn(const char *const *argv, int child_socket, int *ret_pid, struct err *err) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child_socket, MESSAGE_SPAWNER_SOCKET);

    char *empty_environment[] = {NULL};
    pid_t pid;
    int failure = posix_spawn(&pid, argv[0], &actions, &attributes, (char *const *)argv, empty_environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure)
        return err_set_errno(err, failure, "can't run %s", argv[0]);
    *ret_pid = pid;
    return true;
}

static bool wait_readable(int sock, struct err *err) {
    struct pollfd place = {.fd = sock, .events = POLLIN};
    int ready;
    do
        ready = poll(&place, 1, READY_TIMEOUT_MS);
    while (ready == -1 && errno == EINTR);
    if (ready == -1)
        return err_set_errno(err, errno, "poll");
    return ready == 1 || err_set(err, ERR_TIMEOUT, "no answer within %d s", READY_TIMEOUT_MS / 1000);
}

static bool hear(struct sandbox_spawner *spawner, struct buf *report, struct err *err) {
    char packet[MESSAGE_MAX_BYTES];
    size_t len;
    int fds[FD_MAX_PASSED];
    struct message message;
    if (!wait_readable(spawner->socket_fd, err))
        return false;
    if (!fd_receive(spawner->socket_fd, packet, sizeof packet, &len, fds, err))
        return false;
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        fd_close(&fds[i]);
    if (len == 0)
        return err_set(err, ERR_CLOSED, "it ended without a word");
    if (!message_parse(packet, len, &message, err))
        return false;
    if (message.type == MESSAGE_REFUSED) {
        message_read_failure(&message, err);
        return false;
    }
    if (message.type != MESSAGE_READY)
        return err_set(err, ERR_SYNTAX, "its first packet is of type %d", (int)message.type);
    spawner->has_memory_limit = message.value & MESSAGE_HAS_MEMORY;
    spawner->has_cpu_limit = message.value & MESSAGE_HAS_CPU;
    spawner->has_pids_limit = message.value & MESSAGE_HAS_PIDS;
    spawner->has_old_freezer = message.value & MESSAGE_HAS_OLD_FREEZER;
    buf_append(report, message.body, message.body_len);
    return true;
}

bool sandbox_spawner_start(const struct sandbox_options *options, struct sandbox_spawner *ret_spawner,
                           struct buf *ret_report, struct err *err) {
    const char *argv[MAX_ARGUMENTS];
    char numbers[2][16];
    int pair[2];
    if (!list_arguments(options, numbers, argv, err) || !fd_socketpair(pair, err))
        return false;
    struct sandbox_spawner spawner = {.socket_fd = pair[0]};
    bool spawned = spawn(argv, pair[1], &spawner.pid, err);
    fd_close(&pair[1]);
    if (spawned && hear(&spawner, ret_report, err) && fd_set_nonblocking(spawner.socket_fd, err)) {
        *ret_spawner = spawner;
        return true;
    }
    fd_close(&spawner.socket_fd);
    if (spawned) {
        kill(spawner.pid, SIGKILL);
        waitpid(spawner.pid, NULL, 0);
    }
    return err_wrap(err, "lamb-spawner");
}

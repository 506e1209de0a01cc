/* See sandbox.h. */
#include "bench/floor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/die.h"
#include "bench/floor/confine.h"
#include "bench/floor/netns.h"

/* A tmpfs of our own hides what the host has there, in our mount namespace alone. */
#define BASE "/mnt"
#define ROOT BASE "/root"

/* The descriptor of a program that waits. */
#define WAITING_FD 3

static void must_mount(const char *source, const char *target, const char *type, unsigned long flags,
                       const char *data) {
    if (mount(source, target, type, flags, data) != 0)
        die_errno("mount %s", target);
}

static void bind_read_only(const char *source, const char *target) {
    must_mount(source, target, NULL, MS_BIND, NULL);
    must_mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL);
}

static void copy_file(const char *source, const char *target, mode_t mode) {
    int in = open(source, O_RDONLY | O_CLOEXEC);
    int out = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    struct stat facts;
    if (in < 0 || out < 0 || fstat(in, &facts) != 0)
        die_errno("copy %s to %s", source, target);
    for (off_t left = facts.st_size; left > 0;) {
        ssize_t sent = sendfile(out, in, NULL, (size_t)left);
        if (sent <= 0)
            die_errno("copy %s to %s", source, target);
        left -= sent;
    }
    close(in);
    close(out);
}

static void make_devices(void) {
    static const struct {
        const char *path;
        unsigned minor;
    } devices[] = {{BASE "/dev/null", 3},
                   {BASE "/dev/zero", 5},
                   {BASE "/dev/full", 7},
                   {BASE "/dev/random", 8},
                   {BASE "/dev/urandom", 9}};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (mknod(devices[i].path, S_IFCHR | 0666, makedev(1, devices[i].minor)) != 0)
            die_errno("make the device %s", devices[i].path);
}

/* /bin, /lib and the like are links into /usr on a merged system, and are made so in the sandbox. */
static void copy_root_links(void) {
    static const char *const names[] = {"bin", "sbin", "lib", "lib64"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char host_path[PATH_MAX];
        char path[PATH_MAX];
        char target[PATH_MAX];
        snprintf(host_path, sizeof host_path, "/%s", names[i]);
        snprintf(path, sizeof path, ROOT "/%s", names[i]);
        ssize_t size = readlink(host_path, target, sizeof target - 1);
        if (size > 0) {
            target[size] = '\0';
            if (symlink(target, path) != 0)
                die_errno("make the link %s", path);
        }
    }
}

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        die_errno("write %s", path);
    close(fd);
}

void sandbox_host_prepare(struct sandbox_host *host, const char *bootstrap_path, char *const *arguments,
                          bool waits) {
    static const char *const directories[] = {ROOT,         ROOT "/usr", ROOT "/etc", ROOT "/dev",
                                              ROOT "/proc", ROOT "/tmp", ROOT "/var", ROOT "/var/task",
                                              BASE "/dev",  BASE "/code"};
    umask(0);
    if (unshare(CLONE_NEWNS) != 0)
        die_errno("unshare the mount namespace");
    must_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    must_mount("floor", BASE, "tmpfs", 0, "mode=0755");
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        if (mkdir(directories[i], 0755) != 0)
            die_errno("make the directory %s", directories[i]);
    make_devices();
    copy_root_links();
    if (access("/etc/ld.so.cache", R_OK) == 0)
        copy_file("/etc/ld.so.cache", ROOT "/etc/ld.so.cache", 0644);
    copy_file(bootstrap_path, BASE "/code/bootstrap", 0755);
    write_file(BASE "/code/app.py", "def handler(event, context):\n    return event\n");
    write_file(BASE "/code/app.js", "exports.handler = async (event) => event;\n");
    int mount_namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (mount_namespace < 0)
        die_errno("open /proc/self/ns/mnt");
    *host = (struct sandbox_host){.filter = confine_build_filter(),
                                  .arguments = arguments,
                                  .waits = waits,
                                  .mount_namespace = mount_namespace};
}

static void enter_root(void) {
    must_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
    bind_read_only(ROOT, ROOT);
    bind_read_only("/usr", ROOT "/usr");
    bind_read_only(BASE "/dev", ROOT "/dev");
    must_mount("tmp", ROOT "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=512m");
    must_mount("proc", ROOT "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    if (chdir(ROOT) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
        chdir("/") != 0)
        die_errno("pivot into the sandbox's root");
    if (sethostname("floor", 5) != 0)
        die_errno("sethostname");
}

static void mount_code(int code) {
    if (syscall(SYS_move_mount, code, "", AT_FDCWD, "/var/task", MOVE_MOUNT_F_EMPTY_PATH) != 0)
        die_errno("mount the code");
}

/* Pid 1 of the sandbox, from clone to exec. */
static _Noreturn void sandbox_process(const struct sandbox_host *host, int control, int user_namespace) {
    setsid();
    enter_root();
    if (netns_send_fd(control, netns_listen(), 'L') != 0)
        die_errno("hand the listener to the daemon");
    if (host->waits) {
        if (control != WAITING_FD && dup3(control, WAITING_FD, 0) != WAITING_FD)
            die_errno("give the program its socket");
        fcntl(WAITING_FD, F_SETFD, 0);
    } else {
        char tag;
        int code = netns_receive_fd(control, &tag);
        if (code < 0)
            _exit(0); /* never claimed */
        mount_code(code);
    }
    confine_self(user_namespace, &host->filter);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* not earlier: changing the user clears it */
    static char *const environment[] = {"AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001", "LANG=en_US.UTF-8",
                                        "LAMBDA_TASK_ROOT=/var/task", "PATH=/usr/bin:/bin", NULL};
    execve(host->arguments[0], host->arguments, environment);
    die_errno("exec %s", host->arguments[0]);
}

void sandbox_start(const struct sandbox_host *host, struct sandbox *ret_sandbox) {
    struct sandbox sandbox = {.pidfd = -1};
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        die_errno("socketpair");
    cgroup_make(&sandbox.group);
    int user_namespace = confine_make_user_namespace();
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | CLONE_INTO_CGROUP | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                 CLONE_NEWUTS,
        .pidfd = (__u64)(uintptr_t)&sandbox.pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (__u64)sandbox.group.v2,
    };
    sandbox.pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (sandbox.pid < 0)
        die_errno("clone3 into new namespaces");
    if (sandbox.pid == 0) {
        close(sockets[0]);
        sandbox_process(host, sockets[1], user_namespace);
    }
    close(sockets[1]);
    close(user_namespace);
    cgroup_attach(&sandbox.group, sandbox.pid);
    sandbox.control = sockets[0];
    *ret_sandbox = sandbox;
}

int sandbox_listener(const struct sandbox_host *host, const struct sandbox *sandbox) {
    char tag;
    int listener = netns_receive_fd(sandbox->control, &tag);
    if (listener < 0)
        die("a sandbox ended before it sent its listener");
    if (host->waits && recv(sandbox->control, &tag, 1, 0) != 1)
        die("a runtime ended before it was ready");
    return listener;
}

/* What a program that waits is told: as many variables as a function has. */
static void tell(const struct sandbox *sandbox) {
    char message[4096];
    int len = 0;
    for (int i = 0; i < 30; i++)
        len += snprintf(message + len, sizeof message - (size_t)len, "FLOOR_VARIABLE_%d=%040d%c", i, i, '\0');
    if (send(sandbox->control, message, (size_t)len, MSG_NOSIGNAL) != len ||
        shutdown(sandbox->control, SHUT_WR) != 0)
        die_errno("tell a runtime its function");
}

void sandbox_claim(const struct sandbox_host *host, const struct sandbox *sandbox) {
    int code = (int)syscall(SYS_open_tree, AT_FDCWD, BASE "/code",
                            OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (code < 0 || syscall(SYS_mount_setattr, code, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                            sizeof attributes) != 0)
        die_errno("open the code as a detached mount");
    cgroup_limit(&sandbox->group);
    if (host->waits) {
        if (setns(sandbox->pidfd, CLONE_NEWNS) != 0)
            die_errno("enter a sandbox");
        mount_code(code);
        if (setns(host->mount_namespace, CLONE_NEWNS) != 0)
            die_errno("leave a sandbox");
        tell(sandbox);
    } else if (netns_send_fd(sandbox->control, code, 'C') != 0) {
        die_errno("hand the code to a sandbox");
    }
    close(code);
}

void sandbox_end(struct sandbox *sandbox) {
    syscall(SYS_pidfd_send_signal, sandbox->pidfd, SIGKILL, NULL, 0);
    waitpid(sandbox->pid, NULL, 0);
    close(sandbox->pidfd);
    close(sandbox->control);
    cgroup_remove(&sandbox->group);
}

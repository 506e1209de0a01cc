/* Attempts by system call: other processes, namespaces, mounts, privileges, the machine. See probe.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static void ptrace_init(char **args) {
    (void)args;
    say_result(ptrace(PTRACE_ATTACH, 1, NULL, NULL));
}

static void ptrace_child(char **args) {
    (void)args;
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    say_result(ptrace(PTRACE_SEIZE, child, NULL, NULL));
    kill(child, SIGKILL);
}

static void read_init_memory(char **args) {
    (void)args;
    char bytes[8];
    struct iovec here = {bytes, sizeof bytes};
    struct iovec there = {(void *)0x400000, sizeof bytes};
    say_result(process_vm_readv(1, &here, 1, &there, 1, 0));
}

/* Signals that no handler takes are for the first process of a pid namespace as if they had not been sent; of
 * those with a handler it heeds only what comes from outside. */
static void kill_init(char **args) {
    (void)args;
    for (int signum = 1; signum < NSIG; signum++)
        kill(1, signum);
    poll(NULL, 0, 20); /* a stop would be noticed */
    say("%s", kill(1, 0) == 0 || errno == EPERM ? "init lives" : "init is gone");
}

static void kill_all(char **args) {
    (void)args;
    signal(SIGTERM, SIG_IGN);
    kill(-1, SIGTERM);
    say("alive");
}

static void limit_init(char **args) {
    (void)args;
    struct rlimit limit = {1000, 1000};
    prlimit(1, RLIMIT_NOFILE, &limit, NULL);
    say("%s", kill(1, 0) == 0 ? "init lives" : "init is gone");
}

static void mount_tmpfs(char **args) {
    (void)args;
    say_result(mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
}

static void mount_remount(char **args) {
    (void)args;
    say_result(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
}

static void unmount_code(char **args) {
    (void)args;
    say_result(umount2("/var/task", MNT_DETACH));
}

static void clone_mount(char **args) {
    (void)args;
    say_result(open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE));
}

static void make_filesystem(char **args) {
    (void)args;
    say_result(fsopen("tmpfs", 0));
}

static void pivot_root_tmp(char **args) {
    (void)args;
    say_result(syscall(SYS_pivot_root, "/tmp", "/tmp"));
}

static void chroot_tmp(char **args) {
    (void)args;
    say_result(chroot("/tmp"));
}

static void unshare_user(char **args) {
    (void)args;
    say_result(unshare(CLONE_NEWUSER));
}

static void unshare_mounts(char **args) {
    (void)args;
    say_result(unshare(CLONE_NEWNS));
}

static void clone_namespaces(char **args) {
    (void)args;
    static const int flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        long pid = syscall(SYS_clone, flags[i] | SIGCHLD, NULL, NULL, NULL, NULL);
        if (pid == 0)
            _exit(0);
        if (pid != -1 || errno != EPERM)
            return say("flag %x gave %ld, errno %d", flags[i], pid, errno);
    }
    say("EPERM");
}

static void clone3_plain(char **args) {
    (void)args;
    char clone_args[88] = {0};
    say_result(syscall(SYS_clone3, clone_args, sizeof clone_args));
}

static void enter_namespace(char **args) {
    int fd = open(args[0], O_RDONLY);
    say_result(fd == -1 ? -1 : setns(fd, 0));
}

static void become_root(char **args) {
    (void)args;
    say("%s", setuid(0) == 0 || setreuid(0, 0) == 0 || setgid(0) == 0 ? "root" : "no");
}

static void gain_capability(char **args) {
    (void)args;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.effective = 1u << CAP_SYS_ADMIN, .permitted = 1u << CAP_SYS_ADMIN}};
    say_result(syscall(SYS_capset, &header, data));
}

static void open_socket(char **args) {
    int fd = socket(atoi(args[0]), atoi(args[1]), atoi(args[2]));
    say_result(fd);
}

static void add_key_call(char **args) {
    (void)args;
    say_result(syscall(SYS_add_key, "user", "x", "y", 1, KEY_SPEC_PROCESS_KEYRING));
}

static void keyctl_call(char **args) {
    (void)args;
    say_result(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
}

/* The name or number of a system call, and up to four arguments. */
static void call_by_name(char **args) {
    static const struct {
        const char *name;
        long number;
    } calls[] = {
        {"acct", SYS_acct},
        {"bpf", SYS_bpf},
        {"init_module", SYS_init_module},
        {"io_uring_setup", SYS_io_uring_setup},
        {"kcmp", SYS_kcmp},
        {"kexec_load", SYS_kexec_load},
        {"open_by_handle_at", SYS_open_by_handle_at},
        {"perf_event_open", SYS_perf_event_open},
        {"pidfd_getfd", SYS_pidfd_getfd},
        {"quotactl", SYS_quotactl},
        {"syslog", SYS_syslog},
        {"userfaultfd", SYS_userfaultfd},
    };
    long number = strtol(args[0], NULL, 10);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        number = strcmp(calls[i].name, args[0]) == 0 ? calls[i].number : number;
    long rest[4] = {0};
    for (size_t i = 0; i < 4 && args[i + 1]; i++)
        rest[i] = strtol(args[i + 1], NULL, 0);
    say_result(syscall(number, rest[0], rest[1], rest[2], rest[3]));
}

/* Where there are none, nobody can get at them. */
static void use_ports(char **args) {
    (void)args;
#ifdef SYS_iopl
    say_result(syscall(SYS_iopl, 3));
#else
    say("EPERM");
#endif
}

static void set_clock(char **args) {
    (void)args;
    struct timespec now;
    struct timeval day;
    struct timex timex = {.modes = ADJ_FREQUENCY};
    clock_gettime(CLOCK_REALTIME, &now);
    gettimeofday(&day, NULL);
    bool set = clock_settime(CLOCK_REALTIME, &now) == 0 || settimeofday(&day, NULL) == 0 ||
               adjtimex(&timex) == 0;
    say("%s", set ? "set" : "EPERM");
}

static void reboot_call(char **args) {
    (void)args;
    say_result(syscall(SYS_reboot, 0xfee1dead, 672274793, RB_DISABLE_CAD, NULL));
}

static void swap_call(char **args) {
    (void)args;
    say_result(swapon("/tmp/none", 0));
}

static void personality_call(char **args) {
    (void)args;
    if (personality(0xffffffff) == -1)
        return say("can't even ask");
    say_result(personality(ADDR_NO_RANDOMIZE));
}

static void make_device(char **args) {
    (void)args;
    say_result(mknod("/tmp/mem", S_IFCHR | 0666, makedev(1, 1)));
}

static void raise_priority(char **args) {
    (void)args;
    struct sched_param param = {.sched_priority = 1};
    say("%s", setpriority(PRIO_PROCESS, 0, -5) == 0 || sched_setscheduler(0, SCHED_RR, &param) == 0 ? "raised"
                                                                                                    : "no");
}

static void raise_limit(char **args) {
    (void)args;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max = limit.rlim_max + 1;
    say_result(setrlimit(RLIMIT_NOFILE, &limit));
}

static void set_hostname(char **args) {
    (void)args;
    say_result(sethostname("x", 1));
}

/* A call under its 32-bit number, where the filter would look for another one. */
static void call_32bit(char **args) {
    (void)args;
#ifdef __x86_64__
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    say("got %ld", result);
#else
    raise(SIGSYS);
#endif
}

static void call_x32(char **args) {
    (void)args;
#ifdef __x86_64__
    say_result(syscall(0x40000000 | SYS_getpid));
#else
    raise(SIGSYS);
#endif
}

static void run_setuid(char **args) {
    (void)args;
    execl("/var/task/setuid", "setuid", "identity", NULL);
    say_result(-1);
}

static void identity(char **args) {
    (void)args;
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;
    getresuid(&real, &effective, &saved);
    getresgid(&real_group, &effective_group, &saved_group);
    say("%u %u %u, %u %u %u, %d groups", real, effective, saved, real_group, effective_group, saved_group,
        getgroups(0, NULL));
}

/* The process that stays behind would run on if anything let it. */
static void leave_daemon(char **args) {
    (void)args;
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            signal(SIGHUP, SIG_IGN);
            for (;;)
                pause();
        }
        _exit(0);
    }
    wait(NULL);
    say("left");
}

/* Processes in sessions of their own that never stop making more. */
static void fork_bomb(char **args) {
    (void)args;
    say("boom");
    for (;;) {
        if (fork() == 0)
            setsid();
    }
}

/* What a descriptor gives, up to its end. */
static void read_descriptor(char **args) {
    char text[256];
    ssize_t len = read(atoi(args[0]), text, sizeof text - 1);
    text[len < 0 ? 0 : len] = '\0';
    len < 0 ? say_result(-1) : say("%s", text);
}

static void exit_with(char **args) {
    exit(atoi(args[0]));
}

static void kill_self(char **args) {
    raise(atoi(args[0]));
}

static void sleep_for_ever(char **args) {
    (void)args;
    say("asleep");
    for (;;)
        pause();
}

const struct probe probes_of_calls[] = {
    {"ptrace_init", ptrace_init},
    {"ptrace_child", ptrace_child},
    {"read_init_memory", read_init_memory},
    {"kill_init", kill_init},
    {"kill_all", kill_all},
    {"limit_init", limit_init},
    {"mount_tmpfs", mount_tmpfs},
    {"mount_remount", mount_remount},
    {"unmount_code", unmount_code},
    {"clone_mount", clone_mount},
    {"make_filesystem", make_filesystem},
    {"pivot_root", pivot_root_tmp},
    {"chroot", chroot_tmp},
    {"unshare_user", unshare_user},
    {"unshare_mounts", unshare_mounts},
    {"clone_namespaces", clone_namespaces},
    {"clone3", clone3_plain},
    {"enter_namespace", enter_namespace},
    {"become_root", become_root},
    {"gain_capability", gain_capability},
    {"socket", open_socket},
    {"add_key", add_key_call},
    {"keyctl", keyctl_call},
    {"call", call_by_name},
    {"use_ports", use_ports},
    {"set_clock", set_clock},
    {"reboot", reboot_call},
    {"swap", swap_call},
    {"personality", personality_call},
    {"make_device", make_device},
    {"raise_priority", raise_priority},
    {"raise_limit", raise_limit},
    {"set_hostname", set_hostname},
    {"call_32bit", call_32bit},
    {"call_x32", call_x32},
    {"run_setuid", run_setuid},
    {"identity", identity},
    {"leave_daemon", leave_daemon},
    {"fork_bomb", fork_bomb},
    {"read_descriptor", read_descriptor},
    {"exit", exit_with},
    {"raise", kill_self},
    {"sleep", sleep_for_ever},
    {0},
};

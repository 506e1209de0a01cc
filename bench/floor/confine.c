/* See confine.h. */
#include "bench/floor/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/die.h"

enum { SANDBOX_ID = 1000, FILTER_SIZE_MAX = 256, CAPABILITY_LAST = 40 };

/* Sorted before use: the numbers differ between architectures. */
/* clang-format off */
static int denied_calls[] = {
    SYS_acct, SYS_add_key, SYS_bpf, SYS_chroot, SYS_clock_adjtime, SYS_clock_settime, SYS_delete_module,
    SYS_fanotify_init, SYS_finit_module, SYS_fsconfig, SYS_fsmount, SYS_fsopen, SYS_fspick,
    SYS_init_module, SYS_io_uring_enter, SYS_io_uring_register, SYS_io_uring_setup, SYS_kcmp,
    SYS_kexec_file_load, SYS_kexec_load, SYS_keyctl, SYS_lookup_dcookie, SYS_mount, SYS_mount_setattr,
    SYS_move_mount, SYS_move_pages, SYS_name_to_handle_at, SYS_open_by_handle_at, SYS_open_tree,
    SYS_perf_event_open, SYS_personality, SYS_pidfd_getfd, SYS_pivot_root, SYS_process_madvise,
    SYS_process_vm_readv, SYS_process_vm_writev, SYS_ptrace, SYS_quotactl, SYS_reboot, SYS_request_key,
    SYS_setdomainname, SYS_sethostname, SYS_setns, SYS_settimeofday, SYS_swapoff, SYS_swapon, SYS_syslog,
    SYS_umount2, SYS_unshare, SYS_userfaultfd, SYS_vhangup,
};
/* clang-format on */

static int compare_calls(const void *left, const void *right) {
    return *(const int *)left - *(const int *)right;
}

struct program {
    struct sock_filter code[FILTER_SIZE_MAX];
    unsigned short size;
};

static void emit(struct program *program, struct sock_filter instruction) {
    if (program->size == FILTER_SIZE_MAX)
        die("the seccomp filter has more than %d instructions", FILTER_SIZE_MAX);
    program->code[program->size++] = instruction;
}

/* Emits the search of calls[0..count) and ends every path with a verdict. */
static void emit_search(struct program *program, const int *calls, int count) {
    if (count == 1) {
        emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[0], 0, 1));
        emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
        emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
        return;
    }
    int half = count / 2;
    unsigned short branch = program->size;
    emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)calls[half], 0, 0));
    emit_search(program, calls, half);
    program->code[branch].jt = (unsigned char)(program->size - branch - 1);
    emit_search(program, calls + half, count - half);
}

struct sock_fprog confine_build_filter(void) {
#if defined(__x86_64__)
    unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
    unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "name this architecture's AUDIT_ARCH constant here"
#endif
    static struct program program;
    int count = sizeof denied_calls / sizeof *denied_calls;
    qsort(denied_calls, (size_t)count, sizeof *denied_calls, compare_calls);
    emit(&program,
         (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    emit(&program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 1, 0));
    emit(&program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    emit(&program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    emit_search(&program, denied_calls, count);
    return (struct sock_fprog){.len = program.size, .filter = program.code};
}

static void write_map(pid_t pid, const char *file) {
    static const char map[] = "0 100000 65536\n";
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, map, sizeof map - 1) < 0)
        die_errno("write %s", path);
    close(fd);
}

int confine_make_user_namespace(void) {
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid < 0)
        die_errno("make a user namespace");
    if (pid == 0)
        for (;;)
            pause();
    write_map(pid, "uid_map");
    write_map(pid, "gid_map");
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die_errno("open %s", path);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return fd;
}

static void limit_self(void) {
    static const struct {
        int resource;
        rlim_t value;
    } limits[] = {{RLIMIT_NOFILE, 1024}, {RLIMIT_NPROC, 1024}, {RLIMIT_CORE, 0}, {RLIMIT_MEMLOCK, 65536}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit = {limits[i].value, limits[i].value};
        if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) != 0)
            die_errno("set resource limit %d", limits[i].resource);
    }
}

void confine_self(int user_namespace, const struct sock_fprog *filter) {
    limit_self();
    if (setns(user_namespace, CLONE_NEWUSER) != 0)
        die_errno("enter the user namespace");
    for (int capability = 0; capability <= CAPABILITY_LAST; capability++)
        prctl(PR_CAPBSET_DROP, capability);
    if (setgroups(0, NULL) != 0 || setresgid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID) != 0 ||
        setresuid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID) != 0)
        die_errno("become user %d", SANDBOX_ID);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    if (syscall(SYS_capset, &header, none) != 0)
        die_errno("drop all capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) != 0)
        die_errno("install the seccomp filter");
}

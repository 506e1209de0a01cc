/* See seccomp.h. A list of what is refused rather than of what is allowed: functions are ordinary Linux
 * programs in any language, and a forgotten harmless call would break them. What makes a list of refusals
 * hold is the head put in front of it: a call newer than this list does not exist (ENOSYS), so that nothing
 * unknown gets in with a new kernel, and C libraries fall back as they do on an old one. */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/fd.h"

/* set_mempolicy_home_node (Linux 5.17): the newest call this list was made with. All architectures number
 * alike from 424 on. */
#define NEWEST_CALL 450

/* x86-64 only: the calls of the x32 ABI carry this bit. libseccomp's part of the program refuses them. */
#define X32_BIT 0x40000000u

/* SCMP_FLTATR_CTL_OPTIMIZE: a binary tree instead of a list; installing costs per instruction walked. */
#define OPTIMIZE_TREE 2

/* Names rather than numbers: libseccomp knows which exist on which architecture. */
static const char *const refused[] = {
    /* other processes' memory and execution */
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "kcmp",
    "pidfd_getfd",
    /* namespaces, mounts, roots (clone has rules of its own) */
    "unshare",
    "setns",
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "quotactl",
    "quotactl_fd",
    "swapon",
    "swapoff",
    /* opening files without a path, past every mount */
    "open_by_handle_at",
    "name_to_handle_at",
    /* parts of the kernel with a long record of holes and no use for a function */
    "bpf",
    "userfaultfd",
    "perf_event_open",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "add_key",
    "request_key",
    "keyctl",
    "fanotify_init",
    "fanotify_mark",
    "lookup_dcookie",
    "nfsservctl",
    /* the machine as a whole */
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "get_kernel_syms",
    "query_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "syslog",
    "acct",
    "settimeofday",
    "stime",
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
    "vhangup",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "vm86",
    "vm86old",
    "modify_ldt",
    /* placing memory on nodes of the machine */
    "mbind",
    "migrate_pages",
    "move_pages",
    "set_mempolicy",
    "set_mempolicy_home_node",
};

/* A call refused only with certain arguments. `more` is joined by "and". */
struct rule {
    int call;
    int errnum;
    struct scmp_arg_cmp one;
    struct scmp_arg_cmp more;
    unsigned comparisons;
};

#define WITH_FLAG(argument, flag)                                                                            \
    { .arg = (argument), .op = SCMP_CMP_MASKED_EQ, .datum_a = (flag), .datum_b = (flag) }
#define IS(argument, value)                                                                                  \
    { .arg = (argument), .op = SCMP_CMP_EQ, .datum_a = (value) }
#define IS_NOT(argument, value)                                                                              \
    { .arg = (argument), .op = SCMP_CMP_NE, .datum_a = (value) }
#define ABOVE(argument, value)                                                                               \
    { .arg = (argument), .op = SCMP_CMP_GT, .datum_a = (value) }

#define NO_CLONE(flag)                                                                                       \
    { SCMP_SYS(clone), EPERM, WITH_FLAG(0, flag), {0}, 1 }
#define NO_FAMILY(family)                                                                                    \
    { SCMP_SYS(socket), EAFNOSUPPORT, IS(0, family), {0}, 1 }
#define NO_TYPE(family, type)                                                                                \
    {                                                                                                        \
        SCMP_SYS(socket), EPERM, IS(0, family),                                                              \
            {.arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = SOCKET_TYPE_MASK, .datum_b = (type)}, 2          \
    }

/* The lower bits of socket()'s type; above are SOCK_CLOEXEC and SOCK_NONBLOCK. */
#define SOCKET_TYPE_MASK 0xf

static const struct rule rules[] = {
    NO_CLONE(CLONE_NEWNS),
    NO_CLONE(CLONE_NEWCGROUP),
    NO_CLONE(CLONE_NEWUTS),
    NO_CLONE(CLONE_NEWIPC),
    NO_CLONE(CLONE_NEWUSER),
    NO_CLONE(CLONE_NEWPID),
    NO_CLONE(CLONE_NEWNET),
    /* its flags are in memory, where no filter can look; C libraries fall back to clone */
    {SCMP_SYS(clone3), ENOSYS, {0}, {0}, 0},
    /* unix, IPv4, IPv6 and the routing table are all that is left (families 1, 2, 10, 16) */
    NO_FAMILY(3),
    NO_FAMILY(4),
    NO_FAMILY(5),
    NO_FAMILY(6),
    NO_FAMILY(7),
    NO_FAMILY(8),
    NO_FAMILY(9),
    NO_FAMILY(11),
    NO_FAMILY(12),
    NO_FAMILY(13),
    NO_FAMILY(14),
    NO_FAMILY(15),
    {SCMP_SYS(socket), EAFNOSUPPORT, ABOVE(0, AF_NETLINK), {0}, 1},
    {SCMP_SYS(socket), EPERM, IS(0, AF_NETLINK), IS_NOT(2, NETLINK_ROUTE), 2},
    NO_TYPE(AF_INET, SOCK_RAW),
    NO_TYPE(AF_INET, SOCK_PACKET),
    NO_TYPE(AF_INET6, SOCK_RAW),
    NO_TYPE(AF_INET6, SOCK_PACKET),
    /* asking is fine, changing takes address space randomisation away */
    {SCMP_SYS(personality), EPERM, IS_NOT(0, 0xffffffff), {0}, 1},
};

static bool add_refusals(scmp_filter_ctx filter, struct err *err) {
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        int call = seccomp_syscall_resolve_name(refused[i]);
        /* Negative numbers are calls of other architectures, or none at all. */
        if (call < 0)
            continue;
        int failure = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
        if (failure)
            return err_set_errno(err, -failure, "system call filter: %s", refused[i]);
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *rule = &rules[i];
        struct scmp_arg_cmp both[2] = {rule->one, rule->more};
        int failure = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO((uint16_t)rule->errnum), rule->call,
                                             rule->comparisons, both);
        if (failure)
            return err_set_errno(err, -failure, "system call filter: rule %zu", i);
    }
    return true;
}

/* What the kernel is to do with calls that this list can't know. The jumps count instructions to skip. */
static const struct sock_filter head[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, NEWEST_CALL, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
};

/* libseccomp gives its program only through a descriptor. */
static bool export_program(scmp_filter_ctx filter, struct seccomp_program *ret_program, struct err *err) {
    OWN_FD int file = memfd_create("filter", MFD_CLOEXEC);
    if (file == -1)
        return err_set_errno(err, errno, "memfd_create");
    int failure = seccomp_export_bpf(filter, file);
    if (failure)
        return err_set_errno(err, -failure, "can't export the system call filter");
    struct stat facts;
    if (fstat(file, &facts) == -1)
        return err_set_errno(err, errno, "fstat");
    size_t tail_bytes = (size_t)facts.st_size;
    struct sock_filter *instructions = mem_alloc(sizeof head + tail_bytes);
    memcpy(instructions, head, sizeof head);
    if (pread(file, (char *)instructions + sizeof head, tail_bytes, 0) != facts.st_size) {
        free(instructions);
        return err_set(err, ERR_INTERNAL, "the system call filter is cut short");
    }
    *ret_program = (struct seccomp_program){
        .instructions = instructions,
        .count = (sizeof head + tail_bytes) / sizeof head[0],
    };
    return true;
}

bool seccomp_build(struct seccomp_program *ret_program, struct err *err) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter)
        return err_set(err, ERR_UNSUPPORTED, "libseccomp does not know this machine's architecture");
    /* A call of another architecture (int 0x80, x32) would pass under other numbers: end the process. */
    seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE);
    bool built = add_refusals(filter, err) && export_program(filter, ret_program, err);
    seccomp_release(filter);
    return built;
}

void seccomp_done(struct seccomp_program *program) {
    free(program->instructions);
    *program = (struct seccomp_program){0};
}

bool seccomp_install(const struct seccomp_program *program, struct err *err) {
    struct sock_fprog raw = {.len = (unsigned short)program->count, .filter = program->instructions};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &raw) == -1)
        return err_set_errno(err, errno, "can't install the system call filter");
    return true;
}

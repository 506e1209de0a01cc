/* What a function must not be able to do, each tried from inside a real sandbox by the probe program; and
 * what it must still be able to. One row is one test: what the probe is told, and what it has to print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox_fixture.h"
#include "sys/fd.h"

#define INSTANCE "lamb-test-escape"
#define MAX_ARGS 20

struct attempt {
    const char *name;
    const char
        *args[MAX_ARGS]; /* "$DIR", "$PORT" and "$SOCKET" stand for what the test has made on the host */
    const char *output;
    const char *other_output; /* equally good: where kernels differ */
    int signal;               /* the probe must be ended by it */
    bool out_of_memory;       /* and the end must say so */
    uint32_t processes;       /* of the plan, where not the usual */
    uint32_t tmp_mb;
};

static struct fixture fixture;
static char port_text[8];
static char socket_name[64];

/* What it prints, and the words it is given. */
#define TRY(title, expected, ...)                                                                            \
    {                                                                                                        \
        .name = title, .output = expected, .args = { __VA_ARGS__ }                                           \
    }

static const struct attempt attempts[] = {
    /* Who it is. */
    TRY("runs as the function's user", "993 993 993, 990 990 990, 0 groups\n", "identity"),
    TRY("surroundings", "/var/task sandbox 022 1 here\n", "surroundings"),
    TRY("standard streams", "to stdout\nto stderr\nstdin ends\n", "streams"),
    TRY("inherits three descriptors", "0 1 2 3\n", "list", "/proc/self/fd"), /* 3 is the listing's own */
    TRY("effective capabilities", "0000000000000000\n", "status", "CapEff"),
    TRY("permitted capabilities", "0000000000000000\n", "status", "CapPrm"),
    TRY("inheritable capabilities", "0000000000000000\n", "status", "CapInh"),
    TRY("bounding set", "0000000000000000\n", "status", "CapBnd"),
    TRY("ambient capabilities", "0000000000000000\n", "status", "CapAmb"),
    TRY("no new privileges", "1\n", "status", "NoNewPrivs"),
    TRY("filtered system calls", "2\n", "status", "Seccomp"),
    TRY("no signal ignored", "0000000000000000\n", "status", "SigIgn"),
    TRY("no signal blocked", "0000000000000000\n", "status", "SigBlk"),
    TRY("user known by name",
        "[root:x:0:0:root:/root:/sbin/nologin|sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin|"
        "nobody:x:65534:65534:nobody:/:/sbin/nologin|]\n",
        "show", "/etc/passwd"), /* Other processes. */
    TRY("sees no process but its own", "1 2\n", "list", "/proc", "numbers"),
    TRY("process 1 tells nothing of the host", "[lamb-init|]\n", "show", "/proc/1/comm"),
    TRY("memory of process 1", "EACCES\n", "read", "/proc/1/mem"),
    TRY("environment of process 1", "EACCES\n", "read", "/proc/1/environ"),
    TRY("memory map of process 1", "EACCES\n", "read", "/proc/1/maps"),
    TRY("descriptors of process 1", "EACCES\n", "list", "/proc/1/fd"),
    TRY("root of process 1", "EACCES\n", "list", "/proc/1/root"),
    TRY("way out through other processes", "none\n", "other_roots"),
    TRY("ptrace of process 1", "EPERM\n", "ptrace_init"),
    TRY("ptrace of a child", "EPERM\n", "ptrace_child"),
    TRY("process_vm_readv of process 1", "EPERM\n", "read_init_memory"),
    TRY("signals to process 1", "init lives\n", "kill_init"),
    TRY("signals to everybody", "alive\n", "kill_all"),
    TRY("limits of process 1", "init lives\n", "limit_init"),
    TRY("kcmp", "EPERM\n", "call", "kcmp", "1", "2", "0"),
    TRY("pidfd_getfd", "EPERM\n", "call", "pidfd_getfd", "0", "0", "0"), /* Files. */
    TRY("reads its code", "[plain]\n", "show", "/var/task/plain"),
    TRY("sees nothing beside its code", "foreign plain probe script setuid\n", "list", "/var/task"),
    TRY("a file of the host", "ENOENT\n", "read", "$DIR/secret"),
    TRY("another function's code", "ENOENT\n", "read", "$DIR/code/plain"),
    TRY("the host's passwords", "ENOENT\n", "read", "/etc/shadow"),
    TRY("directories at the root", "nowhere\n", "write_around", "/", "/bin", "/dev", "/etc", "/home", "/lib",
        "/mnt", "/opt", "/proc", "/run", "/usr", "/usr/local/bin", "/var", "/var/empty", "/var/lang",
        "/var/runtime", "/var/task", "/dev/shm"),
    TRY("its own code for writing, though its mode allows it", "EROFS\n", "write", "/var/task/plain"),
    {.name = "a program of the host for writing",
     .args = {"write", "/usr/bin/env"},
     .output = "EACCES\n",
     .other_output = "EROFS\n"},
    TRY("writes to /tmp", "ok\n", "write_tmp"),
    TRY("finds /tmp empty", "\n", "list", "/tmp"),
    TRY("runs programs from /tmp", "", "run_from_tmp"),
    TRY("above the root", "same\n", "climb"),
    TRY("set-user-ID means nothing", "993 993 993, 990 990 990, 0 groups\n", "run_setuid"),
    TRY("no mount takes set-user-ID", "all\n", "nosuid", "/", "/usr", "/var/task", "/tmp", "/proc",
        "/var/runtime"),
    TRY("the spawner's socket", "ENOENT\n", "connect_path",
        "/run/systemd/private"), /* Devices and the kernel's files. */
    TRY("devices there are", "fd full null random stderr stdin stdout urandom zero\n", "list", "/dev"),
    TRY("physical memory", "ENOENT\n", "read", "/dev/mem"),
    TRY("disk", "ENOENT\n", "read", "/dev/vda"),
    TRY("makes a device", "EPERM\n", "make_device"),
    TRY("/dev/null takes everything", "ok\n", "write", "/dev/null"),
    TRY("/dev/urandom gives", "something\n", "size", "/dev/urandom"),
    TRY("control groups", "ENOENT\n", "list", "/sys"),
    TRY("its place in control groups", "at the root\n", "groups"),
    TRY("kernel command line", "empty\n", "size", "/proc/cmdline"),
    TRY("kernel keys", "empty\n", "size", "/proc/keys"),
    {.name = "kernel image",
     .args = {"read", "/proc/kcore"},
     .output = "EACCES\n",
     .other_output = "ENOENT\n"},
    TRY("kernel log", "EACCES\n", "read", "/proc/kmsg"),
    {.name = "magic keys",
     .args = {"write", "/proc/sysrq-trigger"},
     .output = "EACCES\n",
     .other_output = "ENOENT\n"},
    TRY("where cores go", "EACCES\n", "write", "/proc/sys/kernel/core_pattern"),
    TRY("user namespaces left", "[0|]\n", "show", "/proc/sys/user/max_user_namespaces"),
    TRY("processor facts", "something\n", "size", "/proc/cpuinfo"), /* Namespaces and mounts. */
    TRY("mount", "EPERM\n", "mount_tmpfs"),
    TRY("remount", "EPERM\n", "mount_remount"),
    TRY("umount", "EPERM\n", "unmount_code"),
    TRY("open_tree", "EPERM\n", "clone_mount"),
    TRY("fsopen", "EPERM\n", "make_filesystem"),
    TRY("pivot_root", "EPERM\n", "pivot_root"),
    TRY("chroot", "EPERM\n", "chroot"),
    TRY("unshare(user)", "EPERM\n", "unshare_user"),
    TRY("unshare(mount)", "EPERM\n", "unshare_mounts"),
    TRY("clone with namespaces", "EPERM\n", "clone_namespaces"),
    TRY("clone3", "ENOSYS\n", "clone3"),
    TRY("setns", "EPERM\n", "enter_namespace", "/proc/self/ns/net"),
    TRY("open_by_handle_at", "EPERM\n", "call", "open_by_handle_at", "0", "0",
        "0"), /* Privileges and the machine. */
    TRY("becomes root", "no\n", "become_root"),
    TRY("gains a capability", "EPERM\n", "gain_capability"),
    TRY("add_key", "EPERM\n", "add_key"),
    TRY("keyctl", "EPERM\n", "keyctl"),
    TRY("bpf", "EPERM\n", "call", "bpf", "5", "0", "0"),
    TRY("userfaultfd", "EPERM\n", "call", "userfaultfd", "0"),
    TRY("perf_event_open", "EPERM\n", "call", "perf_event_open", "0", "0", "-1"),
    TRY("io_uring", "EPERM\n", "call", "io_uring_setup", "1", "0"),
    TRY("init_module", "EPERM\n", "call", "init_module", "0", "0", "0"),
    TRY("kexec_load", "EPERM\n", "call", "kexec_load", "0", "0", "0"),
    TRY("kernel log by call", "EPERM\n", "call", "syslog", "3", "0", "0"),
    TRY("quotactl", "EPERM\n", "call", "quotactl", "0", "0", "0"),
    TRY("acct", "EPERM\n", "call", "acct", "0"),
    TRY("iopl", "EPERM\n", "use_ports"),
    TRY("reboot", "EPERM\n", "reboot"),
    TRY("swapon", "EPERM\n", "swap"),
    TRY("clock", "EPERM\n", "set_clock"),
    TRY("host name", "EPERM\n", "set_hostname"),
    TRY("personality", "EPERM\n", "personality"),
    TRY("priority", "no\n", "raise_priority"),
    TRY("resource limits", "EPERM\n", "raise_limit"),
    TRY("a call newer than the filter", "ENOSYS\n", "call", "451", "0"),
    TRY("a call that nobody knows", "ENOSYS\n", "call", "4000", "0"),
    {.name = "a 32-bit call", .args = {"call_32bit"}, .output = "", .signal = 31},
    {.name = "an x32 call", .args = {"call_x32"}, .output = "", .signal = 31}, /* The network. */
    TRY("the host's loopback", "ECONNREFUSED\n", "connect", "127.0.0.1", "$PORT"),
    TRY("the world", "ENETUNREACH\n", "connect", "192.0.2.1", "80"),
    TRY("cloud metadata", "ENETUNREACH\n", "connect", "169.254.169.254", "80"),
    TRY("the host's abstract sockets", "ECONNREFUSED\n", "connect_abstract", "$SOCKET"),
    TRY("its Runtime API", "ok\n", "connect", "127.0.0.1", "9001"),
    TRY("Lamb's API", "ok\n", "connect", "127.0.0.1", "9002"),
    TRY("ports there are", "9001 9002\n", "ports"),
    TRY("raw IPv4", "EPERM\n", "socket", "2", "3", "1"),
    TRY("raw IPv6", "EPERM\n", "socket", "10", "3", "58"),
    TRY("packet sockets", "EAFNOSUPPORT\n", "socket", "17", "3", "768"),
    TRY("vsock", "EAFNOSUPPORT\n", "socket", "40", "1", "0"),
    TRY("kernel crypto sockets", "EAFNOSUPPORT\n", "socket", "38", "5", "0"),
    TRY("bluetooth", "EAFNOSUPPORT\n", "socket", "31", "3", "1"),
    TRY("audit netlink", "EPERM\n", "socket", "16", "3", "9"),
    TRY("route netlink", "ok\n", "socket", "16", "3", "0"),
    TRY("TCP", "ok\n", "socket", "2", "1", "0"),
    TRY("UDP over IPv6", "ok\n", "socket", "10", "2", "0"), /* Limits. */
    TRY("memory within the limit", "used it\n", "use_memory", "100"),
    {.name = "memory over the limit",
     .args = {"use_memory", "200"},
     .output = "",
     .signal = 9,
     .out_of_memory = true},
    {.name = "memory of a child over the limit",
     .args = {"use_memory_in_child", "200"},
     .output = "child: signal 9\n",
     .out_of_memory = true},
    {.name = "/tmp counts as memory",
     .args = {"fill_tmp", "400"},
     .output = "",
     .signal = 9,
     .out_of_memory = true,
     .tmp_mb = 512},
    TRY("/tmp to its size", "filled it\n", "fill_tmp", "16"),
    TRY("/tmp over its size", "ENOSPC after 16 MB\n", "fill_tmp", "17"),
    TRY("files in /tmp", "ENOSPC\n", "make_files", "2000"),
    {.name = "processes", .args = {"count_processes"}, .output = "EAGAIN after 19\n", .processes = 20},
    {.name = "threads", .args = {"count_threads"}, .output = "EAGAIN after 19\n", .processes = 20},
    TRY("descriptors", "EMFILE after 63\n", "count_descriptors"),
    TRY("locked memory", "65536 65536\n", "limit", "8"),
    TRY("core files", "0 0\n", "limit", "4"),
};

static const char *fill_in(const char *arg, char *space, size_t size) {
    if (strncmp(arg, "$DIR", 4) == 0) {
        snprintf(space, size, "%s%s", fixture.dir, arg + 4);
        return space;
    }
    return strcmp(arg, "$PORT") == 0 ? port_text : strcmp(arg, "$SOCKET") == 0 ? socket_name : arg;
}

static void try(void **state) {
    const struct attempt *attempt = *state;
    const char *argv[MAX_ARGS + 2] = {"/var/task/probe"};
    char spaces[MAX_ARGS][128];
    for (size_t i = 0; i < MAX_ARGS && attempt->args[i]; i++)
        argv[i + 1] = fill_in(attempt->args[i], spaces[i], sizeof spaces[i]);
    struct plan plan = fixture_plan(argv);
    plan.processes = attempt->processes ? attempt->processes : plan.processes;
    plan.tmp_mb = attempt->tmp_mb ? attempt->tmp_mb : plan.tmp_mb;
    static struct outcome outcome;
    fixture_run(&fixture, &plan, &outcome);
    if (outcome.has_failed)
        fail_msg("no sandbox: %s", outcome.failure.text);
    if (attempt->output && (!attempt->other_output || strcmp(outcome.output, attempt->other_output) != 0))
        assert_string_equal(outcome.output, attempt->output);
    /* Whatever is largest goes when memory is short, and sometimes that is lamb-init. */
    bool has_exited = outcome.has_exited[0];
    assert_true(has_exited || attempt->out_of_memory);
    assert_int_equal(has_exited ? outcome.programs[0].signal : outcome.end.signal, attempt->signal);
    assert_int_equal(outcome.programs[0].exited, attempt->signal == 0);
    assert_int_equal(outcome.end.out_of_memory, attempt->out_of_memory);
}

/* What the host has and no sandbox may reach. */
static int open_host_sockets(int ret_fds[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    ret_fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(ret_fds[0], (struct sockaddr *)&address, len) == -1 || listen(ret_fds[0], 1) == -1 ||
        getsockname(ret_fds[0], (struct sockaddr *)&address, &len) == -1)
        return -1;
    snprintf(port_text, sizeof port_text, "%u", ntohs(address.sin_port));
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(socket_name, sizeof socket_name, "lamb-test-%d", getpid());
    memcpy(name.sun_path + 1, socket_name, strlen(socket_name));
    ret_fds[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t name_len = (socklen_t)(sizeof name.sun_family + 1 + strlen(socket_name));
    return bind(ret_fds[1], (struct sockaddr *)&name, name_len) == -1 || listen(ret_fds[1], 1) == -1 ? -1 : 0;
}

static int set_up(void **state) {
    (void)state;
    static int host_fds[2];
    struct err err;
    if (!fixture_make_files(&fixture) || open_host_sockets(host_fds) == -1)
        return -1;
    if (!fixture_start(&fixture, INSTANCE, 4, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    fputs(fixture.report, stderr);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_stop(&fixture);
    fixture_remove_files(&fixture);
    return 0;
}

static void skip_all(void **state) {
    (void)state;
    print_message("%zu attempts to escape are skipped: they need root\n",
                  sizeof attempts / sizeof attempts[0]);
    skip();
}

int main(void) {
    static struct CMUnitTest tests[sizeof attempts / sizeof attempts[0]];
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++)
        tests[i] = (struct CMUnitTest){
            .name = attempts[i].name, .test_func = try, .initial_state = (void *)(uintptr_t)&attempts[i]};
    const struct CMUnitTest skipped[] = {cmocka_unit_test(skip_all)};
    if (geteuid() != 0)
        return cmocka_run_group_tests_name("escape", skipped, NULL, NULL);
    return cmocka_run_group_tests_name("escape", tests, set_up, tear_down);
}

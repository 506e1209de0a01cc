/* See orders.h.
 *
 * Nothing here is allowed to fail half-way: a line to the outside that breaks ends the sandbox, and every
 * order that can't be carried out is answered. CLEAR is why the sandbox can be used again after whatever ran
 * in it: one SIGKILL to all leaves no process behind that could go on to fork, since the kernel finishes no
 * fork of a process that has it pending, and all that is left is to reap them. */
#include "init/orders.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "init/execute.h"
#include "sandbox/control_packet.h"
#include "sys/fd.h"

#define REAPS_PER_TURN 64

struct orders {
    const struct inside_seed *seed;
    struct programs *programs;
    struct inside_limits limits;
    int control;
    int children;     /* readable when a process has ended */
    bool is_clearing; /* further orders wait until all are gone */
};

static void tell(const struct orders *orders, const struct control_packet *packet, const int *fds,
                 size_t fd_count) {
    if (!fd_send(orders->control, packet, sizeof *packet, fds, fd_count, NULL))
        _exit(0);
}

static void tell_exited(const struct orders *orders, uint32_t number, int wait_status, int exec_errno) {
    const struct control_packet packet = {
        .type = CONTROL_EXITED,
        .program = number,
        .value = wait_status,
        .errnum = exec_errno,
    };
    tell(orders, &packet, NULL, 0);
}

/* False when there may be more: who makes processes faster than they can be reaped must not keep orders
 * waiting. */
static bool reap(struct orders *orders) {
    struct programs_end end;
    for (int i = 0; programs_reap(orders->programs, &end); i++) {
        if (end.note.has_failed)
            _exit(1);
        if (end.is_program)
            tell_exited(orders, end.number, end.wait_status, end.note.exec_errno);
        if (i == REAPS_PER_TURN)
            return false;
    }
    if (orders->is_clearing && end.pid == -1) {
        orders->is_clearing = false;
        tell(orders, &(struct control_packet){.type = CONTROL_CLEARED}, NULL, 0);
    }
    return true;
}

/* Those of the plan, which the first program sets itself, and later of another one that the sandbox was
 * fitted to. */
static void take_limits(struct orders *orders) {
    struct inside_limits limits;
    ssize_t len;
    while ((len = recv(orders->seed->socket, &limits, sizeof limits, MSG_DONTWAIT)) == sizeof limits) {
        bool is_first = orders->limits.descriptors == 0;
        orders->limits = limits;
        for (int i = 0; !is_first && i < LIMIT_SANDBOX_PROGRAMS; i++)
            if (orders->programs->places[i].pid != 0)
                execute_limit(orders->programs->places[i].pid, &limits, orders->seed->limits_memory);
    }
    if (len == 0)
        _exit(0);
}

/* In the new process, which alone decodes the command line. */
static _Noreturn void become_program(const struct orders *orders, const void *bytes, size_t len, int output,
                                     struct execute_note *note) {
    struct program *program;
    if (!program_decode(bytes, len, &program, NULL)) {
        note->exec_errno = EINVAL;
        _exit(CONTROL_NOT_EXECUTABLE);
    }
    execute_limit(0, &orders->limits, orders->seed->limits_memory);
    execute_program(program, output, -1, note);
}

static void run(struct orders *orders, uint32_t number, const void *bytes, size_t len, int output) {
    int place = programs_find_free(orders->programs);
    pid_t pid = place == -1 ? -1 : fork();
    if (pid == 0)
        become_program(orders, bytes, len, output, &orders->programs->notes[place]);
    if (pid > 0)
        programs_add(orders->programs, place, number, pid);
    else
        tell_exited(orders, number, W_EXITCODE(CONTROL_NOT_EXECUTABLE, 0), EAGAIN);
}

static void send_signal(const struct orders *orders, uint32_t number, int signum) {
    pid_t pid = programs_find(orders->programs, number);
    if (pid != 0)
        kill(pid, signum);
}

static void make_socket(const struct orders *orders) {
    OWN_FD int sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const struct control_packet packet = {.type = CONTROL_MADE_SOCKET, .errnum = sock == -1 ? errno : 0};
    tell(orders, &packet, &sock, sock == -1 ? 0 : 1);
}

static void carry_out(struct orders *orders, const char *bytes, size_t len, const int *fds) {
    struct control_packet packet;
    memcpy(&packet, bytes, sizeof packet);
    switch ((enum control_type)packet.type) {
    case CONTROL_RUN: run(orders, packet.program, bytes + sizeof packet, len - sizeof packet, fds[0]); break;
    case CONTROL_SIGNAL: send_signal(orders, packet.program, packet.value); break;
    case CONTROL_STOP: kill(-1, packet.value ? SIGSTOP : SIGCONT); break;
    case CONTROL_MAKE_SOCKET: make_socket(orders); break;
    case CONTROL_CLEAR:
        kill(-1, SIGKILL);
        orders->is_clearing = true;
        break;
    case CONTROL_EXITED:
    case CONTROL_CLEARED:
    case CONTROL_MADE_SOCKET: _exit(1);
    }
}

static void take_order(struct orders *orders) {
    char bytes[CONTROL_MAX_BYTES];
    size_t len;
    int fds[FD_MAX_PASSED];
    if (!fd_receive(orders->control, bytes, sizeof bytes, &len, fds, NULL) ||
        len < sizeof(struct control_packet))
        _exit(0);
    carry_out(orders, bytes, len, fds);
    /* Command lines and variables are secrets of the program they are for. */
    mem_wipe(bytes, len);
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        fd_close(&fds[i]);
}

_Noreturn void orders_follow(const struct inside_seed *seed, int control, struct programs *programs) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    struct orders orders = {.seed = seed, .programs = programs, .control = control};
    orders.children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (orders.children == -1)
        _exit(1);
    /* Limits that a control group keeps can wait for the next order, rather than wake this process up beside
     * the first program, which is about to start. */
    short limits_event = seed->limits_memory ? 0 : POLLIN;
    for (bool is_idle = true;;) {
        struct pollfd places[] = {
            {.fd = orders.children, .events = POLLIN},
            {.fd = seed->socket, .events = limits_event},
            {.fd = orders.is_clearing ? -1 : control, .events = POLLIN},
        };
        struct signalfd_siginfo ignored;
        /* A program may have lowered the limits of this process, which is of the same user. */
        if (poll(places, 3, is_idle ? -1 : 0) == -1)
            _exit(1);
        while (read(orders.children, &ignored, sizeof ignored) > 0)
            continue;
        take_limits(&orders);
        if (places[2].revents)
            take_order(&orders);
        is_idle = reap(&orders);
    }
}

/* See control.h. */
#include "sandbox/control.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "sandbox/control_packet.h"
#include "sandbox/outbox.h"
#include "sys/fd.h"

/* Packets taken in one turn, so that nobody inside can hold up others. */
#define PACKETS_PER_TURN 16

struct control {
    struct loop_watch *watch; /* NULL when the line is broken: the sandbox is ending */
    struct outbox outbox;
    struct control_callbacks callbacks;
    void *arg;
    int fd;
    uint32_t running[LIMIT_SANDBOX_PROGRAMS];
    size_t running_count;
    size_t clears; /* asked for and not yet done */
    size_t sockets;
    bool *is_freed; /* of the function that makes callbacks; else NULL */
};

static void hang_up(struct control *control) {
    loop_watch_free(control->watch);
    control->watch = NULL;
}

static bool is_running(const struct control *control, uint32_t number) {
    for (size_t i = 0; i < control->running_count; i++)
        if (control->running[i] == number)
            return true;
    return false;
}

/* False for one that does not run: nobody is told of it. */
static bool forget(struct control *control, uint32_t number) {
    for (size_t i = 0; i < control->running_count; i++) {
        if (control->running[i] == number) {
            control->running[i] = control->running[--control->running_count];
            return true;
        }
    }
    return false;
}

/* What lamb-init tells. */

static void take_exited(struct control *control, const struct control_packet *packet) {
    int status = packet->value;
    const struct program_end end = {
        .exited = WIFEXITED(status),
        .exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .exec_errno = packet->errnum,
    };
    if (forget(control, packet->program))
        control->callbacks.exited(control->arg, packet->program, &end);
}

static void take_cleared(struct control *control) {
    if (control->clears == 0)
        return;
    control->clears--;
    control->callbacks.cleared(control->arg);
}

/* lamb serve will connect it: anything but a TCP socket could have it wait, or speak to somebody else. */
static bool is_tcp(int fd) {
    int domain = 0;
    int type = 0;
    socklen_t len = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_INET &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
           fd_set_nonblocking(fd, NULL);
}

static void take_socket(struct control *control, int *fd) {
    if (control->sockets == 0)
        return;
    control->sockets--;
    if (!is_tcp(*fd))
        fd_close(fd);
    control->callbacks.made_socket(control->arg, take_fd(fd));
}

static void take_packet(struct control *control, const struct control_packet *packet,
                        int fds[FD_MAX_PASSED]) {
    if (packet->type == CONTROL_EXITED)
        take_exited(control, packet);
    else if (packet->type == CONTROL_CLEARED)
        take_cleared(control);
    else if (packet->type == CONTROL_MADE_SOCKET)
        take_socket(control, &fds[0]);
}

/* False when there is nothing more to take now. */
static bool receive_one(struct control *control) {
    struct control_packet packet = {0};
    size_t len;
    int fds[FD_MAX_PASSED];
    struct err err;
    bool is_received = fd_receive(control->fd, &packet, sizeof packet, &len, fds, &err);
    if (!is_received && err.code == ERR_LIMIT) {
        /* Without room for its descriptor the rest of a packet is there all the same. */
        len = sizeof packet;
        for (size_t i = 0; i < FD_MAX_PASSED; i++)
            fds[i] = -1;
    } else if (!is_received || len == 0) {
        if (is_received || err.errnum != EAGAIN)
            hang_up(control);
        return false;
    }
    bool is_freed = false;
    control->is_freed = &is_freed;
    if (len == sizeof packet)
        take_packet(control, &packet, fds);
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        fd_close(&fds[i]);
    if (!is_freed)
        control->is_freed = NULL;
    return !is_freed;
}

/* What lamb-init is told. */

/* A program whose order did not even get inside. */
static struct control_packet unsent(uint64_t tag, const struct err *err) {
    return (struct control_packet){
        .program = (uint32_t)(tag - 1),
        .value = W_EXITCODE(CONTROL_NOT_EXECUTABLE, 0),
        .errnum = err->errnum,
    };
}

/* False when the control is gone. A line that is broken is noticed by the reading side. */
static bool flush(struct control *control) {
    uint64_t tag;
    struct err err;
    bool is_freed = false;
    enum outbox_result result;
    while ((result = outbox_flush(&control->outbox, &tag, &err)) == OUTBOX_REFUSED) {
        bool is_broken = err.errnum == EPIPE || err.errnum == ECONNRESET;
        if (tag == 0 || is_broken)
            continue;
        struct control_packet packet = unsent(tag, &err);
        control->is_freed = &is_freed;
        take_exited(control, &packet);
        if (is_freed)
            return false;
        control->is_freed = NULL;
    }
    if (result == OUTBOX_SENT)
        loop_watch_set(control->watch, LOOP_READ);
    return true;
}

static void socket_ready(void *arg, int events) {
    struct control *control = arg;
    if ((events & LOOP_WRITE) && !flush(control))
        return;
    if (events & LOOP_READ)
        for (int i = 0; i < PACKETS_PER_TURN && receive_one(control); i++)
            continue;
}

static bool send_packet(struct control *control, uint64_t tag, const void *data, size_t len, const int *fds,
                        size_t fd_count, struct err *err) {
    if (!control->watch)
        return err_set(err, ERR_CLOSED, "the sandbox is ending");
    enum outbox_result result = outbox_send(&control->outbox, tag, data, len, fds, fd_count, err);
    if (result == OUTBOX_KEPT)
        loop_watch_set(control->watch, LOOP_READ | LOOP_WRITE);
    return result != OUTBOX_REFUSED;
}

/* What can't be sent is not missed: the sandbox is ending. */
static void send_order(struct control *control, enum control_type type, uint32_t program, int32_t value) {
    const struct control_packet packet = {.type = type, .program = program, .value = value};
    struct err err;
    send_packet(control, 0, &packet, sizeof packet, NULL, 0, &err);
}

/* The public part. */

struct control *control_new(struct loop *loop, int fd, const struct control_callbacks *callbacks, void *arg) {
    struct control *control = mem_alloc(sizeof *control);
    control->callbacks = *callbacks;
    control->arg = arg;
    control->fd = fd;
    control->running_count = 1; /* the plan's, whose number is 0 */
    outbox_init(&control->outbox, fd);
    control->watch = loop_watch_new(loop, fd, socket_ready, control);
    loop_watch_set(control->watch, LOOP_READ);
    return control;
}

bool control_run(struct control *control, uint32_t number, const struct program *program, int output_fd,
                 struct err *err) {
    assert(!is_running(control, number));
    if (control->running_count == LIMIT_SANDBOX_PROGRAMS)
        return err_set(err, ERR_LIMIT, "%d programs run in this sandbox already", LIMIT_SANDBOX_PROGRAMS);
    const struct control_packet packet = {.type = CONTROL_RUN, .program = number};
    struct buf buf;
    buf_init(&buf, CONTROL_MAX_BYTES);
    buf_append(&buf, &packet, sizeof packet);
    program_append(&buf, program);
    bool is_sent = buf_ok(&buf)
                       ? send_packet(control, (uint64_t)number + 1, buf.data, buf.len, &output_fd, 1, err)
                       : err_set(err, ERR_LIMIT, "the command line and environment take more than %u bytes",
                                 LIMIT_PLAN_BYTES);
    if (is_sent)
        control->running[control->running_count++] = number;
    mem_wipe(buf.data, buf.len);
    buf_done(&buf);
    return is_sent;
}

void control_signal(struct control *control, uint32_t number, int signum) {
    if (is_running(control, number))
        send_order(control, CONTROL_SIGNAL, number, signum);
}

void control_clear(struct control *control) {
    control->clears++;
    send_order(control, CONTROL_CLEAR, 0, 0);
}

void control_stop(struct control *control, bool is_stopped) {
    send_order(control, CONTROL_STOP, 0, is_stopped);
}

void control_make_socket(struct control *control) {
    control->sockets++;
    send_order(control, CONTROL_MAKE_SOCKET, 0, 0);
}

void control_free(struct control *control) {
    if (!control)
        return;
    if (control->is_freed)
        *control->is_freed = true;
    hang_up(control);
    outbox_done(&control->outbox);
    fd_close(&control->fd);
    free(control);
}

/* The unprivileged side of sandboxes: see host.h.
 *
 * Requests go out at once or, when the socket is full, wait in `requests` in their order. What can be told
 * without asking the spawner (a request that can't be sent, a kill of one that was not sent yet) waits in
 * `verdicts` for the next turn of the loop, since no callback may run inside a call. The spawner answers
 * every claim with FAILED or ENDED in the end, which is how `count` gets back to zero. */
#include "sandbox/host.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "sandbox/cgroup.h"
#include "sandbox/message.h"
#include "sys/fd.h"

/* Packets taken in one turn, so that a burst of ends does not hold up calls. */
#define PACKETS_PER_TURN 64

struct request {
    struct list link;
    enum message_type type;
    uint64_t id;
    char *packet;
    size_t len;
    int fds[LIMIT_PLAN_MOUNTS];
    size_t fd_count;
};

/* The end of a sandbox that never reached the spawner. */
struct verdict {
    struct list link;
    uint64_t id;
    bool is_failure;
    struct err failure;
};

struct sandbox_host {
    struct loop *loop;
    struct loop_watch *watch;
    struct loop_timer *verdict_timer;
    struct sandbox_callbacks callbacks;
    void *arg;
    int socket;
    int pid;
    bool has_old_freezer;
    bool is_lost;
    uint64_t last_id;
    size_t count;
    struct list requests;
    struct list verdicts;
    char packet[MESSAGE_MAX_BYTES]; /* what is being received */
};

void sandbox_fds_close(struct sandbox_fds *fds) {
    fd_close(&fds->runtime_listener);
    fd_close(&fds->api_listener);
    fd_close(&fds->output);
    fd_close(&fds->memory_peak);
    fd_close(&fds->freezer);
}

static void request_free(struct request *request) {
    list_remove(&request->link);
    for (size_t i = 0; i < request->fd_count; i++)
        fd_close(&request->fds[i]);
    if (request->packet)
        mem_wipe(request->packet, request->len);
    free(request->packet);
    free(request);
}

static void verdict_free(struct verdict *verdict) {
    list_remove(&verdict->link);
    free(verdict);
}

/* `failure` NULL: it was killed. */
static void add_verdict(struct sandbox_host *host, uint64_t id, const struct err *failure) {
    struct verdict *verdict = mem_alloc(sizeof *verdict);
    verdict->id = id;
    verdict->is_failure = failure != NULL;
    if (failure)
        verdict->failure = *failure;
    list_push_back(&host->verdicts, &verdict->link);
    loop_timer_start(host->verdict_timer, 0);
}

static void tell_verdicts(void *arg) {
    struct sandbox_host *host = arg;
    list_each (link, &host->verdicts) {
        struct verdict *verdict = list_item(link, struct verdict, link);
        host->count--;
        if (verdict->is_failure) {
            host->callbacks.failed(host->arg, verdict->id, &verdict->failure);
        } else {
            struct sandbox_end end = {.killed = true};
            host->callbacks.ended(host->arg, verdict->id, &end);
        }
        verdict_free(verdict);
    }
}

static void drop_waiting(struct sandbox_host *host) {
    list_each (link, &host->requests)
        request_free(list_item(link, struct request, link));
    list_each (link, &host->verdicts)
        verdict_free(list_item(link, struct verdict, link));
}

/* Waits for the spawner, which has lost its socket and so ends. */
static void reap_spawner(struct sandbox_host *host) {
    while (waitpid(host->pid, NULL, 0) == -1 && errno == EINTR)
        continue;
}

static void lose(struct sandbox_host *host, const char *reason) {
    log_error("sandbox.spawner_lost", "pid=%d sandboxes=%zu reason=\"%s\"", host->pid, host->count, reason);
    host->is_lost = true;
    loop_watch_free(host->watch);
    host->watch = NULL;
    fd_close(&host->socket);
    kill(host->pid, SIGKILL);
    reap_spawner(host);
    drop_waiting(host);
    host->count = 0;
    host->callbacks.lost(host->arg);
}

static void take_started(struct sandbox_host *host, const struct message *message, int fds[FD_MAX_PASSED]) {
    if (fds[0] == -1 || fds[1] == -1 || fds[2] == -1)
        return lose(host, "STARTED without descriptors");
    int *next = &fds[3];
    struct sandbox_fds given = {
        .runtime_listener = take_fd(&fds[0]),
        .api_listener = take_fd(&fds[1]),
        .output = take_fd(&fds[2]),
        .memory_peak = message->value & MESSAGE_WITH_PEAK ? take_fd(next++) : -1,
    };
    given.freezer = message->value & MESSAGE_WITH_FREEZER ? take_fd(next) : -1;
    host->callbacks.started(host->arg, message->id, &given);
    sandbox_fds_close(&given);
}

static void take_message(struct sandbox_host *host, const struct message *message, int fds[FD_MAX_PASSED]) {
    struct err failure;
    struct sandbox_end end;
    switch (message->type) {
    case MESSAGE_STARTED: take_started(host, message, fds); return;
    case MESSAGE_FAILED:
        host->count--;
        message_read_failure(message, &failure);
        host->callbacks.failed(host->arg, message->id, &failure);
        return;
    case MESSAGE_ENDED:
        host->count--;
        end = message_read_end(message);
        host->callbacks.ended(host->arg, message->id, &end);
        return;
    case MESSAGE_CLAIM:
    case MESSAGE_KILL:
    case MESSAGE_CPU:
    case MESSAGE_FREEZE:
    case MESSAGE_READY:
    case MESSAGE_REFUSED: lose(host, "an unexpected packet"); return;
    }
}

/* This process has no room for the descriptors of a sandbox that runs: it is given up, not the spawner.
 * STARTED has no body, so its head is all there is to know. */
static bool refuse_started(struct sandbox_host *host) {
    struct message message;
    struct err failure;
    if (!message_parse(host->packet, sizeof(struct message_head), &message, &failure) ||
        message.type != MESSAGE_STARTED)
        return false;
    sandbox_kill(host, message.id);
    err_set(&failure, ERR_LIMIT, "lamb serve has no file descriptors left (ulimit -n, LimitNOFILE)");
    host->callbacks.failed(host->arg, message.id, &failure);
    return true;
}

/* False when there is nothing more to take now. */
static bool receive_one(struct sandbox_host *host) {
    int fds[FD_MAX_PASSED];
    size_t len;
    struct message message;
    struct err err;
    if (!fd_receive(host->socket, host->packet, sizeof host->packet, &len, fds, &err)) {
        if (err.code == ERR_LIMIT && refuse_started(host))
            return !host->is_lost;
        if (err.errnum != EAGAIN)
            lose(host, err.text);
        return false;
    }
    if (len == 0) {
        lose(host, "it ended");
        return false;
    }
    if (message_parse(host->packet, len, &message, &err))
        take_message(host, &message, fds);
    else
        lose(host, err.text);
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        fd_close(&fds[i]);
    return !host->is_lost;
}

enum sending { SENT, FULL, REFUSED };

static enum sending send_packet(struct sandbox_host *host, const void *packet, size_t len, const int *fds,
                                size_t fd_count, struct err *err) {
    if (fd_send(host->socket, packet, len, fds, fd_count, err))
        return SENT;
    return err->errnum == EAGAIN ? FULL : REFUSED;
}

/* A broken socket is noticed by the reading side; here it just makes the claim fail. */
static void send_requests(struct sandbox_host *host) {
    struct err err;
    while (!list_is_empty(&host->requests)) {
        struct request *request = list_item(host->requests.next, struct request, link);
        enum sending sending = send_packet(host, request->packet, request->len, request->fds,
                                           request->fd_count, &err);
        if (sending == FULL)
            return;
        if (sending == REFUSED && request->type == MESSAGE_CLAIM)
            add_verdict(host, request->id, &err);
        request_free(request);
    }
    loop_watch_set(host->watch, LOOP_READ);
}

static void socket_ready(void *arg, int events) {
    struct sandbox_host *host = arg;
    if (events & LOOP_READ)
        for (int i = 0; i < PACKETS_PER_TURN && receive_one(host); i++)
            continue;
    if (!host->is_lost && (events & LOOP_WRITE))
        send_requests(host);
}

/* Keeps a packet until the socket takes it. Fails when the descriptors can't be kept. */
static bool queue_request(struct sandbox_host *host, const struct message_head *head, const void *packet,
                          size_t len, const int *fds, size_t fd_count, struct err *err) {
    struct request *request = mem_alloc(sizeof *request);
    list_init(&request->link);
    request->type = (enum message_type)head->type;
    request->id = head->id;
    request->packet = mem_copy(packet, len);
    request->len = len;
    for (; request->fd_count < fd_count; request->fd_count++) {
        int copy = fcntl(fds[request->fd_count], F_DUPFD_CLOEXEC, 0);
        if (copy == -1) {
            err_set_errno(err, errno, "can't keep a directory of a waiting sandbox");
            request_free(request);
            return false;
        }
        request->fds[request->fd_count] = copy;
    }
    list_push_back(&host->requests, &request->link);
    loop_watch_set(host->watch, LOOP_READ | LOOP_WRITE);
    return true;
}

static bool send_or_queue(struct sandbox_host *host, const struct message_head *head, const void *packet,
                          size_t len, const int *fds, size_t fd_count, struct err *err) {
    if (host->is_lost)
        return err_set(err, ERR_CLOSED, "lamb-spawner is gone: restart lamb serve");
    enum sending sending = FULL;
    if (list_is_empty(&host->requests))
        sending = send_packet(host, packet, len, fds, fd_count, err);
    if (sending == FULL)
        return queue_request(host, head, packet, len, fds, fd_count, err);
    return sending == SENT;
}

struct sandbox_host *sandbox_host_new(struct loop *loop, struct sandbox_spawner *spawner,
                                      const struct sandbox_callbacks *callbacks, void *arg) {
    struct sandbox_host *host = mem_alloc(sizeof *host);
    host->loop = loop;
    host->callbacks = *callbacks;
    host->arg = arg;
    host->socket = take_fd(&spawner->socket_fd);
    host->pid = spawner->pid;
    host->has_old_freezer = spawner->has_old_freezer;
    list_init(&host->requests);
    list_init(&host->verdicts);
    host->verdict_timer = loop_timer_new(loop, tell_verdicts, host);
    host->watch = loop_watch_new(loop, host->socket, socket_ready, host);
    loop_watch_set(host->watch, LOOP_READ);
    return host;
}

uint64_t sandbox_start(struct sandbox_host *host, const struct plan *plan, const int *mount_fds) {
    assert(plan->mount_count <= LIMIT_PLAN_MOUNTS);
    struct message_head head = message_head(MESSAGE_CLAIM);
    head.id = ++host->last_id;
    host->count++;
    struct buf packet;
    struct err err;
    buf_init(&packet, MESSAGE_MAX_BYTES);
    buf_append(&packet, &head, sizeof head);
    if (!plan_encode(plan, &packet, &err) ||
        !send_or_queue(host, &head, packet.data, packet.len, mount_fds, plan->mount_count, &err))
        add_verdict(host, head.id, &err);
    mem_wipe(packet.data, packet.len);
    buf_done(&packet);
    return head.id;
}

static struct request *find_waiting_claim(struct sandbox_host *host, uint64_t id) {
    list_each (link, &host->requests) {
        struct request *request = list_item(link, struct request, link);
        if (request->id == id && request->type == MESSAGE_CLAIM)
            return request;
    }
    return NULL;
}

/* A packet that is a head alone. */
static void send_order(struct sandbox_host *host, enum message_type type, uint64_t id, uint32_t value) {
    struct message_head head = message_head(type);
    head.id = id;
    head.value = value;
    struct err err;
    if (!send_or_queue(host, &head, &head, sizeof head, NULL, 0, &err) && !host->is_lost)
        log_warn("sandbox.order_unsent", "type=%d id=%llu reason=\"%s\"", (int)type, (unsigned long long)id,
                 err.text);
}

void sandbox_kill(struct sandbox_host *host, uint64_t id) {
    struct request *waiting = find_waiting_claim(host, id);
    if (waiting) {
        request_free(waiting);
        add_verdict(host, id, NULL);
        return;
    }
    send_order(host, MESSAGE_KILL, id, 0);
}

void sandbox_limit_cpu(struct sandbox_host *host, uint64_t id, uint32_t cpu_millis) {
    send_order(host, MESSAGE_CPU, id, cpu_millis);
}

void sandbox_freeze(struct sandbox_host *host, uint64_t id, int freezer_fd, bool is_frozen) {
    struct err err;
    if (freezer_fd == -1)
        send_order(host, MESSAGE_FREEZE, id, is_frozen);
    else if (!cgroup_freeze(freezer_fd, host->has_old_freezer, is_frozen, &err) && err.errnum != ENODEV)
        log_error("sandbox.freeze_failed", "id=%llu reason=\"%s\"", (unsigned long long)id, err.text);
}

size_t sandbox_host_count(const struct sandbox_host *host) {
    return host->count;
}

void sandbox_host_free(struct sandbox_host *host) {
    if (!host)
        return;
    loop_watch_free(host->watch);
    loop_timer_free(host->verdict_timer);
    drop_waiting(host);
    if (!host->is_lost) {
        fd_close(&host->socket);
        reap_spawner(host);
    }
    free(host);
}

/* The unprivileged side of sandboxes: see host.h.
 *
 * Requests go out at once or, when the socket is full, wait in `requests` in their order. What can be told
 * without asking the spawner (a request that can't be sent, a kill of one that was not sent yet) waits in
 * `verdicts` for the next turn of the loop, since no callback may run inside a call. The spawner answers
 * every claim with FAILED or ENDED in the end, which is how `count` gets back to zero. */
#include "sandbox/host.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "sandbox/cgroup.h"
#include "sandbox/message.h"
#include "sandbox/outbox.h"
#include "sys/fd.h"

/* Packets taken in one turn, so that a burst of ends does not hold up calls. */
#define PACKETS_PER_TURN 64

/* What lamb-spawner can't tell. */
enum verdict_type { VERDICT_FAILED, VERDICT_KILLED, VERDICT_UNFIT };

struct verdict {
    struct list link;
    enum verdict_type type;
    uint64_t id;
    struct err failure; /* unless it was killed */
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
    struct outbox requests; /* a claim's tag is its id */
    struct list verdicts;
    char packet[MESSAGE_MAX_BYTES]; /* what is being received */
};

void sandbox_fds_close(struct sandbox_fds *fds) {
    fd_close(&fds->runtime_listener);
    fd_close(&fds->api_listener);
    fd_close(&fds->output);
    fd_close(&fds->control);
    fd_close(&fds->memory_peak);
    fd_close(&fds->freezer);
    fd_close(&fds->memory_events);
}

static void verdict_free(struct verdict *verdict) {
    list_remove(&verdict->link);
    free(verdict);
}

static void add_verdict(struct sandbox_host *host, enum verdict_type type, uint64_t id,
                        const struct err *failure) {
    struct verdict *verdict = mem_alloc(sizeof *verdict);
    verdict->type = type;
    verdict->id = id;
    if (failure)
        verdict->failure = *failure;
    list_push_back(&host->verdicts, &verdict->link);
    loop_timer_start(host->verdict_timer, 0);
}

static void tell_verdict(struct sandbox_host *host, const struct verdict *verdict) {
    const struct sandbox_end end = {.killed = true};
    switch (verdict->type) {
    case VERDICT_FAILED:
        host->count--;
        host->callbacks.failed(host->arg, verdict->id, &verdict->failure);
        return;
    case VERDICT_KILLED:
        host->count--;
        host->callbacks.ended(host->arg, verdict->id, &end);
        return;
    case VERDICT_UNFIT:
        sandbox_kill(host, verdict->id);
        host->callbacks.fitted(host->arg, verdict->id, &verdict->failure);
        return;
    }
}

static void tell_verdicts(void *arg) {
    struct sandbox_host *host = arg;
    list_each (link, &host->verdicts) {
        struct verdict *verdict = list_item(link, struct verdict, link);
        tell_verdict(host, verdict);
        verdict_free(verdict);
    }
}

static void drop_waiting(struct sandbox_host *host) {
    outbox_done(&host->requests);
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
    struct sandbox_fds given;
    const struct {
        int *place;
        bool has_come;
    } places[] = {
        {&given.runtime_listener, true},
        {&given.api_listener, true},
        {&given.output, true},
        {&given.control, true},
        {&given.memory_peak, message->value & MESSAGE_WITH_PEAK},
        {&given.freezer, message->value & MESSAGE_WITH_FREEZER},
        {&given.memory_events, message->value & MESSAGE_WITH_EVENTS},
    };
    int *next = fds;
    bool is_complete = true;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        *places[i].place = places[i].has_come ? take_fd(next++) : -1;
        is_complete &= !places[i].has_come || *places[i].place != -1;
    }
    if (is_complete)
        host->callbacks.started(host->arg, message->id, &given);
    else
        lose(host, "STARTED without descriptors");
    sandbox_fds_close(&given);
}

static void take_fitted(struct sandbox_host *host, const struct message *message) {
    struct err failure;
    message_read_failure(message, &failure);
    host->callbacks.fitted(host->arg, message->id, message->value == ERR_NONE ? NULL : &failure);
}

static void take_message(struct sandbox_host *host, const struct message *message, int fds[FD_MAX_PASSED]) {
    struct err failure;
    struct sandbox_end end;
    switch (message->type) {
    case MESSAGE_STARTED: take_started(host, message, fds); return;
    case MESSAGE_FITTED: take_fitted(host, message); return;
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
    case MESSAGE_FIT:
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

/* A broken socket is noticed by the reading side; here it just makes the claim fail. */
static void send_requests(struct sandbox_host *host) {
    uint64_t claim;
    struct err err;
    enum outbox_result result;
    while ((result = outbox_flush(&host->requests, &claim, &err)) == OUTBOX_REFUSED)
        if (claim != 0)
            add_verdict(host, VERDICT_FAILED, claim, &err);
    if (result == OUTBOX_SENT)
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

static bool send_request(struct sandbox_host *host, uint64_t tag, const void *packet, size_t len,
                         const int *fds, size_t fd_count, struct err *err) {
    if (host->is_lost)
        return err_set(err, ERR_CLOSED, "lamb-spawner is gone: restart lamb serve");
    enum outbox_result result = outbox_send(&host->requests, tag, packet, len, fds, fd_count, err);
    if (result == OUTBOX_KEPT)
        loop_watch_set(host->watch, LOOP_READ | LOOP_WRITE);
    return result != OUTBOX_REFUSED;
}

/* A packet with a plan and what travels beside it. */
static bool send_plan(struct sandbox_host *host, enum message_type type, uint64_t id, const struct plan *plan,
                      const int *fds, size_t fd_count, struct err *err) {
    struct message_head head = message_head(type);
    head.id = id;
    struct buf packet;
    buf_init(&packet, MESSAGE_MAX_BYTES);
    buf_append(&packet, &head, sizeof head);
    bool is_sent = plan_encode(plan, &packet, err) &&
                   send_request(host, type == MESSAGE_CLAIM ? id : 0, packet.data, packet.len, fds, fd_count,
                                err);
    mem_wipe(packet.data, packet.len);
    buf_done(&packet);
    return is_sent;
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
    outbox_init(&host->requests, host->socket);
    list_init(&host->verdicts);
    host->verdict_timer = loop_timer_new(loop, tell_verdicts, host);
    host->watch = loop_watch_new(loop, host->socket, socket_ready, host);
    loop_watch_set(host->watch, LOOP_READ);
    return host;
}

uint64_t sandbox_start(struct sandbox_host *host, const struct plan *plan, const int *mount_fds,
                       int handover_fd) {
    assert(plan->mount_count <= LIMIT_PLAN_MOUNTS);
    assert(plan->program.argv && plan->has_handover == (handover_fd != -1));
    int fds[LIMIT_PLAN_MOUNTS + 1];
    size_t count = plan->mount_count;
    struct err err;
    if (count > 0)
        memcpy(fds, mount_fds, count * sizeof fds[0]);
    if (plan->has_handover)
        fds[count++] = handover_fd;
    uint64_t id = ++host->last_id;
    host->count++;
    if (!send_plan(host, MESSAGE_CLAIM, id, plan, fds, count, &err))
        add_verdict(host, VERDICT_FAILED, id, &err);
    return id;
}

void sandbox_fit(struct sandbox_host *host, uint64_t id, const struct plan *plan, const int *mount_fds) {
    assert(plan->mount_count <= LIMIT_PLAN_MOUNTS);
    struct plan fit = *plan;
    struct err err;
    fit.program = (struct program){0};
    fit.has_handover = false;
    if (!send_plan(host, MESSAGE_FIT, id, &fit, mount_fds, fit.mount_count, &err))
        add_verdict(host, VERDICT_UNFIT, id, &err);
}

/* A packet that is a head alone. */
static void send_order(struct sandbox_host *host, enum message_type type, uint64_t id, uint32_t value) {
    struct message_head head = message_head(type);
    head.id = id;
    head.value = value;
    struct err err;
    if (!send_request(host, 0, &head, sizeof head, NULL, 0, &err) && !host->is_lost)
        log_warn("sandbox.order_unsent", "type=%d id=%llu reason=\"%s\"", (int)type, (unsigned long long)id,
                 err.text);
}

void sandbox_kill(struct sandbox_host *host, uint64_t id) {
    if (outbox_cancel(&host->requests, id))
        add_verdict(host, VERDICT_KILLED, id, NULL);
    else
        send_order(host, MESSAGE_KILL, id, 0);
}

void sandbox_limit_cpu(struct sandbox_host *host, uint64_t id, uint32_t cpu_millis) {
    send_order(host, MESSAGE_CPU, id, cpu_millis);
}

void sandbox_freeze(struct sandbox_host *host, uint64_t id, int freezer_fd, bool is_frozen) {
    struct err err;
    assert(freezer_fd != -1);
    if (!cgroup_freeze(freezer_fd, host->has_old_freezer, is_frozen, &err) && err.errnum != ENODEV)
        log_error("sandbox.freeze_failed", "id=%llu reason=\"%s\"", (unsigned long long)id, err.text);
}

bool sandbox_count_oom_kills(int memory_events_fd, uint64_t *ret_count) {
    return cgroup_count_oom_kills(memory_events_fd, ret_count);
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

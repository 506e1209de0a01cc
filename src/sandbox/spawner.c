/* See spawner.h.
 *
 * Each turn: take what is ready, then settle(): waiting claims get parked sandboxes in the order they came;
 * ended sandboxes lose their control groups; and the stock is refilled, but only when no claim was made a
 * moment ago, because making a sandbox costs as much processor time as starting a function, which has the
 * better right to it. */
#include "sandbox/spawner.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "sandbox/claim.h"
#include "sandbox/machine.h"
#include "sandbox/message.h"
#include "sandbox/roster.h"
#include "sandbox/stock.h"
#include "sys/fd.h"

#define EVENTS_PER_TURN 32

/* Sandboxes made at the same time: enough to keep the processors busy, few enough to leave them to functions.
 */
#define PARALLEL_LEAST 2
#define PARALLEL_MOST SEATS

#define REFILL_DELAY_MS 2
#define REFILL_AFTER_FAILURE_MS 1000
#define SHRINK_INTERVAL_MS 1000
#define REMOVE_RETRY_MS 2
#define FINISH_MS 5000

#define REPORT_BYTES 8192

/* What an epoll event is about; in its data below the slot. */
enum source { SOURCE_SERVE, SOURCE_SOCKET, SOURCE_PROCESS };

struct spawner {
    struct sandbox_entry entry;
    struct machine machine;
    struct stock stock;
    int serve;
    int epoll;
    bool is_ending; /* lamb serve is gone */
    char *packet;   /* MESSAGE_MAX_BYTES */
    struct roster roster;
    struct list claims; /* waiting, oldest first */
    uint32_t claim_count;
    uint32_t parallel;
    bool is_failing; /* the last attempt to park one failed */
    int64_t refill_at_ms;
    int64_t shrink_at_ms;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool watch(struct spawner *spawner, int fd, enum source source, uint32_t slot, struct err *err) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)slot << 2 | source};
    if (epoll_ctl(spawner->epoll, EPOLL_CTL_ADD, fd, &event) == -1)
        return err_set_errno(err, errno, "epoll_ctl");
    return true;
}

static void unwatch(struct spawner *spawner, int fd) {
    epoll_ctl(spawner->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void discard(struct spawner *spawner, struct sandbox *sandbox) {
    roster_delist(&spawner->roster, sandbox);
    sandbox_discard(&spawner->machine, sandbox);
    roster_enlist(&spawner->roster, sandbox);
}

/* What lamb serve is told. When it can't be told, it is gone. */

static void note_sent(struct spawner *spawner, bool is_sent) {
    if (!is_sent)
        spawner->is_ending = true;
}

static void tell_failed(struct spawner *spawner, uint64_t id, const struct err *failure) {
    note_sent(spawner, message_send_failure(spawner->serve, MESSAGE_FAILED, id, failure, NULL));
}

static void tell_ended(struct spawner *spawner, uint64_t id, const struct sandbox_end *end) {
    note_sent(spawner, message_send_end(spawner->serve, id, end, NULL));
}

/* What of a control group goes to lamb serve as an open file, in the order of STARTED. */
static const struct {
    uint32_t flag;
    int (*open)(const struct cgroup_set *set, uint32_t slot);
} group_files[] = {
    {MESSAGE_WITH_PEAK, cgroup_open_peak},
    {MESSAGE_WITH_FREEZER, cgroup_open_freezer},
    {MESSAGE_WITH_EVENTS, cgroup_open_events},
};
#define GROUP_FILES (sizeof group_files / sizeof group_files[0])

/* False where lamb serve has too many descriptors on their way to it; it is told so instead. */
static bool tell_started(struct spawner *spawner, const struct sandbox *sandbox) {
    struct message_head head = message_head(MESSAGE_STARTED);
    struct err err;
    int fds[INSIDE_FOR_SERVE + GROUP_FILES];
    size_t count = INSIDE_FOR_SERVE;
    head.id = sandbox->id;
    memcpy(fds, sandbox->fds, INSIDE_FOR_SERVE * sizeof fds[0]);
    for (size_t i = 0; i < GROUP_FILES; i++) {
        fds[count] = group_files[i].open(&spawner->machine.cgroups, sandbox->slot);
        if (fds[count] == -1)
            continue;
        head.value |= group_files[i].flag;
        count++;
    }
    bool is_told = fd_send(spawner->serve, &head, sizeof head, fds, count, &err);
    while (count > INSIDE_FOR_SERVE)
        fd_close(&fds[--count]);
    if (!is_told && err.errnum == ETOOMANYREFS)
        tell_failed(spawner, sandbox->id, &err);
    else
        note_sent(spawner, is_told);
    return is_told;
}

/* Claims. */

static void start(struct spawner *spawner, struct sandbox *sandbox, struct claim *claim) {
    struct err err;
    roster_delist(&spawner->roster, sandbox);
    bool started = claim_wake(claim, &err) && sandbox_claim(&spawner->machine, sandbox, claim, &err);
    roster_enlist(&spawner->roster, sandbox);
    sandbox->id = claim->id;
    if (!started)
        tell_failed(spawner, claim->id, &err);
    if (started && tell_started(spawner, sandbox)) {
        sandbox_close_given(sandbox);
    } else {
        sandbox->id = 0;
        discard(spawner, sandbox);
    }
    int64_t now = now_ms();
    stock_note_claim(&spawner->stock, now);
    spawner->refill_at_ms = now + REFILL_DELAY_MS;
}

static void take_claim(struct spawner *spawner, const struct message *message, int fds[FD_MAX_PASSED]) {
    struct err err;
    struct claim claim;
    if (!claim_read(message, fds, &claim, &err)) {
        tell_failed(spawner, message->id, &err);
        return;
    }
    struct sandbox *parked = roster_oldest(&spawner->roster, SANDBOX_PARKED);
    if (parked && spawner->claim_count == 0) {
        start(spawner, parked, &claim);
    } else if (spawner->claim_count < LIMIT_SANDBOXES) {
        list_push_back(&spawner->claims, &claim_keep(&claim)->link);
        spawner->claim_count++;
    } else {
        err_set(&err, ERR_LIMIT, "%u claims wait for a sandbox already", spawner->claim_count);
        tell_failed(spawner, claim.id, &err);
    }
    claim_done(&claim);
}

static struct claim *next_claim(struct spawner *spawner) {
    return list_is_empty(&spawner->claims) ? NULL : list_item(spawner->claims.next, struct claim, link);
}

static void forget_claim(struct spawner *spawner, struct claim *claim) {
    claim_done(claim);
    spawner->claim_count--;
}

/* Orders for sandboxes that run. One that is unknown has ended meanwhile. */

static void kill_sandbox(struct spawner *spawner, uint64_t id) {
    list_each (link, &spawner->claims) {
        struct claim *claim = list_item(link, struct claim, link);
        if (claim->id == id) {
            struct sandbox_end end = {.killed = true};
            forget_claim(spawner, claim);
            tell_ended(spawner, id, &end);
            return;
        }
    }
    struct sandbox *sandbox = roster_find_running(&spawner->roster, id);
    if (sandbox) {
        sandbox->end.killed = true;
        sandbox_kill_all(&spawner->machine, sandbox);
    }
}

static void limit_cpu(struct spawner *spawner, uint64_t id, uint32_t cpu_millis) {
    struct sandbox *sandbox = roster_find_running(&spawner->roster, id);
    struct err err;
    if (sandbox && cpu_millis >= 1 && cpu_millis <= PLAN_MAX_CPU_MILLIS &&
        !cgroup_limit_cpu(&spawner->machine.cgroups, sandbox->slot, cpu_millis, &err))
        log_error("spawner.cpu_unlimited", "id=%llu reason=\"%s\"", (unsigned long long)id, err.text);
}

static void fit(struct spawner *spawner, const struct message *message, int fds[FD_MAX_PASSED]) {
    struct sandbox *sandbox = roster_find_running(&spawner->roster, message->id);
    struct claim fit = {0};
    struct err err;
    list_init(&fit.link);
    if (!sandbox)
        return;
    if (claim_read(message, fds, &fit, &err) && sandbox_refit(&spawner->machine, sandbox, &fit, &err)) {
        struct message_head head = message_head(MESSAGE_FITTED);
        head.id = message->id;
        note_sent(spawner, fd_send(spawner->serve, &head, sizeof head, NULL, 0, NULL));
    } else {
        note_sent(spawner, message_send_failure(spawner->serve, MESSAGE_FITTED, message->id, &err, NULL));
        sandbox_kill_all(&spawner->machine, sandbox);
    }
    claim_done(&fit);
}

static void take_packet(struct spawner *spawner) {
    struct err err;
    struct message message;
    size_t len;
    int fds[FD_MAX_PASSED];
    if (!fd_receive(spawner->serve, spawner->packet, MESSAGE_MAX_BYTES, &len, fds, &err)) {
        /* A socket that is reset is lamb serve's end; anything else is its mistake. */
        spawner->is_ending = err.code == ERR_IO;
        if (!spawner->is_ending)
            log_error("spawner.bad_packet", "reason=\"%s\"", err.text);
        return;
    }
    if (len == 0)
        spawner->is_ending = true;
    else if (!message_parse(spawner->packet, len, &message, &err))
        log_error("spawner.bad_packet", "reason=\"%s\"", err.text);
    else if (message.type == MESSAGE_CLAIM)
        take_claim(spawner, &message, fds);
    else if (message.type == MESSAGE_KILL)
        kill_sandbox(spawner, message.id);
    else if (message.type == MESSAGE_CPU)
        limit_cpu(spawner, message.id, message.value);
    else if (message.type == MESSAGE_FIT)
        fit(spawner, &message, fds);
    else
        log_error("spawner.bad_packet", "type=%d", (int)message.type);
    for (size_t i = 0; i < FD_MAX_PASSED; i++)
        fd_close(&fds[i]);
}

/* Sandboxes that come and go. */

static bool park_one(struct spawner *spawner, struct err *err) {
    uint32_t slot;
    struct sandbox *sandbox;
    if (!roster_find_slot(&spawner->roster, &slot))
        return err_set(err, ERR_LIMIT, "all %u sandboxes of this lamb-spawner are in use", LIMIT_SANDBOXES);
    if (!sandbox_clone(&spawner->machine, &spawner->entry, slot, &sandbox, err))
        return false;
    roster_add(&spawner->roster, sandbox);
    if (watch(spawner, sandbox->socket, SOURCE_SOCKET, slot, err) &&
        watch(spawner, sandbox->process_fd, SOURCE_PROCESS, slot, err))
        return true;
    log_error("spawner.unwatched", "reason=\"%s\"", err->text);
    abort();
}

/* One that was to be parked is not: whoever waits for it hears why, and the next attempt has time. */
static void note_parking_failure(struct spawner *spawner, const struct err *failure) {
    struct claim *claim = next_claim(spawner);
    log_warn("spawner.parking_failed", "reason=\"%s\"", failure->text);
    spawner->is_failing = true;
    spawner->refill_at_ms = now_ms() + REFILL_AFTER_FAILURE_MS;
    if (claim) {
        tell_failed(spawner, claim->id, failure);
        forget_claim(spawner, claim);
    }
}

static void take_words(struct spawner *spawner, struct sandbox *sandbox) {
    roster_delist(&spawner->roster, sandbox);
    sandbox_take_messages(&spawner->machine, sandbox);
    roster_enlist(&spawner->roster, sandbox);
    spawner->is_failing &= sandbox->state != SANDBOX_PARKED;
    /* What it says later is read when its process ends. */
    unwatch(spawner, sandbox->socket);
}

static void take_end(struct spawner *spawner, struct sandbox *sandbox) {
    enum sandbox_state state = sandbox->state;
    unwatch(spawner, sandbox->process_fd);
    roster_delist(&spawner->roster, sandbox);
    sandbox_reap(&spawner->machine, sandbox, now_ms());
    roster_enlist(&spawner->roster, sandbox);
    struct err unexplained;
    err_set(&unexplained, ERR_INTERNAL, "a sandbox ended while it was prepared");
    if (state == SANDBOX_PARKING || state == SANDBOX_PARKED)
        note_parking_failure(spawner, sandbox->failure ? sandbox->failure : &unexplained);
    else if (state == SANDBOX_RUNNING && sandbox->failure)
        log_error("spawner.sandbox_failed", "slot=%" PRIu32 " reason=\"%s\"", sandbox->slot,
                  sandbox->failure->text);
}

static void bury(struct spawner *spawner, struct sandbox *sandbox) {
    if (sandbox->id != 0)
        tell_ended(spawner, sandbox->id, &sandbox->end);
    roster_free_sandbox(&spawner->roster, sandbox);
}

/* Refilling and shrinking. */

/* How many more are to be made; *ret_wait_ms: how long that has time. What claims wait for has none. */
static uint32_t count_missing(struct spawner *spawner, int64_t now, int64_t *ret_wait_ms) {
    uint32_t coming = spawner->roster.counts[SANDBOX_PARKED] + spawner->roster.counts[SANDBOX_PARKING];
    uint32_t target = stock_target(&spawner->stock, now);
    bool is_low = coming < target / 2 && !spawner->is_failing;
    bool is_urgent = spawner->claim_count > 0 || is_low;
    uint32_t wanted = spawner->claim_count > 0 ? spawner->claim_count : target;
    *ret_wait_ms = is_urgent ? 0 : spawner->refill_at_ms - now;
    return coming < wanted ? wanted - coming : 0;
}

static void refill(struct spawner *spawner, int64_t now) {
    int64_t wait_ms;
    uint32_t missing = count_missing(spawner, now, &wait_ms);
    for (; missing > 0 && wait_ms <= 0 && spawner->roster.counts[SANDBOX_PARKING] < spawner->parallel;
         missing--) {
        struct err err;
        if (!park_one(spawner, &err)) {
            note_parking_failure(spawner, &err);
            return;
        }
    }
}

static void shrink(struct spawner *spawner, int64_t now) {
    if (now < spawner->shrink_at_ms ||
        spawner->roster.counts[SANDBOX_PARKED] <= stock_target(&spawner->stock, now))
        return;
    discard(spawner, roster_oldest(&spawner->roster, SANDBOX_PARKED));
    spawner->shrink_at_ms = now + SHRINK_INTERVAL_MS;
}

static void settle(struct spawner *spawner) {
    struct claim *claim;
    struct sandbox *parked;
    while ((claim = next_claim(spawner)) && (parked = roster_oldest(&spawner->roster, SANDBOX_PARKED))) {
        start(spawner, parked, claim);
        forget_claim(spawner, claim);
    }
    int64_t now = now_ms();
    list_each (link, &spawner->roster.states[SANDBOX_ENDING]) {
        struct sandbox *sandbox = list_item(link, struct sandbox, link);
        if (sandbox_remove_groups(&spawner->machine, sandbox, now))
            bury(spawner, sandbox);
    }
    if (spawner->is_ending)
        return;
    refill(spawner, now);
    shrink(spawner, now);
}

/* How long nothing has to be done unless something happens; -1: for ever. */
static int idle_ms(struct spawner *spawner) {
    if (spawner->roster.counts[SANDBOX_ENDING] > 0)
        return REMOVE_RETRY_MS;
    if (spawner->is_ending)
        return FINISH_MS;
    int64_t now = now_ms();
    int64_t wait_ms;
    if (count_missing(spawner, now, &wait_ms) > 0 &&
        spawner->roster.counts[SANDBOX_PARKING] < spawner->parallel)
        return wait_ms > 0 ? (int)wait_ms : 0;
    bool is_above_least = stock_target(&spawner->stock, now) > spawner->stock.least ||
                          spawner->roster.counts[SANDBOX_PARKED] > spawner->stock.least;
    return is_above_least ? SHRINK_INTERVAL_MS : -1;
}

static void take_event(struct spawner *spawner, uint64_t data) {
    enum source source = (enum source)(data & 3);
    struct sandbox *sandbox = source == SOURCE_SERVE ? NULL : spawner->roster.slots[data >> 2];
    if (source == SOURCE_SERVE)
        take_packet(spawner);
    else if (sandbox && source == SOURCE_SOCKET && sandbox->state == SANDBOX_PARKING)
        take_words(spawner, sandbox);
    else if (sandbox && source == SOURCE_PROCESS && sandbox->state != SANDBOX_ENDING)
        take_end(spawner, sandbox);
}

static void turn(struct spawner *spawner) {
    struct epoll_event events[EVENTS_PER_TURN];
    int count = epoll_wait(spawner->epoll, events, EVENTS_PER_TURN, idle_ms(spawner));
    for (int i = 0; i < count; i++)
        take_event(spawner, events[i].data.u64);
    settle(spawner);
}

/* The first sandbox shows whether this machine can do it at all. */
static bool prove(struct spawner *spawner, struct err *err) {
    if (!park_one(spawner, err))
        return false;
    struct sandbox *first = roster_oldest(&spawner->roster, SANDBOX_PARKING);
    struct pollfd place = {.fd = first->socket, .events = POLLIN};
    if (poll(&place, 1, FINISH_MS) == 1)
        take_words(spawner, first);
    if (first->state == SANDBOX_PARKED)
        return true;
    return err_set(err, ERR_UNSUPPORTED, "this machine can't make a sandbox: %s",
                   first->failure ? first->failure->text : "its process does not get ready");
}

static uint32_t abilities(const struct machine *machine) {
    const int *place_of = machine->cgroups.place_of;
    return (place_of[CGROUP_MEMORY] != -1 ? MESSAGE_HAS_MEMORY : 0u) |
           (place_of[CGROUP_CPU] != -1 ? MESSAGE_HAS_CPU : 0u) |
           (place_of[CGROUP_PIDS] != -1 ? MESSAGE_HAS_PIDS : 0u) |
           (cgroup_has_old_freezer(&machine->cgroups) ? MESSAGE_HAS_OLD_FREEZER : 0u);
}

static bool prepare(struct spawner *spawner, const struct spawner_options *options, struct err *err) {
    OWN(buf) struct buf report;
    buf_init(&report, REPORT_BYTES);
    if (!machine_prepare(&spawner->machine, options->instance, options->runtime_dir, options->extra_dirs,
                         &report, err))
        return false;
    if (!watch(spawner, spawner->serve, SOURCE_SERVE, 0, err) || !prove(spawner, err))
        return false;
    struct message_head head = message_head(MESSAGE_READY);
    head.value = abilities(&spawner->machine);
    return message_send_text(spawner->serve, &head, buf_text(&report), err);
}

static struct spawner *make(int serve_socket, const struct spawner_options *options) {
    struct spawner *spawner = mem_alloc(sizeof *spawner);
    spawner->entry = options->entry;
    spawner->machine = MACHINE_NONE;
    stock_init(&spawner->stock, options->stock, options->stock_max, now_ms());
    spawner->serve = serve_socket;
    spawner->epoll = epoll_create1(EPOLL_CLOEXEC);
    spawner->packet = claim_private_memory(MESSAGE_MAX_BYTES);
    roster_init(&spawner->roster);
    list_init(&spawner->claims);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    spawner->parallel = processors < PARALLEL_LEAST  ? PARALLEL_LEAST
                        : processors > PARALLEL_MOST ? PARALLEL_MOST
                                                     : (uint32_t)processors;
    return spawner;
}

/* Ends everything, but waits no longer than FINISH_MS: lamb serve waits for us. */
static void finish(struct spawner *spawner) {
    spawner->is_ending = true;
    unwatch(spawner, spawner->serve);
    list_each (link, &spawner->claims)
        forget_claim(spawner, list_item(link, struct claim, link));
    for (enum sandbox_state state = SANDBOX_PARKING; state <= SANDBOX_RUNNING; state++)
        list_each (link, &spawner->roster.states[state])
            discard(spawner, list_item(link, struct sandbox, link));
    int64_t last_ms = now_ms() + FINISH_MS;
    while (!roster_is_empty(&spawner->roster) && now_ms() < last_ms)
        turn(spawner);
    machine_release(&spawner->machine);
}

/* A terminal or a service manager signals the whole group; lamb serve decides when we end. lamb-init undoes
 * this. */
static void ignore_signals(void) {
    static const int ignored[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
}

int spawner_run(int serve_socket, const struct spawner_options *options) {
    ignore_signals();
    struct spawner *spawner = make(serve_socket, options);
    struct err err;
    bool prepared = prepare(spawner, options, &err);
    if (!prepared)
        message_send_failure(serve_socket, MESSAGE_REFUSED, 0, &err, NULL);
    while (prepared && !spawner->is_ending)
        turn(spawner);
    finish(spawner);
    free(spawner);
    return prepared ? 0 : 1;
}

/* See parked.h.
 *
 * The handover socket is all that leads to a parked runtime. It writes one byte when it is ready; then it
 * reads one message, the variables of its function ("NAME=value", each ended by NUL), to the end of file. End
 * of file on our side means that it is gone. */
#include "invoke/parked.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "sandbox/stock.h"
#include "sys/fd.h"

/* A cold start and its first call are over by then; under a stream of them the stock is refilled
 * nevertheless, at the latest after REFILL_MOST_MS. */
#define REFILL_AFTER_MS 25
#define REFILL_MOST_MS 250

/* How often a stock that is larger than its least is looked at. */
#define SHRINK_EVERY_MS 1000

/* An interpreter that has not got ready by then never will. */
#define START_TIMEOUT_MS 30000

#define RETRY_LEAST_MS 1000
#define RETRY_MOST_MS 60000

/* What is shown of the last words of a runtime that ended. */
#define OUTPUT_BYTES 512

struct slot {
    struct list link;
    struct shelf *shelf;
    uint64_t id;
    struct sandbox_fds fds;
    int handover;
    struct loop_watch *watch;
    int64_t start_ms;
    bool has_started; /* the sandbox runs: `fds` are there */
    bool is_ready;    /* the runtime waits */
    bool is_leaving;  /* being ended; counts no more */
};

/* All of one runtime. */
struct shelf {
    struct parked *parked;
    const struct runtime_kind *kind;
    struct stock stock;
    struct list slots; /* oldest first */
    uint64_t taken;
    uint64_t missed;
    int64_t retry_ms;      /* how long to wait after the next failure; 0 after a success */
    int64_t not_before_ms; /* no start until then */
    bool is_held;          /* memory was short: no start until the next claim */
};

struct parked {
    struct loop *loop;
    const struct clock *clock;
    const struct runtime_set *runtimes;
    struct parked_options options;
    struct sandbox_host *host;
    struct loop_timer *timer;
    int64_t calm_ms;  /* no start until then: cold starts are under way */
    int64_t eager_ms; /* but from then on in any case */
    size_t shelf_count;
    struct shelf shelves[RUNTIME_MAX_INSTALLED];
};

static int64_t now_ms(const struct parked *parked) {
    return clock_mono_us(parked->clock) / 1000;
}

/* ---- shelves and slots ---- */

static struct shelf *find_shelf(struct parked *parked, const char *runtime) {
    for (size_t i = 0; i < parked->shelf_count; i++)
        if (strcmp(parked->shelves[i].kind->name, runtime) == 0)
            return &parked->shelves[i];
    return NULL;
}

/* NULL for a runtime that can't be parked. */
static struct shelf *use_shelf(struct parked *parked, const char *runtime) {
    struct shelf *shelf = find_shelf(parked, runtime);
    struct launch launch;
    if (shelf || parked->options.most == 0 || parked->shelf_count == RUNTIME_MAX_INSTALLED ||
        !launch_init_parked(&launch, parked->runtimes, runtime, NULL))
        return shelf;
    launch_done(&launch);
    shelf = &parked->shelves[parked->shelf_count++];
    *shelf = (struct shelf){.parked = parked, .kind = runtime_find(runtime)};
    list_init(&shelf->slots);
    stock_init(&shelf->stock, parked->options.least, parked->options.most, now_ms(parked));
    return shelf;
}

static size_t count_slots(const struct shelf *shelf) {
    size_t count = 0;
    list_each (link, &shelf->slots)
        count += !list_item(link, struct slot, link)->is_leaving;
    return count;
}

static struct slot *find_slot(struct parked *parked, uint64_t id) {
    for (size_t i = 0; i < parked->shelf_count; i++) {
        list_each (link, &parked->shelves[i].slots) {
            struct slot *slot = list_item(link, struct slot, link);
            if (slot->id == id)
                return slot;
        }
    }
    return NULL;
}

static void free_slot(struct slot *slot) {
    loop_watch_free(slot->watch);
    fd_close(&slot->handover);
    if (slot->has_started)
        sandbox_fds_close(&slot->fds);
    list_remove(&slot->link);
    free(slot);
}

/* ---- refilling ---- */

static void schedule(struct parked *parked, int64_t at_ms) {
    int64_t delay_ms = at_ms - now_ms(parked);
    loop_timer_start(parked->timer, delay_ms > 0 ? delay_ms : 0);
}

/* `parked_ended` follows. */
static void dismiss(struct slot *slot) {
    slot->is_leaving = true;
    loop_watch_free(take_ptr(slot->watch));
    fd_close(&slot->handover);
    sandbox_kill(slot->shelf->parked->host, slot->id);
}

static void note_failure(struct shelf *shelf, const char *problem) {
    struct parked *parked = shelf->parked;
    shelf->retry_ms = shelf->retry_ms == 0 ? RETRY_LEAST_MS : shelf->retry_ms * 2;
    if (shelf->retry_ms > RETRY_MOST_MS)
        shelf->retry_ms = RETRY_MOST_MS;
    shelf->not_before_ms = now_ms(parked) + shelf->retry_ms;
    log_warn("parked.failed", "runtime=%s retry_ms=%lld error=\"%s\"", shelf->kind->name,
             (long long)shelf->retry_ms, problem);
    schedule(parked, now_ms(parked));
}

/* The runtime ended before it was claimed; what it wrote says why. */
static void note_death(struct slot *slot) {
    char output[OUTPUT_BYTES + 1] = "";
    if (slot->has_started) {
        ssize_t len = read(slot->fds.output, output, OUTPUT_BYTES);
        output[len > 0 ? len : 0] = '\0';
    }
    char problem[OUTPUT_BYTES + 64];
    snprintf(problem, sizeof problem, "the interpreter ended while it waited for a function: %s", output);
    note_failure(slot->shelf, problem);
}

static void on_handover(void *arg, int events) {
    (void)events;
    struct slot *slot = arg;
    char byte;
    ssize_t len = recv(slot->handover, &byte, sizeof byte, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (len <= 0) {
        note_death(slot);
        dismiss(slot);
        return;
    }
    slot->is_ready = true;
    slot->shelf->retry_ms = 0;
    schedule(slot->shelf->parked, now_ms(slot->shelf->parked));
}

static void start_one(struct shelf *shelf) {
    struct parked *parked = shelf->parked;
    struct launch launch = {0};
    struct err err;
    int pair[2];
    if (!launch_init_parked(&launch, parked->runtimes, shelf->kind->name, &err) ||
        !fd_socketpair(pair, &err)) {
        note_failure(shelf, err.text);
        launch_done(&launch);
        return;
    }
    struct slot *slot = mem_alloc(sizeof *slot);
    *slot = (struct slot){.shelf = shelf, .handover = pair[0], .start_ms = now_ms(parked)};
    slot->watch = loop_watch_new(parked->loop, slot->handover, on_handover, slot);
    loop_watch_set(slot->watch, LOOP_READ);
    slot->id = sandbox_start(parked->host, &launch.plan, NULL, pair[1]);
    list_push_back(&shelf->slots, &slot->link);
    fd_close(&pair[1]);
    launch_done(&launch);
}

/* The oldest of a shelf that is ready, or that is not. */
static struct slot *find_oldest(struct shelf *shelf, bool is_ready) {
    list_each (link, &shelf->slots) {
        struct slot *slot = list_item(link, struct slot, link);
        if (slot->is_ready == is_ready && !slot->is_leaving)
            return slot;
    }
    return NULL;
}

/* The one that is starting on any shelf: they start one after the other. */
static struct slot *find_starting(struct parked *parked) {
    struct slot *slot = NULL;
    for (size_t i = 0; i < parked->shelf_count && !slot; i++)
        slot = find_oldest(&parked->shelves[i], false);
    return slot;
}

/* How many the shelf lacks; below 0 it has too many. */
static int64_t shelf_lack(struct shelf *shelf) {
    return (int64_t)stock_target(&shelf->stock, now_ms(shelf->parked)) - (int64_t)count_slots(shelf);
}

/* The shelf that lacks most and may be filled now; *ret_at_ms is when the first may that lacks any. */
static struct shelf *find_lacking(struct parked *parked, int64_t *ret_at_ms) {
    struct shelf *found = NULL;
    int64_t most = 0, now = now_ms(parked);
    *ret_at_ms = INT64_MAX;
    for (size_t i = 0; i < parked->shelf_count; i++) {
        struct shelf *shelf = &parked->shelves[i];
        int64_t lack = shelf_lack(shelf);
        if (lack <= 0 || shelf->is_held)
            continue;
        if (shelf->not_before_ms < *ret_at_ms)
            *ret_at_ms = shelf->not_before_ms;
        if (shelf->not_before_ms <= now && lack > most) {
            most = lack;
            found = shelf;
        }
    }
    return found;
}

/* Ends those that demand no longer asks for. True while there may be more to end later. */
static bool shrink(struct parked *parked) {
    bool is_large = false;
    for (size_t i = 0; i < parked->shelf_count; i++) {
        struct shelf *shelf = &parked->shelves[i];
        struct slot *slot;
        while (shelf_lack(shelf) < 0 && (slot = find_oldest(shelf, true)))
            dismiss(slot);
        is_large |= count_slots(shelf) > shelf->stock.least;
    }
    return is_large;
}

static void on_timer(void *arg) {
    struct parked *parked = arg;
    if (!parked->host)
        return;
    int64_t now = now_ms(parked);
    struct slot *starting = find_starting(parked);
    if (starting && now - starting->start_ms >= START_TIMEOUT_MS) {
        note_failure(starting->shelf, "the interpreter did not get ready within 30 s");
        dismiss(starting);
        starting = NULL;
    }
    int64_t next_ms = shrink(parked) ? now + SHRINK_EVERY_MS : INT64_MAX;
    int64_t calm_ms = parked->calm_ms < parked->eager_ms ? parked->calm_ms : parked->eager_ms;
    int64_t lacking_ms;
    struct shelf *lacking = find_lacking(parked, &lacking_ms);
    if (!starting && calm_ms <= now) {
        parked->eager_ms = INT64_MAX;
        if (lacking)
            start_one(lacking);
        starting = find_starting(parked);
    }
    if (starting)
        lacking_ms = starting->start_ms + START_TIMEOUT_MS;
    else if (lacking_ms < calm_ms)
        lacking_ms = calm_ms;
    if (lacking_ms < next_ms)
        next_ms = lacking_ms;
    if (next_ms != INT64_MAX)
        schedule(parked, next_ms);
}

/* Lets cold starts go first. */
static void refill_later(struct parked *parked) {
    parked->calm_ms = now_ms(parked) + REFILL_AFTER_MS;
    if (parked->eager_ms == INT64_MAX)
        parked->eager_ms = now_ms(parked) + REFILL_MOST_MS;
    schedule(parked, parked->calm_ms < parked->eager_ms ? parked->calm_ms : parked->eager_ms);
}

/* ---- public ---- */

struct parked *parked_new(struct loop *loop, const struct clock *clock, const struct runtime_set *runtimes,
                          const struct parked_options *options) {
    struct parked *parked = mem_alloc(sizeof *parked);
    *parked = (struct parked){
        .loop = loop, .clock = clock, .runtimes = runtimes, .options = *options, .eager_ms = INT64_MAX};
    parked->timer = loop_timer_new(loop, on_timer, parked);
    return parked;
}

void parked_set_host(struct parked *parked, struct sandbox_host *host) {
    parked->host = host;
    refill_later(parked);
}

void parked_want(struct parked *parked, const char *runtime) {
    if (!find_shelf(parked, runtime) && use_shelf(parked, runtime) && parked->host)
        refill_later(parked);
}

bool parked_take(struct parked *parked, const struct function *function, bool has_opt_extensions,
                 struct parked_sandbox *ret_sandbox) {
    if (has_opt_extensions || !launch_is_parkable(function, parked->runtimes))
        return false;
    struct shelf *shelf = use_shelf(parked, function->runtime);
    if (!shelf)
        return false;
    stock_note_claim(&shelf->stock, now_ms(parked));
    shelf->is_held = false;
    refill_later(parked);
    struct slot *slot = find_oldest(shelf, true);
    if (!slot)
        slot = find_oldest(shelf, false);
    if (!slot || !slot->has_started) {
        shelf->missed++;
        return false;
    }
    shelf->taken++;
    *ret_sandbox = (struct parked_sandbox){
        .id = slot->id, .fds = slot->fds, .handover = take_fd(&slot->handover)};
    slot->has_started = false;
    loop_watch_free(take_ptr(slot->watch));
    free_slot(slot);
    return true;
}

/* "NAME=value" texts, each with its NUL. */
static char *join_variables(const char *const *envp, size_t *ret_len) {
    size_t len = 0;
    for (size_t i = 0; envp[i]; i++)
        len += strlen(envp[i]) + 1;
    char *text = mem_alloc(len), *end = text;
    for (size_t i = 0; envp[i]; i++)
        end = stpcpy(end, envp[i]) + 1;
    *ret_len = len;
    return text;
}

bool parked_hand_over(int *take_fd, const struct launch *launch, struct err *err) {
    OWN_FD int handover = *take_fd;
    *take_fd = -1;
    size_t len;
    OWN_MEM char *text = join_variables(launch->plan.program.envp, &len);
    bool fits = len <= LIMIT_PLAN_BYTES;
    ssize_t sent = fits ? send(handover, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    int errnum = errno;
    mem_wipe(text, len);
    if (!fits)
        return err_set(err, ERR_LIMIT, "environment variables of %zu bytes are more than %u", len,
                       LIMIT_PLAN_BYTES);
    if (sent != (ssize_t)len)
        return err_set_errno(err, errnum, "can't hand a function to its parked runtime");
    /* A byte that is not read when the socket closes would be an error on the other side. */
    char ready[8];
    shutdown(handover, SHUT_RD);
    while (recv(handover, ready, sizeof ready, MSG_DONTWAIT) > 0)
        ;
    return true;
}

bool parked_started(struct parked *parked, uint64_t id, struct sandbox_fds *fds) {
    struct slot *slot = find_slot(parked, id);
    if (!slot)
        return false;
    slot->fds = *fds;
    slot->has_started = true;
    memset(fds, 0xff, sizeof *fds); /* every one is -1 now */
    return true;
}

bool parked_failed(struct parked *parked, uint64_t id, const struct err *failure) {
    struct slot *slot = find_slot(parked, id);
    if (!slot)
        return false;
    if (!slot->is_leaving)
        note_failure(slot->shelf, failure->text);
    free_slot(slot);
    return true;
}

bool parked_ended(struct parked *parked, uint64_t id) {
    struct slot *slot = find_slot(parked, id);
    if (!slot)
        return false;
    if (!slot->is_leaving)
        note_death(slot);
    free_slot(slot);
    return true;
}

size_t parked_count(const struct parked *parked) {
    size_t count = 0;
    for (size_t i = 0; i < parked->shelf_count; i++)
        count += count_slots(&parked->shelves[i]);
    return count;
}

bool parked_count_runtime(const struct parked *parked, size_t index, struct parked_counts *ret_counts) {
    if (index >= parked->shelf_count)
        return false;
    const struct shelf *shelf = &parked->shelves[index];
    *ret_counts = (struct parked_counts){
        .runtime = shelf->kind->name, .taken = shelf->taken, .missed = shelf->missed};
    list_each (link, &shelf->slots) {
        const struct slot *slot = list_item(link, struct slot, link);
        ret_counts->ready += slot->is_ready && !slot->is_leaving;
        ret_counts->starting += !slot->is_ready && !slot->is_leaving;
    }
    return true;
}

bool parked_drop_one(struct parked *parked) {
    struct shelf *largest = NULL;
    size_t most = 0;
    for (size_t i = 0; i < parked->shelf_count; i++) {
        size_t count = count_slots(&parked->shelves[i]);
        if (count > most) {
            most = count;
            largest = &parked->shelves[i];
        }
    }
    if (!largest)
        return false;
    struct slot *slot = find_oldest(largest, true);
    dismiss(slot ? slot : find_oldest(largest, false));
    largest->is_held = true;
    return true;
}

void parked_free(struct parked *parked) {
    if (!parked)
        return;
    for (size_t i = 0; i < parked->shelf_count; i++)
        list_each (link, &parked->shelves[i].slots)
            free_slot(list_item(link, struct slot, link));
    loop_timer_free(parked->timer);
    free(parked);
}

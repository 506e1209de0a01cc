/* See async.h.
 *
 * A backlog is one function's queue and what memory holds of it. It asks its queue for as many events as the
 * function has room for. A backlog whose events can't be run narrows to one at a time and pauses, and widens
 * again with each that runs. Backlogs that wait for room stand in a line; whenever room may have come, the
 * first of them looks again. */
#include "queue/async.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "queue/async_key.h"
#include "queue/attempt.h"

/* Longer than any event can be under way: a lease ends with the daemon. */
#define LEASE_MS (24 * 3600 * 1000ll)

/* At most so many events are asked for at once, and for so long; then it is looked again. */
#define RECEIVE_MOST 64
#define RECEIVE_WAIT_MS 20000

/* How often backlogs that wait for room look again, and outcomes that could not be written are tried again.
 */
#define LOOK_MS 50
#define RETRY_MS 1000

struct backlog {
    struct list waiting_link; /* for room */
    struct async *async;
    struct queue *queue;           /* NULL after the function was deleted */
    struct queue_receive *receive; /* what waits for its next events, or NULL */
    size_t acceptances;            /* events that are being written */
    size_t events;                 /* in memory */
    size_t bytes;
    uint32_t window;         /* at most so many in memory */
    int64_t paused_until_us; /* monotonic */
    char account[ACCOUNT_BYTES];
    char name[LIMIT_FUNCTION_NAME_CHARS + 1];
};

struct async {
    struct attempt_context context;
    struct loop *loop;
    struct map backlogs; /* key -> struct backlog, owned */
    struct list waiting;
    struct list unsettled; /* attempts whose outcome could not be written */
    struct loop_timer *look_timer;
    struct loop_timer *retry_timer;
    size_t events;
    size_t bytes;
    size_t unstarted; /* those of the events that no function has been given yet */
    bool is_started;
};

static struct async *async_of(struct attempt *attempt) {
    return ((struct backlog *)attempt->owner)->async;
}

/* ---- backlogs ---- */

static struct backlog *backlog_add(struct async *async, const char *key, struct queue *queue) {
    struct backlog *backlog = mem_alloc(sizeof *backlog);
    backlog->async = async;
    backlog->queue = queue;
    backlog->window = LIMIT_ASYNC_FUNCTION_EVENTS;
    list_init(&backlog->waiting_link);
    async_key_read(key, backlog->account, backlog->name);
    map_put(&async->backlogs, key, backlog);
    return backlog;
}

static struct backlog *backlog_get(struct async *async, const char *account, const char *name) {
    char key[ASYNC_KEY_BYTES];
    async_key(account, name, key);
    struct backlog *backlog = map_get(&async->backlogs, key);
    return backlog ? backlog : backlog_add(async, key, queues_get(async->context.queues, key));
}

/* One that is deleted goes with the last that refers to it. */
static void backlog_free_if_over(struct backlog *backlog) {
    if (backlog->queue || backlog->events > 0 || backlog->receive || backlog->acceptances > 0)
        return;
    list_remove(&backlog->waiting_link);
    free(backlog);
}

static int64_t mono_us(const struct async *async) {
    return clock_mono_us(async->context.clock);
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t left(size_t limit, size_t used) {
    return limit > used ? limit - used : 0;
}

/* How many more events may be brought into memory for the function. One of them is always tried: reserved
 * concurrency of zero is no room, but such events have somewhere to go. */
static size_t backlog_room(const struct backlog *backlog) {
    const struct async *async = backlog->async;
    if (backlog->paused_until_us > mono_us(async) || backlog->bytes >= LIMIT_ASYNC_FUNCTION_BYTES ||
        async->bytes >= LIMIT_ASYNC_BYTES)
        return 0;
    size_t room = left(invoke_room(async->context.invoke, backlog->account, backlog->name), async->unstarted);
    if (room == 0 && backlog->events == 0)
        room = 1;
    room = least(room, left(backlog->window, backlog->events));
    return least(room, left(LIMIT_ASYNC_EVENTS, async->events));
}

static void wait_for_room(struct backlog *backlog) {
    struct async *async = backlog->async;
    if (list_is_empty(&async->waiting))
        loop_timer_start(async->look_timer, LOOK_MS);
    list_remove(&backlog->waiting_link);
    list_push_back(&async->waiting, &backlog->waiting_link);
}

static void on_received(void *arg, const struct queue_message *messages, size_t count, const struct err *err);

/* Asks for events when there are some, or will be. */
static void backlog_look(struct backlog *backlog) {
    struct async *async = backlog->async;
    struct queue_counts counts;
    if (!async->is_started || async->context.is_stopping || !backlog->queue || backlog->receive)
        return;
    queue_count(backlog->queue, &counts);
    if (counts.visible + counts.delayed == 0)
        return;
    size_t room = least(backlog_room(backlog), RECEIVE_MOST);
    if (room > 0)
        backlog->receive = queue_receive(backlog->queue, room, LEASE_MS, RECEIVE_WAIT_MS, on_received,
                                         backlog, NULL);
    if (!backlog->receive)
        wait_for_room(backlog);
}

/* Room may have come. Each waiting backlog looks at most once; the line moves on only as long as there is
 * room.
 */
static void look_at_waiting(struct async *async) {
    struct list line;
    list_init(&line);
    while (!list_is_empty(&async->waiting)) {
        struct list *first = async->waiting.next;
        list_remove(first);
        list_push_back(&line, first);
    }
    while (!list_is_empty(&line)) {
        struct list *first = line.next;
        list_remove(first);
        backlog_look(list_item(first, struct backlog, waiting_link));
    }
}

static void on_look(void *arg) {
    look_at_waiting(arg);
}

/* The first in the line gets what one event has left behind. */
static void look_at_first(struct async *async) {
    if (list_is_empty(&async->waiting))
        return;
    struct list *first = async->waiting.next;
    list_remove(first);
    backlog_look(list_item(first, struct backlog, waiting_link));
}

/* ---- attempts ---- */

static struct attempt *new_attempt(struct backlog *backlog, struct event *take_event) {
    struct async *async = backlog->async;
    struct attempt *attempt = mem_alloc(sizeof *attempt);
    *attempt = (struct attempt){
        .context = &async->context,
        .owner = backlog,
        .account = backlog->account,
        .name = backlog->name,
        .queue = &backlog->queue,
        .event = *take_event,
        .held_bytes = take_event->payload_len + sizeof *attempt,
    };
    *take_event = (struct event){0};
    list_init(&attempt->link);
    backlog->events++;
    backlog->bytes += attempt->held_bytes;
    async->events++;
    async->bytes += attempt->held_bytes;
    async->unstarted++;
    return attempt;
}

static void free_attempt(struct attempt *attempt) {
    struct backlog *backlog = attempt->owner;
    struct async *async = backlog->async;
    backlog->events--;
    backlog->bytes -= attempt->held_bytes;
    async->events--;
    async->bytes -= attempt->held_bytes;
    list_remove(&attempt->link);
    attempt_done(attempt);
    free(attempt);
}

static void run(struct attempt *attempt) {
    async_of(attempt)->unstarted--;
    attempt_run(attempt);
}

static void on_ran(struct attempt *attempt, bool could_run) {
    struct backlog *backlog = attempt->owner;
    if (could_run) {
        uint32_t wider = backlog->window * 2;
        backlog->window = wider < LIMIT_ASYNC_FUNCTION_EVENTS ? wider : LIMIT_ASYNC_FUNCTION_EVENTS;
        return;
    }
    backlog->window = 1;
    backlog->paused_until_us = mono_us(backlog->async) + backlog->async->context.delays->put_back_ms * 1000;
}

static void on_grew(struct attempt *attempt, size_t bytes) {
    struct backlog *backlog = attempt->owner;
    attempt->held_bytes += bytes;
    backlog->bytes += bytes;
    backlog->async->bytes += bytes;
}

static void on_attempt_settled(struct attempt *attempt) {
    struct backlog *backlog = attempt->owner;
    struct async *async = backlog->async;
    free_attempt(attempt);
    backlog_look(backlog);
    backlog_free_if_over(backlog);
    look_at_first(async);
}

static void on_unsettled(struct attempt *attempt, const struct err *err) {
    struct async *async = async_of(attempt);
    if (list_is_empty(&async->unsettled)) {
        log_error("async.not_written", "error=\"%s\" note=\"tried again until it is\"", err->text);
        loop_timer_start(async->retry_timer, RETRY_MS);
    }
    list_push_back(&async->unsettled, &attempt->link);
}

static void on_retry(void *arg) {
    struct async *async = arg;
    struct list again;
    list_init(&again);
    while (!list_is_empty(&async->unsettled)) {
        struct list *first = async->unsettled.next;
        list_remove(first);
        list_push_back(&again, first);
    }
    while (!list_is_empty(&again)) {
        struct list *first = again.next;
        list_remove(first);
        attempt_settle(list_item(first, struct attempt, link));
    }
}

static void on_passed_on(struct attempt *attempt, const struct function_ref *function) {
    backlog_look(backlog_get(async_of(attempt), function->account, function->name));
}

/* ---- events that waited in the queue ---- */

static void on_discarded(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    (void)arg, (void)outcomes, (void)count;
    if (err)
        log_error("async.not_written", "error=\"%s\"", err->text);
}

/* One that nobody can read would come again and again. */
static void discard(struct backlog *backlog, const struct queue_message *message, const struct err *err) {
    const struct queue_settlement settlement = {.receipt = message->receipt, .action = QUEUE_REMOVE};
    log_error("async.unreadable", "function=%s sequence=%lld error=\"%s\"", backlog->name,
              (long long)message->receipt.sequence, err->text);
    queue_settle(backlog->queue, &settlement, 1, on_discarded, NULL, NULL);
}

static struct attempt *take_message(struct backlog *backlog, const struct queue_message *message) {
    struct event event;
    struct err err;
    if (!event_read(message->attributes, message->attributes_len, message->body, message->body_len,
                    message->mark, &event, &err)) {
        discard(backlog, message, &err);
        return NULL;
    }
    struct attempt *attempt = new_attempt(backlog, &event);
    attempt->receipt = message->receipt;
    return attempt;
}

static void on_received(void *arg, const struct queue_message *messages, size_t count,
                        const struct err *err) {
    struct backlog *backlog = arg;
    struct attempt *taken[RECEIVE_MOST];
    size_t taken_count = 0;
    backlog->receive = NULL;
    if (err || !backlog->queue) {
        if (backlog->queue)
            wait_for_room(backlog);
        backlog_free_if_over(backlog);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct attempt *attempt = take_message(backlog, &messages[i]);
        if (attempt)
            taken[taken_count++] = attempt;
    }
    backlog_look(backlog);
    for (size_t i = 0; i < taken_count; i++)
        run(taken[i]);
}

/* ---- new events ---- */

struct acceptance {
    struct backlog *backlog;
    struct attempt *attempt; /* it is begun when it is on disk; NULL: it waits in the queue */
    void (*done)(void *arg, const struct err *err);
    void *arg;
};

static void on_pushed(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err) {
    OWN_MEM struct acceptance *acceptance = arg;
    struct backlog *backlog = acceptance->backlog;
    struct attempt *attempt = acceptance->attempt;
    struct async *async = backlog->async;
    (void)count;
    backlog->acceptances--;
    async->context.totals.accepted += !err;
    acceptance->done(acceptance->arg, err);
    if (attempt && (err || async->context.is_stopping)) {
        async->unstarted--;
        free_attempt(attempt);
    } else if (attempt) {
        attempt->receipt = (struct queue_receipt){.sequence = pushed->sequence, .receives = 1};
        run(attempt);
        return;
    }
    backlog_look(backlog);
    backlog_free_if_over(backlog);
}

/* Whether nothing waits before it. */
static bool may_begin(const struct backlog *backlog) {
    const struct async *async = backlog->async;
    struct queue_counts counts;
    if (!async->is_started || async->context.is_stopping || backlog_room(backlog) == 0)
        return false;
    queue_count(backlog->queue, &counts);
    return counts.visible == 0;
}

bool async_accept(struct async *async, const char *account, const char *name, struct event *take_event,
                  void (*done)(void *arg, const struct err *err), void *arg, struct err *err) {
    struct backlog *backlog = backlog_get(async, account, name);
    struct acceptance acceptance = {.backlog = backlog, .done = done, .arg = arg};
    OWN(buf) struct buf attributes;
    OWN(event) struct event event = *take_event;
    *take_event = (struct event){0};
    buf_init(&attributes, EVENT_ATTRIBUTES_BYTES);
    event_write(&event, &attributes);
    bool begins = may_begin(backlog);
    const struct queue_entry entry = {
        .body = event.payload,
        .body_len = event.payload_len,
        .attributes = attributes.data,
        .attributes_len = attributes.len,
        .lease_ms = begins ? LEASE_MS : 0,
    };
    struct acceptance *kept = mem_copy(&acceptance, sizeof acceptance);
    if (!queue_push(backlog->queue, &entry, 1, on_pushed, kept, err)) {
        free(kept);
        return false;
    }
    backlog->acceptances++;
    if (begins)
        kept->attempt = new_attempt(backlog, &event);
    return true;
}

/* ---- life ---- */

static void on_dropped(void *arg, const struct err *err) {
    (void)arg;
    if (err)
        log_error("async.not_dropped", "error=\"%s\"", err->text);
}

void async_forget(struct async *async, const char *account, const char *name) {
    char key[ASYNC_KEY_BYTES];
    async_key(account, name, key);
    struct backlog *backlog = map_get(&async->backlogs, key);
    if (!backlog)
        return;
    struct queue_counts counts;
    struct err err;
    queue_count(backlog->queue, &counts);
    if (counts.visible + counts.delayed > 0)
        log_info("async.orphaned", "function=%s events=%lld", name,
                 (long long)(counts.visible + counts.delayed));
    async->context.totals.orphaned += (uint64_t)(counts.visible + counts.delayed);
    struct queue *queue = take_ptr(backlog->queue);
    map_remove(&async->backlogs, key);
    list_remove(&backlog->waiting_link);
    if (!queue_drop(queue, on_dropped, NULL, &err))
        log_error("async.not_dropped", "function=%s error=\"%s\"", name, err.text);
    backlog_free_if_over(backlog);
}

struct async *async_new(struct loop *loop, const struct clock *clock, struct invoke *invoke,
                        struct queues *queues, const struct async_options *options) {
    struct async *async = mem_alloc(sizeof *async);
    async->loop = loop;
    async->context = (struct attempt_context){
        .clock = clock,
        .region = options->region,
        .delays = &options->delays,
        .invoke = invoke,
        .queues = queues,
        .ran = on_ran,
        .grew = on_grew,
        .settled = on_attempt_settled,
        .unsettled = on_unsettled,
        .passed_on = on_passed_on,
    };
    async->context.courier = courier_new(loop, clock, queues, &options->endpoints, &async->context.totals);
    map_init(&async->backlogs);
    list_init(&async->waiting);
    list_init(&async->unsettled);
    async->look_timer = loop_timer_new(loop, on_look, async);
    async->retry_timer = loop_timer_new(loop, on_retry, async);
    return async;
}

/* Leases of the last run are over: nothing is under way. */
static void release(struct backlog *backlog) {
    struct err err;
    if (!queue_release_all(backlog->queue, &err))
        log_error("async.not_released", "function=%s error=\"%s\"", backlog->name, err.text);
    backlog_look(backlog);
}

static void find_backlog(void *arg, const char *key, struct queue *queue) {
    struct async *async = arg;
    char account[ACCOUNT_BYTES];
    char name[LIMIT_FUNCTION_NAME_CHARS + 1];
    if (async_key_read(key, account, name))
        backlog_add(async, key, queue);
}

static bool exists(const struct async *async, const struct backlog *backlog) {
    const struct async_upper *upper = &async->context.upper;
    return upper->exists(upper->arg, backlog->account, backlog->name);
}

void async_start(struct async *async, const struct async_upper *upper) {
    async->context.upper = *upper;
    queues_each(async->context.queues, find_backlog, async);
    async->is_started = true;
    size_t cursor = 0;
    void *value;
    while (map_next(&async->backlogs, &cursor, NULL, &value)) {
        struct backlog *backlog = value;
        if (!exists(async, backlog))
            async_forget(async, backlog->account, backlog->name);
        else
            release(backlog);
    }
    courier_start(async->context.courier);
}

const struct async_totals *async_read(const struct async *async) {
    return &async->context.totals;
}

void async_stop(struct async *async) {
    async->context.is_stopping = true;
    courier_stop(async->context.courier);
    size_t cursor = 0;
    void *value;
    while (map_next(&async->backlogs, &cursor, NULL, &value)) {
        struct backlog *backlog = value;
        if (backlog->receive)
            queue_receive_cancel(take_ptr(backlog->receive));
    }
}

size_t async_pending(const struct async *async) {
    return courier_pending(async->context.courier);
}

void async_free(struct async *async) {
    if (!async)
        return;
    while (!list_is_empty(&async->unsettled))
        free_attempt(list_item(async->unsettled.next, struct attempt, link));
    size_t cursor = 0;
    void *value;
    while (map_next(&async->backlogs, &cursor, NULL, &value))
        free(value);
    map_done(&async->backlogs);
    courier_free(async->context.courier);
    loop_timer_free(async->look_timer);
    loop_timer_free(async->retry_timer);
    free(async);
}

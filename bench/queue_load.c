/* Drives the queue engine without a daemon around it; events of 1 kB.
 *
 *   bench_queue accept FILE PUSHERS SECONDS  pushers that wait for each answer: {"rate", "worst_ms"}
 *   bench_queue fill FILE EVENTS             then ends as kill -9 would: {"seconds", "grown_kb"}
 *   bench_queue drain FILE EVENTS            receives and removes so many: {"open_ms", "rate", "grown_kb"}
 *
 * grown_kb is how much more memory it had at most than before the first event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/die.h"
#include "queue/queue.h"

#define EVENT_BYTES 1024
#define PER_PUSH 10 /* `fill` and `drain`: in one request, and requests at the same time */
#define AT_ONCE 32

struct load {
    struct loop *loop;
    struct queues *queues;
    struct queue *queue;
    int64_t asked;
    int64_t done;
    int64_t most;
    int64_t end_ns;
    int64_t answered_ns; /* the last time */
    int64_t worst_ns;    /* the longest time without an answer */
};

static char event[EVENT_BYTES];

/* Of this program: getrusage() counts what its parent had before the exec. */
static long peak_kb(void) {
    char line[256];
    long peak = -1;
    FILE *status = fopen("/proc/self/status", "re");
    if (!status)
        die_errno("open /proc/self/status");
    while (peak < 0 && fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    fclose(status);
    return peak;
}

static void open_queue(struct load *load, const struct clock *clock, const char *path) {
    struct err err;
    load->loop = loop_new();
    if (!queues_open(load->loop, clock, path, &load->queues, &err))
        die("%s", err.text);
    load->queue = queues_get(load->queues, "bench");
}

static void run_until_done(struct load *load) {
    while (load->done < load->asked)
        loop_turn(load->loop, true);
}

static void push_more(struct load *load, size_t count);

static void pushed(void *arg, const struct queue_pushed *answers, size_t count, const struct err *err) {
    struct load *load = arg;
    (void)answers;
    if (err)
        die("%s", err->text);
    int64_t now_ns = clock_now_ns();
    if (load->answered_ns > 0 && now_ns - load->answered_ns > load->worst_ns)
        load->worst_ns = now_ns - load->answered_ns;
    load->answered_ns = now_ns;
    load->done += (int64_t)count;
    if (load->asked < load->most && now_ns < load->end_ns)
        push_more(load, count);
}

static void push_more(struct load *load, size_t count) {
    struct queue_entry entries[PER_PUSH];
    struct err err;
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct queue_entry){.body = event, .body_len = sizeof event};
    if (!queue_push(load->queue, entries, count, pushed, load, &err))
        die("%s", err.text);
    load->asked += (int64_t)count;
}

static void accept_load(struct load *load, size_t pushers, double seconds) {
    int64_t start_ns = clock_now_ns();
    load->most = INT64_MAX;
    load->end_ns = start_ns + (int64_t)(seconds * 1e9);
    for (size_t i = 0; i < pushers; i++)
        push_more(load, 1);
    run_until_done(load);
    printf("{\"rate\": %.0f, \"worst_ms\": %.1f}\n",
           (double)load->done * 1e9 / (double)(clock_now_ns() - start_ns), (double)load->worst_ns / 1e6);
}

static void fill(struct load *load, int64_t events) {
    long before_kb = peak_kb();
    int64_t start_ns = clock_now_ns();
    load->most = events;
    load->end_ns = INT64_MAX;
    for (int i = 0; i < AT_ONCE; i++)
        push_more(load, PER_PUSH);
    run_until_done(load);
    printf("{\"seconds\": %.2f, \"grown_kb\": %ld}\n", (double)(clock_now_ns() - start_ns) / 1e9,
           peak_kb() - before_kb);
    fflush(stdout);
    _exit(0);
}

static void receive_more(struct load *load);

static void settled(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct load *load = arg;
    if (err)
        die("%s", err->text);
    for (size_t i = 0; i < count; i++)
        if (outcomes[i] != QUEUE_SETTLED)
            die("a message could not be removed: outcome %d", (int)outcomes[i]);
    load->done += (int64_t)count;
    if (load->asked < load->most)
        receive_more(load);
}

static void received(void *arg, const struct queue_message *messages, size_t count, const struct err *err) {
    struct load *load = arg;
    struct queue_settlement settlements[PER_PUSH];
    if (err || count != PER_PUSH)
        die("%s", err ? err->text : "the queue is empty");
    for (size_t i = 0; i < count; i++)
        settlements[i] = (struct queue_settlement){.receipt = messages[i].receipt, .action = QUEUE_REMOVE};
    if (!queue_settle(load->queue, settlements, count, settled, load, NULL))
        die("too much is waiting");
}

static void receive_more(struct load *load) {
    if (!queue_receive(load->queue, PER_PUSH, 60000, 0, received, load, NULL))
        die("too much is waiting");
    load->asked += PER_PUSH;
}

static void drain(struct load *load, int64_t events, double open_ms) {
    long before_kb = peak_kb();
    int64_t start_ns = clock_now_ns();
    load->most = events;
    for (int i = 0; i < AT_ONCE; i++)
        receive_more(load);
    run_until_done(load);
    printf("{\"open_ms\": %.1f, \"rate\": %.0f, \"grown_kb\": %ld}\n", open_ms,
           (double)load->done * 1e9 / (double)(clock_now_ns() - start_ns), peak_kb() - before_kb);
}

static void closed(void *arg) {
    loop_stop(arg);
}

int main(int argc, char **argv) {
    struct clock clock = clock_system();
    struct load load = {0};
    if (argc < 4)
        die("usage: bench_queue accept FILE PUSHERS SECONDS | fill FILE EVENTS | drain FILE EVENTS");
    memset(event, 'x', sizeof event);
    int64_t start_ns = clock_now_ns();
    open_queue(&load, &clock, argv[2]);
    double open_ms = (double)(clock_now_ns() - start_ns) / 1e6;
    if (strcmp(argv[1], "accept") == 0)
        accept_load(&load, strtoul(argv[3], NULL, 10), argc > 4 ? strtod(argv[4], NULL) : 1);
    else if (strcmp(argv[1], "fill") == 0)
        fill(&load, strtoll(argv[3], NULL, 10));
    else
        drain(&load, strtoll(argv[3], NULL, 10), open_ms);
    queues_close(load.queues, closed, load.loop);
    loop_run(load.loop);
    loop_free(load.loop);
    return 0;
}

/* See queue_metrics.h. */
#include "api/queue_metrics.h"

#include <string.h>

#include "api/context.h"
#include "api/exposition.h"
#include "queue/async.h"
#include "queue/queue.h"

/* Queues are told together by what they are for, the first part of their keys. */
static const char *const kinds[] = {"async", "deliver", "sqs"};

#define KINDS (sizeof kinds / sizeof kinds[0])

struct sums {
    struct queue_counts of[KINDS];
    uint64_t queues[KINDS];
};

static void add_queue(void *arg, const char *key, struct queue *queue) {
    struct sums *sums = arg;
    struct queue_counts counts;
    size_t kind = 0;
    while (kind < KINDS &&
           (strncmp(key, kinds[kind], strlen(kinds[kind])) != 0 || key[strlen(kinds[kind])] != '/'))
        kind++;
    if (kind == KINDS)
        return;
    queue_count(queue, &counts);
    struct queue_counts *sum = &sums->of[kind];
    sums->queues[kind]++;
    sum->visible += counts.visible;
    sum->in_flight += counts.in_flight;
    sum->delayed += counts.delayed;
    sum->receivers += counts.receivers;
    if (counts.oldest_sent_ms && (!sum->oldest_sent_ms || counts.oldest_sent_ms < sum->oldest_sent_ms))
        sum->oldest_sent_ms = counts.oldest_sent_ms;
}

static void write_depths(struct buf *buf, const struct api *api) {
    const char *name = "lamb_queue_messages";
    struct sums sums = {0};
    int64_t now_ms = clock_wall_us(api->clock) / 1000;
    queues_each(api->queues, add_queue, &sums);
    exposition_begin(
        buf, name, "gauge",
        "Messages in queues, by what the queues are for (async: events of functions; deliver: results "
        "on their way to services elsewhere; sqs) and by state.");
    for (size_t i = 0; i < KINDS; i++) {
        const struct queue_counts *sum = &sums.of[i];
        exposition_put(buf, name, EXPOSITION_LABELS("kind", kinds[i], "state", "visible"),
                       (uint64_t)sum->visible);
        exposition_put(buf, name, EXPOSITION_LABELS("kind", kinds[i], "state", "in-flight"),
                       (uint64_t)sum->in_flight);
        exposition_put(buf, name, EXPOSITION_LABELS("kind", kinds[i], "state", "delayed"),
                       (uint64_t)sum->delayed);
    }
    name = "lamb_queue_oldest_seconds";
    exposition_begin(buf, name, "gauge", "Age of the oldest of them, in seconds; 0 without any.");
    for (size_t i = 0; i < KINDS; i++) {
        int64_t sent_ms = sums.of[i].oldest_sent_ms;
        int64_t age_ms = sent_ms && sent_ms < now_ms ? now_ms - sent_ms : 0;
        exposition_put_time(buf, name, EXPOSITION_LABELS("kind", kinds[i]), (uint64_t)age_ms * 1000);
    }
    name = "lamb_queues";
    exposition_begin(buf, name, "gauge", "Queues that are known.");
    for (size_t i = 0; i < KINDS; i++)
        exposition_put(buf, name, EXPOSITION_LABELS("kind", kinds[i]), sums.queues[i]);
}

static void write_events(struct buf *buf, const struct async_totals *totals) {
    exposition_counter(buf, "lamb_async_events_accepted_total",
                       "Asynchronous events that were written down and acknowledged.", totals->accepted);
    const char *name = "lamb_async_events_over_total";
    exposition_begin(
        buf, name, "counter",
        "Asynchronous events that are over, by condition as in records of results; Orphaned: their "
        "function was deleted.");
    for (int i = RETRY_SUCCESS; i < RETRY_CONDITIONS; i++)
        exposition_put(buf, name,
                       EXPOSITION_LABELS("condition", retry_condition_name((enum retry_condition)i)),
                       totals->over[i]);
    exposition_put(buf, name, EXPOSITION_LABELS("condition", "Orphaned"), totals->orphaned);
    name = "lamb_async_attempts_repeated_total";
    exposition_begin(
        buf, name, "counter",
        "Attempts that another one follows, after a function error or because the function could not "
        "be run.");
    exposition_put(buf, name, EXPOSITION_LABELS("reason", "function-error"), totals->retried);
    exposition_put(buf, name, EXPOSITION_LABELS("reason", "not-run"), totals->put_back);
}

static void write_deliveries(struct buf *buf, const struct async_totals *totals) {
    const char *name = "lamb_async_deliveries_total";
    exposition_begin(buf, name, "counter",
                     "Results written to a queue for their destination, or to a dead letter queue or topic.");
    exposition_put(buf, name, EXPOSITION_LABELS("to", "destination"), totals->records);
    exposition_put(buf, name, EXPOSITION_LABELS("to", "dead-letters"), totals->dead_letters);
    name = "lamb_async_delivery_failures_total";
    exposition_begin(buf, name, "counter", "Those that could not be delivered, and were dropped.");
    exposition_put(buf, name, EXPOSITION_LABELS("to", "destination"), totals->record_failures);
    exposition_put(buf, name, EXPOSITION_LABELS("to", "dead-letters"), totals->dead_letter_failures);
}

void queue_metrics_write(struct buf *buf, const struct api *api) {
    const struct async_totals *totals = async_read(api->async);
    write_depths(buf, api);
    write_events(buf, totals);
    write_deliveries(buf, totals);
}

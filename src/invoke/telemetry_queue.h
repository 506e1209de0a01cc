/* What waits for one subscriber of telemetry: events in batches, as its subscription wants them buffered.
 * Pure. Source: Lambda Developer Guide, "Telemetry API", "Configuring memory usage and buffering".
 *
 * New events are dropped while as much waits as two of the largest batches may hold. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"

/* A batch is delivered when it has so many events or bytes, or when its first event is so old. */
struct telemetry_limits {
    int64_t max_items;
    int64_t max_bytes;
    int64_t timeout_ms;
};

struct telemetry_batch {
    struct list link;
    struct buf text; /* one byte, then each event with a newline behind it; there are no others */
    size_t items;
    int64_t due_us;
    bool is_full;
};

struct telemetry_queue {
    struct telemetry_limits limits;
    struct list batches; /* oldest first; only the last one may grow */
    size_t items;
    size_t bytes;
    uint64_t dropped_records; /* that nobody was told of yet */
    uint64_t dropped_bytes;
};

void telemetry_queue_init(struct telemetry_queue *queue, const struct telemetry_limits *limits);
void telemetry_queue_done(struct telemetry_queue *queue);

static inline bool telemetry_queue_is_empty(const struct telemetry_queue *queue) {
    return list_is_empty(&queue->batches);
}

bool telemetry_queue_has_room(const struct telemetry_queue *queue);

/* Appends an event, which has no newline. Without room it is counted as dropped. `now_us` is monotonic, here
 * and below. */
void telemetry_queue_add(struct telemetry_queue *queue, const char *event, size_t len, int64_t now_us);

/* Counts an event that was never added, and a batch, as dropped. */
void telemetry_queue_count_drop(struct telemetry_queue *queue, size_t len);
void telemetry_queue_count_lost(struct telemetry_queue *queue, const struct telemetry_batch *batch);

/* The oldest batch if its time has come, else NULL. It is the caller's now. */
struct telemetry_batch *telemetry_queue_take(struct telemetry_queue *queue, int64_t now_us);
void telemetry_batch_free(struct telemetry_batch *batch); /* NULL is fine */

/* Drops the events that are whole within the first `sent_bytes` of its events and their newlines. */
void telemetry_batch_cut(struct telemetry_batch *batch, size_t sent_bytes);

/* Turns the text into a JSON array. Once; the batch can't be cut any more. */
void telemetry_batch_to_array(struct telemetry_batch *batch);

/* When the next batch is due; INT64_MAX when there is none. */
int64_t telemetry_queue_due_us(const struct telemetry_queue *queue);

/* Everything that waits is due now. */
void telemetry_queue_flush(struct telemetry_queue *queue);

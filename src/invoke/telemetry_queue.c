/* See telemetry_queue.h. */
#include "invoke/telemetry_queue.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* What may wait, whatever the batches are: a function may write much at once. The last event that is taken
 * comes on top; a line is bounded. */
#define MAX_ITEMS (2 * (size_t)LIMIT_TELEMETRY_ITEMS_MAX)
#define MAX_BYTES (2 * (size_t)LIMIT_TELEMETRY_BYTES_MAX)

static struct telemetry_batch *batch_of(struct list *link) {
    return list_item(link, struct telemetry_batch, link);
}

static struct telemetry_batch *oldest(const struct telemetry_queue *queue) {
    return telemetry_queue_is_empty(queue) ? NULL : batch_of(queue->batches.next);
}

static struct telemetry_batch *youngest(const struct telemetry_queue *queue) {
    return telemetry_queue_is_empty(queue) ? NULL : batch_of(queue->batches.prev);
}

void telemetry_queue_init(struct telemetry_queue *queue, const struct telemetry_limits *limits) {
    *queue = (struct telemetry_queue){.limits = *limits};
    list_init(&queue->batches);
}

void telemetry_queue_done(struct telemetry_queue *queue) {
    list_each (link, &queue->batches) {
        list_remove(link);
        telemetry_batch_free(batch_of(link));
    }
}

bool telemetry_queue_has_room(const struct telemetry_queue *queue) {
    return queue->items < MAX_ITEMS && queue->bytes < MAX_BYTES;
}

static struct telemetry_batch *begin_batch(struct telemetry_queue *queue, int64_t now_us) {
    struct telemetry_batch *batch = mem_alloc(sizeof *batch);
    buf_init(&batch->text, SIZE_MAX);
    buf_append_byte(&batch->text, '\n');
    batch->due_us = now_us + queue->limits.timeout_ms * 1000;
    list_push_back(&queue->batches, &batch->link);
    return batch;
}

void telemetry_queue_add(struct telemetry_queue *queue, const char *event, size_t len, int64_t now_us) {
    assert(!memchr(event, '\n', len));
    if (!telemetry_queue_has_room(queue)) {
        telemetry_queue_count_drop(queue, len);
        return;
    }
    size_t max_bytes = (size_t)queue->limits.max_bytes;
    struct telemetry_batch *batch = youngest(queue);
    if (batch && batch->text.len + len > max_bytes)
        batch->is_full = true;
    if (!batch || batch->is_full)
        batch = begin_batch(queue, now_us);
    buf_append(&batch->text, event, len);
    buf_append_byte(&batch->text, '\n');
    batch->items++;
    batch->is_full = batch->items >= (size_t)queue->limits.max_items || batch->text.len >= max_bytes;
    queue->items++;
    queue->bytes += len;
}

/* Of the events in it, without what is around them. */
static size_t content_bytes(const struct telemetry_batch *batch) {
    return batch->text.len - 1 - batch->items;
}

void telemetry_queue_count_drop(struct telemetry_queue *queue, size_t len) {
    queue->dropped_records++;
    queue->dropped_bytes += len;
}

void telemetry_queue_count_lost(struct telemetry_queue *queue, const struct telemetry_batch *batch) {
    queue->dropped_records += batch->items;
    queue->dropped_bytes += content_bytes(batch);
}

struct telemetry_batch *telemetry_queue_take(struct telemetry_queue *queue, int64_t now_us) {
    struct telemetry_batch *batch = oldest(queue);
    if (!batch || (!batch->is_full && batch->due_us > now_us))
        return NULL;
    list_remove(&batch->link);
    queue->items -= batch->items;
    queue->bytes -= content_bytes(batch);
    return batch;
}

void telemetry_batch_free(struct telemetry_batch *batch) {
    if (!batch)
        return;
    buf_done(&batch->text);
    free(batch);
}

int64_t telemetry_queue_due_us(const struct telemetry_queue *queue) {
    const struct telemetry_batch *batch = oldest(queue);
    if (!batch)
        return INT64_MAX;
    return batch->is_full ? INT64_MIN : batch->due_us;
}

void telemetry_queue_flush(struct telemetry_queue *queue) {
    list_each (link, &queue->batches)
        batch_of(link)->is_full = true;
}

void telemetry_batch_cut(struct telemetry_batch *batch, size_t sent_bytes) {
    char *data = batch->text.data;
    const char *end = memrchr(data + 1, '\n', sent_bytes);
    if (!end)
        return;
    for (const char *at = data; at != end; at = memchr(at + 1, '\n', (size_t)(end - at)))
        batch->items--;
    buf_consume(&batch->text, (size_t)(end - data)); /* leaves this newline as the byte in front */
}

void telemetry_batch_to_array(struct telemetry_batch *batch) {
    char *data = batch->text.data;
    char *last = data + batch->text.len - 1;
    for (char *at = data; at != last;) {
        *at = ',';
        at = memchr(at, '\n', (size_t)(last + 1 - at));
    }
    *data = '[';
    *last = ']';
}

/* See step.h. What an entry points to is copied into one block, which its body begins. */
#include "queue/step.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Texts and bytes are followed by NUL. */
static size_t text_room(const char *text) {
    return text ? strlen(text) + 1 : 0;
}

static size_t entry_room(const struct queue_entry *entry) {
    return entry->body_len + 1 + entry->attributes_len + 1 + text_room(entry->message_id) +
           text_room(entry->group) + text_room(entry->dedup);
}

static char *pack(char **room, const void *data, size_t len) {
    char *place = *room;
    if (len > 0)
        memcpy(place, data, len);
    place[len] = '\0';
    *room += len + 1;
    return place;
}

static const char *pack_text(char **room, const char *text) {
    return text ? pack(room, text, strlen(text)) : NULL;
}

static struct queue_entry copy_entry(const struct queue_entry *entry) {
    assert(!entry->message_id || strlen(entry->message_id) < IDENT_UUID_BYTES);
    char *room = mem_alloc(entry_room(entry));
    struct queue_entry copy = *entry;
    copy.body = pack(&room, entry->body, entry->body_len);
    copy.attributes = pack(&room, entry->attributes, entry->attributes_len);
    copy.message_id = pack_text(&room, entry->message_id);
    copy.group = pack_text(&room, entry->group);
    copy.dedup = pack_text(&room, entry->dedup);
    return copy;
}

static void free_entry(const struct queue_entry *entry) {
    free((void *)(uintptr_t)entry->body);
}

static void init(struct step *step, enum step_kind kind, struct queue *queue, size_t size_bytes) {
    list_init(&step->link);
    step->kind = kind;
    step->queue = queue;
    step->size_bytes = size_bytes;
}

struct push_step *step_push(struct queue *queue, const struct queue_entry *entries, size_t count) {
    struct push_step *push = mem_alloc(sizeof *push);
    push->entries = mem_alloc_array(count, sizeof *push->entries);
    push->pushed = mem_alloc_array(count, sizeof *push->pushed);
    push->count = count;
    size_t size_bytes = sizeof *push;
    for (size_t i = 0; i < count; i++) {
        push->entries[i] = copy_entry(&entries[i]);
        size_bytes += entry_room(&entries[i]);
    }
    init(&push->step, STEP_PUSH, queue, size_bytes);
    return push;
}

static size_t copy_deliveries(struct settle_step *settle) {
    size_t size_bytes = 0;
    size_t copied = 0;
    settle->deliveries = mem_alloc_array(settle->delivery_count, sizeof *settle->deliveries);
    for (size_t i = 0; i < settle->count; i++) {
        struct queue_settlement *settlement = &settle->settlements[i];
        for (size_t j = 0; j < settlement->delivery_count; j++) {
            const struct queue_delivery *delivery = &settlement->deliveries[j];
            struct step_delivery *copy = &settle->deliveries[copied++];
            copy->target = delivery->target;
            copy->entry = copy_entry(&delivery->entry);
            size_bytes += entry_room(&delivery->entry);
        }
        settlement->deliveries = NULL;
    }
    return size_bytes;
}

struct settle_step *step_settle(struct queue *queue, const struct queue_settlement *settlements,
                                size_t count) {
    struct settle_step *settle = mem_alloc(sizeof *settle);
    settle->settlements = mem_copy(settlements, count * sizeof *settlements);
    settle->outcomes = mem_alloc_array(count, sizeof *settle->outcomes);
    settle->count = count;
    for (size_t i = 0; i < count; i++)
        settle->delivery_count += settlements[i].delivery_count;
    size_t size_bytes = sizeof *settle + count * sizeof *settlements;
    if (settle->delivery_count > 0)
        size_bytes += copy_deliveries(settle);
    init(&settle->step, STEP_SETTLE, queue, size_bytes);
    return settle;
}

struct queue_receive *step_receive(struct queue *queue, size_t most) {
    struct queue_receive *receive = mem_alloc(sizeof *receive);
    receive->most = most;
    init(&receive->step, STEP_RECEIVE, queue, sizeof *receive);
    return receive;
}

struct purge_step *step_purge(struct queue *queue) {
    struct purge_step *purge = mem_alloc(sizeof *purge);
    init(&purge->step, STEP_PURGE, queue, sizeof *purge);
    return purge;
}

struct push_step *step_as_push(struct step *step) {
    assert(step->kind == STEP_PUSH);
    return list_item(step, struct push_step, step);
}

struct settle_step *step_as_settle(struct step *step) {
    assert(step->kind == STEP_SETTLE);
    return list_item(step, struct settle_step, step);
}

struct queue_receive *step_as_receive(struct step *step) {
    assert(step->kind == STEP_RECEIVE);
    return list_item(step, struct queue_receive, step);
}

struct purge_step *step_as_purge(struct step *step) {
    assert(step->kind == STEP_PURGE);
    return list_item(step, struct purge_step, step);
}

static void answer_receive(struct queue_receive *receive, const struct err *err) {
    if (!receive->is_cancelled)
        receive->done(receive->step.arg, receive->messages, err ? 0 : receive->count, err);
}

void step_answer(struct step *step, const struct err *err) {
    switch (step->kind) {
    case STEP_PUSH: {
        struct push_step *push = step_as_push(step);
        push->done(step->arg, err ? NULL : push->pushed, err ? 0 : push->count, err);
        return;
    }
    case STEP_SETTLE: {
        struct settle_step *settle = step_as_settle(step);
        settle->done(step->arg, err ? NULL : settle->outcomes, err ? 0 : settle->count, err);
        return;
    }
    case STEP_PURGE: {
        struct purge_step *purge = step_as_purge(step);
        purge->done(step->arg, err);
        return;
    }
    case STEP_RECEIVE: answer_receive(step_as_receive(step), err); return;
    }
}

static void free_push(struct push_step *push) {
    for (size_t i = 0; i < push->count; i++)
        free_entry(&push->entries[i]);
    free(push->entries);
    free(push->pushed);
    free(push);
}

static void free_settle(struct settle_step *settle) {
    for (size_t i = 0; i < settle->delivery_count; i++)
        free_entry(&settle->deliveries[i].entry);
    free(settle->deliveries);
    free(settle->settlements);
    free(settle->outcomes);
    free(settle);
}

static void free_receive(struct queue_receive *receive) {
    for (size_t i = 0; i < receive->count; i++)
        free((void *)(uintptr_t)receive->messages[i].message_id);
    free(receive->messages);
    free(receive);
}

void step_free(struct step *step) {
    switch (step->kind) {
    case STEP_PUSH: free_push(step_as_push(step)); return;
    case STEP_SETTLE: free_settle(step_as_settle(step)); return;
    case STEP_RECEIVE: free_receive(step_as_receive(step)); return;
    case STEP_PURGE: free(step_as_purge(step)); return;
    }
}

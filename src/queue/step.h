/* What was asked of a queue, with copies of all it needs: made on the loop thread, done in a transaction on
 * the lane's, answered on the loop thread. For queue/. */
#pragma once

#include "base/list.h"
#include "queue/message.h"
#include "queue/wakes.h"

struct place;

enum step_kind { STEP_PUSH, STEP_RECEIVE, STEP_SETTLE, STEP_PURGE };

struct step {
    struct list link;
    enum step_kind kind;
    struct queue *queue;
    struct place *place; /* the queue in the transaction */
    size_t size_bytes;   /* what it holds of others' bytes */
    void *arg;
};

struct push_step {
    struct step step;
    struct queue_entry *entries;
    struct queue_pushed *pushed;
    size_t count;
    void (*done)(void *arg, const struct queue_pushed *pushed, size_t count, const struct err *err);
};

struct step_delivery {
    struct queue *target;
    struct place *place;
    struct queue_entry entry;
};

struct settle_step {
    struct step step;
    struct queue_settlement *settlements; /* their deliveries are in the next, in the same order */
    enum queue_outcome *outcomes;
    size_t count;
    struct step_delivery *deliveries;
    size_t delivery_count;
    void (*done)(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err);
};

struct purge_step {
    struct step step;
    void (*done)(void *arg, const struct err *err);
};

enum receive_state {
    RECEIVE_ASKED,   /* for a transaction that has not begun, or to be refused */
    RECEIVE_RUNNING, /* in a transaction, up to its answer */
    RECEIVE_WAITING, /* in its queue's list: there was nothing due */
};

struct queue_receive {
    struct step step;
    struct wake wake; /* the end of waiting */
    int64_t deadline_ms;
    uint64_t number;            /* in the order they were asked for */
    struct place *dead_letters; /* in the transaction; NULL: none */
    int64_t visibility_ms;
    size_t most;
    struct queue_message *messages; /* NULL or room for `most`; each owns the block that message_id begins */
    size_t count;
    enum receive_state state;
    bool is_cancelled; /* by its caller, while it was running */
    void (*done)(void *arg, const struct queue_message *messages, size_t count, const struct err *err);
};

/* Each makes a step that belongs to the caller, who sets `done` and what else is his to choose. */
struct push_step *step_push(struct queue *queue, const struct queue_entry *entries, size_t count);
struct settle_step *step_settle(struct queue *queue, const struct queue_settlement *settlements,
                                size_t count);
struct queue_receive *step_receive(struct queue *queue, size_t most);
struct purge_step *step_purge(struct queue *queue);

/* The other way round. */
struct push_step *step_as_push(struct step *step);
struct settle_step *step_as_settle(struct step *step);
struct queue_receive *step_as_receive(struct step *step);
struct purge_step *step_as_purge(struct step *step);

/* Calls its `done`, but for a receive that was cancelled. `err` NULL: it was done. */
void step_answer(struct step *step, const struct err *err);
void step_free(struct step *step);

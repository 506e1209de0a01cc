/* Durable queues: asynchronous events and the messages of SQS. On the loop thread; the database, queues.db,
 * has transactions and a lane of its own.
 *
 * What changes a queue is written down and joins the next transaction: a call returns at once, and `done` is
 * called after the transaction is on disk, or with the error that kept it from there; never from inside the
 * call. Requests that come while a transaction is under way go together in the next one. They take effect in
 * the order of the calls. `err` of a `done` is NULL on success; otherwise nothing was changed, and trying
 * again is sound.
 *
 * A call returns false when too much is waiting for the disk (ERR_LIMIT) or after queues_close()
 * (ERR_CLOSED); `done` is not called then. What arguments point to is copied; what `done` is given lives
 * during the call. */
#pragma once

#include "base/clock.h"
#include "queue/message.h"
#include "sys/loop.h"

struct queues;

/* Opens or makes the database. Blocks. Messages that were leased stay so until their time is over. */
bool queues_open(struct loop *loop, const struct clock *clock, const char *path, struct queues **ret_queues,
                 struct err *err);

/* Ends waiting receives with ERR_CLOSED, finishes what was asked for, frees everything, calls `closed` once,
 * later. */
void queues_close(struct queues *queues, void (*closed)(void *arg), void *arg);

/* The queue of that key: "sqs/<account>/<name>", "async/<account>/<function>". Costs no disk access: a queue
 * is on disk from its first message on, or the first receive of what may become a dead letter there. Valid
 * until queue_drop(). */
struct queue *queues_get(struct queues *queues, const char *key);

/* Settings are all zero at first. They are not kept over a restart: their owner sets them again. */
void queue_configure(struct queue *queue, const struct queue_settings *settings);

/* Adds all entries or none. */
bool queue_push(struct queue *queue, const struct queue_entry *entries, size_t count,
                void (*done)(void *arg, const struct queue_pushed *pushed, size_t count,
                             const struct err *err),
                void *arg, struct err *err);

struct queue_receive;

/* Leases up to `most` messages (one at least) that are due, in the order of due times, for visibility_ms;
 * waits up to wait_ms for the first one. Who waits gets messages in the order of the calls. An answer holds
 * little more than LIMIT_QUEUE_ANSWER_BYTES. FIFO: in order within a group; a group of which something is
 * leased gives nothing. NULL where others return false. */
struct queue_receive *queue_receive(struct queue *queue, size_t most, int64_t visibility_ms, int64_t wait_ms,
                                    void (*done)(void *arg, const struct queue_message *messages,
                                                 size_t count, const struct err *err),
                                    void *arg, struct err *err);

/* `done` will not be called; messages that are leased for it already become visible again. Not after
 * `done`. */
void queue_receive_cancel(struct queue_receive *receive);

/* `outcomes` are in the order of the settlements; one that could not be done changes nothing and keeps none
 * of the others from being done. A message whose lease is over may still be removed, but in FIFO queues. */
bool queue_settle(struct queue *queue, const struct queue_settlement *settlements, size_t count,
                  void (*done)(void *arg, const enum queue_outcome *outcomes, size_t count,
                               const struct err *err),
                  void *arg, struct err *err);

#define QUEUE_RECEIPT_BYTES 128

/* A receipt as text for clients, which nobody can make who has not received the message. Reading gives
 * ERR_PARAMETER for what is none of these queues; whether there is such a message is not looked at. */
void queue_receipt_write(const struct queues *queues, struct queue_receipt receipt,
                         char ret_text[QUEUE_RECEIPT_BYTES]);
bool queue_receipt_read(const struct queues *queues, const char *text, struct queue_receipt *ret_receipt,
                        struct err *err);

/* All leases of the queue are over, its messages are due. Blocks: at start, before anything is asked of the
 * queues, for a queue with one taker. */
bool queue_release_all(struct queue *queue, struct err *err);

/* Removes all messages, leased ones too, and what is remembered of duplicates. Takes no longer for many. */
bool queue_purge(struct queue *queue, void (*done)(void *arg, const struct err *err), void *arg,
                 struct err *err);

/* The same; ends waiting receives with ERR_NOT_FOUND and forgets the queue, which is not to be used after. */
bool queue_drop(struct queue *queue, void (*done)(void *arg, const struct err *err), void *arg,
                struct err *err);

struct queue_counts {
    int64_t visible; /* this one and the next two to the second */
    int64_t in_flight;
    int64_t delayed;
    int64_t oldest_sent_ms; /* 0 when empty */
    size_t receivers;       /* that wait */
};

void queue_count(struct queue *queue, struct queue_counts *ret_counts);

/* Every queue that is known, in no order. None may be got or dropped from inside. */
void queues_each(struct queues *queues, void (*each)(void *arg, const char *key, struct queue *queue),
                 void *arg);

/* What is behind queue.h: the queues in memory, and the cycle of transactions. On the loop thread. For
 * queue/. */
#pragma once

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "queue/batch.h"
#include "queue/due_counts.h"
#include "queue/wakes.h"
#include "sys/loop.h"
#include "sys/work_lane.h"

/* How a log that has grown long gets into the database: see engine.c. */
enum checkpoint_state { CHECKPOINT_NONE, CHECKPOINT_RUNNING, CHECKPOINT_TO_END, CHECKPOINT_ENDING };

struct queues {
    struct loop *loop;
    const struct clock *clock;
    struct work_lane *lane;
    struct db *db; /* the lane's, while a batch runs; so are the numbers */
    struct numbers numbers;
    struct db *checkpoint_db; /* the checkpoint's, while it runs */
    struct map by_key;        /* struct queue */
    struct wakes wakes;
    struct list steps;     /* asked for */
    struct list due;       /* queues with something to do that nobody asked for now */
    struct list refused;   /* receives that waited, for queues that were dropped or closed */
    size_t step_count;     /* whose `done` was not called yet; but for waiting receives */
    size_t step_bytes;     /* of them */
    size_t receiver_count; /* waiting receives */
    uint64_t receives;     /* that were ever asked for */
    size_t batch_count;    /* on their way: the lane has them, or their end is to be heard of */
    struct batch *open;    /* the last of them, which may not have begun yet; NULL: it has */
    bool is_changing;      /* one of them has changes_queues */
    uint8_t secret[QUEUE_ROWS_SECRET_BYTES];
    int64_t *retired; /* purged queues that still have messages */
    size_t retired_count;
    size_t retired_capacity;
    struct wake retired_wake; /* when to sweep the last of them */
    bool is_retired_due;
    bool is_sweeping_retired; /* a batch is about it */
    enum checkpoint_state checkpoint;
    bool is_turn_due;          /* engine_wake() was called */
    void (*closed)(void *arg); /* not NULL: closing */
    void *closed_arg;
};

struct queue {
    struct queues *queues;
    char *key;
    struct queue_settings settings; /* owns dead_letter_key */
    size_t references;              /* steps and places */
    bool is_dropped;
    int64_t id; /* in the database; 0: not there */
    int64_t messages;
    struct due_counts hidden; /* of them */
    int64_t next_due_ms;      /* QUEUE_ROWS_NEVER: nothing */
    int64_t oldest_sent_ms;   /* likewise */
    struct list waiting;      /* receives, in the order they came */
    size_t receiver_count;    /* of them */
    struct wake wake;         /* when something is due for them, or too old */
    struct list due_link;     /* in queues->due */
    struct place *place;      /* in the open batch */
};

/* An engine without databases; frees one that is not in use, with its databases. */
struct queues *engine_new(struct loop *loop, const struct clock *clock);
void engine_free(struct queues *queues);

struct queue *engine_queue_new(struct queues *queues, const char *key);
void engine_queue_release(struct queue *queue); /* a reference of a step or place */
void engine_queue_free(struct queue *queue);

int64_t engine_now_ms(const struct queues *queues);

/* ERR_CLOSED or ERR_LIMIT. */
bool engine_admit(const struct queues *queues, struct err *err);

/* Takes the step; it will be done and answered. */
void engine_submit(struct queues *queues, struct step *step);

/* The receive, which is in no list, waits at the end of its queue's. */
void engine_wait(struct queue_receive *receive);
void engine_stop_waiting(struct queue_receive *receive);

/* Ends one that was asked for and has not begun, without an answer. */
void engine_forget(struct queue_receive *receive);

/* Every receive that waits for the queue will be answered with an error. */
void engine_refuse_all(struct queue *queue);

/* Of a queue whose settings, times or receivers changed. */
void engine_look(struct queue *queue);

/* Nothing more comes into the open batch: it has what was known of its queues. */
void engine_seal(struct queues *queues);

/* Something is to be done, at the end of this turn of the loop. */
void engine_wake(struct queues *queues);

void engine_add_retired(struct queues *queues, int64_t queue);

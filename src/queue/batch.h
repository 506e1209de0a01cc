/* Steps that are done in one transaction. Filled and read on the loop thread, done on the lane's. For
 * queue/. */
#pragma once

#include "base/list.h"
#include "queue/place.h"
#include "queue/step.h"

struct batch {
    struct queues *queues; /* the loop's */
    struct transaction transaction;
    struct list steps;     /* of struct step, in the order they are done in */
    struct place **places; /* of their queues, each once */
    size_t place_count;
    size_t place_capacity;
    size_t step_count;
    size_t receive_count;       /* of them */
    size_t size_bytes;          /* of them */
    bool changes_queues;        /* makes or empties some: the next batch has to know which */
    int64_t swept_queue;        /* a purged queue whose messages are to be removed; 0: none */
    bool swept_queue_is_gone;   /* it has none any more */
    bool has_checkpoint_to_end; /* see engine.c */
    int log_pages;              /* of the database afterwards */
    bool is_failed;             /* nothing was changed; err says why */
    struct err err;
};

/* Steps and places must be gone. */
void batch_free(struct batch *batch);

void batch_add_place(struct batch *batch, struct place *place);

/* Does it. Blocks. */
void batch_run(struct batch *batch);

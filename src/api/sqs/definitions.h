/* The queues that exist, parsed and in memory: what every operation looks at. Their durable form is a record
 * of the kind "queue"; their messages are the engine's (queue/queue.h), which is told here how each queue is
 * set. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/sqs/attempts.h"
#include "api/sqs/location.h"
#include "api/sqs/move_task.h"
#include "base/list.h"
#include "base/map.h"
#include "base/turns.h"
#include "model/policy.h"
#include "model/sqs/queue_attributes.h"
#include "model/sqs/redrive.h"
#include "model/tags.h"
#include "queue/queue.h"
#include "store/records.h"

struct api;
struct move_run;

#define QUEUE_RECORD_KIND "queue"
/* The longest that a request may make. What becomes of its move tasks later has room beside. */
#define QUEUE_DOCUMENT_BYTES (512u * 1024)

/* What is stored of a queue. Starts as {0}. */
struct queue_document {
    struct queue_attributes attributes;
    struct tags tags;
    struct move_task *tasks; /* the newest first; NULL without any */
    size_t task_count;       /* at most MOVE_TASKS_KEPT */
    int64_t created_s;
    int64_t modified_s;
};

struct queue_definition {
    struct queue_location location;
    char arn[QUEUE_ARN_BYTES];
    struct queue *queue; /* NULL while it is being deleted */
    struct queue_document document;
    struct policy *policy;  /* NULL: none */
    struct redrive redrive; /* of the document; target_arn "": none */
    int64_t purged_us;      /* monotonic; 0: never in this run */
    struct move_run *run;   /* the move task that runs, or NULL */
};

/* All of SQS. */
struct sqs {
    struct api *api;
    struct queues *queues;
    struct map definitions;    /* key of the engine -> struct queue_definition, owned */
    struct turns turns;        /* changes of definitions, one at a time */
    struct list waiting;       /* struct receiving: calls that wait for messages */
    struct attempts *attempts; /* NULL: nobody has used any */
    bool is_draining;
};

/* Reads the records and sets the engine's queues: ERR_CORRUPT. Blocks: start-up. */
bool definitions_load(struct sqs *sqs, struct err *err);

/* Frees them all; no move task may run. */
void definitions_done(struct sqs *sqs);

/* NULL when there is none. */
struct queue_definition *definitions_find(const struct sqs *sqs, const struct queue_location *location);

/* After a record was committed: takes over what it says now, or that it is gone. */
void definitions_refresh(struct sqs *sqs, const struct queue_location *location);

/* Of a queue that was to be deleted and still exists, as its deletion could not be stored: it is used on,
 * empty. NULL when there is none such. */
struct queue_definition *definitions_reopen(struct sqs *sqs, const struct queue_location *location);

/* The key of a queue's record; its texts are those of the location. */
struct record_key definitions_record(const struct queue_location *location);

void queue_document_done(struct queue_document *document);

/* Makes room for a new task, the first, and gives it; the oldest past MOVE_TASKS_KEPT is forgotten. */
struct move_task *queue_document_add_task(struct queue_document *document);
struct queue_document queue_document_copy(const struct queue_document *document);
char *queue_document_encode(const struct queue_document *document); /* in fresh memory */

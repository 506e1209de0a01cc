/* The values that go into queues and come out of them, and how a queue is set. For everybody who uses
 * queue/queue.h.
 *
 * Times are milliseconds of UTC (`_ms` of a moment) or durations. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"

struct queue;

/* How a queue behaves. */
struct queue_settings {
    bool is_fifo;                /* entries have groups; must not change while there are messages */
    int64_t delay_ms;            /* of entries that name none */
    int64_t retention_ms;        /* messages older than this are removed; 0: never */
    int max_receives;            /* after so many receives here, the next one makes it a dead letter */
    const char *dead_letter_key; /* NULL: none */
};

/* What goes in. */
struct queue_entry {
    const char *message_id; /* a UUID's length at most; NULL: a new UUID */
    const void *body;
    size_t body_len;
    const void *attributes; /* opaque: given back with the message */
    size_t attributes_len;
    int64_t delay_ms;  /* negative: as the queue is set */
    int64_t lease_ms;  /* not 0: whoever pushes has received it too, for so long: receipt {sequence, 1} */
    const char *group; /* FIFO: needed; of others: NULL */
    const char *dedup; /* within 5 minutes a second entry of that name is not added; NULL: no check */
};

struct queue_pushed {
    int64_t sequence;                  /* grows over all queues, never comes again */
    char message_id[IDENT_UUID_BYTES]; /* of the first one if this is a duplicate, like the sequence */
    bool is_duplicate;
};

/* One receive of one message. */
struct queue_receipt {
    int64_t sequence;
    int64_t receives; /* how often it was received so far, in earlier queues as well */
};

struct queue_message {
    struct queue_receipt receipt;
    const char *message_id;
    const char *body; /* a NUL follows */
    size_t body_len;
    const char *attributes; /* a NUL follows */
    size_t attributes_len;
    const char *group;  /* NULL: none */
    const char *source; /* key of the queue it is a dead letter of; NULL: none */
    int64_t sent_ms;
    int64_t first_receive_ms;
    int64_t mark; /* what the last QUEUE_RELEASE left; 0 at first */
};

enum queue_action {
    QUEUE_REMOVE,  /* and push the deliveries, all or nothing: destinations, redrive */
    QUEUE_EXTEND,  /* the lease ends delay_ms from now; 0: visible at once */
    QUEUE_RELEASE, /* the lease is over; due delay_ms from now; sets the mark */
};

struct queue_delivery {
    struct queue *target;
    struct queue_entry entry;
};

struct queue_settlement {
    struct queue_receipt receipt;
    enum queue_action action;
    int64_t delay_ms;
    int64_t mark;
    const struct queue_delivery *deliveries;
    size_t delivery_count;
};

enum queue_outcome {
    QUEUE_SETTLED,
    QUEUE_GONE,     /* no such message in this queue (any more) */
    QUEUE_STALE,    /* received again since; removing from a FIFO queue: or the lease is over */
    QUEUE_TOO_LONG, /* extending: the lease would last longer than LIMIT_QUEUE_LEASE_MS from the receive on */
    QUEUE_NOT_LEASED, /* extending, releasing: the lease is over, the message visible again */
};

#define QUEUE_SEQUENCE_BYTES 21

/* 20 digits, in the order of the numbers: SQS's SequenceNumber. */
void queue_sequence_text(int64_t sequence, char ret_text[QUEUE_SEQUENCE_BYTES]);

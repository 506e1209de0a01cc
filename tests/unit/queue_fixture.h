/* Queues over a real file, with a clock and timers that tests move. For test_queue*.c. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/queue.h"

extern struct loop *loop;
extern struct queues *queues;
extern struct queue *queue; /* "q" */
extern char queue_path[64];

/* Set-up and tear-down of a test. The first opens, the other closes what is open. */
int open_fresh(void **state);
int close_all(void **state);

void open_queues(void);
void close_queues(void);
void reopen(void); /* settings are gone, `queue` is the new one */

/* Time passes, timers fire. Nothing is awaited by the first; the other settles down. */
void advance(int64_t ms);
void pass(int64_t ms);
int64_t clock_ms(void);

/* Runs the loop until everything that was asked for before is answered, but for receives that wait. */
void settle_down(void);

/* Waits for the push; -1 when it failed, else the sequence. Texts are words: "a b c" are three entries. */
int64_t push(struct queue *to, const char *words);
int64_t push_entry(struct queue *to, const struct queue_entry *entry);
struct queue_pushed push_fifo(struct queue *to, const char *body, const char *group, const char *dedup);

/* What a receive was given. */
struct answer {
    bool is_there;
    enum err_code code; /* ERR_NONE: success */
    size_t count;
    char text[1024]; /* bodies: "a b c" */
    struct queue_receipt receipts[16];
    int64_t sent_ms; /* these of the last one */
    int64_t first_receive_ms;
    int64_t mark;
    char message_id[IDENT_UUID_BYTES];
    char attributes[64];
    char source[64];
    struct queue_receive *receive; /* while it waits */
};

/* Waits for it; the answer lives until the next one. */
const struct answer *receive(struct queue *from, size_t most, int64_t visibility_ms);

/* Does not wait: `answer` is filled later, and must live as long. */
void start_receive(struct queue *from, size_t most, int64_t wait_ms, struct answer *answer);

enum queue_outcome settle(struct queue *of, struct queue_settlement settlement);
enum queue_outcome remove_message(struct queue *of, struct queue_receipt receipt);
void purge(struct queue *of);

/* "visible in_flight delayed" */
#define assert_counts(of, text) assert_string_equal(counts_of(of), text)
const char *counts_of(struct queue *of);

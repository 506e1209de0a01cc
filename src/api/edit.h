/* An operation that changes something, from its turn to its answer:
 *
 *   turn ─▶ prepare: check the state, name the steps, write the answer ─▶ commit (a job) ─▶ committed ─▶
 * answer
 *
 * Handlers only say what is particular to them. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/change.h"
#include "api/records.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/turns.h"

#define EDIT_MAX_STEPS 8

struct edit;

struct edit_actions {
    /* In its turn: nothing else changes the same things until the end. Checks what may have changed since the
     * request came, adds steps and writes the answer. False: the call fails with err and nothing happens. An
     * edit without steps is answered without a commit. */
    bool (*prepare)(struct edit *edit, struct err *err);

    /* The steps were committed and the records in memory are the new ones: change what else is kept in
     * memory. May be NULL. */
    void (*committed)(struct edit *edit);

    /* Frees what the handler keeps, in the end and whatever happened. May be NULL. */
    void (*finished)(struct edit *edit);
};

struct edit {
    struct api_call *call;
    void *owner; /* whose turns they are: see edit_start() */
    void *state; /* the handler's */

    /* The rest is edit.c's. */
    const struct edit_actions *actions;
    struct turns *turns;
    void (*release)(void *owner);
    struct turn turn;
    struct change change;
    struct store_step steps[EDIT_MAX_STEPS];
    struct record *records[EDIT_MAX_STEPS]; /* what the steps on records point to */
    char *tags[EDIT_MAX_STEPS];
    size_t step_count;
    struct buf answer;
    struct json_writer writer;
};

/* `release(owner)` is called in the end; it may be NULL. `state` is the handler's own. */
void edit_start(struct api_call *call, struct turns *turns, void *owner, void (*release)(void *owner),
                void *state, const struct edit_actions *actions);

/* Steps on records: key and document are copied. */
void edit_put(struct edit *edit, const struct record_key *key, const char *document);
void edit_delete(struct edit *edit, const struct record_key *key);

/* All records of the key's account and scope, which is not that of a function: see edit_function(). */
void edit_delete_scope(struct edit *edit, const struct record_key *key);

/* A step on a function; takes the reference. */
void edit_function(struct edit *edit, enum store_step_kind kind, const struct function *function);

/* New tags of a function, as a JSON object, which is copied; takes the reference. */
void edit_function_tags(struct edit *edit, const struct function *function, const char *tags_json);

/* The body of the answer, to be written by `prepare`: JSON with the writer, anything with the buffer. Without
 * either the answer has no body. `limit_bytes` bounds it. */
struct json_writer *edit_answer(struct edit *edit, size_t limit_bytes);
struct buf *edit_answer_raw(struct edit *edit, size_t limit_bytes);

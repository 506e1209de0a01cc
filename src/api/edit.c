/* See edit.h. */
#include "api/edit.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static void finish(struct edit *edit) {
    if (edit->actions->finished)
        edit->actions->finished(edit);
    for (size_t i = 0; i < edit->step_count; i++) {
        record_free(edit->records[i]);
        free(edit->tags[i]);
        function_unref(edit->steps[i].function);
    }
    buf_done(&edit->answer);
    struct turns *turns = edit->turns;
    void *owner = edit->owner;
    void (*release)(void *owner) = edit->release;
    free(edit);
    turns_pass_on(turns);
    if (release)
        release(owner);
}

static void answer(struct edit *edit) {
    if (edit->answer.limit)
        call_answer(edit->call, &edit->answer);
    else
        call_answer_empty(edit->call);
}

static void committed(struct change *change) {
    struct edit *edit = list_item(change, struct edit, change);
    if (change->ok) {
        if (edit->actions->committed)
            edit->actions->committed(edit);
        answer(edit);
    } else {
        call_fail(edit->call, &change->err);
    }
    finish(edit);
}

static void run(struct turn *turn) {
    struct edit *edit = list_item(turn, struct edit, turn);
    struct err err;
    if (!edit->actions->prepare(edit, &err)) {
        call_fail(edit->call, &err);
        finish(edit);
        return;
    }
    if (edit->step_count == 0) {
        answer(edit);
        finish(edit);
        return;
    }
    edit->change.steps = edit->steps;
    edit->change.step_count = edit->step_count;
    edit->change.done = committed;
    change_start(edit->call->api, &edit->change);
}

void edit_start(struct api_call *call, struct turns *turns, void *owner, void (*release)(void *owner),
                void *state, const struct edit_actions *actions) {
    struct edit *edit = mem_alloc(sizeof *edit);
    edit->call = call;
    edit->turns = turns;
    edit->owner = owner;
    edit->release = release;
    edit->state = state;
    edit->actions = actions;
    edit->turn.run = run;
    turns_take(turns, &edit->turn);
}

static struct store_step *add_step(struct edit *edit, enum store_step_kind kind) {
    assert(edit->step_count < EDIT_MAX_STEPS);
    struct store_step *step = &edit->steps[edit->step_count++];
    step->kind = kind;
    return step;
}

static void add_record_step(struct edit *edit, enum store_step_kind kind, const struct record_key *key,
                            const char *document) {
    struct record *record = record_new(key, document);
    edit->records[edit->step_count] = record;
    struct store_step *step = add_step(edit, kind);
    step->key = record->key;
    step->document = record->document;
}

void edit_put(struct edit *edit, const struct record_key *key, const char *document) {
    add_record_step(edit, STORE_RECORD_PUT, key, document);
}

void edit_delete(struct edit *edit, const struct record_key *key) {
    add_record_step(edit, STORE_RECORD_DELETE, key, "");
}

void edit_delete_scope(struct edit *edit, const struct record_key *key) {
    add_record_step(edit, STORE_RECORD_DELETE_SCOPE, key, "");
}

void edit_function(struct edit *edit, enum store_step_kind kind, const struct function *function) {
    add_step(edit, kind)->function = function;
}

void edit_function_tags(struct edit *edit, const struct function *function, const char *tags_json) {
    char *copy = mem_text(tags_json);
    edit->tags[edit->step_count] = copy;
    struct store_step *step = add_step(edit, STORE_FUNCTION_TAGS);
    step->function = function;
    step->tags_json = copy;
}

struct buf *edit_answer_raw(struct edit *edit, size_t limit_bytes) {
    buf_init(&edit->answer, limit_bytes);
    return &edit->answer;
}

struct json_writer *edit_answer(struct edit *edit, size_t limit_bytes) {
    json_writer_init(&edit->writer, edit_answer_raw(edit, limit_bytes));
    return &edit->writer;
}

/* Makes one change of a function durable: a job on the database's lane. Loop thread. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "model/function.h"

struct lambda;

enum change_kind {
    CHANGE_CREATE,         /* version (as $LATEST), published or not, tags_json */
    CHANGE_UPDATE,         /* version replaced, published added or not */
    CHANGE_DELETE,         /* the function */
    CHANGE_DELETE_VERSION, /* version */
    CHANGE_TAGS,           /* tags_json, and version with its new RevisionId */
};

/* Embedded in the state of whoever makes the change; its inputs must live until `done` was called. */
struct change {
    enum change_kind kind;
    const struct function *version; /* always given: names the function too */
    const struct function *published;
    const char *tags_json;

    /* The transaction was committed (ok) or failed (err). */
    void (*done)(struct change *change);
    bool ok;
    struct err err;

    struct lambda *lambda;
};

void change_start(struct lambda *lambda, struct change *change);

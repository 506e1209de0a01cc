/* What UpdateFunctionCode and UpdateFunctionConfiguration have in common: checks of state and revision, one
 * durable change of $LATEST, the answer with LastUpdateStatus InProgress, and the start of the work that ends
 * it. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/change.h"
#include "api/lambda/lambda.h"

/* Embedded in the state of the operation; starts as {0} and the inputs. */
struct update {
    struct api_call *call;
    struct catalogue_entry *entry; /* referenced by the operation until `finished` */
    const char *revision_id;       /* NULL or "": not sent */
    bool publishes;
    bool is_dry;

    /* Changes the copy that becomes $LATEST. Called when it is this update's turn. */
    bool (*apply)(struct update *update, struct function *next, struct err *err);

    /* The call was answered; frees the operation's state. */
    void (*finished)(struct update *update);

    struct lambda *lambda; /* the rest is update.c's */
    struct turn turn;
    struct store_step steps[2];
    struct change change;
    struct function *next;
    struct function *published;
};

void update_start(struct update *update);

/* The checks that update_start() makes in its turn, for operations that want to fail early. */
bool update_check(const struct update *update, struct err *err);

/* The Lambda service: what its operations share. One per daemon; lives in struct api. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "api/context.h"
#include "api/lambda/catalogue.h"
#include "api/lambda/code_store.h"

struct lambda {
    struct api *api;
    struct catalogue catalogue;
    struct code_store codes;
    struct turns turns;  /* changes of what belongs to no function: layers, mappings, code signing */
    const char *machine; /* the architecture functions can have here: "x86_64" or "arm64" */

    /* Values that environments still run from, though the catalogue has dropped them: their code stays on
     * disk until they are gone. */
    struct list lingering;
    struct loop_timer *linger_timer;
};

/* Without any functions: see restore.h. */
struct lambda *lambda_new(struct api *api);
void lambda_free(struct lambda *lambda); /* NULL is fine */

/* Swap in values of an entry (NULL for none), with the holds on their code; they take the reference. The
 * caller holds the code of the new one. What ran before is retired. */
void lambda_set_latest(struct lambda *lambda, struct catalogue_entry *entry, struct function *latest);
void lambda_set_runnable(struct lambda *lambda, struct catalogue_entry *entry,
                         const struct function *runnable);

/* Drops a value that invocations may have used, together with the hold on its code: no environment of its
 * epoch is started any more. Takes the reference. */
void lambda_retire(struct lambda *lambda, const struct function *function);

static inline struct lambda *lambda_of(const struct api_call *call) {
    return call->api->lambda;
}

static inline int64_t lambda_now_us(const struct lambda *lambda) {
    return clock_wall_us(lambda->api->clock);
}

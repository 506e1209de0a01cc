/* What asynchronous invocation needs to know of functions and of where results go: callbacks to the modules
 * above queue/. Loop thread. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/function.h"
#include "model/function_ref.h"
#include "queue/letter.h"
#include "queue/queue.h"
#include "queue/retry.h"

/* What an event goes to, as it is now. */
struct async_target {
    const struct function *shown;    /* the version called: of an alias with two, one was drawn. Borrowed */
    const struct function *runnable; /* what runs of it; NULL: nothing does at the moment. Borrowed */
    bool has_no_concurrency;         /* zero is reserved for it */
    bool stops_loops;                /* RecursiveLoop Terminate */
    struct retry_policy policy;
    char *on_success; /* ARN of the destination; NULL for none. The caller frees */
    char *on_failure;
};

enum async_place {
    ASYNC_QUEUE,    /* of this machine */
    ASYNC_FUNCTION, /* likewise */
    ASYNC_ENDPOINT, /* a service elsewhere: see courier.h */
};

struct async_address {
    enum async_place place;
    size_t most_bytes;            /* that it takes */
    struct queue *queue;          /* ASYNC_QUEUE */
    struct function_ref function; /* ASYNC_FUNCTION */
};

struct async_upper {
    bool (*exists)(void *arg, const char *account, const char *name);

    /* False: there is no such function, version or alias (any more). */
    bool (*find)(void *arg, const char *account, const char *name, const char *qualifier,
                 struct async_target *ret_target);

    /* Where the ARN leads. False when the sender's role may not send there, or there is no such place. */
    bool (*resolve)(void *arg, const struct function *sender, const char *arn,
                    struct async_address *ret_address, struct err *err);

    /* The attributes of a message for a queue of this machine. */
    void (*write_attributes)(void *arg, const struct function *sender, const struct letter *letter,
                             struct buf *attributes);

    void *arg;
};

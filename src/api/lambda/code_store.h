/* Which packages and unpacked layouts are needed, and the work on them. A package is named by its content, so
 * that functions and layers share it. Two things can be asked for: that the package stays on disk (a hold),
 * and that it can be unpacked too, or a list of packages be laid over one another (a use). What nobody asks
 * for any more is removed from disk. Work on one name never overlaps: somebody who wants a package that is
 * just being removed waits, and it is written again. Loop thread; the disk is touched in jobs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "sys/loop.h"

struct code_store {
    struct loop *loop;
    const char *blob_dir;
    const char *layout_dir;
    struct map codes;   /* name -> struct code */
    size_t *background; /* counts jobs in flight that no call waits for */
};

/* Someone who waits; embedded in his own state. */
struct code_wait {
    struct list link;
    void (*run)(struct code_wait *wait);
    const struct err *err; /* of code_unpack, during run(): NULL when it went well */
};

/* The texts and the counter must outlive it. */
void code_store_init(struct code_store *store, struct loop *loop, const char *blob_dir,
                     const char *layout_dir, size_t *background);
void code_store_done(struct code_store *store);

/* Holds the package: from the time wait->run() is called (perhaps at once) it may be written and stays until
 * code_release(). */
void code_hold(struct code_store *store, const char *digest, struct code_wait *wait);

/* One more hold on something the caller knows to be held; also for the packages found at start. */
void code_share(struct code_store *store, const char *digest);

/* Ends one hold. The last one removes the package. */
void code_release(struct code_store *store, const char *digest);

/* The same with a use: the last one to end removes the layout. */
void code_use(struct code_store *store, const char *digest);
void code_unuse(struct code_store *store, const char *name);

/* A use of several packages, which the caller knows to be held, merged, later over earlier. It stands under
 * its own name (layout_name_merged), for code_unuse() and code_unpack(). A single one stands for itself. */
void code_use_merged(struct code_store *store, const char *const digests[], size_t count);

/* Makes the layout of something used unless it is there; wait->run() is called with the result, perhaps at
 * once. */
void code_unpack(struct code_store *store, const char *name, struct code_wait *wait);

/* At start, when everything that is needed is held: removes the rest from disk, and makes the layouts that
 * are missing. Blocks for looking. */
bool code_store_tidy(struct code_store *store, struct err *err);

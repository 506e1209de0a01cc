/* Which deployment packages and unpacked layouts are needed, and the work on them. A package is named by its
 * content, so that functions share it; it is removed from disk when nobody holds it any more. Work on one
 * package never overlaps: somebody who wants a package that is just being removed waits, and it is written
 * again. Loop thread; the disk is touched in jobs. */
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
    struct map codes;   /* digest -> struct code */
    size_t *background; /* counts jobs in flight that no call waits for */
};

/* Someone who waits; embedded in his own state. */
struct code_wait {
    struct list link;
    void (*run)(struct code_wait *wait);
    bool ok; /* of code_unpack */
    struct err err;
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

/* Ends one hold. The last one removes package and layout. */
void code_release(struct code_store *store, const char *digest);

/* Unpacks a held package unless that was done; wait->run() is called with the result, perhaps at once. */
void code_unpack(struct code_store *store, const char *digest, struct code_wait *wait);

/* Unpacks every held package whose layout is missing: at start. Blocks for looking. */
void code_unpack_missing(struct code_store *store);

bool code_is_held(const struct code_store *store, const char *digest);

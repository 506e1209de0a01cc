/* The functions of this machine in memory: what every request is resolved against. The store has the same,
 * durably; a change comes here only after it was committed there. Versions are immutable values
 * (model/function.h); a change swaps in another one. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/lambda/aliases.h"
#include "api/lambda/policies.h"
#include "base/map.h"
#include "base/turns.h"
#include "model/function.h"
#include "model/function_ref.h"
#include "model/tags.h"

/* One function with all its versions. */
struct catalogue_entry {
    uint32_t references; /* the catalogue's and those of work in progress */
    bool is_deleted;     /* no longer in the catalogue */

    char account[ACCOUNT_BYTES];
    const char *name; /* the end of the ARN */

    struct function *latest; /* $LATEST as shown; NULL while the function is being created */
    const struct function
        *runnable; /* $LATEST as run: the one before while an update is in progress; NULL while pending */
    struct function **versions; /* published ones, by ascending number */
    size_t version_count;
    int64_t next_version;
    struct tags tags;
    struct aliases *aliases;   /* NULL for none */
    struct policies *policies; /* NULL for none */

    bool has_reserved;    /* shares of the account's concurrency: see concurrency.h */
    uint32_t reserved;    /* ReservedConcurrentExecutions, when has_reserved */
    uint32_t provisioned; /* for all its versions and aliases */

    struct turns turns; /* changes of one function are made one after the other */

    char arn[]; /* unqualified */
};

struct catalogue {
    const char *region;
    struct map entries;              /* "account/name" */
    struct catalogue_entry **sorted; /* by account, then name */
    size_t count;
    size_t capacity;
    uint64_t last_epoch;
};

void catalogue_init(struct catalogue *catalogue, const char *region); /* region must outlive it */
void catalogue_done(struct catalogue *catalogue);

/* NULL when there is none. One that is being created is there, with `latest` NULL. */
struct catalogue_entry *catalogue_find(const struct catalogue *catalogue, const char *account,
                                       const char *name);

/* A new one without versions; the name must be free. The pointer is the catalogue's. */
struct catalogue_entry *catalogue_add(struct catalogue *catalogue, const char *account, const char *name);

/* Takes it out. Whoever holds a reference sees is_deleted. */
void catalogue_remove(struct catalogue *catalogue, struct catalogue_entry *entry);

/* Index of the first entry of `account` whose name is greater than `after` ("" for the first of all). */
size_t catalogue_place_after(const struct catalogue *catalogue, const char *account, const char *after);

/* A generation number never used before. */
uint64_t catalogue_next_epoch(struct catalogue *catalogue);

struct catalogue_usage {
    size_t functions;
    uint64_t code_bytes; /* of $LATEST and every version */
};
struct catalogue_usage catalogue_measure(const struct catalogue *catalogue, const char *account);

struct catalogue_entry *entry_ref(struct catalogue_entry *entry);
void entry_unref(struct catalogue_entry *entry);

/* The value shown for "" and "$LATEST", or for a version's number; NULL when there is none. */
struct function *entry_version(const struct catalogue_entry *entry, const char *qualifier);

/* The same for an alias too: the value shown is that of its own version, not of the one that gets a part of
 * the calls. */
struct function *entry_resolve(const struct catalogue_entry *entry, const char *qualifier);

static inline const struct alias *entry_alias(const struct catalogue_entry *entry, const char *name) {
    return aliases_find(entry->aliases, name);
}

/* Adds (takes the reference), replaces or removes a published version. Replacing and removing give the old
 * value back. */
void entry_add_version(struct catalogue_entry *entry, struct function *version);
struct function *entry_replace_version(struct catalogue_entry *entry, struct function *version);
struct function *entry_remove_version(struct catalogue_entry *entry, const char *number);

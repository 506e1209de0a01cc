/* What an authorizer has answered, by the values of its identity sources, for as long as its TTL says. Loop
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "model/policy.h"

/* More make room for themselves by ending all others: of entries, or of their bytes. */
#define AUTHORIZER_CACHE_ENTRIES 1000
#define AUTHORIZER_CACHE_BYTES (1024u * 1024)

/* An answer; has several holders. */
struct authorization {
    uint32_t references;
    bool is_allowed;       /* of a simple answer */
    struct policy *policy; /* of the other; NULL */
    char *principal_id;    /* likewise */
    char *context;         /* the JSON object that it gives the integration; NULL */
    size_t size_bytes;     /* of the answer */
};

struct authorization *authorization_ref(struct authorization *authorization);
void authorization_unref(struct authorization *authorization); /* NULL is fine */

/* All zero but the map: see authorizer_cache_init(). */
struct authorizer_cache {
    struct map entries; /* identity -> struct cached */
    size_t size_bytes;  /* of what was put since it was empty */
};

void authorizer_cache_init(struct authorizer_cache *cache);
void authorizer_cache_clear(struct authorizer_cache *cache);
void authorizer_cache_done(struct authorizer_cache *cache);

/* NULL when there is none that is still valid. The pointer is the cache's. */
struct authorization *authorizer_cache_find(struct authorizer_cache *cache, const struct buf *identity,
                                            int64_t now_us);

/* Takes a reference of its own; of what is too long for the cache, none. */
void authorizer_cache_put(struct authorizer_cache *cache, const struct buf *identity,
                          struct authorization *authorization, int64_t until_us);

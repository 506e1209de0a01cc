/* What an authorizer has answered, by the values of its identity sources, for as long as its TTL says. Loop
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/map.h"
#include "model/policy.h"

/* More make room for themselves by ending all others. */
#define AUTHORIZER_CACHE_ENTRIES 1000

/* An answer; has several holders. */
struct authorization {
    uint32_t references;
    bool is_allowed;       /* of a simple answer */
    struct policy *policy; /* of the other; NULL */
    char *principal_id;    /* likewise */
    char *context;         /* the JSON object that it gives the integration; NULL */
};

struct authorization *authorization_ref(struct authorization *authorization);
void authorization_unref(struct authorization *authorization); /* NULL is fine */

/* All zero but the map: see authorizer_cache_init(). */
struct authorizer_cache {
    struct map entries; /* identity -> struct cached */
};

void authorizer_cache_init(struct authorizer_cache *cache);
void authorizer_cache_clear(struct authorizer_cache *cache);
void authorizer_cache_done(struct authorizer_cache *cache);

/* NULL when there is none that is still valid. The pointer is the cache's. */
struct authorization *authorizer_cache_find(struct authorizer_cache *cache, const struct buf *identity,
                                            int64_t now_us);

/* Takes a reference of its own. */
void authorizer_cache_put(struct authorizer_cache *cache, const struct buf *identity,
                          struct authorization *authorization, int64_t until_us);

/* See authorizer_cache.h. */
#include "api/gateway/authorizer_cache.h"

#include "base/mem.h"

struct cached {
    struct authorization *authorization;
    int64_t until_us;
};

struct authorization *authorization_ref(struct authorization *authorization) {
    authorization->references++;
    return authorization;
}

void authorization_unref(struct authorization *authorization) {
    if (!authorization || --authorization->references > 0)
        return;
    policy_free(authorization->policy);
    free(authorization->principal_id);
    free(authorization->context);
    free(authorization);
}

static void cached_free(struct cached *cached) {
    if (cached)
        authorization_unref(cached->authorization);
    free(cached);
}

void authorizer_cache_init(struct authorizer_cache *cache) {
    map_init(&cache->entries);
    cache->size_bytes = 0;
}

void authorizer_cache_done(struct authorizer_cache *cache) {
    size_t cursor = 0;
    const char *identity;
    void *cached;
    while (map_next(&cache->entries, &cursor, &identity, &cached))
        cached_free(cached);
    map_done(&cache->entries);
}

void authorizer_cache_clear(struct authorizer_cache *cache) {
    authorizer_cache_done(cache);
    authorizer_cache_init(cache);
}

struct authorization *authorizer_cache_find(struct authorizer_cache *cache, const struct buf *identity,
                                            int64_t now_us) {
    const struct cached *cached = map_get_bytes(&cache->entries, identity->data, identity->len);
    return cached && now_us < cached->until_us ? cached->authorization : NULL;
}

void authorizer_cache_put(struct authorizer_cache *cache, const struct buf *identity,
                          struct authorization *authorization, int64_t until_us) {
    size_t size_bytes = identity->len + authorization->size_bytes;
    if (size_bytes > AUTHORIZER_CACHE_BYTES)
        return;
    if (cache->entries.count >= AUTHORIZER_CACHE_ENTRIES ||
        cache->size_bytes + size_bytes > AUTHORIZER_CACHE_BYTES)
        authorizer_cache_clear(cache);
    cache->size_bytes += size_bytes;
    struct cached *cached = mem_alloc(sizeof *cached);
    *cached = (struct cached){authorization_ref(authorization), until_us};
    cached_free(map_put_bytes(&cache->entries, identity->data, identity->len, cached));
}

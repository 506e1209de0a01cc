/* A hash map from byte-string keys to pointers. Keys are copied; values belong to the caller. The hash is
 * seeded with random bytes per map (SipHash-2-4), so that keys chosen by a stranger can't make it slow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t capacity; /* power of two, or 0 */
    size_t count;
    size_t used; /* filled plus deleted slots */
    uint64_t seed[2];
};

void map_init(struct map *map);
void map_done(struct map *map);

void *map_get(const struct map *map, const char *key);
void *map_get_bytes(const struct map *map, const void *key, size_t key_len);

/* Returns the value that was there before, or NULL. `value` must not be NULL. */
void *map_put(struct map *map, const char *key, void *value);
void *map_put_bytes(struct map *map, const void *key, size_t key_len, void *value);

/* Returns the value taken out, or NULL. */
void *map_remove(struct map *map, const char *key);
void *map_remove_bytes(struct map *map, const void *key, size_t key_len);

/* Walks all entries in no order: start with *cursor = 0; false at the end. The entry just given may be
 * removed. */
bool map_next(const struct map *map, size_t *cursor, const char **ret_key, void **ret_value);

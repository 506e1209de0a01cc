/* A hash map with open addressing: slots in one array, probed one after the other. A removed slot keeps a
 * mark, so that probes go on past it; marks vanish when the array is rebuilt, which only map_put does. Hashes
 * are SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). */
#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/ident.h"
#include "base/mem.h"

enum slot_state { SLOT_FREE, SLOT_FILLED, SLOT_REMOVED };

struct map_slot {
    enum slot_state state;
    size_t key_len;
    char *key; /* key_len bytes and NUL */
    uint64_t hash;
    void *value;
};

#define FIRST_CAPACITY 16

static inline uint64_t rotate_left(uint64_t word, int bits) {
    return word << bits | word >> (64 - bits);
}

static inline void sip_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] = rotate_left(v[2], 32);
}

static inline void sip_absorb(uint64_t v[4], uint64_t word) {
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

static uint64_t hash_key(const uint64_t seed[2], const void *key, size_t len) {
    uint64_t v[4] = {
        seed[0] ^ 0x736f6d6570736575u,
        seed[1] ^ 0x646f72616e646f6du,
        seed[0] ^ 0x6c7967656e657261u,
        seed[1] ^ 0x7465646279746573u,
    };
    const uint8_t *bytes = key;
    size_t whole = len & ~(size_t)7;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        sip_absorb(v, word);
    }
    uint64_t last = (uint64_t)len << 56;
    for (size_t i = whole; i < len; i++)
        last |= (uint64_t)bytes[i] << (8 * (i - whole));
    sip_absorb(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *map) {
    *map = (struct map){0};
    ident_random(map->seed, sizeof map->seed);
}

void map_done(struct map *map) {
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].state == SLOT_FILLED)
            free(map->slots[i].key);
    free(map->slots);
    map->slots = NULL;
    map->capacity = map->count = map->used = 0;
}

static struct map_slot *find(const struct map *map, const void *key, size_t key_len, uint64_t hash) {
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask; map->capacity > 0; i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (slot->state == SLOT_FREE)
            break;
        if (slot->state == SLOT_FILLED && slot->hash == hash && slot->key_len == key_len &&
            (key_len == 0 || memcmp(slot->key, key, key_len) == 0))
            return slot;
    }
    return NULL;
}

void *map_get_bytes(const struct map *map, const void *key, size_t key_len) {
    if (map->count == 0)
        return NULL;
    struct map_slot *slot = find(map, key, key_len, hash_key(map->seed, key, key_len));
    return slot ? slot->value : NULL;
}

void *map_get(const struct map *map, const char *key) {
    return map_get_bytes(map, key, strlen(key));
}

/* The first slot on the key's path that never held anything; the key is known to be absent. */
static struct map_slot *find_free(struct map_slot *slots, size_t capacity, uint64_t hash) {
    size_t i = hash & (capacity - 1);
    while (slots[i].state != SLOT_FREE)
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

/* Rebuilds the array without marks and at most half full. */
static void rebuild(struct map *map) {
    size_t capacity = FIRST_CAPACITY;
    while (capacity < (map->count + 1) * 2)
        capacity *= 2;
    struct map_slot *slots = mem_alloc_array(capacity, sizeof *slots);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].state == SLOT_FILLED)
            *find_free(slots, capacity, map->slots[i].hash) = map->slots[i];
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    map->used = map->count;
}

void *map_put_bytes(struct map *map, const void *key, size_t key_len, void *value) {
    assert(value);
    uint64_t hash = hash_key(map->seed, key, key_len);
    struct map_slot *slot = find(map, key, key_len, hash);
    if (slot) {
        void *old = slot->value;
        slot->value = value;
        return old;
    }
    /* A quarter of the slots stays free, so that probes end soon. */
    if ((map->used + 1) * 4 > map->capacity * 3)
        rebuild(map);
    *find_free(map->slots, map->capacity, hash) = (struct map_slot){
        .state = SLOT_FILLED,
        .key_len = key_len,
        .key = mem_copy_text(key, key_len),
        .hash = hash,
        .value = value,
    };
    map->count++;
    map->used++;
    return NULL;
}

void *map_put(struct map *map, const char *key, void *value) {
    return map_put_bytes(map, key, strlen(key), value);
}

void *map_remove_bytes(struct map *map, const void *key, size_t key_len) {
    struct map_slot *slot = find(map, key, key_len, hash_key(map->seed, key, key_len));
    if (!slot)
        return NULL;
    void *value = slot->value;
    free(slot->key);
    *slot = (struct map_slot){.state = SLOT_REMOVED};
    map->count--;
    return value;
}

void *map_remove(struct map *map, const char *key) {
    return map_remove_bytes(map, key, strlen(key));
}

bool map_next(const struct map *map, size_t *cursor, const char **ret_key, void **ret_value) {
    while (*cursor < map->capacity) {
        const struct map_slot *slot = &map->slots[(*cursor)++];
        if (slot->state == SLOT_FILLED) {
            if (ret_key)
                *ret_key = slot->key;
            if (ret_value)
                *ret_value = slot->value;
            return true;
        }
    }
    return false;
}

/* Memory of one invocation. See arena.h. */
#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES (16u * 1024)

struct lamb_arena_block {
    struct lamb_arena_block *older;
    size_t capacity;
    size_t used;
    _Alignas(max_align_t) char data[];
};

static size_t round_up(size_t size) {
    return (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
}

static struct lamb_arena_block *block_new(size_t capacity, struct lamb_arena_block *older) {
    struct lamb_arena_block *block = capacity < PTRDIFF_MAX - sizeof *block ? malloc(sizeof *block + capacity)
                                                                            : NULL;
    if (block == NULL) {
        fprintf(stderr, "lamb: no memory for %zu bytes; raise the function's memory size\n", capacity);
        abort();
    }
    block->older = older;
    block->capacity = capacity;
    block->used = 0;
    return block;
}

void *lamb_arena_take(struct lamb_arena *arena, size_t size) {
    struct lamb_arena_block *block = arena->blocks;
    if (size > PTRDIFF_MAX / 2)
        block = block_new(SIZE_MAX, NULL);
    size = round_up(size);
    if (block == NULL || block->capacity - block->used < size) {
        block = block_new(size > BLOCK_BYTES ? size : BLOCK_BYTES, block);
        arena->blocks = block;
    }
    void *taken = block->data + block->used;
    block->used += size;
    return taken;
}

bool lamb_arena_owns(const struct lamb_arena *arena, const void *data, size_t size) {
    uintptr_t first = (uintptr_t)data;
    for (const struct lamb_arena_block *block = arena->blocks; block != NULL; block = block->older) {
        uintptr_t start = (uintptr_t)block->data;
        if (first >= start && first - start <= block->used && size <= block->used - (first - start))
            return true;
    }
    return false;
}

void lamb_arena_reset(struct lamb_arena *arena) {
    struct lamb_arena_block *block = arena->blocks;
    while (block != NULL && (block->older != NULL || block->capacity > BLOCK_BYTES)) {
        struct lamb_arena_block *older = block->older;
        free(block);
        block = older;
    }
    if (block != NULL)
        block->used = 0;
    arena->blocks = block;
}

void lamb_arena_done(struct lamb_arena *arena) {
    lamb_arena_reset(arena);
    free(arena->blocks);
    arena->blocks = NULL;
}

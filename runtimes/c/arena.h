/* Memory of one invocation: taken piece by piece, given back all at once. For liblamb only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Newest block first. The oldest block is kept from one invocation to the next. */
struct lamb_arena {
    struct lamb_arena_block *blocks;
};

/* Aligned for any type; ends the process when the system has no memory left. */
void *lamb_arena_take(struct lamb_arena *arena, size_t size);

bool lamb_arena_owns(const struct lamb_arena *arena, const void *data, size_t size);

/* Invalidates everything taken so far. */
void lamb_arena_reset(struct lamb_arena *arena);

void lamb_arena_done(struct lamb_arena *arena);

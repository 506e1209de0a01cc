/* The sandboxes of lamb-spawner: by their slot, and by their state with the oldest first. Who changes the
 * state of one takes it off the list before and enlists it after. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/list.h"
#include "sandbox/sandbox.h"

struct roster {
    struct sandbox *slots[LIMIT_SANDBOXES];
    uint32_t next_slot;
    struct list states[SANDBOX_STATES];
    uint32_t counts[SANDBOX_STATES];
};

void roster_init(struct roster *roster);

/* False when all are taken. Slots are used in turn, so that a user number rests for a while before another
 * sandbox gets it. */
bool roster_find_slot(struct roster *roster, uint32_t *ret_slot);

/* Adds one to its slot and its list. */
void roster_add(struct roster *roster, struct sandbox *sandbox);

/* Takes it off both and frees it. */
void roster_free_sandbox(struct roster *roster, struct sandbox *sandbox);

void roster_enlist(struct roster *roster, struct sandbox *sandbox);
void roster_delist(struct roster *roster, struct sandbox *sandbox);

/* NULL when there is none. */
struct sandbox *roster_oldest(struct roster *roster, enum sandbox_state state);
struct sandbox *roster_find_running(struct roster *roster, uint64_t id);

bool roster_is_empty(const struct roster *roster);

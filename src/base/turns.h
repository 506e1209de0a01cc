/* Turns: who wants to change a thing waits until those before him have. On the loop thread; a turn may last
 * as long as any number of jobs. */
#pragma once

#include <stdbool.h>

#include "base/list.h"

/* Someone who waits; embedded in his own state, which must live until `run` was called. */
struct turn {
    struct list link;
    void (*run)(struct turn *turn);
};

struct turns {
    bool is_taken;
    bool is_passing_on;
    struct list waiting; /* of struct turn */
};

void turns_init(struct turns *turns);

/* Calls turn->run() once it is this one's turn: at once when nobody else has it. */
void turns_take(struct turns *turns, struct turn *turn);

/* Takes a turn that nobody can have yet: of a thing that was just made. */
void turns_take_first(struct turns *turns);

/* Ends the turn and lets the next one run, perhaps before it returns. The thing must outlive the call. */
void turns_pass_on(struct turns *turns);

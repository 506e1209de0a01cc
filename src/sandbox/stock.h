/* How many parked sandboxes to keep: as many as were claimed in the last ten seconds, between two bounds.
 * Grows at once, shrinks as the claims fall out of the window. A value without I/O. */
#pragma once

#include <stdint.h>

#define STOCK_WINDOW_S 10

struct stock {
    uint32_t least;
    uint32_t most;
    uint32_t claims[STOCK_WINDOW_S]; /* per second, a ring */
    int64_t newest_s;                /* the second the ring has reached */
};

/* `least` above `most` means `most`. */
void stock_init(struct stock *stock, uint32_t least, uint32_t most, int64_t now_ms);

void stock_note_claim(struct stock *stock, int64_t now_ms);

uint32_t stock_target(struct stock *stock, int64_t now_ms);

/* See stock.h. */
#include "sandbox/stock.h"

#include <string.h>

void stock_init(struct stock *stock, uint32_t least, uint32_t most, int64_t now_ms) {
    *stock = (struct stock){.least = least < most ? least : most, .most = most, .newest_s = now_ms / 1000};
}

/* Empties the places of the seconds that began since. */
static void advance(struct stock *stock, int64_t now_ms) {
    int64_t now_s = now_ms / 1000;
    if (now_s - stock->newest_s >= STOCK_WINDOW_S) {
        memset(stock->claims, 0, sizeof stock->claims);
        stock->newest_s = now_s;
    }
    while (stock->newest_s < now_s)
        stock->claims[++stock->newest_s % STOCK_WINDOW_S] = 0;
}

void stock_note_claim(struct stock *stock, int64_t now_ms) {
    advance(stock, now_ms);
    stock->claims[stock->newest_s % STOCK_WINDOW_S]++;
}

uint32_t stock_target(struct stock *stock, int64_t now_ms) {
    advance(stock, now_ms);
    uint64_t recent = 0;
    for (int i = 0; i < STOCK_WINDOW_S; i++)
        recent += stock->claims[i];
    if (recent > stock->most)
        return stock->most;
    return recent > stock->least ? (uint32_t)recent : stock->least;
}

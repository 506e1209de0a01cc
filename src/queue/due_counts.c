/* See due_counts.h: a sorted array. Delays end within 15 minutes and leases within 12 hours, so that it has
 * at most 43,200 seconds; new ones come at the end mostly, old ones leave at the front. */
#include "queue/due_counts.h"

#include <string.h>

#include "base/mem.h"

struct due_second {
    int64_t second;
    int64_t leased;
    int64_t delayed;
};

void due_counts_done(struct due_counts *counts) {
    free(counts->seconds);
}

int64_t due_counts_second(int64_t due_ms) {
    return due_ms / 1000;
}

/* Where that second is, or belongs. */
static size_t place_of(const struct due_counts *counts, int64_t second) {
    size_t low = counts->first;
    size_t high = counts->first + counts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (counts->seconds[middle].second < second)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Gives up the room that those left behind that are over. */
static void make_room(struct due_counts *counts) {
    if (counts->first + counts->count < counts->capacity)
        return;
    if (counts->first <= counts->count) {
        counts->capacity = counts->capacity ? counts->capacity * 2 : 4;
        counts->seconds = mem_resize(counts->seconds, counts->capacity * sizeof *counts->seconds);
    }
    memmove(counts->seconds, counts->seconds + counts->first, counts->count * sizeof *counts->seconds);
    counts->first = 0;
}

static struct due_second *second_of(struct due_counts *counts, int64_t second) {
    size_t place = place_of(counts, second);
    size_t end = counts->first + counts->count;
    if (place < end && counts->seconds[place].second == second)
        return &counts->seconds[place];
    make_room(counts);
    place = place_of(counts, second);
    end = counts->first + counts->count;
    memmove(&counts->seconds[place + 1], &counts->seconds[place], (end - place) * sizeof *counts->seconds);
    counts->seconds[place] = (struct due_second){.second = second};
    counts->count++;
    return &counts->seconds[place];
}

void due_counts_add(struct due_counts *counts, int64_t second, bool is_leased, int64_t messages) {
    if (second <= counts->passed_s)
        return;
    struct due_second *found = second_of(counts, second);
    if (is_leased) {
        found->leased += messages;
        counts->leased += messages;
    } else {
        found->delayed += messages;
        counts->delayed += messages;
    }
}

void due_counts_pass(struct due_counts *counts, int64_t now_ms) {
    if (now_ms / 1000 > counts->passed_s)
        counts->passed_s = now_ms / 1000;
    while (counts->count > 0 && counts->seconds[counts->first].second <= counts->passed_s) {
        counts->leased -= counts->seconds[counts->first].leased;
        counts->delayed -= counts->seconds[counts->first].delayed;
        counts->first++;
        counts->count--;
    }
}

void due_counts_clear(struct due_counts *counts) {
    counts->count = 0;
    counts->leased = 0;
    counts->delayed = 0;
}

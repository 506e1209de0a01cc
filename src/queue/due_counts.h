/* How many messages of a queue are not visible yet, without asking the database and without a message's being
 * written when its time comes: a number for each second in which some become due. For queue/.
 *
 * A message counts as hidden until the second begins that it becomes due in: one that is due at once never
 * does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due_second;

struct due_counts {
    struct due_second *seconds; /* in their order, [first] to [first + count - 1] */
    size_t first;
    size_t count;
    size_t capacity;
    int64_t passed_s; /* up to this second all is visible */
    int64_t leased;
    int64_t delayed;
};

void due_counts_done(struct due_counts *counts);

/* The second a message is hidden until. */
int64_t due_counts_second(int64_t due_ms);

/* So many messages more (or less, if negative) are hidden until then. Nothing happens for a second that is
 * over. */
void due_counts_add(struct due_counts *counts, int64_t second, bool is_leased, int64_t messages);

/* What became due by now no longer counts. */
void due_counts_pass(struct due_counts *counts, int64_t now_ms);

void due_counts_clear(struct due_counts *counts);

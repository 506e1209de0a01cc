/* A set of measured durations and its percentiles.
 *
 * Every sample is kept (4 bytes, 0.1 µs steps, at most 429 s), so percentiles are exact. The memory of the
 * initial capacity is touched at the start: no page fault lands inside a measurement. Not for use by
 * several threads. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct samples {
    uint32_t *ticks;
    size_t count;
    size_t capacity;
};

void samples_init(struct samples *samples, size_t capacity);
void samples_done(struct samples *samples);
void samples_add(struct samples *samples, int64_t duration_ns);

/* Sorts; call once after the last samples_add and before the first percentile. */
void samples_sort(struct samples *samples);

/* Nearest-rank percentile in microseconds; percent 0 is the minimum, 100 the maximum; 0 when there are no
 * samples. */
double samples_percentile_us(const struct samples *samples, double percent);

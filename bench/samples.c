/* See samples.h. */
#include "bench/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/die.h"

enum { TICK_NS = 100 };

void samples_init(struct samples *samples, size_t capacity) {
    samples->ticks = malloc(capacity * sizeof *samples->ticks);
    if (samples->ticks == NULL)
        die("no memory for %zu samples", capacity);
    memset(samples->ticks, 0xff, capacity * sizeof *samples->ticks);
    samples->count = 0;
    samples->capacity = capacity;
}

void samples_done(struct samples *samples) {
    free(samples->ticks);
    samples->ticks = NULL;
}

void samples_add(struct samples *samples, int64_t duration_ns) {
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity * 2 + 1;
        samples->ticks = realloc(samples->ticks, samples->capacity * sizeof *samples->ticks);
        if (samples->ticks == NULL)
            die("no memory for %zu samples", samples->capacity);
    }
    int64_t ticks = duration_ns / TICK_NS;
    samples->ticks[samples->count++] = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

static int compare_ticks(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

void samples_sort(struct samples *samples) {
    qsort(samples->ticks, samples->count, sizeof *samples->ticks, compare_ticks);
}

double samples_percentile_us(const struct samples *samples, double percent) {
    if (samples->count == 0)
        return 0;
    size_t rank = (size_t)ceil(percent / 100 * (double)samples->count);
    return (double)samples->ticks[rank == 0 ? 0 : rank - 1] * TICK_NS / 1000;
}

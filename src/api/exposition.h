/* Writes metrics as Prometheus reads them: its text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Names come from our own code and must be
 * valid; texts are escaped. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Names and values of a sample's labels by turns, ended by NULL: EXPOSITION_LABELS("state", "idle"). */
#define EXPOSITION_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* HELP and TYPE ("counter", "gauge", "histogram"): before the samples of that name. */
void exposition_begin(struct buf *buf, const char *name, const char *type, const char *help);

/* One sample; `labels` may be NULL. */
void exposition_put(struct buf *buf, const char *name, const char *const *labels, uint64_t value);

/* The same of a time, which is written in seconds. */
void exposition_put_time(struct buf *buf, const char *name, const char *const *labels, uint64_t value_us);

/* A family of one sample without labels. */
void exposition_counter(struct buf *buf, const char *name, const char *help, uint64_t value);
void exposition_gauge(struct buf *buf, const char *name, const char *help, uint64_t value);

/* Samples of a histogram of times, in seconds. `counts` has one more than there are bounds, each of its own
 * step alone. */
struct exposition_histogram {
    const int64_t *bounds_us;
    const uint64_t *counts;
    size_t bound_count;
    uint64_t sum_us;
};
void exposition_put_histogram(struct buf *buf, const char *name,
                              const struct exposition_histogram *histogram);

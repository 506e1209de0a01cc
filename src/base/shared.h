/* Memory that never changes and has several holders: texts and arrays of values that are copied often and
 * differ seldom. Whoever makes a block fills it before he shows it to others; it is freed when the last
 * holder drops it. The count is not atomic: holding and dropping belong to one thread, reading to any. */
#pragma once

#include <stddef.h>

/* Zeroed, with one holder. Never NULL; aligned for everything but long double. */
void *shared_new(size_t size);

/* One holder more. Returns what it was given; NULL is fine. */
const void *shared_hold(const void *block);

/* One holder less. NULL is fine. */
void shared_drop(const void *block);

/* Copies of texts. Empty ones cost no memory; NULL gives NULL. */
const char *shared_text(const char *text);
const char *shared_text_bytes(const char *data, size_t len);

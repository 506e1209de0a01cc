/* Time, behind a value that tests can replace. `wall` is UTC and may jump; `mono` only moves forward and is
 * what durations, deadlines and time-outs are made of. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct clock {
    int64_t (*wall_us)(void *context); /* microseconds since 1970 */
    int64_t (*mono_us)(void *context); /* microseconds since some fixed point */
    void *context;
};

/* The machine's clocks. */
struct clock clock_system(void);

static inline int64_t clock_wall_us(const struct clock *clock) {
    return clock->wall_us(clock->context);
}

static inline int64_t clock_mono_us(const struct clock *clock) {
    return clock->mono_us(clock->context);
}

#define CLOCK_TEXT_BYTES 40

/* "2026-01-31T12:34:56.123+0000": Lambda's LastModified. */
void clock_format_modified(int64_t wall_us, char ret_text[CLOCK_TEXT_BYTES]);

/* "2026-01-31T12:34:56.123Z" (RFC 3339, UTC, milliseconds). */
void clock_format_iso(int64_t wall_us, char ret_text[CLOCK_TEXT_BYTES]);

/* "Sat, 31 Jan 2026 12:34:56 GMT": the Date header (RFC 9110, 5.6.7). */
void clock_format_http(int64_t wall_us, char ret_text[CLOCK_TEXT_BYTES]);

/* "20260131T123456Z" to seconds since 1970; -1 when the text is anything else. SigV4's x-amz-date. */
int64_t clock_parse_amz_date(const char *text, size_t len);

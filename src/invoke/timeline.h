/* When what happened in an environment: a value; what is written of it is made of these times. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Monotonic times are 0 until it has happened. */
struct timeline {
    int64_t start_us;          /* the sandbox was asked for, or it is initialised again */
    int64_t init_us;           /* how long it took; -1 when no REPORT tells it */
    int64_t delivered_us;      /* the runtime got the event */
    int64_t response_begin_us; /* the first byte of its response was here */
    int64_t responded_us;
    int64_t runtime_done_us; /* it asked for the next event, or is gone */
    int64_t deadline_ms;     /* wall clock: of the event that was delivered */
    size_t produced_bytes;   /* of the response */
    const char *error_type;  /* the platform's own finding about the response; static, or NULL */
};

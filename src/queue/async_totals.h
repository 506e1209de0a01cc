/* What asynchronous invocation has done since the start, for metrics. */
#pragma once

#include <stdint.h>

#include "queue/retry.h"

struct async_totals {
    uint64_t accepted;               /* events that were acknowledged */
    uint64_t over[RETRY_CONDITIONS]; /* events that are over, by condition */
    uint64_t orphaned;               /* dropped: their function, version or alias is gone */
    uint64_t retried;                /* attempts put off after a function error */
    uint64_t put_back;               /* attempts that could not be made */
    uint64_t records;                /* results handed to a destination */
    uint64_t dead_letters;           /* events handed to a dead letter queue or topic */
    uint64_t record_failures;        /* those that could not be delivered, and were dropped */
    uint64_t dead_letter_failures;
};

/* See totals.h. */
#include "invoke/totals.h"

#include <stddef.h>

const int64_t totals_bounds_us[TOTALS_BOUNDS] = {
    500,    1000,    2500,    5000,    10000,    25000,    50000,    100000,    250000,
    500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000, 300000000, 900000000,
};

/* Most calls are short: they are found in the first steps. */
void totals_observe(struct totals_durations *durations, int64_t us) {
    size_t step = 0;
    while (step < TOTALS_BOUNDS && us > totals_bounds_us[step])
        step++;
    durations->counts[step]++;
    if (us > 0)
        durations->sum_us += (uint64_t)us;
}

/* Timers of the loop that fire when a test says so. The linker puts these in place of loop_timer_...(); see
 * tests/meson.build. */
#pragma once

#include <stdint.h>

/* Lets time pass: timers fire in the order they are due, each at its time on the clock that `ahead_us`
 * belongs to. */
void pass_time(int64_t ms, int64_t *ahead_us);

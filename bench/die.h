/* How a benchmark program ends when it cannot measure: one line on stderr, exit code 1.
 *
 * A measuring program has nobody above it to hand an error to, and half a measurement is worth nothing.
 * die() says the format's text alone; die_errno() appends what errno means. */
#pragma once

__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void die_errno(const char *format, ...);

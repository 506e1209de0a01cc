/* Lamb's own log: one line per event on stderr, `<time> <level> <event> key=value ...`, written with one
 * write(2). Function output never comes here; see invoke/function_log.h. */
#pragma once

/* `event` is a short dotted name ("environment.crashed"); the format gives `key=value` pairs. Control
 * characters are replaced, lines are cut at 4 KiB, so that no value from outside can forge a line. */
void log_info(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

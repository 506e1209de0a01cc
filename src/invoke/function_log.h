/* The logs of functions: one plain file per log group, `<log_dir>/<account>/<file>.log` (the file's name is
 * made by log_group_file()), rotated to `.1`, `.2`, ...
 *
 * A line is `<time> <log stream> <text>\n`. Lines are gathered in memory and written by a job within
 * FUNCTION_LOG_DELAY_MS, so that the invoke path touches no disk; a function that writes faster than the disk
 * takes loses lines and is told so in the log itself. Only invoke/ writes here; `lamb logs` reads the files.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "sys/loop.h"

#define FUNCTION_LOG_DELAY_MS 10
#define FUNCTION_LOG_PENDING_BYTES (16u * 1024 * 1024)

struct function_logs;
struct function_log;

/* `log_dir` must outlive it. */
struct function_logs *function_logs_new(struct loop *loop, const struct clock *clock, const char *log_dir,
                                        uint64_t file_bytes, uint32_t files);

/* Calls `drained(arg)` once everything appended so far was written. */
void function_logs_drain(struct function_logs *logs, void (*drained)(void *arg), void *arg);

/* Lines appended since the start, and those among them that were dropped. */
void function_logs_count(const struct function_logs *logs, uint64_t *ret_lines, uint64_t *ret_dropped);

/* After a drain only. NULL is fine. */
void function_logs_free(struct function_logs *logs);

/* A reference to the log of a group; release it when no environment writes any more. */
struct function_log *function_log_open(struct function_logs *logs, const char *account, const char *group);
void function_log_release(struct function_log *log); /* NULL is fine */

/* Appends one line (without its newline) of the environment whose log stream is `stream`. */
void function_log_append(struct function_log *log, const char *stream, const char *text, size_t len);

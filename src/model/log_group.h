/* The log groups of functions, and the files that stand for them in the directory of logs: one file per group
 * and account, `<account>/<file>.log`. Pure. Source: Lambda Developer Guide, "Configuring CloudWatch log
 * groups". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/function.h"

#define LOG_GROUP_BYTES (512 + 1)
#define LOG_GROUP_FILE_BYTES 208

/* Before the names of files that are no function's own group: no function's name begins with it. */
#define LOG_GROUP_FILE_MARK '@'

/* The group it was given, or "/aws/lambda/<name>". */
void log_group_of(const struct function *function, char ret_group[LOG_GROUP_BYTES]);

/* "f" for "/aws/lambda/f"; "@+team+own" for "/team/own". A long one ends in a hash. */
void log_group_file(const char *group, char ret_file[LOG_GROUP_FILE_BYTES]);

/* Whether a line of such a file, "<time> <stream> <text>", is of that function. In a group of their own
 * choice the streams of functions carry their names; others are of the function whose own group it is. */
bool log_group_line_is_of(const char *line, size_t len, const char *function, bool is_own_group);

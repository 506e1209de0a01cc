/* The small files through which the kernel is driven, in /proc and in control groups: a line written, a line
 * read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Writes in one write(2); `name` may have directories in it. */
bool kernel_file_write(int dir_fd, const char *name, const char *text, struct err *err);

/* Reads at most size - 1 bytes and ends them with NUL. */
bool kernel_file_read(int dir_fd, const char *name, char *text, size_t size, struct err *err);

/* The number that the file holds, or of the line "KEY NUMBER" in it when `key` is not NULL. False when there
 * is none. */
bool kernel_file_number(int dir_fd, const char *name, const char *key, uint64_t *ret_number);

/* The same in a text that has been read. */
bool kernel_file_find_number(const char *text, const char *key, uint64_t *ret_number);

/* Splits off the next number of a text: false when there is none. *cursor moves behind it. */
bool kernel_file_next_number(const char **cursor, uint64_t *ret_number);

/* True when one of the words in the text is `word`. */
bool kernel_file_has_word(const char *text, const char *word);

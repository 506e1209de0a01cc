/* Where the program beside this one lies: floors find floor_runtime in their own directory. */
#pragma once

#include <limits.h>

/* Writes the path of the program `name` in our own directory; room for PATH_MAX bytes. Dies on failure. */
void sibling_path(const char *name, char *ret_path);

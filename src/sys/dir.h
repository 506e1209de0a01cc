/* Reading directories, for fs.c and fs_remove.c alone. */
#pragma once

#include <dirent.h>

/* `OWN_DIR DIR *dir = ...`: closed when it leaves scope. errno is kept. */
void dir_close(DIR **dir);
#define OWN_DIR __attribute__((cleanup(dir_close)))

/* The next entry but . and ..; NULL at the end (errno is 0) and on failure (errno is not). */
struct dirent *dir_next(DIR *dir);

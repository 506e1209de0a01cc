/* Lists in settings: "a,b,c". */
#pragma once

#include <stddef.h>

/* The items between commas, NULL-terminated; empty ones are left out. */
char **texts_split(const char *list);
size_t texts_count(char *const *texts);
void texts_free(char **texts); /* NULL is fine */

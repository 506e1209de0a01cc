/* The tables of the embedded store and how older databases become new ones. For db.c alone. */
#pragma once

#include <stddef.h>

/* schema_steps[v] brings a database of version v to version v + 1; each runs in one transaction with the
 * change of the version (SQLite's user_version). A step that was released is never changed: later ones are
 * added behind it. */
extern const char *const schema_steps[];
extern const int schema_version; /* number of steps */

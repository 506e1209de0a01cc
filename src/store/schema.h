/* The tables of the embedded databases and how older databases become new ones. For db.c alone. */
#pragma once

/* steps[v] brings a database of version v to version v + 1; each runs in one transaction with the change of
 * the version (SQLite's user_version). A step that was released is never changed: later ones are added behind
 * it. */
struct schema {
    const char *const *steps;
    int version; /* number of steps */
};

extern const struct schema schema_main;   /* lamb.db */
extern const struct schema schema_queues; /* queues.db */

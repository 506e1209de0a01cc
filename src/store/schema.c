/* The schema, step by step.
 *
 * function          one row per function: the number its next version gets, its tags (a JSON object of texts)
 * function_version  one row per version, $LATEST as number 0; document is model/function_stored.c's form
 * record            everything else, see store/records.h */
#include "store/schema.h"

const char *const schema_steps[] = {
    "CREATE TABLE function ("
    "  account TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  next_version INTEGER NOT NULL CHECK (next_version > 0),"
    "  tags TEXT NOT NULL,"
    "  PRIMARY KEY (account, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE function_version ("
    "  account TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  document TEXT NOT NULL,"
    "  PRIMARY KEY (account, name, number),"
    "  FOREIGN KEY (account, name) REFERENCES function (account, name) ON DELETE CASCADE"
    ") STRICT, WITHOUT ROWID;",

    "CREATE TABLE record ("
    "  account TEXT NOT NULL,"
    "  scope TEXT NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  document TEXT NOT NULL,"
    "  PRIMARY KEY (account, scope, kind, name)"
    ") STRICT, WITHOUT ROWID;",
};

const int schema_version = sizeof schema_steps / sizeof schema_steps[0];

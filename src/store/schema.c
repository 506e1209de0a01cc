/* The schema, step by step.
 *
 * function          one row per function: the number its next version gets, its tags (a JSON object of texts)
 * function_version  one row per version, "$LATEST" included; document is model/function_stored.c's form
 * access_key        the keys requests are signed with */
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
    "  version TEXT NOT NULL,"
    "  document TEXT NOT NULL,"
    "  PRIMARY KEY (account, name, version),"
    "  FOREIGN KEY (account, name) REFERENCES function (account, name) ON DELETE CASCADE"
    ") STRICT;"
    "CREATE TABLE access_key ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  secret TEXT NOT NULL,"
    "  account TEXT NOT NULL,"
    "  arn TEXT NOT NULL"
    ") STRICT;",
};

const int schema_version = sizeof schema_steps / sizeof schema_steps[0];

/* The schemas, step by step.
 *
 * function          one row per function: the number its next version gets, its tags (a JSON object of texts)
 * function_version  one row per version, $LATEST as number 0; document is model/function_stored.c's form
 * record            everything else, see store/records.h
 *
 * In queues.db, see store/queue_rows.h for the columns:
 *
 * sequence          one row: a number that no message has reached, and what receipts are signed with
 * queue             one row per queue that had a message or may get a dead letter; key NULL: purged, its
 *                   messages are to be removed
 * message           one small row per message, which receiving changes
 * body              what is in it, which nothing changes
 * dedup             names that may not be pushed again before `until` */
#include "store/schema.h"

static const char *const main_steps[] = {
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

const struct schema schema_main = {main_steps, sizeof main_steps / sizeof main_steps[0]};

/* Numbers of queues are never used again, since messages of a purged one may be left. */
static const char *const queues_steps[] = {
    "CREATE TABLE sequence (next INTEGER NOT NULL, secret BLOB NOT NULL) STRICT;"
    "INSERT INTO sequence (next, secret) VALUES (1, randomblob(32));"
    "CREATE TABLE queue ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  key TEXT UNIQUE,"
    "  messages INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE message ("
    "  queue INTEGER NOT NULL,"
    "  sequence INTEGER NOT NULL,"
    "  due INTEGER NOT NULL,"
    "  sent INTEGER NOT NULL,"
    "  is_parked INTEGER NOT NULL,"
    "  is_leased INTEGER NOT NULL,"
    "  receives INTEGER NOT NULL,"
    "  earlier_receives INTEGER NOT NULL,"
    "  first_receive INTEGER NOT NULL,"
    "  last_receive INTEGER NOT NULL,"
    "  mark INTEGER NOT NULL,"
    "  body INTEGER NOT NULL,"
    "  fifo_group TEXT,"
    "  source TEXT,"
    "  PRIMARY KEY (queue, sequence)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX message_due ON message (queue, is_parked, due, sequence, is_leased);"
    "CREATE INDEX message_letter ON message (queue, sent) WHERE source IS NOT NULL;"
    "CREATE INDEX message_group ON message (queue, fifo_group, is_parked, sequence)"
    "  WHERE fifo_group IS NOT NULL;"
    "CREATE TABLE body ("
    "  id INTEGER PRIMARY KEY,"
    "  message_id TEXT NOT NULL,"
    "  body BLOB NOT NULL,"
    "  attributes BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE dedup ("
    "  queue INTEGER NOT NULL,"
    "  name TEXT NOT NULL,"
    "  sequence INTEGER NOT NULL,"
    "  message_id TEXT NOT NULL,"
    "  until INTEGER NOT NULL,"
    "  PRIMARY KEY (queue, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX dedup_until ON dedup (until);",
};

const struct schema schema_queues = {queues_steps, sizeof queues_steps / sizeof queues_steps[0]};

/* All records (store/records.h) in memory, in the order of their keys: what the control plane answers from. A
 * change comes here only after it was committed to the store. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "store/records.h"

struct record {
    struct record_key key;
    const char *document; /* JSON */
};

/* A copy in one block, and its end (NULL is fine), which wipes the document: access keys are secrets. */
struct record *record_new(const struct record_key *key, const char *document);
void record_free(struct record *record);

/* All zero: empty. */
struct records {
    struct record **items;
    size_t count;
    size_t capacity;
};

void records_done(struct records *records);

/* The document, or NULL. It stays until the record is changed: not longer than until the loop's next turn. */
const char *records_get(const struct records *records, const struct record_key *key);

/* Walking those of one account, scope and kind in the order of their names: from records_after(), where
 * key->name is the name to begin behind ("" for all), upward, until records_at() gives NULL. */
size_t records_after(const struct records *records, const struct record_key *key);
const struct record *records_at(const struct records *records, size_t place, const struct record_key *key);

/* Copies everything. */
void records_put(struct records *records, const struct record_key *key, const char *document);
void records_delete(struct records *records, const struct record_key *key);
void records_delete_scope(struct records *records, const char *account, const char *scope);

/* Reads all of them. Blocks: start-up. */
bool records_load(struct records *records, struct db *db, struct err *err);

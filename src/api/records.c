/* One sorted array: a lookup is a binary search, a page of a list is a walk. A record is one block: the
 * struct, then its five texts. */
#include "api/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void record_free(struct record *record) {
    if (!record)
        return;
    mem_wipe((char *)record->document, strlen(record->document));
    free(record);
}

void records_done(struct records *records) {
    for (size_t i = 0; i < records->count; i++)
        record_free(records->items[i]);
    free(records->items);
    *records = (struct records){0};
}

static int compare(const struct record_key *a, const struct record_key *b) {
    int order = strcmp(a->account, b->account);
    if (order == 0)
        order = strcmp(a->scope, b->scope);
    if (order == 0)
        order = strcmp(a->kind, b->kind);
    return order ? order : strcmp(a->name, b->name);
}

/* Index of the first one that is not less than the key (or, with `is_behind`, greater). */
static size_t find_place(const struct records *records, const struct record_key *key, bool is_behind) {
    size_t low = 0;
    size_t high = records->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare(&records->items[middle]->key, key);
        if (order < 0 || (is_behind && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct records *records, size_t place, const struct record_key *key) {
    return place < records->count && compare(&records->items[place]->key, key) == 0;
}

const char *records_get(const struct records *records, const struct record_key *key) {
    size_t place = find_place(records, key, false);
    return is_at(records, place, key) ? records->items[place]->document : NULL;
}

size_t records_after(const struct records *records, const struct record_key *key) {
    return find_place(records, key, true);
}

const struct record *records_at(const struct records *records, size_t place, const struct record_key *key) {
    if (place >= records->count)
        return NULL;
    const struct record *record = records->items[place];
    bool is_of_kind = strcmp(record->key.account, key->account) == 0 &&
                      strcmp(record->key.scope, key->scope) == 0 && strcmp(record->key.kind, key->kind) == 0;
    return is_of_kind ? record : NULL;
}

static const char *put_text(char **end, const char *text) {
    char *copy = *end;
    *end = stpcpy(copy, text) + 1;
    return copy;
}

struct record *record_new(const struct record_key *key, const char *document) {
    size_t texts = strlen(key->account) + strlen(key->scope) + strlen(key->kind) + strlen(key->name) +
                   strlen(document) + 5;
    struct record *record = mem_alloc(sizeof *record + texts);
    char *end = (char *)(record + 1);
    record->key.account = put_text(&end, key->account);
    record->key.scope = put_text(&end, key->scope);
    record->key.kind = put_text(&end, key->kind);
    record->key.name = put_text(&end, key->name);
    record->document = put_text(&end, document);
    return record;
}

static void insert(struct records *records, size_t place, struct record *record) {
    if (records->count == records->capacity) {
        records->capacity = records->capacity ? records->capacity * 2 : 64;
        records->items = mem_resize(records->items, records->capacity * sizeof *records->items);
    }
    struct record **at = records->items + place;
    memmove(at + 1, at, (records->count - place) * sizeof *at);
    *at = record;
    records->count++;
}

void records_put(struct records *records, const struct record_key *key, const char *document) {
    struct record *record = record_new(key, document);
    size_t place = find_place(records, key, false);
    if (!is_at(records, place, key)) {
        insert(records, place, record);
        return;
    }
    record_free(records->items[place]);
    records->items[place] = record;
}

static void remove_range(struct records *records, size_t place, size_t count) {
    struct record **at = records->items + place;
    for (size_t i = 0; i < count; i++)
        record_free(at[i]);
    records->count -= count;
    memmove(at, at + count, (records->count - place) * sizeof *at);
}

void records_delete(struct records *records, const struct record_key *key) {
    size_t place = find_place(records, key, false);
    if (is_at(records, place, key))
        remove_range(records, place, 1);
}

void records_delete_scope(struct records *records, const char *account, const char *scope) {
    const struct record_key first = {account, scope, "", ""};
    size_t place = find_place(records, &first, false);
    size_t count = 0;
    while (place + count < records->count &&
           strcmp(records->items[place + count]->key.account, account) == 0 &&
           strcmp(records->items[place + count]->key.scope, scope) == 0)
        count++;
    if (count)
        remove_range(records, place, count);
}

/* They come in order. */
static bool keep(void *arg, const struct record_key *key, const char *document, struct err *err) {
    (void)err;
    struct records *records = arg;
    insert(records, records->count, record_new(key, document));
    return true;
}

bool records_load(struct records *records, struct db *db, struct err *err) {
    return store_records_read(db, keep, records, err);
}

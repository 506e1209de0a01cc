/* Functions by name and in order of names. Loop thread only; nothing here can fail or block. */
#include "api/lambda/catalogue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define KEY_BYTES (ACCOUNT_BYTES + FUNCTION_NAME_BYTES + 1)

/* "account/name"; returns its length. */
static size_t make_key(char key[KEY_BYTES], const char *account, const char *name) {
    size_t account_len = strlen(account);
    size_t name_len = strlen(name);
    assert(account_len < ACCOUNT_BYTES && name_len < FUNCTION_NAME_BYTES);
    memcpy(key, account, account_len);
    key[account_len] = '/';
    memcpy(key + account_len + 1, name, name_len);
    key[account_len + 1 + name_len] = '\0';
    return account_len + 1 + name_len;
}

void catalogue_init(struct catalogue *catalogue, const char *region) {
    *catalogue = (struct catalogue){.region = region};
    map_init(&catalogue->entries);
}

static void entry_free(struct catalogue_entry *entry) {
    function_unref(entry->latest);
    function_unref(entry->runnable);
    for (size_t i = 0; i < entry->version_count; i++)
        function_unref(entry->versions[i]);
    free(entry->versions);
    tags_done(&entry->tags);
    aliases_free(entry->aliases);
    policies_free(entry->policies);
    free(entry);
}

void catalogue_done(struct catalogue *catalogue) {
    for (size_t i = 0; i < catalogue->count; i++)
        entry_unref(catalogue->sorted[i]);
    free(catalogue->sorted);
    map_done(&catalogue->entries);
}

struct catalogue_entry *catalogue_find(const struct catalogue *catalogue, const char *account,
                                       const char *name) {
    char key[KEY_BYTES];
    size_t len = make_key(key, account, name);
    return map_get_bytes(&catalogue->entries, key, len);
}

static int compare(const struct catalogue_entry *entry, const char *account, const char *name) {
    int order = strcmp(entry->account, account);
    return order ? order : strcmp(entry->name, name);
}

size_t catalogue_place_after(const struct catalogue *catalogue, const char *account, const char *after) {
    size_t low = 0;
    size_t high = catalogue->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(catalogue->sorted[middle], account, after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* At start they come in order. */
static size_t new_place(const struct catalogue *catalogue, const struct catalogue_entry *entry) {
    const struct catalogue_entry *last = catalogue->count ? catalogue->sorted[catalogue->count - 1] : NULL;
    if (!last || compare(last, entry->account, entry->name) < 0)
        return catalogue->count;
    return catalogue_place_after(catalogue, entry->account, entry->name);
}

struct catalogue_entry *catalogue_add(struct catalogue *catalogue, const char *account, const char *name) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(catalogue->region, account, name, NULL, arn);
    size_t arn_len = strlen(arn);
    struct catalogue_entry *entry = mem_alloc(sizeof *entry + arn_len + 1);
    entry->references = 1;
    entry->next_version = 1;
    assert(strlen(account) < sizeof entry->account && strlen(name) <= LIMIT_FUNCTION_NAME_CHARS);
    memcpy(entry->account, account, strlen(account) + 1);
    memcpy(entry->arn, arn, arn_len + 1);
    entry->name = entry->arn + arn_len - strlen(name);
    turns_init(&entry->turns);

    char key[KEY_BYTES];
    size_t len = make_key(key, account, name);
    void *old = map_put_bytes(&catalogue->entries, key, len, entry);
    assert(!old);
    (void)old;
    if (catalogue->count == catalogue->capacity) {
        catalogue->capacity = catalogue->capacity ? catalogue->capacity * 2 : 64;
        catalogue->sorted = mem_resize(catalogue->sorted, catalogue->capacity * sizeof *catalogue->sorted);
    }
    size_t place = new_place(catalogue, entry);
    struct catalogue_entry **at = catalogue->sorted + place;
    memmove(at + 1, at, (catalogue->count - place) * sizeof *at);
    *at = entry;
    catalogue->count++;
    return entry;
}

void catalogue_remove(struct catalogue *catalogue, struct catalogue_entry *entry) {
    size_t place = catalogue_place_after(catalogue, entry->account, entry->name) - 1;
    struct catalogue_entry **at = catalogue->sorted + place;
    assert(*at == entry);
    catalogue->count--;
    memmove(at, at + 1, (catalogue->count - place) * sizeof *at);
    char key[KEY_BYTES];
    make_key(key, entry->account, entry->name);
    map_remove(&catalogue->entries, key);
    entry->is_deleted = true;
    entry_unref(entry);
}

uint64_t catalogue_next_epoch(struct catalogue *catalogue) {
    return ++catalogue->last_epoch;
}

struct catalogue_usage catalogue_measure(const struct catalogue *catalogue, const char *account) {
    struct catalogue_usage usage = {0};
    for (size_t i = catalogue_place_after(catalogue, account, ""); i < catalogue->count; i++) {
        const struct catalogue_entry *entry = catalogue->sorted[i];
        if (strcmp(entry->account, account) != 0)
            break;
        if (!entry->latest)
            continue;
        usage.functions++;
        usage.code_bytes += entry->latest->code_size_bytes;
        for (size_t version = 0; version < entry->version_count; version++)
            usage.code_bytes += entry->versions[version]->code_size_bytes;
    }
    return usage;
}

struct catalogue_entry *entry_ref(struct catalogue_entry *entry) {
    entry->references++;
    return entry;
}

void entry_unref(struct catalogue_entry *entry) {
    if (--entry->references == 0)
        entry_free(entry);
}

/* Index of the version with that number, or of where it would be. */
static size_t version_place(const struct catalogue_entry *entry, const char *number) {
    long long wanted = strtoll(number, NULL, 10);
    size_t low = 0;
    size_t high = entry->version_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strtoll(entry->versions[middle]->version, NULL, 10) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_version_at(const struct catalogue_entry *entry, size_t place, const char *number) {
    return place < entry->version_count && strcmp(entry->versions[place]->version, number) == 0;
}

struct function *entry_version(const struct catalogue_entry *entry, const char *qualifier) {
    if (!qualifier[0] || strcmp(qualifier, FUNCTION_LATEST) == 0)
        return entry->latest;
    size_t place = version_place(entry, qualifier);
    return has_version_at(entry, place, qualifier) ? entry->versions[place] : NULL;
}

struct function *entry_resolve(const struct catalogue_entry *entry, const char *qualifier) {
    const struct alias *alias = entry_alias(entry, qualifier);
    return entry_version(entry, alias ? alias->version : qualifier);
}

void entry_add_version(struct catalogue_entry *entry, struct function *version) {
    size_t place = version_place(entry, version->version);
    assert(!has_version_at(entry, place, version->version));
    entry->versions = mem_resize(entry->versions, (entry->version_count + 1) * sizeof *entry->versions);
    struct function **at = entry->versions + place;
    memmove(at + 1, at, (entry->version_count - place) * sizeof *at);
    *at = version;
    entry->version_count++;
}

struct function *entry_replace_version(struct catalogue_entry *entry, struct function *version) {
    size_t place = version_place(entry, version->version);
    assert(has_version_at(entry, place, version->version));
    struct function *old = entry->versions[place];
    entry->versions[place] = version;
    return old;
}

struct function *entry_remove_version(struct catalogue_entry *entry, const char *number) {
    size_t place = version_place(entry, number);
    if (!has_version_at(entry, place, number))
        return NULL;
    struct function **at = entry->versions + place;
    struct function *old = *at;
    entry->version_count--;
    memmove(at, at + 1, (entry->version_count - place) * sizeof *at);
    return old;
}

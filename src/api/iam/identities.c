/* See identities.h. */
#include "api/iam/identities.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/iam/managed_policies.h"
#include "base/log.h"
#include "base/mem.h"

char *identities_record_name(const char *name) {
    char *lower = mem_text(name);
    for (char *at = lower; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return lower;
}

/* ---- the map ---- */

static char *map_key(const char *record_kind, const char *account, const char *record_name) {
    return mem_format("%s/%s/%s", record_kind, account, record_name);
}

static uintptr_t count_of(const struct identities *identities, const char *key) {
    return (uintptr_t)map_get(&identities->attachments, key);
}

/* Notes the policies that an identity has attached (by = 1) or not any more (by = -1). */
static void count(struct identities *identities, const struct identity *identity, int by) {
    for (size_t i = 0; i < identity->attached_count; i++) {
        OWN_MEM char *key = mem_format("%s %s", identity->account, identity->attached[i]);
        uintptr_t now = count_of(identities, key) + (uintptr_t)by;
        if (now > 0)
            map_put(&identities->attachments, key, (void *)now);
        else
            map_remove(&identities->attachments, key);
    }
}

static void free_identity(struct identity *identity) {
    identity_done(identity);
    free(identity);
}

static void drop(struct identities *identities, struct identity *identity) {
    if (!identity)
        return;
    count(identities, identity, -1);
    free_identity(identity);
}

static void put(struct identities *identities, const struct identity *identity) {
    OWN_MEM char *name = identities_record_name(identity->name);
    OWN_MEM char *key = map_key(identity_words(identity->kind)->record, identity->account, name);
    count(identities, identity, 1);
    drop(identities, map_put(&identities->map, key, mem_copy(identity, sizeof *identity)));
}

static const struct identity *get(const struct identities *identities, enum identity_kind kind,
                                  const char *account, const char *name) {
    OWN_MEM char *lower = identities_record_name(name);
    OWN_MEM char *key = map_key(identity_words(kind)->record, account, lower);
    return map_get(&identities->map, key);
}

const struct identity *identities_find(const struct identities *identities, enum identity_kind kind,
                                       const char *account, const char *name) {
    return get(identities, kind, account, name);
}

/* "arn:aws:iam::ACCOUNT:role/PATH/NAME": the account is the fifth part, the name follows the last slash. */
const struct identity *identities_find_arn(const struct identities *identities, enum identity_kind kind,
                                           const char *arn) {
    const char *account = arn;
    for (int part = 0; part < 4; part++) {
        account = strchr(account, ':');
        if (!account)
            return NULL;
        account++;
    }
    const char *name = strrchr(arn, '/');
    if (!name)
        return NULL;
    OWN_MEM char *owner = mem_copy_text(account, strcspn(account, ":"));
    const struct identity *identity = get(identities, kind, owner, name + 1);
    return identity && strcmp(identity->arn, arn) == 0 ? identity : NULL;
}

size_t identities_count_attached(const struct identities *identities, const char *account, const char *arn) {
    OWN_MEM char *key = mem_format("%s %s", account, arn);
    return count_of(identities, key);
}

/* ---- from records ---- */

static bool kind_of_record(const char *record_kind, enum identity_kind *ret_kind) {
    for (enum identity_kind kind = 0; kind < IDENTITY_KINDS; kind++)
        if (strcmp(identity_words(kind)->record, record_kind) == 0) {
            *ret_kind = kind;
            return true;
        }
    return false;
}

static bool load(struct identities *identities, const struct record *record, struct err *err) {
    enum identity_kind kind;
    struct identity identity;
    if (!kind_of_record(record->key.kind, &kind))
        return true;
    if (!identity_decode(kind, record->key.account, record->document, &identity, err))
        return err_wrap(err, "%s of account %s", record->key.name, record->key.account);
    put(identities, &identity);
    return true;
}

bool identities_init(struct identities *identities, const struct records *records, struct err *err) {
    *identities = (struct identities){0};
    map_init(&identities->map);
    map_init(&identities->attachments);
    turns_init(&identities->turns);
    for (size_t i = 0; i < managed_policy_count; i++) {
        struct identity policy;
        if (!managed_policy_read(&managed_policies[i], &policy, err))
            return err_wrap(err, "the managed policy %s", managed_policies[i].name);
        put(identities, &policy);
    }
    for (size_t i = 0; i < records->count; i++)
        if (!load(identities, records->items[i], err))
            return false;
    return true;
}

void identities_done(struct identities *identities) {
    size_t cursor = 0;
    void *value;
    while (map_next(&identities->map, &cursor, NULL, &value))
        free_identity(value);
    map_done(&identities->map);
    map_done(&identities->attachments);
}

void identities_refresh(struct identities *identities, const struct records *records,
                        const struct record_key *key) {
    enum identity_kind kind;
    if (!kind_of_record(key->kind, &kind))
        return;
    const char *document = records_get(records, key);
    if (!document) {
        OWN_MEM char *name = map_key(key->kind, key->account, key->name);
        drop(identities, map_remove(&identities->map, name));
        return;
    }
    struct identity identity;
    struct err err;
    if (identity_decode(kind, key->account, document, &identity, &err))
        put(identities, &identity);
    else
        log_error("iam.unreadable", "kind=%s name=%s text=\"%s\"", key->kind, key->name, err.text);
}

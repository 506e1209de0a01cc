/* From rows to the catalogue. The store is trusted to be what was written: anything else is ERR_CORRUPT, and
 * nothing starts. */
#include "api/lambda/restore.h"

#include <string.h>

#include "api/lambda/concurrency.h"
#include "api/lambda/function_code.h"
#include "api/lambda/layers.h"
#include "api/lambda/settle.h"
#include "store/functions.h"

struct reading {
    struct lambda *lambda;
    struct catalogue_entry *entry; /* the function whose versions come next */
};

static bool read_function(void *arg, const char *account, const char *name, int64_t next_version,
                          const char *tags_json, struct err *err) {
    struct reading *reading = arg;
    const struct catalogue_entry *last = reading->entry; /* they come in order */
    if (last && strcmp(last->name, name) == 0 && strcmp(last->account, account) == 0)
        return err_set(err, ERR_CORRUPT, "the function %s is stored twice", name);
    reading->entry = catalogue_add(&reading->lambda->catalogue, account, name);
    reading->entry->next_version = next_version;
    return tags_decode(tags_json, &reading->entry->tags, err);
}

static bool read_version(void *arg, struct function *version, struct err *err) {
    struct reading *reading = arg;
    struct lambda *lambda = reading->lambda;
    struct catalogue_entry *entry = reading->entry;
    bool is_latest = strcmp(version->version, FUNCTION_LATEST) == 0;
    if (is_latest ? entry->latest != NULL : entry_version(entry, version->version) != NULL) {
        err_set(err, ERR_CORRUPT, "version %s of the function %s is stored twice", version->version,
                version->name);
        function_unref(version);
        return false;
    }
    version->epoch = catalogue_next_epoch(&lambda->catalogue);
    function_code_use(&lambda->codes, version);
    if (!is_latest) {
        entry_add_version(entry, version);
        return true;
    }
    entry->latest = version;
    invoke_expect(lambda->api->invoke, version);
    if (version->state == FUNCTION_ACTIVE && version->update != FUNCTION_UPDATE_IN_PROGRESS) {
        entry->runnable = function_ref(version);
        function_code_use(&lambda->codes, version);
    }
    return true;
}

static bool read_alias(struct catalogue_entry *entry, const struct record *record, struct err *err) {
    struct alias *alias;
    if (!alias_decode(record->key.name, record->document, &alias, err))
        return false;
    aliases_put(&entry->aliases, alias);
    return true;
}

static bool read_policy(struct catalogue_entry *entry, const struct record *record, struct err *err) {
    struct policy *policy;
    if (!policy_parse(record->document, strlen(record->document), POLICY_RESOURCE, &policy, err))
        return err_wrap(err, "the stored policy");
    policies_set(&entry->policies, record->key.name, policy);
    return true;
}

/* The kinds of records that are kept parsed in the entry of their function. */
static const struct {
    const char *kind;
    bool (*read)(struct catalogue_entry *entry, const struct record *record, struct err *err);
} parsed_kinds[] = {
    {ALIAS_RECORD_KIND, read_alias},
    {POLICY_RECORD_KIND, read_policy},
};

static bool read_record(struct lambda *lambda, const struct record *record, struct err *err) {
    static const size_t prefix = sizeof RECORD_FUNCTION_SCOPE - 1;
    if (strncmp(record->key.scope, RECORD_FUNCTION_SCOPE, prefix) != 0)
        return true;
    for (size_t i = 0; i < sizeof parsed_kinds / sizeof parsed_kinds[0]; i++) {
        if (strcmp(record->key.kind, parsed_kinds[i].kind) != 0)
            continue;
        const char *name = record->key.scope + prefix;
        struct catalogue_entry *entry = catalogue_find(&lambda->catalogue, record->key.account, name);
        if (!entry)
            return err_set(err, ERR_CORRUPT, "the stored %s of the function %s is alone", record->key.kind,
                           name);
        return parsed_kinds[i].read(entry, record, err) || err_wrap(err, "the function %s", name);
    }
    return true;
}

static bool read_records(struct lambda *lambda, struct err *err) {
    const struct records *records = &lambda->api->records;
    for (size_t i = 0; i < records->count; i++)
        if (!read_record(lambda, records->items[i], err))
            return false;
    return true;
}

static bool is_unsettled(const struct function *function) {
    return function->state == FUNCTION_PENDING || function->update == FUNCTION_UPDATE_IN_PROGRESS;
}

static void resume(struct lambda *lambda) {
    for (size_t i = 0; i < lambda->catalogue.count; i++) {
        struct catalogue_entry *entry = lambda->catalogue.sorted[i];
        if (is_unsettled(entry->latest))
            settle_start(lambda, entry, entry->latest, NULL);
        for (size_t version = 0; version < entry->version_count; version++)
            if (is_unsettled(entry->versions[version]))
                settle_start(lambda, entry, NULL, entry->versions[version]);
    }
}

bool restore_run(struct lambda *lambda, struct err *err) {
    struct reading reading = {.lambda = lambda};
    const struct store_functions_reader reader = {
        .each_function = read_function, .each_version = read_version, .arg = &reading};
    if (!store_functions_read(lambda->api->db, &reader, err))
        return err_wrap(err, "read the functions from the database");
    for (size_t i = 0; i < lambda->catalogue.count; i++)
        if (!lambda->catalogue.sorted[i]->latest)
            return err_set(err, ERR_CORRUPT, "the stored function %s has no $LATEST",
                           lambda->catalogue.sorted[i]->name);
    if (!read_records(lambda, err) || !layers_restore(lambda, err) || !code_store_tidy(&lambda->codes, err))
        return false;
    concurrency_restore(lambda);
    resume(lambda);
    return true;
}

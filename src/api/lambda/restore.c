/* From rows to the catalogue. The store is trusted to be what was written: anything else is ERR_CORRUPT, and
 * nothing starts. */
#include "api/lambda/restore.h"

#include <string.h>

#include "api/lambda/settle.h"
#include "package/layout.h"
#include "store/functions.h"

static bool read_function(void *arg, const char *account, const char *name, int64_t next_version,
                          const char *tags_json, struct err *err) {
    struct lambda *lambda = arg;
    if (catalogue_find(&lambda->catalogue, account, name))
        return err_set(err, ERR_CORRUPT, "the function %s is stored twice", name);
    struct catalogue_entry *entry = catalogue_add(&lambda->catalogue, account, name);
    entry->next_version = next_version;
    return tags_decode(tags_json, &entry->tags, err);
}

static bool read_version(void *arg, struct function *version, struct err *err) {
    struct lambda *lambda = arg;
    struct catalogue_entry *entry = catalogue_find(&lambda->catalogue, version->account, version->name);
    bool is_latest = strcmp(version->version, FUNCTION_LATEST) == 0;
    if (!entry || (is_latest ? entry->latest != NULL : entry_version(entry, version->version) != NULL)) {
        err_set(err, ERR_CORRUPT, "version %s of the function %s is stored twice or alone", version->version,
                version->name);
        function_unref(version);
        return false;
    }
    version->epoch = catalogue_next_epoch(&lambda->catalogue);
    code_share(&lambda->codes, version->code_digest);
    if (!is_latest) {
        entry_add_version(entry, version);
        return true;
    }
    entry->latest = version;
    if (version->state == FUNCTION_ACTIVE && version->update != FUNCTION_UPDATE_IN_PROGRESS) {
        entry->runnable = function_ref(version);
        code_share(&lambda->codes, version->code_digest);
    }
    return true;
}

static bool is_used(void *arg, const char *digest) {
    const struct lambda *lambda = arg;
    return code_is_held(&lambda->codes, digest);
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
    code_unpack_missing(&lambda->codes);
}

bool restore_run(struct lambda *lambda, struct err *err) {
    const struct api_options *options = &lambda->api->options;
    const struct store_functions_reader reader = {
        .each_function = read_function, .each_version = read_version, .arg = lambda};
    if (!store_functions_read(lambda->api->db, &reader, err))
        return err_wrap(err, "read the functions from the database");
    for (size_t i = 0; i < lambda->catalogue.count; i++)
        if (!lambda->catalogue.sorted[i]->latest)
            return err_set(err, ERR_CORRUPT, "the stored function %s has no $LATEST",
                           lambda->catalogue.sorted[i]->name);
    if (!layout_clean(options->code_dir, options->blob_dir, is_used, lambda, err))
        return err_wrap(err, "remove code that no function uses");
    resume(lambda);
    return true;
}

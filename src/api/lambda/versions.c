/* Making and adding versions. The entry and its row in the store count them; the counter's record is only
 * looked at by a function that has published nothing since it was made. */
#include "api/lambda/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/edit.h"
#include "api/lambda/function_code.h"
#include "api/lambda/layers.h"

const struct function *version_find_same(const struct catalogue_entry *entry, const struct function *latest) {
    if (entry->version_count == 0)
        return NULL;
    const struct function *last = entry->versions[entry->version_count - 1];
    return function_is_repeated(last, latest) ? last : NULL;
}

static struct record_key counter_key(const struct catalogue_entry *entry) {
    return (struct record_key){
        .account = entry->account, .scope = "", .kind = "version-counter", .name = entry->name};
}

void version_counter_keep(struct edit *edit, const struct catalogue_entry *entry) {
    const struct record_key key = counter_key(entry);
    char document[24];
    if (entry->next_version == 1)
        return;
    snprintf(document, sizeof document, "%lld", (long long)entry->next_version);
    edit_put(edit, &key, document);
}

static int64_t next_number(const struct lambda *lambda, const struct catalogue_entry *entry) {
    const struct record_key key = counter_key(entry);
    const char *kept = entry->next_version == 1 ? records_get(&lambda->api->records, &key) : NULL;
    return kept ? strtoll(kept, NULL, 10) : entry->next_version;
}

struct function *version_new(struct lambda *lambda, const struct catalogue_entry *entry,
                             const struct function *latest) {
    struct function *version = function_copy(latest);
    snprintf(version->version, sizeof version->version, "%lld", (long long)next_number(lambda, entry));
    version->state = FUNCTION_PENDING;
    version->state_reason = FUNCTION_REASON_CREATING;
    version->state_reason_code = FUNCTION_REASON_CODE_CREATING;
    version->update = latest->update == FUNCTION_UPDATE_NONE ? FUNCTION_UPDATE_NONE
                                                             : FUNCTION_UPDATE_SUCCESSFUL;
    version->update_reason = version->update_reason_code = NULL;
    ident_uuid(version->revision_id);
    version->epoch = catalogue_next_epoch(&lambda->catalogue);
    return version;
}

void version_add(struct lambda *lambda, struct catalogue_entry *entry, struct function *version) {
    function_code_use(&lambda->codes, version);
    entry_add_version(entry, version);
    entry->next_version = strtoll(version->version, NULL, 10) + 1;
}

bool version_check_storage(const struct lambda *lambda, const struct catalogue_entry *entry,
                           const struct function *latest, const struct function *version, struct err *err) {
    uint64_t bytes = catalogue_measure(&lambda->catalogue, entry->account).code_bytes +
                     layer_code_bytes(lambda->api, entry->account);
    if (entry->latest)
        bytes -= entry->latest->code_size_bytes;
    bytes += latest->code_size_bytes;
    if (version)
        bytes += version->code_size_bytes;
    return bytes <= LIMIT_CODE_STORAGE_BYTES ||
           err_set(err, ERR_STORAGE_FULL, "Code storage limit exceeded.");
}

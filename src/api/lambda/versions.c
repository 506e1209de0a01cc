/* Making and adding versions. Numbers are never used twice: the entry and its row in the store count them. */
#include "api/lambda/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_same_variables(const struct function *a, const struct function *b) {
    if (a->has_environment != b->has_environment || a->variable_count != b->variable_count)
        return false;
    for (size_t i = 0; i < a->variable_count; i++)
        if (strcmp(a->variables[i].name, b->variables[i].name) != 0 ||
            strcmp(a->variables[i].value, b->variables[i].value) != 0)
            return false;
    return true;
}

static bool is_same(const struct function *a, const struct function *b) {
    return strcmp(a->code_digest, b->code_digest) == 0 && strcmp(a->description, b->description) == 0 &&
           strcmp(a->handler, b->handler) == 0 && strcmp(a->role, b->role) == 0 &&
           strcmp(a->runtime, b->runtime) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
           a->memory_mb == b->memory_mb && a->timeout_s == b->timeout_s && a->tmp_mb == b->tmp_mb &&
           has_same_variables(a, b);
}

const struct function *version_find_same(const struct catalogue_entry *entry, const struct function *latest) {
    if (entry->version_count == 0)
        return NULL;
    const struct function *last = entry->versions[entry->version_count - 1];
    return is_same(last, latest) ? last : NULL;
}

struct function *version_new(struct lambda *lambda, const struct catalogue_entry *entry,
                             const struct function *latest) {
    struct function *version = function_copy(latest);
    snprintf(version->version, sizeof version->version, "%lld", (long long)entry->next_version);
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
    code_share(&lambda->codes, version->code_digest);
    entry_add_version(entry, version);
    entry->next_version = strtoll(version->version, NULL, 10) + 1;
}

bool version_check_storage(const struct lambda *lambda, const struct catalogue_entry *entry,
                           const struct function *latest, const struct function *version, struct err *err) {
    uint64_t bytes = catalogue_measure(&lambda->catalogue, entry->account).code_bytes;
    if (entry->latest)
        bytes -= entry->latest->code_size_bytes;
    bytes += latest->code_size_bytes;
    if (version)
        bytes += version->code_size_bytes;
    return bytes <= LIMIT_CODE_STORAGE_BYTES ||
           err_set(err, ERR_STORAGE_FULL, "Code storage limit exceeded.");
}

/* PublishVersion and ListVersionsByFunction. A version is a copy of $LATEST whose code is unpacked already:
 * it is Active at once. */
#include <stdlib.h>
#include <string.h>

#include "api/lambda/body.h"
#include "api/lambda/configuration_json.h"
#include "api/lambda/function_edit.h"
#include "api/lambda/handlers.h"
#include "api/lambda/page.h"
#include "api/lambda/settings_table.h"
#include "api/lambda/target.h"
#include "api/lambda/versions.h"
#include "base/log.h"
#include "base/mem.h"

/* ---- PublishVersion ---- */

static bool check_code(const struct function *latest, const char *wanted, struct err *err) {
    char current[DIGEST_SHA256_BASE64_BYTES];
    function_code_sha256(latest, current);
    if (!wanted || !wanted[0] || strcmp(wanted, current) == 0)
        return true;
    return err_set(err, ERR_PARAMETER,
                   "CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again "
                   "with the CodeSHA256 in $LATEST.",
                   wanted, current);
}

static bool check(const struct edit *edit, const struct catalogue_entry *entry, struct err *err) {
    struct json_value root = edit->call->input.root;
    OWN_MEM char *code = body_text(root, "CodeSha256");
    OWN_MEM char *revision = body_text(root, "RevisionId");
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    return target_check_changeable(entry, err) && target_check_active(entry->latest, err) &&
           target_check_revision(entry->latest->revision_id, revision, TARGET_REVISION_READER, err) &&
           check_code(entry->latest, code, err);
}

static struct function *make_version(const struct edit *edit, const struct catalogue_entry *entry) {
    OWN_MEM char *description = body_text(edit->call->input.root, "Description");
    struct function *version = version_new(lambda_of(edit->call), entry, entry->latest);
    version->state = FUNCTION_ACTIVE;
    version->state_reason = version->state_reason_code = NULL;
    version->update = FUNCTION_UPDATE_SUCCESSFUL;
    if (description)
        function_set_own_description(version, description);
    return version;
}

static void write_answer(struct edit *edit, const struct function *version) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(edit->call->api->options.region, version->account, version->name, version->version,
                        arn);
    configuration_write(edit_answer(edit, CONFIGURATION_BYTES), version, arn, CONFIGURATION_WHOLE);
}

static bool prepare(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    if (!check(edit, entry, err))
        return false;
    const struct function *same = version_find_same(entry, entry->latest);
    if (same) {
        write_answer(edit, same);
        return true;
    }
    struct function *version = make_version(edit, entry);
    edit_function(edit, STORE_FUNCTION_PUBLISH, version);
    function_edit_revise(edit);
    write_answer(edit, version);
    return version_check_storage(lambda_of(edit->call), entry, entry->latest, version, err);
}

static void committed(struct edit *edit) {
    struct catalogue_entry *entry = function_edit_entry(edit);
    const struct function *version = edit->steps[0].function;
    version_add(lambda_of(edit->call), entry, function_ref(version));
    function_edit_swap(edit);
    log_info("function.published", "name=%s version=%s", entry->name, version->version);
}

void lambda_publish_version(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare, .committed = committed};
    struct err err;
    struct catalogue_entry *entry;
    if (target_function(call, FUNCTION_REF_WRITE, &entry, &err) && settings_check(call->input.root, &err))
        function_edit_start(call, entry, NULL, &actions);
    else
        call_fail(call, &err);
}

/* ---- ListVersionsByFunction ---- */

static void write_listed(struct page *page, const struct api_call *call, const struct function *version) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(call->api->options.region, version->account, version->name, version->version, arn);
    configuration_write(&page->writer, version, arn, CONFIGURATION_LISTED);
}

static void write_versions(struct page *page, const struct api_call *call,
                           const struct catalogue_entry *entry) {
    if (!page->after[0]) {
        if (!page_take(page, FUNCTION_LATEST))
            return;
        write_listed(page, call, entry->latest);
    }
    long long after = strtoll(page->after, NULL, 10); /* 0 for $LATEST */
    for (size_t i = 0; i < entry->version_count; i++) {
        const struct function *version = entry->versions[i];
        if (strtoll(version->version, NULL, 10) <= after)
            continue;
        if (!page_take(page, version->version))
            return;
        write_listed(page, call, version);
    }
}

void lambda_list_versions_by_function(struct api_call *call) {
    struct page page;
    struct err err;
    struct catalogue_entry *entry;
    if (!target_function(call, FUNCTION_REF_READ, &entry, &err) ||
        !page_begin(&page, call, "Versions", LIMIT_LIST_PAGE, CONFIGURATION_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    write_versions(&page, call, entry);
    page_answer(&page, call);
}

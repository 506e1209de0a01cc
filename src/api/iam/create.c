/* CreateUser, CreateRole, CreatePolicy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/iam/handlers.h"
#include "api/iam/request.h"
#include "api/iam/write.h"
#include "api/query.h"
#include "api/xml.h"
#include "base/limits.h"
#include "base/mem.h"

/* Source of the quotas: IAM User Guide, "IAM and AWS STS quotas". */
static const struct {
    const char *element; /* of the answer */
    const char *quota;
    size_t most; /* per account */
} kinds[] = {
    [IDENTITY_USER] = {"User", "UsersPerAccount", 5000},
    [IDENTITY_ROLE] = {"Role", "RolesPerAccount", 1000},
    [IDENTITY_POLICY] = {"Policy", "PoliciesPerAccount", 1500},
};

static bool check_quota(const struct api_call *call, enum identity_kind kind, struct err *err) {
    const struct record_key key = {
        .account = call->caller->account, .scope = "", .kind = identity_words(kind)->record, .name = ""};
    const struct records *records = &call->api->records;
    size_t first = records_after(records, &key);
    size_t count = 0;
    while (records_at(records, first + count, &key))
        count++;
    return count < kinds[kind].most ||
           err_set(err, ERR_LIMIT, "Cannot exceed quota for %s: %zu", kinds[kind].quota, kinds[kind].most);
}

static bool check_name(const struct api_call *call, enum identity_kind kind, const char *name,
                       struct err *err) {
    if (!identities_find(&call->api->identities, kind, call->caller->account, name))
        return true;
    if (kind == IDENTITY_POLICY)
        return err_set(err, ERR_CONFLICT,
                       "A policy called %s already exists. Duplicate names are not allowed.", name);
    return err_set(err, ERR_CONFLICT, "%s with name %s already exists.", kinds[kind].element, name);
}

/* ---- tags ---- */

static bool check_tag(const struct tags *tags, const struct tag *tag, struct err *err) {
    size_t key_chars = strlen(tag->key);
    if (key_chars == 0 || key_chars > LIMIT_TAG_KEY_CHARS || strlen(tag->value) > LIMIT_TAG_VALUE_CHARS)
        return err_set(err, ERR_VALIDATION, "The tag %s is too long, or its key is empty", tag->key);
    if (tags->count == LIMIT_TAGS)
        return err_set(err, ERR_LIMIT, "The number of tags has reached the maximum limit.");
    for (size_t i = 0; i < tags->count; i++)
        if (strcasecmp(tags->items[i].key, tag->key) == 0)
            return err_set(err, ERR_PRECONDITION,
                           "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    return true;
}

static char *tag_part(const struct api_call *call, size_t number, const char *part) {
    char name[64];
    snprintf(name, sizeof name, "Tags.member.%zu.%s", number, part);
    return input_form(&call->input, name);
}

static bool read_tags(const struct api_call *call, struct tags *tags, struct err *err) {
    for (size_t number = 1;; number++) {
        OWN_MEM char *key = tag_part(call, number, "Key");
        OWN_MEM char *value = tag_part(call, number, "Value");
        if (!key)
            return true;
        if (!value)
            value = mem_text("");
        const struct tag tag = {key, value};
        if (!check_tag(tags, &tag, err))
            return false;
        tags->items = mem_resize(tags->items, (tags->count + 1) * sizeof *tags->items);
        tags->items[tags->count++] = (struct tag){take_ptr(key), take_ptr(value)};
    }
}

/* ---- the new thing ---- */

static bool read_members(const struct api_call *call, struct identity *identity, struct err *err) {
    const char *description = iam_text(call, "Description");
    const char *max_session = iam_text(call, "MaxSessionDuration");
    const char *member = identity->kind == IDENTITY_ROLE ? "AssumeRolePolicyDocument" : "PolicyDocument";
    const char *document = iam_text(call, member);
    if (iam_text(call, "PermissionsBoundary"))
        return err_set(err, ERR_UNSUPPORTED,
                       "Lamb does not support permissions boundaries yet: leave PermissionsBoundary out.");
    identity->description = mem_text(description);
    if (max_session)
        identity->max_session_s = strtoll(max_session, NULL, 10);
    return (!document || identity_set_document(identity, document, err)) &&
           read_tags(call, &identity->tags, err);
}

static bool create(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    enum identity_kind kind = iam_kind(call);
    const char *name = iam_text(call, identity_words(kind)->name_member);
    const char *path = iam_text(call, "Path");
    if (!check_name(call, kind, name, err) || !check_quota(call, kind, err))
        return false;
    OWN(identity) struct identity identity;
    identity_init(&identity, kind, call->caller->account, path ? path : "/", name);
    identity.created_us = clock_wall_us(call->api->clock);
    identity.updated_us = identity.created_us;
    if (!read_members(call, &identity, err) || !iam_put(edit, &identity, err))
        return false;
    struct buf *answer = edit_answer_raw(edit, QUERY_ANSWER_BYTES);
    query_open(answer, call);
    xml_open(answer, kinds[kind].element);
    write_identity(answer, call, &identity, WRITE_CREATED);
    xml_close(answer, kinds[kind].element);
    query_close(answer, call);
    return true;
}

void iam_create(struct api_call *call) {
    iam_change(call, create);
}

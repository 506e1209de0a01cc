/* See write.h. Shapes: the IAM service model. */
#include "api/iam/write.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "api/xml.h"
#include "base/clock.h"

void write_date(struct buf *buf, const char *name, int64_t wall_us) {
    char text[CLOCK_TEXT_BYTES];
    clock_format_iso(wall_us, text);
    snprintf(strchr(text, '.'), 2, "Z");
    xml_put(buf, name, text);
}

void write_document(struct buf *buf, const char *name, const char *text) {
    xml_open(buf, name);
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            buf_append_byte(buf, *text);
        else
            buf_append_format(buf, "%%%02X", (unsigned char)*text);
    }
    xml_close(buf, name);
}

void write_tag(struct buf *buf, const struct tag *tag) {
    xml_open(buf, "member");
    xml_put(buf, "Key", tag->key);
    xml_put(buf, "Value", tag->value);
    xml_close(buf, "member");
}

static void write_tags(struct buf *buf, const struct tags *tags) {
    if (tags->count == 0)
        return;
    xml_open(buf, "Tags");
    for (size_t i = 0; i < tags->count; i++)
        write_tag(buf, &tags->items[i]);
    xml_close(buf, "Tags");
}

static void write_role(struct buf *buf, const struct identity *role, enum write_detail detail) {
    write_document(buf, "AssumeRolePolicyDocument", role->document.text);
    xml_put(buf, "Description", role->description);
    xml_put_integer(buf, "MaxSessionDuration", role->max_session_s);
    if (detail == WRITE_WHOLE)
        xml_put(buf, "RoleLastUsed", "");
}

static void write_policy(struct buf *buf, const struct api_call *call, const struct identity *policy,
                         enum write_detail detail) {
    size_t attached = identities_count_attached(&call->api->identities, call->caller->account, policy->arn);
    xml_put(buf, "DefaultVersionId", policy->version);
    xml_put_integer(buf, "AttachmentCount", (int64_t)attached);
    xml_put_integer(buf, "PermissionsBoundaryUsageCount", 0);
    xml_put_bool(buf, "IsAttachable", true);
    if (detail == WRITE_WHOLE)
        xml_put(buf, "Description", policy->description);
    write_date(buf, "UpdateDate", policy->updated_us);
}

void write_identity(struct buf *buf, const struct api_call *call, const struct identity *identity,
                    enum write_detail detail) {
    static const char *const id_members[] = {
        [IDENTITY_USER] = "UserId", [IDENTITY_ROLE] = "RoleId", [IDENTITY_POLICY] = "PolicyId"};
    xml_put(buf, "Path", identity->path);
    xml_put(buf, identity_words(identity->kind)->name_member, identity->name);
    xml_put(buf, id_members[identity->kind], identity->id);
    xml_put(buf, "Arn", identity->arn);
    write_date(buf, "CreateDate", identity->created_us);
    if (identity->kind == IDENTITY_ROLE)
        write_role(buf, identity, detail);
    if (identity->kind == IDENTITY_POLICY)
        write_policy(buf, call, identity, detail);
    if (detail != WRITE_LISTED)
        write_tags(buf, &identity->tags);
}

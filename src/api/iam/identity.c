/* See identity.h. The document of a record: {"name", "path", "id", "created", "updated", "version",
 * "description", "maxSession", "document", "inlines": {name: text}, "attached": [arn], "tags": {}}. */
#include "api/iam/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

#define ID_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define ID_CHARS 21
#define DEFAULT_SESSION_S 3600

/* Source: IAM User Guide, "IAM and AWS STS quotas". */
#define TRUST_MAX_CHARS 2048
#define POLICY_MAX_CHARS 6144

const struct identity_words *identity_words(enum identity_kind kind) {
    static const struct identity_words words[] = {
        [IDENTITY_USER] = {"iam-user", "UserName", "user", "AIDA"},
        [IDENTITY_ROLE] = {"iam-role", "RoleName", "role", "AROA"},
        [IDENTITY_POLICY] = {"iam-policy", "PolicyName", "policy", "ANPA"},
    };
    return &words[kind];
}

char *identity_arn(enum identity_kind kind, const char *account, const char *path, const char *name) {
    return mem_format("arn:aws:iam::%s:%s%s%s", account, identity_words(kind)->arn_word, path, name);
}

void identity_init(struct identity *identity, enum identity_kind kind, const char *account, const char *path,
                   const char *name) {
    const char *prefix = identity_words(kind)->id_prefix;
    *identity = (struct identity){.kind = kind, .version = "v1", .max_session_s = DEFAULT_SESSION_S};
    snprintf(identity->account, sizeof identity->account, "%s", account);
    identity->name = mem_text(name);
    identity->path = mem_text(path);
    identity->arn = identity_arn(kind, account, path, name);
    char *end = stpcpy(identity->id, prefix);
    ident_from_alphabet(end, ID_CHARS - strlen(prefix), ID_ALPHABET);
}

static void document_done(struct identity_document *document) {
    free(document->name);
    free(document->text);
    policy_free(document->policy);
}

void identity_done(struct identity *identity) {
    for (size_t i = 0; i < identity->inline_count; i++)
        document_done(&identity->inlines[i]);
    for (size_t i = 0; i < identity->attached_count; i++)
        free(identity->attached[i]);
    free(identity->inlines);
    free(identity->attached);
    document_done(&identity->document);
    tags_done(&identity->tags);
    free(identity->name);
    free(identity->path);
    free(identity->arn);
    free(identity->description);
    *identity = (struct identity){0};
}

static bool is_white_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t identity_count_chars(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += !is_white_space(*text) && ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* ---- documents ---- */

static bool document_read(struct identity_document *ret_document, enum policy_kind kind, const char *name,
                          const char *text, struct err *err) {
    struct policy *policy;
    if (!policy_parse(text, strlen(text), kind, &policy, err))
        return false;
    *ret_document = (struct identity_document){mem_text(name), mem_text(text), policy};
    return true;
}

bool identity_set_document(struct identity *identity, const char *text, struct err *err) {
    bool is_role = identity->kind == IDENTITY_ROLE;
    size_t most = is_role ? TRUST_MAX_CHARS : POLICY_MAX_CHARS;
    struct identity_document document;
    if (identity_count_chars(text) > most)
        return err_set(err, ERR_LIMIT, "Cannot exceed quota for %s: %zu",
                       is_role ? "ACLSizePerRole" : "PolicySize", most);
    if (!document_read(&document, is_role ? POLICY_TRUST : POLICY_IDENTITY, "", text, err))
        return false;
    document_done(&identity->document);
    identity->document = document;
    return true;
}

/* Where the one of that name is, or belongs. */
static size_t inline_place(const struct identity *identity, const char *name) {
    size_t place = 0;
    while (place < identity->inline_count && strcmp(identity->inlines[place].name, name) < 0)
        place++;
    return place;
}

const struct identity_document *identity_inline(const struct identity *identity, const char *name) {
    size_t place = inline_place(identity, name);
    bool is_there = place < identity->inline_count && strcmp(identity->inlines[place].name, name) == 0;
    return is_there ? &identity->inlines[place] : NULL;
}

bool identity_put_inline(struct identity *identity, const char *name, const char *text, struct err *err) {
    struct identity_document document;
    if (!document_read(&document, POLICY_IDENTITY, name, text, err))
        return false;
    identity_remove_inline(identity, name);
    size_t place = inline_place(identity, name);
    identity->inlines = mem_resize(identity->inlines,
                                   (identity->inline_count + 1) * sizeof *identity->inlines);
    struct identity_document *at = &identity->inlines[place];
    memmove(at + 1, at, (identity->inline_count - place) * sizeof *at);
    *at = document;
    identity->inline_count++;
    return true;
}

bool identity_remove_inline(struct identity *identity, const char *name) {
    if (!identity_inline(identity, name))
        return false;
    struct identity_document *at = &identity->inlines[inline_place(identity, name)];
    document_done(at);
    identity->inline_count--;
    memmove(at, at + 1, (size_t)(identity->inlines + identity->inline_count - at) * sizeof *at);
    return true;
}

/* ---- attached policies ---- */

static size_t attached_place(const struct identity *identity, const char *arn) {
    size_t place = 0;
    while (place < identity->attached_count && strcmp(identity->attached[place], arn) < 0)
        place++;
    return place;
}

bool identity_is_attached(const struct identity *identity, const char *policy_arn) {
    size_t place = attached_place(identity, policy_arn);
    return place < identity->attached_count && strcmp(identity->attached[place], policy_arn) == 0;
}

void identity_attach(struct identity *identity, const char *policy_arn) {
    if (identity_is_attached(identity, policy_arn))
        return;
    size_t place = attached_place(identity, policy_arn);
    identity->attached = mem_resize(identity->attached,
                                    (identity->attached_count + 1) * sizeof *identity->attached);
    char **at = &identity->attached[place];
    memmove(at + 1, at, (identity->attached_count - place) * sizeof *at);
    *at = mem_text(policy_arn);
    identity->attached_count++;
}

bool identity_detach(struct identity *identity, const char *policy_arn) {
    if (!identity_is_attached(identity, policy_arn))
        return false;
    char **at = &identity->attached[attached_place(identity, policy_arn)];
    free(*at);
    identity->attached_count--;
    memmove(at, at + 1, (size_t)(identity->attached + identity->attached_count - at) * sizeof *at);
    return true;
}

/* ---- the record ---- */

static void put_lists(struct json_writer *writer, const struct identity *identity) {
    json_key(writer, "inlines");
    json_open_object(writer);
    for (size_t i = 0; i < identity->inline_count; i++)
        json_put_member(writer, identity->inlines[i].name, identity->inlines[i].text);
    json_close_object(writer);
    json_key(writer, "attached");
    json_open_array(writer);
    for (size_t i = 0; i < identity->attached_count; i++)
        json_put_string(writer, identity->attached[i]);
    json_close_array(writer);
    OWN(buf) struct buf tags;
    buf_init(&tags, IDENTITY_DOCUMENT_BYTES);
    tags_encode(&identity->tags, &tags);
    json_key(writer, "tags");
    json_put_raw(writer, buf_text(&tags), tags.len);
}

char *identity_encode(const struct identity *identity) {
    struct buf document;
    struct json_writer writer;
    buf_init(&document, IDENTITY_DOCUMENT_BYTES);
    json_writer_init(&writer, &document);
    json_open_object(&writer);
    json_put_member(&writer, "name", identity->name);
    json_put_member(&writer, "path", identity->path);
    json_put_member(&writer, "id", identity->id);
    json_put_member_integer(&writer, "created", identity->created_us);
    json_put_member_integer(&writer, "updated", identity->updated_us);
    json_put_member(&writer, "version", identity->version);
    json_put_member(&writer, "description", identity->description);
    json_put_member_integer(&writer, "maxSession", identity->max_session_s);
    json_put_member(&writer, "document", identity->document.text);
    put_lists(&writer, identity);
    json_close_object(&writer);
    if (buf_ok(&document))
        return buf_take(&document);
    buf_done(&document);
    return NULL;
}

static bool read_lists(struct identity *identity, struct json_value root, struct err *err) {
    struct json_value key, value;
    struct json_value inlines = json_member(root, "inlines");
    for (uint32_t cursor = 0; json_each(inlines, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        OWN_MEM char *text = json_string(value);
        if (!name || !text || !identity_put_inline(identity, name, text, err))
            return false;
    }
    struct json_value attached = json_member(root, "attached");
    for (uint32_t cursor = 0; json_each(attached, &cursor, NULL, &value);) {
        OWN_MEM char *arn = json_string(value);
        if (!arn)
            return false;
        identity_attach(identity, arn);
    }
    size_t len;
    const char *raw = json_raw(json_member(root, "tags"), &len);
    OWN_MEM char *tags = mem_copy_text(raw, len);
    return tags_decode(tags, &identity->tags, err);
}

static bool read_member(struct json_value root, const char *name, char *text, size_t size) {
    OWN_MEM char *value = json_string(json_member(root, name));
    if (!value || strlen(value) >= size)
        return false;
    memcpy(text, value, strlen(value) + 1);
    return true;
}

static bool read_members(struct identity *identity, struct json_value root, struct err *err) {
    OWN_MEM char *document = json_string(json_member(root, "document"));
    identity->description = json_string(json_member(root, "description"));
    return read_member(root, "id", identity->id, sizeof identity->id) &&
           read_member(root, "version", identity->version, sizeof identity->version) &&
           json_integer(json_member(root, "created"), &identity->created_us) &&
           json_integer(json_member(root, "updated"), &identity->updated_us) &&
           json_integer(json_member(root, "maxSession"), &identity->max_session_s) &&
           (identity->kind == IDENTITY_USER || document) &&
           (!document || identity_set_document(identity, document, err)) &&
           json_is_present(json_member(root, "tags")) && read_lists(identity, root, err);
}

bool identity_decode(enum identity_kind kind, const char *account, const char *document,
                     struct identity *ret_identity, struct err *err) {
    struct json_doc doc;
    if (!json_parse(&doc, document, strlen(document), LIMIT_CONTROL_JSON_TOKENS, err))
        return false;
    struct json_value root = json_root(&doc);
    OWN_MEM char *path = json_string(json_member(root, "path"));
    OWN_MEM char *name = json_string(json_member(root, "name"));
    struct identity identity;
    identity_init(&identity, kind, account, path ? path : "", name ? name : "");
    bool ok = path && name && read_members(&identity, root, err);
    json_doc_done(&doc);
    if (ok) {
        *ret_identity = identity;
        return true;
    }
    identity_done(&identity);
    return err_set(err, ERR_CORRUPT, "the stored %s is not what was written", identity_words(kind)->record);
}

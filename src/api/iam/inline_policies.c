/* Put, Get, Delete and List of the policies embedded in a user or a role. */
#include <string.h>

#include "api/iam/handlers.h"
#include "api/iam/listing.h"
#include "api/iam/request.h"
#include "api/iam/write.h"
#include "api/query.h"
#include "api/xml.h"
#include "base/mem.h"

/* All documents of one identity together. Source: IAM User Guide, "IAM and AWS STS quotas". */
#define ROLE_MAX_CHARS 10240
#define USER_MAX_CHARS 2048

/* With the new one, before it is read: what is too long is not worth it. */
static bool check_size(const struct identity *identity, const char *name, const char *text, struct err *err) {
    size_t most = identity->kind == IDENTITY_ROLE ? ROLE_MAX_CHARS : USER_MAX_CHARS;
    size_t chars = identity_count_chars(text);
    for (size_t i = 0; i < identity->inline_count; i++)
        if (strcmp(identity->inlines[i].name, name) != 0)
            chars += identity_count_chars(identity->inlines[i].text);
    return chars <= most || err_set(err, ERR_LIMIT, "Maximum policy size of %zu bytes exceeded for %s %s",
                                    most, identity_words(identity->kind)->arn_word, identity->name);
}

static bool put_policy(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    const char *name = iam_text(call, "PolicyName");
    const char *text = iam_text(call, "PolicyDocument");
    OWN(identity) struct identity identity = {0};
    if (!iam_copy_subject(edit, &identity, err) || !check_size(&identity, name, text, err) ||
        !identity_put_inline(&identity, name, text, err))
        return false;
    return iam_put(edit, &identity, err) && iam_done(edit);
}

static bool not_found(const struct api_call *call, struct err *err) {
    return err_set(err, ERR_NOT_FOUND, "The %s policy with name %s cannot be found.",
                   identity_words(iam_kind(call))->arn_word, iam_text(call, "PolicyName"));
}

static bool delete_policy(struct edit *edit, struct err *err) {
    OWN(identity) struct identity identity = {0};
    if (!iam_copy_subject(edit, &identity, err))
        return false;
    if (!identity_remove_inline(&identity, iam_text(edit->call, "PolicyName")))
        return not_found(edit->call, err);
    return iam_put(edit, &identity, err) && iam_done(edit);
}

void iam_put_inline_policy(struct api_call *call) {
    iam_change(call, put_policy);
}

void iam_delete_inline_policy(struct api_call *call) {
    iam_change(call, delete_policy);
}

static const struct identity_document *find(const struct api_call *call, const struct identity **ret_identity,
                                            struct err *err) {
    *ret_identity = iam_subject(call, err);
    if (!*ret_identity)
        return NULL;
    const struct identity_document *document = identity_inline(*ret_identity, iam_text(call, "PolicyName"));
    if (!document)
        not_found(call, err);
    return document;
}

void iam_get_inline_policy(struct api_call *call) {
    struct err err;
    const struct identity *identity;
    const struct identity_document *document = find(call, &identity, &err);
    if (!document) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, QUERY_ANSWER_BYTES);
    query_open(&body, call);
    xml_put(&body, identity_words(identity->kind)->name_member, identity->name);
    xml_put(&body, "PolicyName", document->name);
    write_document(&body, "PolicyDocument", document->text);
    query_close(&body, call);
    call_answer(call, &body);
}

void iam_list_inline_policies(struct api_call *call) {
    struct err err;
    struct listing listing;
    const struct identity *identity = iam_subject(call, &err);
    if (!identity || !listing_begin(&listing, call, "PolicyNames", &err)) {
        call_fail(call, &err);
        return;
    }
    for (size_t i = 0; i < identity->inline_count; i++)
        if (listing_takes(&listing, identity->inlines[i].name))
            xml_put(&listing.body, "member", identity->inlines[i].name);
    listing_answer(&listing);
}

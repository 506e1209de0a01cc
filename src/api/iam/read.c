/* Reading users, roles and managed policies, one or all. */
#include <string.h>

#include "api/context.h"
#include "api/iam/handlers.h"
#include "api/iam/listing.h"
#include "api/iam/managed_policies.h"
#include "api/iam/request.h"
#include "api/iam/write.h"
#include "api/query.h"
#include "api/xml.h"
#include "base/mem.h"

static void answer_one(struct api_call *call, const char *element, const struct identity *identity) {
    OWN(buf) struct buf body;
    buf_init(&body, QUERY_ANSWER_BYTES);
    query_open(&body, call);
    xml_open(&body, element);
    write_identity(&body, call, identity, WRITE_WHOLE);
    xml_close(&body, element);
    query_close(&body, call);
    call_answer(call, &body);
}

/* The root user has no name and no record. */
static void answer_root(struct api_call *call) {
    OWN(buf) struct buf body;
    buf_init(&body, QUERY_ANSWER_BYTES);
    query_open(&body, call);
    xml_open(&body, "User");
    xml_put(&body, "Path", "/");
    xml_put(&body, "UserId", call->caller->id);
    xml_put(&body, "Arn", call->caller->arn);
    write_date(&body, "CreateDate", auth_root_key(&call->api->auth, call->caller->account)->created_us);
    xml_close(&body, "User");
    query_close(&body, call);
    call_answer(call, &body);
}

void iam_get(struct api_call *call) {
    struct err err;
    bool is_role = iam_kind(call) == IDENTITY_ROLE;
    if (call->caller->kind == PRINCIPAL_ROOT && !is_role && !iam_text(call, "UserName")) {
        answer_root(call);
        return;
    }
    const struct identity *identity = iam_subject(call, &err);
    if (identity)
        answer_one(call, is_role ? "Role" : "User", identity);
    else
        call_fail(call, &err);
}

void iam_get_policy(struct api_call *call) {
    struct err err;
    const struct identity *policy = iam_policy(call, "was not found.", &err);
    if (policy)
        answer_one(call, "Policy", policy);
    else
        call_fail(call, &err);
}

/* ---- versions: a managed policy has one ---- */

static void write_version(struct buf *body, const struct identity *policy, bool with_document) {
    if (with_document)
        write_document(body, "Document", policy->document.text);
    xml_put(body, "VersionId", policy->version);
    xml_put_bool(body, "IsDefaultVersion", true);
    write_date(body, "CreateDate", policy->updated_us);
}

void iam_get_policy_version(struct api_call *call) {
    struct err err;
    const char *version = iam_text(call, "VersionId");
    const struct identity *policy = iam_policy(call, "was not found.", &err);
    if (policy && strcmp(policy->version, version) != 0) {
        err_set(&err, ERR_NOT_FOUND, "Policy %s version %s does not exist or is not attachable.", policy->arn,
                version);
        policy = NULL;
    }
    if (!policy) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, QUERY_ANSWER_BYTES);
    query_open(&body, call);
    xml_open(&body, "PolicyVersion");
    write_version(&body, policy, true);
    xml_close(&body, "PolicyVersion");
    query_close(&body, call);
    call_answer(call, &body);
}

void iam_list_policy_versions(struct api_call *call) {
    struct err err;
    struct listing listing;
    const struct identity *policy = iam_policy(call, "was not found.", &err);
    if (!policy || !listing_begin(&listing, call, "Versions", &err)) {
        call_fail(call, &err);
        return;
    }
    if (listing_takes(&listing, policy->version)) {
        xml_open(&listing.body, "member");
        write_version(&listing.body, policy, false);
        xml_close(&listing.body, "member");
    }
    listing_answer(&listing);
}

/* ---- lists ---- */

static bool has_prefix(const struct api_call *call, const struct identity *identity) {
    const char *prefix = iam_text(call, "PathPrefix");
    return !prefix || strncmp(identity->path, prefix, strlen(prefix)) == 0;
}

static void list_member(struct listing *listing, const char *key, const struct identity *identity) {
    if (!has_prefix(listing->call, identity) || !listing_takes(listing, key))
        return;
    xml_open(&listing->body, "member");
    write_identity(&listing->body, listing->call, identity, WRITE_LISTED);
    xml_close(&listing->body, "member");
}

/* Calls `each` for all of a kind in the caller's account, in the order of their names. */
static void walk(struct listing *listing, enum identity_kind kind,
                 void (*each)(struct listing *listing, const char *key, const struct identity *identity)) {
    const struct api *api = listing->call->api;
    const struct record_key key = {.account = listing->call->caller->account,
                                   .scope = "",
                                   .kind = identity_words(kind)->record,
                                   .name = ""};
    size_t place = records_after(&api->records, &key);
    for (const struct record *record; (record = records_at(&api->records, place, &key)); place++)
        each(listing, record->key.name,
             identities_find(&api->identities, kind, key.account, record->key.name));
}

void iam_list(struct api_call *call) {
    struct err err;
    struct listing listing;
    bool is_role = iam_kind(call) == IDENTITY_ROLE;
    if (!listing_begin(&listing, call, is_role ? "Roles" : "Users", &err)) {
        call_fail(call, &err);
        return;
    }
    walk(&listing, iam_kind(call), list_member);
    listing_answer(&listing);
}

/* AWS's own come first: their keys begin with a character that no name begins with. */
#define AWS_KEY "!%s"

static bool is_wanted(const struct api_call *call, const struct identity *policy) {
    const char *only_attached = iam_text(call, "OnlyAttached");
    const char *usage = iam_text(call, "PolicyUsageFilter");
    if (usage && strcmp(usage, "PermissionsBoundary") == 0)
        return false;
    return !only_attached || strcmp(only_attached, "true") != 0 ||
           identities_count_attached(&call->api->identities, call->caller->account, policy->arn) > 0;
}

static void list_policy(struct listing *listing, const char *key, const struct identity *policy) {
    if (is_wanted(listing->call, policy))
        list_member(listing, key, policy);
}

static void list_aws_policies(struct listing *listing) {
    for (size_t i = 0; i < managed_policy_count; i++) {
        OWN_MEM char *name = identities_record_name(managed_policies[i].name);
        OWN_MEM char *key = mem_format(AWS_KEY, name);
        list_policy(listing, key,
                    identities_find(&listing->call->api->identities, IDENTITY_POLICY, IDENTITIES_AWS, name));
    }
}

void iam_list_policies(struct api_call *call) {
    struct err err;
    struct listing listing;
    const char *scope = iam_text(call, "Scope");
    if (!listing_begin(&listing, call, "Policies", &err)) {
        call_fail(call, &err);
        return;
    }
    if (!scope || strcmp(scope, "Local") != 0)
        list_aws_policies(&listing);
    if (!scope || strcmp(scope, "AWS") != 0)
        walk(&listing, IDENTITY_POLICY, list_policy);
    listing_answer(&listing);
}

void iam_list_tags(struct api_call *call) {
    struct err err;
    struct listing listing;
    const struct identity *identity = iam_subject(call, &err);
    if (!identity || !listing_begin(&listing, call, "Tags", &err)) {
        call_fail(call, &err);
        return;
    }
    for (size_t i = 0; i < identity->tags.count; i++) {
        OWN_MEM char *key = mem_format("%04zu", i);
        if (listing_takes(&listing, key))
            write_tag(&listing.body, &identity->tags.items[i]);
    }
    listing_answer(&listing);
}

/* Lamb has no instance profiles: no role is ever in one. */
void iam_list_instance_profiles_for_role(struct api_call *call) {
    struct err err;
    struct listing listing;
    if (iam_subject(call, &err) && listing_begin(&listing, call, "InstanceProfiles", &err))
        listing_answer(&listing);
    else
        call_fail(call, &err);
}

/* ---- who has a policy ---- */

static void list_entities(struct listing *listing, const struct identity *policy, enum identity_kind kind) {
    const struct api_call *call = listing->call;
    const struct api *api = call->api;
    struct buf *body = &listing->body;
    bool is_role = kind == IDENTITY_ROLE;
    const struct record_key key = {
        .account = call->caller->account, .scope = "", .kind = identity_words(kind)->record, .name = ""};
    size_t place = records_after(&api->records, &key);
    xml_open(body, is_role ? "PolicyRoles" : "PolicyUsers");
    for (const struct record *record; (record = records_at(&api->records, place, &key)); place++) {
        const struct identity *identity = identities_find(&api->identities, kind, key.account,
                                                          record->key.name);
        OWN_MEM char *listed = mem_format("%d/%s", is_role, record->key.name); /* users come first */
        if (!identity_is_attached(identity, policy->arn) || !has_prefix(call, identity) ||
            !listing_takes(listing, listed))
            continue;
        xml_open(body, "member");
        xml_put(body, identity_words(kind)->name_member, identity->name);
        xml_put(body, is_role ? "RoleId" : "UserId", identity->id);
        xml_close(body, "member");
    }
    xml_close(body, is_role ? "PolicyRoles" : "PolicyUsers");
}

/* Wants a kind of entities, or all. */
static bool is_asked_for(const struct api_call *call, const char *entity) {
    const char *filter = iam_text(call, "EntityFilter");
    return !filter || strcmp(filter, entity) == 0;
}

void iam_list_entities_for_policy(struct api_call *call) {
    struct err err;
    struct listing listing;
    const struct identity *policy = iam_policy(call, "was not found.", &err);
    if (!policy || !listing_begin(&listing, call, NULL, &err)) {
        call_fail(call, &err);
        return;
    }
    xml_put(&listing.body, "PolicyGroups", "");
    if (is_asked_for(call, "User"))
        list_entities(&listing, policy, IDENTITY_USER);
    if (is_asked_for(call, "Role"))
        list_entities(&listing, policy, IDENTITY_ROLE);
    listing_answer(&listing);
}

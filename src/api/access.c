/* See access.h. A decision has two sides: what the identity's policies say (its own and those attached to
 * it), and what the resource's say. A denial on either side ends it. Within an account one side is enough;
 * across accounts both must allow. */
#include "api/access.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/context.h"
#include "api/iam/identities.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/server.h"

/* ---- facts ---- */

#define GLOBAL_FACTS (16 + LIMIT_TAGS)

/* What one decision may cost, as policy.h counts: less than three milliseconds. Ten long policies of the
 * usual kind take a small part of it. */
#define MAX_STEPS 500000

struct facts {
    struct policy_fact items[ACCESS_MAX_FACTS + GLOBAL_FACTS];
    size_t count;
    char now[CLOCK_TEXT_BYTES];
    char epoch[24];
    char issued[CLOCK_TEXT_BYTES];
    char source_ip[HTTP_PEER_BYTES];
    char user_agent[256];
    char *tag_keys[LIMIT_TAGS]; /* owned */
    size_t tag_count;
};

/* A fact that is not known is not there. */
static void add_fact(struct facts *facts, const char *key, const char *value) {
    if (value)
        facts->items[facts->count++] = (struct policy_fact){key, value};
}

static const char *user_agent(struct facts *facts, const struct api_call *call) {
    const struct http_text *header = call && call->request ? http_header_get(call->request, "user-agent")
                                                           : NULL;
    if (!header)
        return NULL;
    snprintf(facts->user_agent, sizeof facts->user_agent, "%.*s",
             (int)(header->len < sizeof facts->user_agent ? header->len : sizeof facts->user_agent),
             header->data);
    return facts->user_agent;
}

static void add_tags(struct facts *facts, const struct identity *identity) {
    for (size_t i = 0; identity && i < identity->tags.count && i < LIMIT_TAGS; i++) {
        char *key = mem_format("aws:PrincipalTag/%s", identity->tags.items[i].key);
        facts->tag_keys[facts->tag_count++] = key;
        add_fact(facts, key, identity->tags.items[i].value);
    }
}

static void facts_done(struct facts *facts) {
    for (size_t i = 0; i < facts->tag_count; i++)
        free(facts->tag_keys[i]);
}

/* Of the request itself. */
static void add_request(struct facts *facts, const struct api_call *call) {
    const char *version, *cipher;
    bool is_here = call && call->exchange;
    bool is_secure = is_here && http_exchange_tls(call->exchange, &version, &cipher);
    add_fact(facts, "aws:SecureTransport", is_secure ? "true" : "false");
    if (is_here && http_exchange_peer(call->exchange, facts->source_ip))
        add_fact(facts, "aws:SourceIp", facts->source_ip);
    add_fact(facts, "aws:UserAgent", user_agent(facts, call));
}

/* Of who makes it. */
static void add_principal(const struct access_request *request, const struct identity *identity,
                          struct facts *facts) {
    static const char *const types[] = {
        [PRINCIPAL_ROOT] = "Account", [PRINCIPAL_USER] = "User", [PRINCIPAL_SESSION] = "AssumedRole"};
    const struct principal *principal = request->principal;
    clock_format_iso(principal->issued_s * 1000000, facts->issued);
    bool is_session = principal->kind == PRINCIPAL_SESSION;
    add_fact(facts, "aws:PrincipalArn", is_session ? identity->arn : principal->arn);
    add_fact(facts, "aws:TokenIssueTime", is_session ? facts->issued : NULL);
    add_fact(facts, "aws:PrincipalAccount", principal->account);
    add_fact(facts, "aws:PrincipalType", types[principal->kind]);
    add_fact(facts, "aws:userid", principal->id);
    add_fact(facts, "aws:username", principal->kind == PRINCIPAL_USER ? principal->name : NULL);
    add_tags(facts, identity);
}

/* Source: IAM User Guide, "AWS global condition context keys". `identity` may be NULL. */
static void collect_facts(const struct api *api, const struct access_request *request,
                          const struct identity *identity, struct facts *facts) {
    int64_t now_us = clock_wall_us(api->clock);
    assert(request->fact_count <= ACCESS_MAX_FACTS);
    facts->count = 0;
    facts->tag_count = 0;
    for (size_t i = 0; i < request->fact_count; i++)
        add_fact(facts, request->facts[i].key, request->facts[i].value);
    clock_format_iso(now_us, facts->now);
    snprintf(facts->epoch, sizeof facts->epoch, "%lld", (long long)(now_us / 1000000));
    add_fact(facts, "aws:PrincipalIsAWSService", "false");
    add_fact(facts, "aws:ViaAWSService", "false");
    add_fact(facts, "aws:CurrentTime", facts->now);
    add_fact(facts, "aws:EpochTime", facts->epoch);
    add_fact(facts, "aws:ResourceAccount", request->resource_account);
    add_fact(facts, "aws:RequestedRegion", api->options.region);
    add_request(facts, request->call);
    if (request->principal)
        add_principal(request, identity, facts);
    else
        add_fact(facts, "aws:PrincipalType", "Anonymous");
}

/* ---- the two sides ---- */

/* The stronger of two decisions: they are in that order. */
static enum policy_decision stronger(enum policy_decision a, enum policy_decision b) {
    return a > b ? a : b;
}

/* The user, or the role behind a session; NULL for root and for who was deleted meanwhile: another one of the
 * same name has another id. */
static const struct identity *find_identity(const struct api *api, const struct principal *principal) {
    if (principal->kind == PRINCIPAL_ROOT)
        return NULL;
    enum identity_kind kind = principal->kind == PRINCIPAL_USER ? IDENTITY_USER : IDENTITY_ROLE;
    const struct identity *identity = identities_find(&api->identities, kind, principal->account,
                                                      principal->name);
    size_t id_len = strcspn(principal->id, ":");
    bool is_same = identity && strlen(identity->id) == id_len &&
                   memcmp(identity->id, principal->id, id_len) == 0;
    return is_same ? identity : NULL;
}

static enum policy_decision ask_identity(const struct api *api, const struct identity *identity,
                                         const struct policy_request *question) {
    enum policy_decision decision = POLICY_NONE;
    for (size_t i = 0; i < identity->inline_count; i++)
        decision = stronger(decision, policy_evaluate(identity->inlines[i].policy, question));
    for (size_t i = 0; i < identity->attached_count; i++) {
        const struct identity *policy = identities_find_arn(&api->identities, IDENTITY_POLICY,
                                                            identity->attached[i]);
        if (policy)
            decision = stronger(decision, policy_evaluate(policy->document.policy, question));
    }
    return decision;
}

static enum policy_decision ask_resource(const struct access_request *request,
                                         const struct policy_request *question) {
    enum policy_decision decision = POLICY_NONE;
    for (size_t i = 0; i < request->resource_policy_count; i++)
        decision = stronger(decision, policy_evaluate(request->resource_policies[i], question));
    return decision;
}

static bool deny(const struct access_request *request, const char *side, bool is_explicit, struct err *err) {
    const char *arn = request->principal->arn;
    if (is_explicit)
        return err_set(err, ERR_DENIED,
                       "User: %s is not authorized to perform: %s on resource: %s with an explicit deny in "
                       "%s %s-based policy",
                       arn, request->action, request->resource, side[0] == 'i' ? "an" : "a", side);
    return err_set(err, ERR_DENIED,
                   "User: %s is not authorized to perform: %s on resource: %s because no %s-based policy "
                   "allows the %s action",
                   arn, request->action, request->resource, side, request->action);
}

static bool decide(const struct access_request *request, enum policy_decision identity,
                   enum policy_decision resource, struct err *err) {
    if (identity == POLICY_DENY)
        return deny(request, "identity", true, err);
    if (resource == POLICY_DENY)
        return deny(request, "resource", true, err);
    bool is_home = strcmp(request->principal->account, request->resource_account) == 0;
    if (is_home && resource == POLICY_ALLOW)
        return true;
    if ((!is_home || request->needs_resource_policy) && resource == POLICY_NONE)
        return deny(request, "resource", false, err);
    return identity == POLICY_ALLOW || deny(request, "identity", false, err);
}

static bool refuse_costs(const struct access_request *request, struct err *err) {
    return err_set(
        err, ERR_DENIED,
        "User: %s is not authorized to perform: %s on resource: %s because the policies that apply "
        "take too long to evaluate: they have too many wildcards",
        request->principal->arn, request->action, request->resource);
}

bool access_allows_anybody(const struct api *api, const struct access_request *request,
                           const char *const *actions) {
    static const struct policy_principal anybody = {.type = POLICY_PRINCIPAL_ANONYMOUS, .account = ""};
    struct facts facts;
    uint64_t steps_left = MAX_STEPS;
    bool is_allowed = true;
    collect_facts(api, request, NULL, &facts);
    for (; is_allowed && *actions; actions++) {
        const struct policy_request question = {
            .action = *actions,
            .resource = request->resource,
            .principal = &anybody,
            .facts = facts.items,
            .fact_count = facts.count,
            .steps_left = &steps_left,
        };
        is_allowed = ask_resource(request, &question) == POLICY_ALLOW && steps_left > 0;
    }
    facts_done(&facts);
    return is_allowed;
}

bool access_check(const struct api *api, const struct access_request *request, struct err *err) {
    const struct principal *principal = request->principal;
    bool is_root = principal->kind == PRINCIPAL_ROOT;
    if (is_root && strcmp(principal->account, request->resource_account) == 0 &&
        !request->needs_resource_policy)
        return true;
    const struct identity *identity = find_identity(api, principal);
    if (!is_root && !identity)
        return deny(request, "identity", false, err);
    const char *role_arn = principal->kind == PRINCIPAL_SESSION ? identity->arn : NULL;
    const struct policy_principal who = {
        .type = POLICY_PRINCIPAL_AWS,
        .account = principal->account,
        .arn = principal->arn,
        .role_arn = role_arn,
    };
    struct facts facts;
    uint64_t steps_left = MAX_STEPS;
    collect_facts(api, request, identity, &facts);
    const struct policy_request question = {
        .action = request->action,
        .resource = request->resource,
        .principal = &who,
        .facts = facts.items,
        .fact_count = facts.count,
        .steps_left = &steps_left,
    };
    enum policy_decision own = is_root ? POLICY_ALLOW : ask_identity(api, identity, &question);
    enum policy_decision others = ask_resource(request, &question);
    facts_done(&facts);
    return steps_left > 0 ? decide(request, own, others, err) : refuse_costs(request, err);
}

/* ---- execution roles ---- */

#define LAMBDA_PRINCIPAL "lambda.amazonaws.com"

bool access_trusts_lambda(const struct identity *role) {
    const struct policy_principal lambda = {
        .type = POLICY_PRINCIPAL_SERVICE, .account = "", .service = LAMBDA_PRINCIPAL};
    const struct policy_fact facts[] = {{"aws:SourceAccount", role->account}};
    const struct policy_request question = {
        .action = "sts:AssumeRole",
        .resource = role->arn,
        .principal = &lambda,
        .facts = facts,
        .fact_count = sizeof facts / sizeof facts[0],
    };
    return policy_evaluate(role->document.policy, &question) == POLICY_ALLOW;
}

/* "arn:aws:iam::ACCOUNT:role/..." */
static bool is_of_account(const char *role_arn, const char *account) {
    const char *owner = strstr(role_arn, ":iam::");
    return owner && strncmp(owner + strlen(":iam::"), account, strlen(account)) == 0;
}

bool access_check_lambda_role(const struct api *api, const struct principal *caller, const char *role_arn,
                              struct err *err) {
    if (!api->options.checks_roles)
        return true;
    if (!is_of_account(role_arn, caller->account))
        return err_set(err, ERR_DENIED, "Cross-account pass role is not allowed.");
    const struct policy_fact facts[] = {{"iam:PassedToService", LAMBDA_PRINCIPAL}};
    const struct access_request pass = {
        .principal = caller,
        .action = "iam:PassRole",
        .resource = role_arn,
        .resource_account = caller->account,
        .facts = facts,
        .fact_count = sizeof facts / sizeof facts[0],
    };
    if (!access_check(api, &pass, err))
        return false;
    const struct identity *role = identities_find_arn(&api->identities, IDENTITY_ROLE, role_arn);
    return (role && access_trusts_lambda(role)) ||
           err_set(err, ERR_PARAMETER, "The role defined for the function cannot be assumed by Lambda.");
}

/* The Security Token Service: who the caller is, and temporary credentials of roles. Texts of refusals as the
 * service words them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/access.h"
#include "api/call.h"
#include "api/context.h"
#include "api/iam/write.h"
#include "api/query.h"
#include "api/service.h"
#include "api/session.h"
#include "api/xml.h"
#include "base/mem.h"
#include "model/lambda/members_parts.h"

#define DEFAULT_DURATION_S 3600
#define CHAINED_DURATION_S 3600 /* of a session that a session begins */

static void get_caller_identity(struct api_call *call) {
    OWN(buf) struct buf body;
    buf_init(&body, QUERY_ANSWER_BYTES);
    query_open(&body, call);
    xml_put(&body, "Arn", call->caller->arn);
    xml_put(&body, "UserId", call->caller->id);
    xml_put(&body, "Account", call->caller->account);
    query_close(&body, call);
    call_answer(call, &body);
}

/* ---- AssumeRole ---- */

static bool is_session_name(const char *text) {
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("+=,.@_-", *text))
            return false;
    return true;
}

static const struct {
    const char *parameter;
    const char *feature;
    const char *advice;
} unsupported[] = {
    {"Policy", "session policies", ", and narrow the policies of the role"},
    {"PolicyArns.member.1.arn", "session policies", ", and narrow the policies of the role"},
    {"Tags.member.1.Key", "session tags", ""},
    {"TransitiveTagKeys.member.1", "session tags", ""},
    {"SourceIdentity", "source identities", ""},
    {"SerialNumber", "multi-factor authentication", ""},
    {"TokenCode", "multi-factor authentication", ""},
};

static bool check_form(const struct api_call *call, struct err *err) {
    const char *name = input_text(&call->input, "RoleSessionName");
    if (!is_session_name(name))
        return err_set(err, ERR_VALIDATION,
                       "1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy "
                       "constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
                       name);
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++) {
        OWN_MEM char *sent = input_form(&call->input, unsupported[i].parameter);
        if (sent)
            return err_set(err, ERR_UNSUPPORTED, "Lamb does not support %s yet: leave %.*s out%s.",
                           unsupported[i].feature, (int)strcspn(unsupported[i].parameter, "."),
                           unsupported[i].parameter, unsupported[i].advice);
    }
    return true;
}

/* STS tells neither why nor whether the role exists. */
static bool deny(const struct api_call *call, struct err *err) {
    return err_set(err, ERR_DENIED, "User: %s is not authorized to perform: sts:AssumeRole on resource: %s",
                   call->caller->arn, input_text(&call->input, "RoleArn"));
}

static bool check_trust(const struct api_call *call, const struct identity *role, struct err *err) {
    const struct policy *const trust[] = {role->document.policy};
    const struct policy_fact facts[] = {
        {"sts:RoleSessionName", input_text(&call->input, "RoleSessionName")},
        {"sts:ExternalId", input_text(&call->input, "ExternalId")},
    };
    const struct access_request request = {
        .principal = call->caller,
        .action = "sts:AssumeRole",
        .resource = role->arn,
        .resource_account = role->account,
        .resource_policies = trust,
        .resource_policy_count = 1,
        .needs_resource_policy = true,
        .facts = facts,
        .fact_count = sizeof facts / sizeof facts[0],
        .call = call,
    };
    return access_check(call->api, &request, err) || deny(call, err);
}

static bool check_duration(const struct api_call *call, const struct identity *role, int64_t *ret_s,
                           struct err *err) {
    *ret_s = input_integer(&call->input, "DurationSeconds", DEFAULT_DURATION_S);
    if (call->caller->kind == PRINCIPAL_SESSION && *ret_s > CHAINED_DURATION_S)
        return err_set(err, ERR_VALIDATION,
                       "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
                       "role chaining");
    return *ret_s <= role->max_session_s ||
           err_set(err, ERR_VALIDATION,
                   "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
}

static void write_session(struct buf *body, const struct session_request *session,
                          const struct session_credentials *credentials) {
    struct principal principal;
    session_describe(session, &principal);
    xml_open(body, "Credentials");
    xml_put(body, "AccessKeyId", credentials->key_id);
    xml_put(body, "SecretAccessKey", credentials->secret);
    xml_put(body, "SessionToken", credentials->token);
    write_date(body, "Expiration", session->expires_s * 1000000);
    xml_close(body, "Credentials");
    xml_open(body, "AssumedRoleUser");
    xml_put(body, "AssumedRoleId", principal.id);
    xml_put(body, "Arn", principal.arn);
    xml_close(body, "AssumedRoleUser");
}

static void answer_session(struct api_call *call, const struct identity *role, int64_t duration_s) {
    int64_t now_s = clock_wall_us(call->api->clock) / 1000000;
    const struct session_request session = {
        .account = role->account,
        .role = role->name,
        .role_id = role->id,
        .name = input_text(&call->input, "RoleSessionName"),
        .issued_s = now_s,
        .expires_s = now_s + duration_s,
    };
    struct session_credentials credentials;
    sessions_grant(&call->api->auth.sessions, &session, &credentials);
    OWN(buf) struct buf body;
    buf_init(&body, QUERY_ANSWER_BYTES);
    query_open(&body, call);
    write_session(&body, &session, &credentials);
    query_close(&body, call);
    mem_wipe(&credentials, sizeof credentials);
    call_answer(call, &body);
}

static void assume_role(struct api_call *call) {
    struct err err;
    int64_t duration_s;
    const struct identity *role = identities_find_arn(&call->api->identities, IDENTITY_ROLE,
                                                      input_text(&call->input, "RoleArn"));
    if (check_form(call, &err) && (role || deny(call, &err)) && check_trust(call, role, &err) &&
        check_duration(call, role, &duration_s, &err))
        answer_session(call, role, duration_s);
    else
        call_fail(call, &err);
}

/* ---- the service ---- */

static const struct constraint assume_role_members[] = {
    TEXT("RoleArn", IN_QUERY("RoleArn"), REQUIRED, SIZE(20, 2048)),
    TEXT("RoleSessionName", IN_QUERY("RoleSessionName"), REQUIRED, SIZE(2, 64)),
    INTEGER("DurationSeconds", IN_QUERY("DurationSeconds"), SIZE(900, 43200)),
    TEXT("ExternalId", IN_QUERY("ExternalId"), SIZE(2, 1224)),
    END,
};

static const struct constraint no_members[] = {END};

static const struct api_operation operations[] = {
    {.name = "AssumeRole",
     .method = "POST",
     .path = "/",
     .status = 200,
     .members = assume_role_members,
     .run = assume_role},
    {.name = "GetCallerIdentity",
     .method = "POST",
     .path = "/",
     .status = 200,
     .members = no_members,
     .run = get_caller_identity},
};

static const size_t operation_count = sizeof operations / sizeof operations[0];

/* GetCallerIdentity needs no permission; AssumeRole asks the role. */
static bool authorize(struct api_call *call, struct err *err) {
    (void)call;
    (void)err;
    return true;
}

const struct api_service sts_service = {
    .name = "sts",
    .title = "STS",
    .protocol = ERROR_QUERY,
    .xmlns = "https://sts.amazonaws.com/doc/2011-06-15/",
    .operations = operations,
    .operation_count = &operation_count,
    .authorize = authorize,
};

/* See url_access.h. */
#include "api/web/url_access.h"

#include <string.h>

#include "api/access.h"
#include "api/context.h"
#include "api/lambda/authorize_facts.h"

#define FORBIDDEN                                                                                            \
    "Forbidden. For troubleshooting Function URL authorization issues, see: "                                \
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"

static bool forbid(struct auth_refusal *refusal) {
    refusal->exception = API_ACCESS_DENIED;
    return err_set(&refusal->err, ERR_DENIED, FORBIDDEN);
}

/* Both permissions, of the caller or of everybody. */
static bool is_permitted(const struct api_call *call, const struct web_url *url,
                         const struct catalogue_entry *entry) {
    static const char *const actions[] = {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction", NULL};
    const struct policy *policy = policies_find(entry->policies, url->qualifier);
    struct facts facts = {0};
    struct policy_fact all[LIMIT_TAGS + 2] = {
        {"lambda:FunctionUrlAuthType", url->needs_signature ? "AWS_IAM" : "NONE"},
        {"lambda:InvokedViaFunctionUrl", "true"},
    };
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(call->api->options.region, url->account, url->function, url->qualifier, arn);
    facts_add_function(&facts, entry);
    memcpy(all + 2, facts.items, facts.count * sizeof *all);
    struct access_request request = {
        .principal = call->caller,
        .resource = arn,
        .resource_account = url->account,
        .resource_policies = &policy,
        .resource_policy_count = policy ? 1 : 0,
        .facts = all,
        .fact_count = facts.count + 2,
        .call = call,
    };
    bool ok = call->caller || access_allows_anybody(call->api, &request, actions);
    for (size_t i = 0; ok && call->caller && actions[i]; i++) {
        request.action = actions[i];
        ok = access_check(call->api, &request, NULL);
    }
    facts_done(&facts);
    return ok;
}

/* Function URLs take no body that the signature does not cover. Source: CloudFront Developer Guide, "Restrict
 * access to an AWS Lambda function URL origin". */
static bool is_body_unsigned(const struct http_request *request) {
    static const char unsigned_payload[] = "UNSIGNED-PAYLOAD";
    char query[sizeof unsigned_payload];
    bool is_present;
    const struct http_text *header = http_header_get(request, "x-amz-content-sha256");
    if (request->body.len == 0)
        return false;
    if (header)
        return http_text_is(*header, unsigned_payload);
    return http_query_get(request->query, "X-Amz-Content-Sha256", query, sizeof query, &is_present) &&
           is_present && strcmp(query, unsigned_payload) == 0;
}

static bool refuse_signature(struct auth_refusal *refusal, const char *text) {
    refusal->exception = API_INVALID_SIGNATURE;
    return err_set(&refusal->err, ERR_UNAUTHENTICATED, "%s", text);
}

/* As for every service, but that an unsigned request is told no more than one that may not. */
static bool authenticate(struct api_call *call, struct url_caller *caller, struct auth_refusal *refusal) {
    struct api *api = call->api;
    char service[AUTH_SERVICE_BYTES];
    if (sigv4_parse(call->request, &caller->claim, &refusal->err) == SIGV4_MISSING)
        return forbid(refusal);
    if (!auth_check(&api->auth, call->request, clock_wall_us(api->clock) / 1000000, true, &call->principal,
                    service, refusal))
        return false;
    call->caller = &call->principal;
    if (strcmp(service, "lambda") != 0)
        return refuse_signature(refusal, "Credential should be scoped to correct service: 'lambda'.");
    if (is_body_unsigned(call->request))
        return refuse_signature(refusal, "Function URLs take no unsigned payload.");
    return true;
}

bool url_access_check(struct api_call *call, const struct web_url *url, const struct catalogue_entry *entry,
                      struct url_caller *caller, const struct web_iam **ret_iam,
                      struct auth_refusal *refusal) {
    bool is_open = !call->api->options.requires_signature && !call->is_from_sandbox;
    *ret_iam = NULL;
    if (is_open)
        return true;
    if (url->needs_signature) {
        if (!authenticate(call, caller, refusal))
            return false;
        caller->iam = (struct web_iam){
            .access_key = caller->claim.access_key,
            .account = call->principal.account,
            .caller_id = call->principal.id,
            .user_arn = call->principal.arn,
        };
        *ret_iam = &caller->iam;
    }
    return is_permitted(call, url, entry) || forbid(refusal);
}

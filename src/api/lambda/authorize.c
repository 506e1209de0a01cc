/* See authorize.h. Which resource an operation is about is told by the labels of its path. Source: Service
 * Authorization Reference, "Actions, resources, and condition keys for AWS Lambda". */
#include "api/lambda/authorize.h"

#include <stdio.h>
#include <string.h>

#include "api/access.h"
#include "api/lambda/authorize_facts.h"
#include "api/lambda/lambda.h"
#include "api/lambda/layers.h"
#include "api/lambda/resource_tags.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define ACTION_BYTES 128
#define RESOURCE_BYTES 2049

/* What is asked of the policies. */
struct question {
    char action[ACTION_BYTES];
    char resource[RESOURCE_BYTES];
    char account[ACCOUNT_BYTES];         /* the resource's owner */
    const struct catalogue_entry *entry; /* of a function that exists */
    const struct policy *policy;         /* of the resource itself, or NULL */
    struct policy *own_policy;           /* the same, when it was parsed for this question */
    struct facts facts;
};

/* Operations whose action has another name. */
static const struct {
    const char *operation;
    const char *action;
} renamed[] = {
    {"GetLayerVersionByArn", "GetLayerVersion"},
    {"Invoke", "InvokeFunction"},
    {"InvokeWithResponseStream", "InvokeFunction"},
};

static void name_action(const struct api_call *call, struct question *question) {
    const char *name = call->match.operation->name;
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++)
        if (strcmp(renamed[i].operation, name) == 0)
            name = renamed[i].action;
    snprintf(question->action, sizeof question->action, "lambda:%s", name);
}

/* What a function's policy can open to other accounts. Source: Lambda Developer Guide, "Using resource-based
 * policies for AWS Lambda", cross-account APIs. */
static const char *const shared_operations[] = {
    "CreateAlias",
    "DeleteAlias",
    "DeleteFunction",
    "DeleteFunctionConcurrency",
    "GetAlias",
    "GetFunction",
    "GetFunctionConfiguration",
    "GetPolicy",
    "ListAliases",
    "ListTags",
    "ListVersionsByFunction",
    "PublishVersion",
    "PutFunctionConcurrency",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateFunctionCode",
};

static bool is_shared(const char *operation) {
    size_t i = 0;
    size_t count = sizeof shared_operations / sizeof shared_operations[0];
    while (i < count && strcmp(shared_operations[i], operation) != 0)
        i++;
    return i < count;
}

/* ---- the resource ---- */

static void set_function(const struct api_call *call, const struct function_ref *ref,
                         const struct catalogue_entry *entry, struct question *question) {
    char arn[FUNCTION_ARN_BYTES];
    target_arn(call, ref, arn);
    snprintf(question->resource, sizeof question->resource, "%s", arn);
    memcpy(question->account, ref->account, sizeof question->account);
    question->entry = entry;
    if (entry)
        question->policy = policies_find(entry->policies, ref->qualifier);
}

static bool takes_qualifier(const struct api_call *call) {
    const struct constraint *members = call->input.members;
    for (size_t i = 0; i < call->input.member_count; i++)
        if (strcmp(members[i].name, "Qualifier") == 0 && members[i].place == CONSTRAINT_IN_QUERY)
            return true;
    return false;
}

/* What an operation without Qualifier does it does to the whole function, however that was written: with
 * "f:$LATEST" nobody gets around what is said of f. */
static bool qualify(const struct api_call *call, struct function_ref *ref, struct err *err) {
    if (!takes_qualifier(call)) {
        ref->qualifier[0] = '\0';
        return true;
    }
    const char *sent = input_text(&call->input, "Qualifier");
    return function_ref_qualify(ref, sent ? sent : "", err);
}

static bool find_function(const struct api_call *call, const char *name, struct question *question,
                          struct err *err) {
    struct function_ref ref;
    if (!function_ref_parse(name, FUNCTION_REF_READ, &ref, err) || !qualify(call, &ref, err))
        return false;
    if (!ref.account[0])
        memcpy(ref.account, call->caller->account, sizeof ref.account);
    if (!function_ref_check_home(&ref, call->api->options.region, ref.account, err))
        return false;
    set_function(call, &ref, target_find(call, &ref), question);
    return true;
}

static bool find_named_function(const struct api_call *call, struct question *question, struct err *err) {
    return find_function(call, input_text(&call->input, "FunctionName"), question, err);
}

/* CreateFunction: of the caller's own account, whatever the name says. */
static bool find_new_function(const struct api_call *call, struct question *question, struct err *err) {
    OWN_MEM char *name = json_string(input_member(&call->input, "FunctionName"));
    return find_function(call, name, question, err);
}

/* The ARN as it was sent, and the account in its fifth field; one without belongs to nobody else. */
static void set_arn(const char *arn, struct question *question) {
    snprintf(question->resource, sizeof question->resource, "%s", arn);
    for (int colons = 0; *arn && colons < 4; arn++)
        colons += *arn == ':';
    size_t len = strcspn(arn, ":");
    if (len == ACCOUNT_BYTES - 1)
        memcpy(question->account, arn, len);
}

static bool find_arn(const struct api_call *call, const char *member, struct question *question) {
    set_arn(input_text(&call->input, member), question);
    return true;
}

static bool find_code_signing(const struct api_call *call, struct question *question, struct err *err) {
    (void)err;
    return find_arn(call, "CodeSigningConfigArn", question);
}

/* Tags: of anything that has an ARN. */
static bool find_tagged(const struct api_call *call, struct question *question, struct err *err) {
    const char *arn = input_text(&call->input, "Resource");
    if (strstr(arn, ":function:"))
        return find_function(call, arn, question, err);
    return find_arn(call, "Resource", question);
}

static bool find_mapping(const struct api_call *call, struct question *question, struct err *err) {
    (void)err;
    char arn[FUNCTION_ARN_BYTES];
    resource_arn(call, "event-source-mapping", input_text(&call->input, "UUID"), arn);
    set_arn(arn, question);
    return true;
}

static bool find_layer(const struct api_call *call, struct question *question, struct err *err) {
    (void)err;
    struct layer_target target;
    layer_target_read(call, &target);
    set_arn(target.arn, question);
    return true;
}

static void set_layer_policy(const struct api_call *call, const struct layer_ref *ref,
                             struct question *question) {
    const char *document = layer_policy_document(call->api, ref->account, ref->name, ref->version);
    if (document && policy_parse(document, strlen(document), POLICY_RESOURCE, &question->own_policy, NULL))
        question->policy = question->own_policy;
}

static bool find_layer_version(const struct api_call *call, struct question *question, struct err *err) {
    struct layer_target target;
    if (!layer_target_read_version(call, &target, err))
        return false;
    set_arn(target.arn, question);
    set_layer_policy(call, &target.ref, question);
    return true;
}

static bool find_layer_version_arn(const struct api_call *call, struct question *question, struct err *err) {
    (void)err;
    const char *arn = input_text(&call->input, "Arn");
    struct layer_target target;
    bool is_layer = layer_target_parse(call, arn, &target);
    set_arn(is_layer ? target.arn : arn, question);
    if (is_layer)
        set_layer_policy(call, &target.ref, question);
    return true;
}

/* ListLayerVersions: about no version that there is, yet nobody else's business. */
static bool find_layer_owner(const struct api_call *call, struct question *question, struct err *err) {
    (void)err;
    struct layer_target target;
    layer_target_read(call, &target);
    memcpy(question->account, target.ref.account, sizeof question->account);
    return true;
}

/* The first row whose label is in the operation's path, or whose operation it is. Operations without a row
 * are about no particular resource. */
static const struct {
    const char *label;
    bool (*find)(const struct api_call *call, struct question *question, struct err *err);
} resources[] = {
    {"CreateFunction", find_new_function},
    {"GetLayerVersionByArn", find_layer_version_arn},
    {"ListLayerVersions", find_layer_owner},
    {"PublishLayerVersion", find_layer},
    {"{FunctionName}", find_named_function},
    {"{VersionNumber}", find_layer_version},
    {"{CodeSigningConfigArn}", find_code_signing},
    {"{UUID}", find_mapping},
    {"{Resource}", find_tagged},
};

static bool find_resource(const struct api_call *call, struct question *question, struct err *err) {
    const struct api_operation *operation = call->match.operation;
    memcpy(question->resource, "*", sizeof "*");
    memcpy(question->account, call->caller->account, sizeof question->account);
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
        if (strstr(operation->path, resources[i].label) || strcmp(operation->name, resources[i].label) == 0)
            return resources[i].find(call, question, err);
    return true;
}

/* ---- the answer ---- */

static bool ask(const struct api_call *call, struct question *question, struct err *err) {
    const struct access_request request = {
        .principal = call->caller,
        .action = question->action,
        .resource = question->resource,
        .resource_account = question->account,
        .resource_policies = &question->policy,
        .resource_policy_count = question->policy ? 1 : 0,
        .facts = question->facts.items,
        .fact_count = question->facts.count,
        .call = call,
    };
    bool ok = access_check(call->api, &request, err);
    facts_done(&question->facts);
    policy_free(question->own_policy);
    return ok;
}

static bool is_root_of(const struct principal *caller, const char *account) {
    return caller->kind == PRINCIPAL_ROOT && strcmp(caller->account, account) == 0;
}

/* To callers of other accounts the service does not say why. */
bool lambda_authorize(struct api_call *call, struct err *err) {
    struct question question = {0};
    if (!find_resource(call, &question, err))
        return false;
    if (is_root_of(call->caller, question.account)) {
        policy_free(question.own_policy);
        return true;
    }
    bool is_home = strcmp(call->caller->account, question.account) == 0;
    if (!is_home && question.entry && !is_shared(call->match.operation->name))
        question.policy = NULL;
    name_action(call, &question);
    facts_add_function(&question.facts, question.entry);
    if (!facts_add_request(&question.facts, call, err)) {
        facts_done(&question.facts);
        policy_free(question.own_policy);
        return false;
    }
    if (ask(call, &question, err))
        return true;
    return is_home ? false : err_set(err, ERR_DENIED, "%s", "");
}

bool lambda_authorize_function(const struct api_call *call, const char *action,
                               const struct function_ref *ref, const struct catalogue_entry *entry,
                               struct err *err) {
    if (is_root_of(call->caller, ref->account))
        return true;
    struct question question = {0};
    snprintf(question.action, sizeof question.action, "%s", action);
    set_function(call, ref, entry, &question);
    facts_add_function(&question.facts, entry);
    return ask(call, &question, err);
}

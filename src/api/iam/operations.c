/* The operations of IAM, and their members from its service model. Operations on users, roles and policies
 * differ in what their name says they are about. */
#include "api/iam/handlers.h"
#include "api/iam/request.h"
#include "api/service.h"
#include "model/lambda/members_parts.h"

#define TEXT_IN_FORM(member, ...) TEXT(member, IN_QUERY(member), __VA_ARGS__)

#define ROLE_NAME TEXT_IN_FORM("RoleName", REQUIRED, SIZE(1, 64))
#define USER_NAME TEXT_IN_FORM("UserName", REQUIRED, SIZE(1, 128))
#define USER_NAME_OR_CALLER TEXT_IN_FORM("UserName", SIZE(1, 128))
#define POLICY_NAME TEXT_IN_FORM("PolicyName", REQUIRED, SIZE(1, 128))
#define POLICY_ARN TEXT_IN_FORM("PolicyArn", REQUIRED, SIZE(20, 2048))
#define DOCUMENT(member) TEXT_IN_FORM(member, REQUIRED, SIZE(1, 131072))
#define PATH TEXT_IN_FORM("Path", SIZE(1, 512))
#define PATH_PREFIX TEXT_IN_FORM("PathPrefix", SIZE(1, 512))
#define LONG_DESCRIPTION TEXT_IN_FORM("Description", SIZE(0, 1000))
#define BOUNDARY TEXT_IN_FORM("PermissionsBoundary", SIZE(20, 2048))
#define USAGE_FILTER TEXT_IN_FORM("PolicyUsageFilter", ONE_OF(usages))
#define PAGE TEXT_IN_FORM("Marker", LEAST(1)), MAX_ITEMS(1000)

static const char *const scopes[] = {"All", "AWS", "Local", NULL};
static const char *const usages[] = {"PermissionsPolicy", "PermissionsBoundary", NULL};
static const char *const entities[] = {"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy",
                                       NULL};

static const struct constraint create_role[] = {
    PATH,
    ROLE_NAME,
    DOCUMENT("AssumeRolePolicyDocument"),
    LONG_DESCRIPTION,
    INTEGER("MaxSessionDuration", IN_QUERY("MaxSessionDuration"), SIZE(3600, 43200)),
    BOUNDARY,
    END,
};
static const struct constraint role[] = {ROLE_NAME, END};
static const struct constraint role_page[] = {ROLE_NAME, PAGE, END};
static const struct constraint role_attached_page[] = {ROLE_NAME, PATH_PREFIX, PAGE, END};
static const struct constraint role_policy[] = {ROLE_NAME, POLICY_NAME, END};
static const struct constraint put_role_policy[] = {ROLE_NAME, POLICY_NAME, DOCUMENT("PolicyDocument"), END};
static const struct constraint role_policy_arn[] = {ROLE_NAME, POLICY_ARN, END};
static const struct constraint update_trust[] = {ROLE_NAME, DOCUMENT("PolicyDocument"), END};

static const struct constraint create_user[] = {PATH, TEXT_IN_FORM("UserName", REQUIRED, SIZE(1, 64)),
                                                BOUNDARY, END};
static const struct constraint user[] = {USER_NAME, END};
static const struct constraint user_or_caller[] = {USER_NAME_OR_CALLER, END};
static const struct constraint user_page[] = {USER_NAME, PAGE, END};
static const struct constraint user_attached_page[] = {USER_NAME, PATH_PREFIX, PAGE, END};
static const struct constraint user_policy[] = {USER_NAME, POLICY_NAME, END};
static const struct constraint put_user_policy[] = {USER_NAME, POLICY_NAME, DOCUMENT("PolicyDocument"), END};
static const struct constraint user_policy_arn[] = {USER_NAME, POLICY_ARN, END};
static const struct constraint user_keys_page[] = {USER_NAME_OR_CALLER, PAGE, END};
static const struct constraint access_key[] = {USER_NAME_OR_CALLER,
                                               TEXT_IN_FORM("AccessKeyId", REQUIRED, SIZE(16, 128)), END};

static const struct constraint create_policy[] = {POLICY_NAME, PATH, DOCUMENT("PolicyDocument"),
                                                  LONG_DESCRIPTION, END};
static const struct constraint policy[] = {POLICY_ARN, END};
static const struct constraint policy_page[] = {POLICY_ARN, PAGE, END};
static const struct constraint policy_version[] = {POLICY_ARN, TEXT_IN_FORM("VersionId", REQUIRED, LEAST(1)),
                                                   END};
static const struct constraint list_policies[] = {
    TEXT_IN_FORM("Scope", ONE_OF(scopes)),
    BOOLEAN("OnlyAttached", IN_QUERY("OnlyAttached")),
    PATH_PREFIX,
    USAGE_FILTER,
    PAGE,
    END,
};
static const struct constraint list_entities[] = {
    POLICY_ARN, TEXT_IN_FORM("EntityFilter", ONE_OF(entities)), PATH_PREFIX, USAGE_FILTER, PAGE, END};

static const struct constraint page[] = {PATH_PREFIX, PAGE, END};

#define ROW(operation, its_members, function)                                                                \
    {                                                                                                        \
        .name = operation, .method = "POST", .path = "/", .status = 200, .members = its_members,             \
        .run = function                                                                                      \
    }

static const struct api_operation operations[] = {
    ROW("AttachRolePolicy", role_policy_arn, iam_attach_policy),
    ROW("AttachUserPolicy", user_policy_arn, iam_attach_policy),
    ROW("CreateAccessKey", user_or_caller, iam_create_access_key),
    ROW("CreatePolicy", create_policy, iam_create),
    ROW("CreateRole", create_role, iam_create),
    ROW("CreateUser", create_user, iam_create),
    ROW("DeleteAccessKey", access_key, iam_delete_access_key),
    ROW("DeletePolicy", policy, iam_delete_identity),
    ROW("DeleteRole", role, iam_delete_identity),
    ROW("DeleteRolePolicy", role_policy, iam_delete_inline_policy),
    ROW("DeleteUser", user, iam_delete_identity),
    ROW("DeleteUserPolicy", user_policy, iam_delete_inline_policy),
    ROW("DetachRolePolicy", role_policy_arn, iam_detach_policy),
    ROW("DetachUserPolicy", user_policy_arn, iam_detach_policy),
    ROW("GetPolicy", policy, iam_get_policy),
    ROW("GetPolicyVersion", policy_version, iam_get_policy_version),
    ROW("GetRole", role, iam_get),
    ROW("GetRolePolicy", role_policy, iam_get_inline_policy),
    ROW("GetUser", user_or_caller, iam_get),
    ROW("GetUserPolicy", user_policy, iam_get_inline_policy),
    ROW("ListAccessKeys", user_keys_page, iam_list_access_keys),
    ROW("ListAttachedRolePolicies", role_attached_page, iam_list_attached_policies),
    ROW("ListAttachedUserPolicies", user_attached_page, iam_list_attached_policies),
    ROW("ListEntitiesForPolicy", list_entities, iam_list_entities_for_policy),
    ROW("ListInstanceProfilesForRole", role_page, iam_list_instance_profiles_for_role),
    ROW("ListPolicies", list_policies, iam_list_policies),
    ROW("ListPolicyVersions", policy_page, iam_list_policy_versions),
    ROW("ListRolePolicies", role_page, iam_list_inline_policies),
    ROW("ListRoleTags", role_page, iam_list_tags),
    ROW("ListRoles", page, iam_list),
    ROW("ListUserPolicies", user_page, iam_list_inline_policies),
    ROW("ListUserTags", user_page, iam_list_tags),
    ROW("ListUsers", page, iam_list),
    ROW("PutRolePolicy", put_role_policy, iam_put_inline_policy),
    ROW("PutUserPolicy", put_user_policy, iam_put_inline_policy),
    ROW("UpdateAssumeRolePolicy", update_trust, iam_update_assume_role_policy),
};

static const size_t operation_count = sizeof operations / sizeof operations[0];

/* What policies complain of is a malformed document; of everything else IAM has codes of its own. */
static enum api_exception exception_of(enum err_code code) {
    static const struct {
        enum err_code code;
        enum api_exception exception;
    } own[] = {
        {ERR_NOT_FOUND, API_NO_SUCH_ENTITY},   {ERR_CONFLICT, API_ENTITY_ALREADY_EXISTS},
        {ERR_IN_USE, API_DELETE_CONFLICT},     {ERR_PARAMETER, API_MALFORMED_POLICY_DOCUMENT},
        {ERR_PRECONDITION, API_INVALID_INPUT}, {ERR_LIMIT, API_LIMIT_EXCEEDED},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i].code == code)
            return own[i].exception;
    return error_exception(code);
}

const struct api_service iam_service = {
    .name = "iam",
    .title = "IAM",
    .protocol = ERROR_QUERY,
    .xmlns = "https://iam.amazonaws.com/doc/2010-05-08/",
    .operations = operations,
    .operation_count = &operation_count,
    .exception = exception_of,
    .authorize = iam_authorize,
};

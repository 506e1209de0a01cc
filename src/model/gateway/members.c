/* See members.h. */
#include "model/gateway/members.h"

#include "model/lambda/members_parts.h"

#define API_ID TEXT("apiId", IN_PATH("apiId"), REQUIRED)
#define AUTHORIZER_ID TEXT("authorizerId", IN_PATH("authorizerId"), REQUIRED)
#define DEPLOYMENT_ID TEXT("deploymentId", IN_PATH("deploymentId"), REQUIRED)
#define INTEGRATION_ID TEXT("integrationId", IN_PATH("integrationId"), REQUIRED)
#define ROUTE_ID TEXT("routeId", IN_PATH("routeId"), REQUIRED)
#define STAGE_NAME TEXT("stageName", IN_PATH("stageName"), REQUIRED)
#define RESOURCE_ARN TEXT("resource-arn", IN_PATH("resource-arn"), REQUIRED)
#define LIST_PAGE TEXT("maxResults", IN_QUERY("maxResults")), TEXT("nextToken", IN_QUERY("nextToken"))

#define LONG_TEXT SIZE(0, 1024)
#define NAME_TEXT SIZE(1, 128)
#define SHORT_TEXT SIZE(1, 64)
#define URI_TEXT SIZE(1, 2048)
#define GATEWAY_TAGS MAP("tags", KEYS(text), OF(tag_value))

static const char *const authorization_types[] = {"NONE", "AWS_IAM", "CUSTOM", "JWT", NULL};
static const char *const authorizer_types[] = {"REQUEST", "JWT", NULL};
static const char *const connection_types[] = {"INTERNET", "VPC_LINK", NULL};
static const char *const content_handlings[] = {"CONVERT_TO_BINARY", "CONVERT_TO_TEXT", NULL};
static const char *const integration_types[] = {"AWS", "HTTP", "MOCK", "HTTP_PROXY", "AWS_PROXY", NULL};
static const char *const logging_levels[] = {"ERROR", "INFO", "OFF", NULL};
static const char *const passthroughs[] = {"WHEN_NO_MATCH", "NEVER", "WHEN_NO_TEMPLATES", NULL};
static const char *const protocols[] = {"WEBSOCKET", "HTTP", NULL};

static const struct constraint text = TEXT(NULL);
static const struct constraint method = TEXT(NULL, SHORT_TEXT);
static const struct constraint scope = TEXT(NULL, SHORT_TEXT);
static const struct constraint model_name = TEXT(NULL, NAME_TEXT);
static const struct constraint parameter_text = TEXT(NULL, SIZE(1, 512));
static const struct constraint template_text = TEXT(NULL, SIZE(0, 32768));
static const struct constraint variable = TEXT(NULL, SIZE(0, 2048));
static const struct constraint tag_value = TEXT(NULL, SIZE(1, 1600));

static const struct constraint cors_members[] = {
    BOOLEAN("allowCredentials"),
    LIST("allowHeaders", OF(text)),
    LIST("allowMethods", OF(method)),
    LIST("allowOrigins", OF(text)),
    LIST("exposeHeaders", OF(text)),
    INTEGER("maxAge", SIZE(-1, 86400)),
    END,
};

static const struct constraint parameter_constraints_members[] = {BOOLEAN("required"), END};
static const struct constraint parameter_constraints = STRUCT(NULL, MEMBERS(parameter_constraints_members));
static const struct constraint parameters = MAP(NULL, KEYS(text), OF(parameter_text));

static const struct constraint tls_members[] = {TEXT("serverNameToVerify", SIZE(1, 512)), END};
static const struct constraint jwt_members[] = {
    LIST("audience", OF(text)),
    TEXT("issuer", URI_TEXT),
    END,
};

static const struct constraint access_log_members[] = {
    TEXT("destinationArn"),
    TEXT("format", SIZE(1, 1024)),
    END,
};

static const struct constraint route_settings_members[] = {
    BOOLEAN("dataTraceEnabled"),
    BOOLEAN("detailedMetricsEnabled"),
    TEXT("loggingLevel", ONE_OF(logging_levels)),
    INTEGER("throttlingBurstLimit"),
    DOUBLE("throttlingRateLimit"),
    END,
};
static const struct constraint route_settings = STRUCT(NULL, MEMBERS(route_settings_members));

/* ---- names in the path ---- */

const struct constraint gateway_api_members[] = {API_ID, END};
const struct constraint gateway_authorizer_members[] = {API_ID, AUTHORIZER_ID, END};
const struct constraint gateway_deployment_members[] = {API_ID, DEPLOYMENT_ID, END};
const struct constraint gateway_integration_members[] = {API_ID, INTEGRATION_ID, END};
const struct constraint gateway_route_members[] = {API_ID, ROUTE_ID, END};
const struct constraint gateway_stage_members[] = {API_ID, STAGE_NAME, END};
const struct constraint gateway_list_apis_members[] = {LIST_PAGE, END};
const struct constraint gateway_list_members[] = {API_ID, LIST_PAGE, END};

/* ---- APIs ---- */

#define API_SETTINGS                                                                                         \
    TEXT("apiKeySelectionExpression"), STRUCT("corsConfiguration", MEMBERS(cors_members)),                   \
        TEXT("credentialsArn"), TEXT("description", LONG_TEXT), BOOLEAN("disableExecuteApiEndpoint"),        \
        BOOLEAN("disableSchemaValidation"), TEXT("routeKey"), TEXT("routeSelectionExpression"),              \
        TEXT("target", URI_TEXT), TEXT("version", SHORT_TEXT)

const struct constraint gateway_create_api_members[] = {
    API_SETTINGS,
    TEXT("name", REQUIRED, NAME_TEXT),
    TEXT("protocolType", REQUIRED, ONE_OF(protocols)),
    GATEWAY_TAGS,
    END,
};

const struct constraint gateway_update_api_members[] = {
    API_ID,
    API_SETTINGS,
    TEXT("name", NAME_TEXT),
    END,
};

/* ---- authorizers ---- */

#define AUTHORIZER_SETTINGS                                                                                  \
    TEXT("authorizerCredentialsArn"), TEXT("authorizerPayloadFormatVersion", SHORT_TEXT),                    \
        INTEGER("authorizerResultTtlInSeconds", SIZE(0, 3600)), TEXT("authorizerUri", URI_TEXT),             \
        BOOLEAN("enableSimpleResponses"), TEXT("identityValidationExpression", LONG_TEXT),                   \
        STRUCT("jwtConfiguration", MEMBERS(jwt_members))

const struct constraint gateway_create_authorizer_members[] = {
    API_ID,
    AUTHORIZER_SETTINGS,
    TEXT("authorizerType", REQUIRED, ONE_OF(authorizer_types)),
    LIST("identitySource", REQUIRED, OF(text)),
    TEXT("name", REQUIRED, NAME_TEXT),
    END,
};

const struct constraint gateway_update_authorizer_members[] = {
    API_ID,
    AUTHORIZER_ID,
    AUTHORIZER_SETTINGS,
    TEXT("authorizerType", ONE_OF(authorizer_types)),
    LIST("identitySource", OF(text)),
    TEXT("name", NAME_TEXT),
    END,
};

/* ---- deployments ---- */

const struct constraint gateway_create_deployment_members[] = {
    API_ID,
    TEXT("description", LONG_TEXT),
    TEXT("stageName", NAME_TEXT),
    END,
};

const struct constraint gateway_update_deployment_members[] = {
    API_ID,
    DEPLOYMENT_ID,
    TEXT("description", LONG_TEXT),
    END,
};

/* ---- integrations ---- */

#define INTEGRATION_SETTINGS                                                                                 \
    TEXT("connectionId", SIZE(1, 1024)), TEXT("connectionType", ONE_OF(connection_types)),                   \
        TEXT("contentHandlingStrategy", ONE_OF(content_handlings)), TEXT("credentialsArn"),                  \
        TEXT("description", LONG_TEXT), TEXT("integrationMethod", SHORT_TEXT),                               \
        TEXT("integrationSubtype", NAME_TEXT), TEXT("integrationUri", URI_TEXT),                             \
        TEXT("passthroughBehavior", ONE_OF(passthroughs)), TEXT("payloadFormatVersion", SHORT_TEXT),         \
        MAP("requestParameters", KEYS(text), OF(parameter_text)),                                            \
        MAP("requestTemplates", KEYS(text), OF(template_text)),                                              \
        MAP("responseParameters", KEYS(text), OF(parameters)), TEXT("templateSelectionExpression"),          \
        INTEGER("timeoutInMillis", SIZE(50, 30000)), STRUCT("tlsConfig", MEMBERS(tls_members))

const struct constraint gateway_create_integration_members[] = {
    API_ID,
    INTEGRATION_SETTINGS,
    TEXT("integrationType", REQUIRED, ONE_OF(integration_types)),
    END,
};

const struct constraint gateway_update_integration_members[] = {
    API_ID, INTEGRATION_ID, INTEGRATION_SETTINGS, TEXT("integrationType", ONE_OF(integration_types)), END,
};

/* ---- routes ---- */

#define ROUTE_SETTINGS                                                                                       \
    BOOLEAN("apiKeyRequired"), LIST("authorizationScopes", OF(scope)),                                       \
        TEXT("authorizationType", ONE_OF(authorization_types)), TEXT("authorizerId"),                        \
        TEXT("modelSelectionExpression"), TEXT("operationName", SHORT_TEXT),                                 \
        MAP("requestModels", KEYS(text), OF(model_name)),                                                    \
        MAP("requestParameters", KEYS(text), OF(parameter_constraints)),                                     \
        TEXT("routeResponseSelectionExpression"), TEXT("target", NAME_TEXT)

const struct constraint gateway_create_route_members[] = {
    API_ID,
    ROUTE_SETTINGS,
    TEXT("routeKey", REQUIRED),
    END,
};

const struct constraint gateway_update_route_members[] = {
    API_ID, ROUTE_ID, ROUTE_SETTINGS, TEXT("routeKey"), END,
};

/* ---- stages ---- */

#define STAGE_SETTINGS                                                                                       \
    STRUCT("accessLogSettings", MEMBERS(access_log_members)), BOOLEAN("autoDeploy"),                         \
        TEXT("clientCertificateId"), STRUCT("defaultRouteSettings", MEMBERS(route_settings_members)),        \
        TEXT("deploymentId"), TEXT("description", LONG_TEXT),                                                \
        MAP("routeSettings", KEYS(text), OF(route_settings)),                                                \
        MAP("stageVariables", KEYS(text), OF(variable))

const struct constraint gateway_create_stage_members[] = {
    API_ID, STAGE_SETTINGS, TEXT("stageName", REQUIRED, NAME_TEXT), GATEWAY_TAGS, END,
};

const struct constraint gateway_update_stage_members[] = {API_ID, STAGE_NAME, STAGE_SETTINGS, END};

/* ---- tags ---- */

const struct constraint gateway_get_tags_members[] = {RESOURCE_ARN, END};
const struct constraint gateway_tag_members[] = {RESOURCE_ARN, GATEWAY_TAGS, END};
const struct constraint gateway_untag_members[] = {
    RESOURCE_ARN,
    LIST("tagKeys", IN_QUERY("tagKeys"), REQUIRED, OF(text)),
    END,
};

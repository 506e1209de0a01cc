/* The operations on HTTP APIs, and how their failures are called. Those without a handler are of WebSocket
 * APIs, or not there yet. */
#include "api/gateway/handlers.h"
#include "api/service.h"
#include "model/gateway/members.h"

#define API "/v2/apis/{apiId}"
#define AUTHORIZER API "/authorizers/{authorizerId}"
#define DEPLOYMENT API "/deployments/{deploymentId}"
#define DOMAIN "/v2/domainnames/{domainName}"
#define INTEGRATION API "/integrations/{integrationId}"
#define ROUTE API "/routes/{routeId}"
#define STAGE API "/stages/{stageName}"
#define TAGS "/v2/tags/{resource-arn}"

#define ROW(operation, its_method, its_path, its_status, its_members, function)                              \
    {                                                                                                        \
        .name = operation, .method = its_method, .path = its_path, .status = its_status,                     \
        .members = gateway_##its_members##_members, .run = function                                          \
    }
#define NOT_YET(operation, its_method, its_path, its_status)                                                 \
    { .name = operation, .method = its_method, .path = its_path, .status = its_status }

static const struct api_operation operations[] = {
    ROW("CreateApi", "POST", "/v2/apis", 201, create_api, gateway_create_api),
    NOT_YET("CreateApiMapping", "POST", DOMAIN "/apimappings", 201),
    ROW("CreateAuthorizer", "POST", API "/authorizers", 201, create_authorizer, gateway_create),
    ROW("CreateDeployment", "POST", API "/deployments", 201, create_deployment, gateway_create),
    NOT_YET("CreateDomainName", "POST", "/v2/domainnames", 201),
    ROW("CreateIntegration", "POST", API "/integrations", 201, create_integration, gateway_create),
    NOT_YET("CreateIntegrationResponse", "POST", INTEGRATION "/integrationresponses", 201),
    NOT_YET("CreateModel", "POST", API "/models", 201),
    ROW("CreateRoute", "POST", API "/routes", 201, create_route, gateway_create),
    NOT_YET("CreateRouteResponse", "POST", ROUTE "/routeresponses", 201),
    ROW("CreateStage", "POST", API "/stages", 201, create_stage, gateway_create),
    NOT_YET("CreateVpcLink", "POST", "/v2/vpclinks", 201),
    NOT_YET("DeleteAccessLogSettings", "DELETE", STAGE "/accesslogsettings", 204),
    ROW("DeleteApi", "DELETE", API, 204, api, gateway_delete),
    NOT_YET("DeleteApiMapping", "DELETE", DOMAIN "/apimappings/{apiMappingId}", 204),
    ROW("DeleteAuthorizer", "DELETE", AUTHORIZER, 204, authorizer, gateway_delete),
    ROW("DeleteCorsConfiguration", "DELETE", API "/cors", 204, api, gateway_delete_cors),
    ROW("DeleteDeployment", "DELETE", DEPLOYMENT, 204, deployment, gateway_delete),
    NOT_YET("DeleteDomainName", "DELETE", DOMAIN, 204),
    ROW("DeleteIntegration", "DELETE", INTEGRATION, 204, integration, gateway_delete),
    NOT_YET("DeleteIntegrationResponse", "DELETE",
            INTEGRATION "/integrationresponses/{integrationResponseId}", 204),
    NOT_YET("DeleteModel", "DELETE", API "/models/{modelId}", 204),
    ROW("DeleteRoute", "DELETE", ROUTE, 204, route, gateway_delete),
    NOT_YET("DeleteRouteRequestParameter", "DELETE", ROUTE "/requestparameters/{requestParameterKey}", 204),
    NOT_YET("DeleteRouteResponse", "DELETE", ROUTE "/routeresponses/{routeResponseId}", 204),
    NOT_YET("DeleteRouteSettings", "DELETE", STAGE "/routesettings/{routeKey}", 204),
    ROW("DeleteStage", "DELETE", STAGE, 204, stage, gateway_delete),
    NOT_YET("DeleteVpcLink", "DELETE", "/v2/vpclinks/{vpcLinkId}", 202),
    NOT_YET("ExportApi", "GET", API "/exports/{specification}", 200),
    ROW("GetApi", "GET", API, 200, api, gateway_get),
    NOT_YET("GetApiMapping", "GET", DOMAIN "/apimappings/{apiMappingId}", 200),
    NOT_YET("GetApiMappings", "GET", DOMAIN "/apimappings", 200),
    ROW("GetApis", "GET", "/v2/apis", 200, list_apis, gateway_list),
    ROW("GetAuthorizer", "GET", AUTHORIZER, 200, authorizer, gateway_get),
    ROW("GetAuthorizers", "GET", API "/authorizers", 200, list, gateway_list),
    ROW("GetDeployment", "GET", DEPLOYMENT, 200, deployment, gateway_get),
    ROW("GetDeployments", "GET", API "/deployments", 200, list, gateway_list),
    NOT_YET("GetDomainName", "GET", DOMAIN, 200),
    NOT_YET("GetDomainNames", "GET", "/v2/domainnames", 200),
    ROW("GetIntegration", "GET", INTEGRATION, 200, integration, gateway_get),
    NOT_YET("GetIntegrationResponse", "GET", INTEGRATION "/integrationresponses/{integrationResponseId}",
            200),
    NOT_YET("GetIntegrationResponses", "GET", INTEGRATION "/integrationresponses", 200),
    ROW("GetIntegrations", "GET", API "/integrations", 200, list, gateway_list),
    NOT_YET("GetModel", "GET", API "/models/{modelId}", 200),
    NOT_YET("GetModelTemplate", "GET", API "/models/{modelId}/template", 200),
    NOT_YET("GetModels", "GET", API "/models", 200),
    ROW("GetRoute", "GET", ROUTE, 200, route, gateway_get),
    NOT_YET("GetRouteResponse", "GET", ROUTE "/routeresponses/{routeResponseId}", 200),
    NOT_YET("GetRouteResponses", "GET", ROUTE "/routeresponses", 200),
    ROW("GetRoutes", "GET", API "/routes", 200, list, gateway_list),
    ROW("GetStage", "GET", STAGE, 200, stage, gateway_get),
    ROW("GetStages", "GET", API "/stages", 200, list, gateway_list),
    ROW("GetTags", "GET", TAGS, 200, get_tags, gateway_get_tags),
    NOT_YET("GetVpcLink", "GET", "/v2/vpclinks/{vpcLinkId}", 200),
    NOT_YET("GetVpcLinks", "GET", "/v2/vpclinks", 200),
    NOT_YET("ImportApi", "PUT", "/v2/apis", 201),
    NOT_YET("ReimportApi", "PUT", API, 201),
    ROW("ResetAuthorizersCache", "DELETE", STAGE "/cache/authorizers", 204, stage,
        gateway_reset_authorizers_cache),
    ROW("TagResource", "POST", TAGS, 201, tag, gateway_tag),
    ROW("UntagResource", "DELETE", TAGS, 204, untag, gateway_untag),
    ROW("UpdateApi", "PATCH", API, 200, update_api, gateway_update),
    NOT_YET("UpdateApiMapping", "PATCH", DOMAIN "/apimappings/{apiMappingId}", 200),
    ROW("UpdateAuthorizer", "PATCH", AUTHORIZER, 200, update_authorizer, gateway_update),
    ROW("UpdateDeployment", "PATCH", DEPLOYMENT, 200, update_deployment, gateway_update),
    NOT_YET("UpdateDomainName", "PATCH", DOMAIN, 200),
    ROW("UpdateIntegration", "PATCH", INTEGRATION, 200, update_integration, gateway_update),
    NOT_YET("UpdateIntegrationResponse", "PATCH", INTEGRATION "/integrationresponses/{integrationResponseId}",
            200),
    NOT_YET("UpdateModel", "PATCH", API "/models/{modelId}", 200),
    ROW("UpdateRoute", "PATCH", ROUTE, 200, update_route, gateway_update),
    NOT_YET("UpdateRouteResponse", "PATCH", ROUTE "/routeresponses/{routeResponseId}", 200),
    ROW("UpdateStage", "PATCH", STAGE, 200, update_stage, gateway_update),
    NOT_YET("UpdateVpcLink", "PATCH", "/v2/vpclinks/{vpcLinkId}", 200),
};

static const size_t operation_count = sizeof operations / sizeof operations[0];

static enum api_exception exception_of(enum err_code code) {
    static const struct {
        enum err_code code;
        enum api_exception exception;
    } own[] = {
        {ERR_NOT_FOUND, API_GATEWAY_NOT_FOUND},   {ERR_CONFLICT, API_GATEWAY_CONFLICT},
        {ERR_SYNTAX, API_GATEWAY_BAD_REQUEST},    {ERR_VALIDATION, API_GATEWAY_BAD_REQUEST},
        {ERR_PARAMETER, API_GATEWAY_BAD_REQUEST}, {ERR_LIMIT, API_GATEWAY_BAD_REQUEST},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i].code == code)
            return own[i].exception;
    return error_exception(code);
}

const struct api_service gateway_service = {
    .name = "apigateway",
    .title = "API Gateway V2 (HTTP APIs)",
    .protocol = ERROR_REST_JSON,
    .operations = operations,
    .operation_count = &operation_count,
    .exception = exception_of,
    .authorize = gateway_authorize,
};

/* Who may manage HTTP APIs: an action for each method, on the path. Source: Service Authorization Reference,
 * "Actions, resources, and condition keys for Amazon API Gateway Management V2". */
#include <stdio.h>
#include <string.h>

#include "api/access.h"
#include "api/context.h"
#include "api/gateway/handlers.h"
#include "base/mem.h"

bool gateway_authorize(struct api_call *call, struct err *err) {
    char action[32];
    if (!call->request)
        return err_set(err, ERR_CLOSED, "the client went away");
    struct http_text path = call->request->path;
    snprintf(action, sizeof action, "apigateway:%s", call->match.operation->method);
    OWN_MEM char *decoded = mem_alloc(path.len + 1);
    if (!http_percent_decode(path, decoded, path.len + 1))
        return err_set(err, ERR_VALIDATION, "The path of the request is badly encoded.");
    const char *region = call->api->options.region;
    OWN_MEM char *resource = mem_format("arn:%s:apigateway:%s::%s", function_arn_partition(region), region,
                                        decoded + strlen("/v2"));
    const struct access_request request = {
        .principal = call->caller,
        .action = action,
        .resource = resource,
        .resource_account = call->caller->account,
        .call = call,
    };
    return access_check(call->api, &request, err);
}

/* The operations on HTTP APIs. Which kind of thing one is about its name says: CreateRoute, GetRoutes. */
#pragma once

#include "api/call.h"

void gateway_create(struct api_call *call);
void gateway_create_api(struct api_call *call);
void gateway_delete(struct api_call *call);
void gateway_delete_cors(struct api_call *call);
void gateway_get(struct api_call *call);
void gateway_get_tags(struct api_call *call);
void gateway_list(struct api_call *call);
void gateway_reset_authorizers_cache(struct api_call *call);
void gateway_tag(struct api_call *call);
void gateway_untag(struct api_call *call);
void gateway_update(struct api_call *call);

/* For struct api_service: apigateway:GET and so on, on "arn:aws:apigateway:<region>::/apis/<id>/...". */
bool gateway_authorize(struct api_call *call, struct err *err);

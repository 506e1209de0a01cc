/* The members of the operations on HTTP APIs, from the public service model of API Gateway V2: tables for
 * constraint_check_request(). The model tells the bounds of texts in the names of its shapes alone
 * ("StringWithLengthBetween1And128"). */
#pragma once

#include "model/constraint.h"

/* Of operations that name things in their path and say nothing else. */
extern const struct constraint gateway_api_members[];
extern const struct constraint gateway_authorizer_members[];
extern const struct constraint gateway_deployment_members[];
extern const struct constraint gateway_integration_members[];
extern const struct constraint gateway_route_members[];
extern const struct constraint gateway_stage_members[];

/* Lists: of APIs, and of what an API has. */
extern const struct constraint gateway_list_apis_members[];
extern const struct constraint gateway_list_members[];

extern const struct constraint gateway_create_api_members[];
extern const struct constraint gateway_create_authorizer_members[];
extern const struct constraint gateway_create_deployment_members[];
extern const struct constraint gateway_create_integration_members[];
extern const struct constraint gateway_create_route_members[];
extern const struct constraint gateway_create_stage_members[];
extern const struct constraint gateway_update_api_members[];
extern const struct constraint gateway_update_authorizer_members[];
extern const struct constraint gateway_update_deployment_members[];
extern const struct constraint gateway_update_integration_members[];
extern const struct constraint gateway_update_route_members[];
extern const struct constraint gateway_update_stage_members[];

extern const struct constraint gateway_get_tags_members[];
extern const struct constraint gateway_tag_members[];
extern const struct constraint gateway_untag_members[];

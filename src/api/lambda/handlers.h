/* The handlers of Lambda's operations, one file per resource; operations.c puts them into its table. Each
 * owns the call. */
#pragma once

#include "api/call.h"

void lambda_create_function(struct api_call *call);
void lambda_delete_function(struct api_call *call);
void lambda_download_code(struct api_call *call);
void lambda_get_account_settings(struct api_call *call);
void lambda_get_function(struct api_call *call);
void lambda_get_function_configuration(struct api_call *call);
void lambda_invoke(struct api_call *call);
void lambda_list_functions(struct api_call *call);
void lambda_list_tags(struct api_call *call);
void lambda_tag_resource(struct api_call *call);
void lambda_untag_resource(struct api_call *call);
void lambda_update_function_code(struct api_call *call);
void lambda_update_function_configuration(struct api_call *call);

/* The constraints of the operations on functions, from the Lambda service model: tables for
 * constraint_check_body(), ended by a row without name, and single members of path, query and headers. */
#pragma once

#include "model/constraint.h"

/* Bodies. */
extern const struct constraint create_function_members[];
extern const struct constraint update_function_configuration_members[];
extern const struct constraint update_function_code_members[];
extern const struct constraint tag_resource_members[];

/* TagResource, UntagResource, ListTags. */
extern const struct constraint tag_resource_arn;
extern const struct constraint untag_resource_keys; /* for constraint_check_texts() */

/* ListFunctions. */
extern const struct constraint list_functions_master_region;
extern const struct constraint list_functions_version;
extern const struct constraint list_functions_max_items; /* for constraint_check_integer() */

/* Invoke. */
extern const struct constraint invoke_invocation_type;
extern const struct constraint invoke_log_type;
extern const struct constraint invoke_execution_name;
extern const struct constraint invoke_tenant_id;

/* Single members of path, query and headers, for operations that check them one by one. */
#pragma once

#include "model/lambda/members.h"

#define list_functions_master_region list_functions_members[0]
#define list_functions_version list_functions_members[1]
#define list_functions_max_items list_functions_members[3] /* for constraint_check_integer() */

#define invoke_invocation_type invoke_members[1]
#define invoke_log_type invoke_members[2]
#define invoke_execution_name invoke_members[4]
#define invoke_tenant_id invoke_members[7]

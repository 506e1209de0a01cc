/* The regular expressions of the service model's members that concern functions: as the service prints them,
 * each with a matcher. For tables of constraints. */
#pragma once

#include "model/constraint.h"

extern const struct constraint_pattern pattern_function_write; /* function_ref.c */
extern const struct constraint_pattern pattern_role;
extern const struct constraint_pattern pattern_handler;
extern const struct constraint_pattern pattern_bucket;
extern const struct constraint_pattern pattern_anything;
extern const struct constraint_pattern pattern_optional_arn;
extern const struct constraint_pattern pattern_subnet;
extern const struct constraint_pattern pattern_security_group;
extern const struct constraint_pattern pattern_variable_name;
extern const struct constraint_pattern pattern_tag;
extern const struct constraint_pattern pattern_layer_version;
extern const struct constraint_pattern pattern_file_system;
extern const struct constraint_pattern pattern_mount_path;
extern const struct constraint_pattern pattern_code_signing;
extern const struct constraint_pattern pattern_capacity_provider;
extern const struct constraint_pattern pattern_log_group;
extern const struct constraint_pattern pattern_taggable;
extern const struct constraint_pattern pattern_master_region;
extern const struct constraint_pattern pattern_execution_name;
extern const struct constraint_pattern pattern_tenant;

/* The regular expressions that members of Lambda's operations must satisfy. For the tables of members. */
#pragma once

#include "model/constraint.h"

/* Matched by hand in model/function_ref.c: every call passes through them. */
extern const struct constraint_pattern pattern_function_read;
extern const struct constraint_pattern pattern_function_write;
extern const struct constraint_pattern pattern_qualifier;

extern const struct constraint_pattern pattern_account_id;
extern const struct constraint_pattern pattern_action;
extern const struct constraint_pattern pattern_alias;
extern const struct constraint_pattern pattern_anything;
extern const struct constraint_pattern pattern_arn;
extern const struct constraint_pattern pattern_base64;
extern const struct constraint_pattern pattern_bucket;
extern const struct constraint_pattern pattern_capacity_provider;
extern const struct constraint_pattern pattern_capacity_provider_name;
extern const struct constraint_pattern pattern_client_token;
extern const struct constraint_pattern pattern_code_signing;
extern const struct constraint_pattern pattern_collection;
extern const struct constraint_pattern pattern_database;
extern const struct constraint_pattern pattern_destination;
extern const struct constraint_pattern pattern_durable_execution;
extern const struct constraint_pattern pattern_endpoint;
extern const struct constraint_pattern pattern_event_source_token;
extern const struct constraint_pattern pattern_file_system;
extern const struct constraint_pattern pattern_function_unqualified;
extern const struct constraint_pattern pattern_function_url;
extern const struct constraint_pattern pattern_instance_type;
extern const struct constraint_pattern pattern_layer;
extern const struct constraint_pattern pattern_layer_action;
extern const struct constraint_pattern pattern_layer_principal;
extern const struct constraint_pattern pattern_layer_version;
extern const struct constraint_pattern pattern_line;
extern const struct constraint_pattern pattern_log_group;
extern const struct constraint_pattern pattern_master_region;
extern const struct constraint_pattern pattern_mount_path;
extern const struct constraint_pattern pattern_no_space;
extern const struct constraint_pattern pattern_number;
extern const struct constraint_pattern pattern_optional_arn;
extern const struct constraint_pattern pattern_organization;
extern const struct constraint_pattern pattern_poller_group;
extern const struct constraint_pattern pattern_printable;
extern const struct constraint_pattern pattern_provisioned_qualifier;
extern const struct constraint_pattern pattern_published_qualifier;
extern const struct constraint_pattern pattern_role;
extern const struct constraint_pattern pattern_runtime_version;
extern const struct constraint_pattern pattern_schema_registry;
extern const struct constraint_pattern pattern_security_group;
extern const struct constraint_pattern pattern_service_arn;
extern const struct constraint_pattern pattern_statement;
extern const struct constraint_pattern pattern_statement_read;
extern const struct constraint_pattern pattern_subnet;
extern const struct constraint_pattern pattern_tag;
extern const struct constraint_pattern pattern_taggable;
extern const struct constraint_pattern pattern_tenant;
extern const struct constraint_pattern pattern_topic;
extern const struct constraint_pattern pattern_uri;
extern const struct constraint_pattern pattern_url_qualifier;
extern const struct constraint_pattern pattern_variable_name;
extern const struct constraint_pattern pattern_version;
extern const struct constraint_pattern pattern_word;

/* Member names, order and defaults as recorded from the service. Members the service leaves out when they
 * were never set are left out. Pure. */
#include "api/lambda/configuration_json.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "model/log_group.h"
#include "model/runtime.h"

static void write_object(struct json_writer *writer, const char *key, const char *name, const char *value) {
    json_key(writer, key);
    json_open_object(writer);
    json_put_member(writer, name, value);
    json_close_object(writer);
}

static void write_environment(struct json_writer *writer, const struct function *function) {
    json_key(writer, "Environment");
    json_open_object(writer);
    json_key(writer, "Variables");
    json_open_object(writer);
    for (size_t i = 0; i < function->variable_count; i++)
        json_put_member(writer, function->variables[i].name, function->variables[i].value);
    json_close_object(writer);
    json_close_object(writer);
}

static void write_layers(struct json_writer *writer, const struct function *function) {
    json_key(writer, "Layers");
    json_open_array(writer);
    for (size_t i = 0; i < function->layer_count; i++) {
        json_open_object(writer);
        json_put_member(writer, "Arn", function->layers[i].arn);
        json_put_member_integer(writer, "CodeSize", (int64_t)function->layers[i].size_bytes);
        json_close_object(writer);
    }
    json_close_array(writer);
}

static void write_logging(struct json_writer *writer, const struct function *function) {
    char group[LOG_GROUP_BYTES];
    log_group_of(function, group);
    json_key(writer, "LoggingConfig");
    json_open_object(writer);
    json_put_member(writer, "ApplicationLogLevel", function_log_level_name(function->application_log_level));
    json_put_member(writer, "LogFormat", function->logs_json ? "JSON" : "Text");
    json_put_member(writer, "LogGroup", group);
    json_put_member(writer, "SystemLogLevel", function_log_level_name(function->system_log_level));
    json_close_object(writer);
}

static void write_runtime_version(struct json_writer *writer, const struct function *function,
                                  const char *arn) {
    char hash[DIGEST_SHA256_HEX_BYTES];
    runtime_version_hash(function->runtime, hash);
    const char *home_end = arn; /* behind "arn:<partition>:lambda:<region>" */
    for (int colons = 0; *home_end && (*home_end != ':' || ++colons < 4); home_end++)
        ;
    char version_arn[FUNCTION_ARN_BYTES + sizeof "::runtime:" + DIGEST_SHA256_HEX_BYTES];
    snprintf(version_arn, sizeof version_arn, "%.*s::runtime:%s", (int)(home_end - arn), arn, hash);
    write_object(writer, "RuntimeVersionConfig", "RuntimeVersionArn", version_arn);
}

/* On for the versions that would start from a snapshot: the published ones. */
static void write_snap_start(struct json_writer *writer, const struct function *function) {
    bool is_on = function->is_snapstart && strcmp(function->version, FUNCTION_LATEST) != 0;
    json_key(writer, "SnapStart");
    json_open_object(writer);
    json_put_member(writer, "ApplyOn", function->is_snapstart ? "PublishedVersions" : "None");
    json_put_member(writer, "OptimizationStatus", is_on ? "On" : "Off");
    json_close_object(writer);
}

static void write_update(struct json_writer *writer, const struct function *function) {
    if (function->update == FUNCTION_UPDATE_NONE)
        return;
    json_put_member(writer, "LastUpdateStatus", function_update_name(function->update));
    json_put_member(writer, "LastUpdateStatusReason", function->update_reason);
    json_put_member(writer, "LastUpdateStatusReasonCode", function->update_reason_code);
}

static void write_code(struct json_writer *writer, const struct function *function) {
    char sha256[DIGEST_SHA256_BASE64_BYTES];
    function_code_sha256(function, sha256);
    json_key(writer, "Architectures");
    json_open_array(writer);
    json_put_string(writer, function->architecture);
    json_close_array(writer);
    json_put_member(writer, "CodeSha256", sha256);
    json_put_member_integer(writer, "CodeSize", (int64_t)function->code_size_bytes);
}

static void write_tmp(struct json_writer *writer, const struct function *function) {
    json_key(writer, "EphemeralStorage");
    json_open_object(writer);
    json_put_member_integer(writer, "Size", function->tmp_mb);
    json_close_object(writer);
}

void configuration_write(struct json_writer *writer, const struct function *function, const char *arn,
                         enum configuration_members members) {
    char modified[CLOCK_TEXT_BYTES];
    clock_format_modified(function->last_modified_us, modified);
    bool is_whole = members == CONFIGURATION_WHOLE;

    json_open_object(writer);
    write_code(writer, function);
    if (function->dead_letter_arn)
        write_object(writer, "DeadLetterConfig", "TargetArn", function->dead_letter_arn);
    json_put_member(writer, "Description", function->description);
    if (function->has_environment)
        write_environment(writer, function);
    write_tmp(writer, function);
    json_put_member(writer, "FunctionArn", arn);
    json_put_member(writer, "FunctionName", function->name);
    json_put_member(writer, "Handler", function->handler);
    json_put_member(writer, "LastModified", modified);
    if (is_whole)
        write_update(writer, function);
    if (function->layer_count)
        write_layers(writer, function);
    write_logging(writer, function);
    json_put_member_integer(writer, "MemorySize", function->memory_mb);
    json_put_member(writer, "PackageType", "Zip");
    json_put_member(writer, "RevisionId", function->revision_id);
    json_put_member(writer, "Role", function->role);
    json_put_member(writer, "Runtime", function->runtime);
    if (is_whole)
        write_runtime_version(writer, function, arn);
    write_snap_start(writer, function);
    if (is_whole) {
        json_put_member(writer, "State", function_state_name(function->state));
        json_put_member(writer, "StateReason", function->state_reason);
        json_put_member(writer, "StateReasonCode", function->state_reason_code);
    }
    json_put_member_integer(writer, "Timeout", function->timeout_s);
    write_object(writer, "TracingConfig", "Mode", function->is_traced ? "Active" : "PassThrough");
    json_put_member(writer, "Version", function->version);
    json_close_object(writer);
}

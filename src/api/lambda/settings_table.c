/* See settings_table.h. Pure but for the log. */
#include "api/lambda/settings_table.h"

#include <string.h>

#include "api/lambda/body.h"
#include "base/log.h"

static bool is_for_another_machine(const struct function *function, const char *machine) {
    return strcmp(function->architecture, machine) != 0;
}

static bool always(const struct function *function, const char *machine) {
    (void)function;
    (void)machine;
    return true;
}

static bool is_snapstart(const struct function *function, const char *machine) {
    (void)machine;
    return function->is_snapstart;
}

static bool is_traced(const struct function *function, const char *machine) {
    (void)machine;
    return function->is_traced;
}

#define WARNED(member, inner, is_used, lacks)                                                                \
    { member, inner, lacks, is_used, NULL }
#define REFUSED(member, unused, lacks)                                                                       \
    { member, NULL, lacks, NULL, unused }

static const struct setting rows[] = {
    WARNED("Architectures", NULL, is_for_another_machine,
           "runs functions on this machine's processor: interpreted code works, a native program for another "
           "machine type does not start"),
    REFUSED("CapacityProviderConfig", NULL, "has no capacity providers"),
    WARNED("CodeSigningConfigArn", NULL, always, "does not verify the signatures of code yet"),
    REFUSED("DurableConfig", NULL, "does not run durable executions yet"),
    REFUSED("FileSystemConfigs", NULL,
            "does not mount network file systems yet, and what the function wrote there would be lost"),
    REFUSED("ImageConfig", NULL, "does not run container images yet"),
    REFUSED("KMSKeyArn", NULL, "does not encrypt environment variables with a key of KMS yet"),
    REFUSED("PackageType", "Zip", "does not run container images yet"),
    REFUSED("PublishTo", NULL, "has no managed instances, for which $LATEST.PUBLISHED is made"),
    WARNED("SnapStart", "ApplyOn", is_snapstart, "does not start published versions from snapshots yet"),
    REFUSED("TenancyConfig", NULL, "does not isolate the tenants of a function from each other yet"),
    WARNED("TracingConfig", "Mode", is_traced, "does not send traces to X-Ray yet"),
    REFUSED(
        "VpcConfig", NULL,
        "does not isolate functions in a VPC yet: neither its subnets nor its security groups would apply"),
};

#define ROWS_END (rows + sizeof rows / sizeof rows[0])

const struct setting *settings_row(size_t index) {
    return index < sizeof rows / sizeof rows[0] ? &rows[index] : NULL;
}

/* Null, false, "", and containers of nothing else. */
static bool is_empty(struct json_value value) {
    if (!json_is_present(value))
        return true;
    enum json_type type = json_type_of(value);
    if (type == JSON_STRING)
        return json_string_is(value, "");
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return type == JSON_NULL || type == JSON_FALSE;
    struct json_value item;
    for (uint32_t cursor = 0; json_each(value, &cursor, NULL, &item);)
        if (!is_empty(item))
            return false;
    return true;
}

static struct json_value value_of(struct json_value request, const struct setting *row) {
    struct json_value value = body_member(request, row->member);
    return row->inner ? body_member(value, row->inner) : value;
}

bool settings_check(struct json_value request, struct err *err) {
    for (const struct setting *row = rows; row < ROWS_END; row++) {
        struct json_value value = value_of(request, row);
        if (row->is_used || is_empty(value) || (row->unused && json_string_is(value, row->unused)))
            continue;
        return err_set(err, ERR_PARAMETER, "Lamb %s. Leave %s out of the request.", row->lacks, row->member);
    }
    return true;
}

void settings_warn(struct json_value request, const struct function *function, const char *machine) {
    for (const struct setting *row = rows; row < ROWS_END; row++)
        if (row->is_used && !is_empty(value_of(request, row)) && row->is_used(function, machine))
            log_warn("function.setting_without_effect", "function=%s setting=%s%s%s note=\"Lamb %s\"",
                     function->name, row->member, row->inner ? "." : "", row->inner ? row->inner : "",
                     row->lacks);
}

/* See event_invoke_destination.h. */
#include "api/lambda/event_invoke_destination.h"

#include <string.h>

#include "api/lambda/aliases.h"
#include "api/lambda/execution_role.h"
#include "base/mem.h"

#define SERVICE_BYTES 32
#define TEXT_BYTES 4096 /* two destinations of at most 350 characters, and more */

static const struct destination_service services[] = {
    {"events", "events:PutEvents", "PutEvents", false, false},
    {"lambda", "lambda:InvokeFunction", "InvokeFunction", false, false},
    {"s3", "s3:PutObject", "PutObject", true, true},
    {"sns", "sns:Publish", "Publish", false, false},
    {"sqs", "sqs:SendMessage", "SendMessage", false, false},
};

const struct destination_service *destination_service_of(const char *arn) {
    const char *colon = strncmp(arn, "arn:", 4) == 0 ? strchr(arn + 4, ':') : NULL;
    size_t len = colon ? strcspn(colon + 1, ":") : 0;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        if (strlen(services[i].name) == len && len && memcmp(services[i].name, colon + 1, len) == 0)
            return &services[i];
    return NULL;
}

/* Queues and topics must be standard ones. */
static bool is_fifo(const char *arn) {
    static const char suffix[] = ".fifo";
    size_t len = strlen(arn);
    return len >= strlen(suffix) && strcmp(arn + len - strlen(suffix), suffix) == 0;
}

/* A function must exist and be another one. */
static bool check_function(const struct lambda *lambda, const struct function *function, const char *arn,
                           struct err *err) {
    struct function_ref ref;
    bool is_here = function_ref_parse(arn, FUNCTION_REF_READ, &ref, NULL) &&
                   strcmp(ref.region, lambda->api->options.region) == 0;
    const struct catalogue_entry *found = is_here ? catalogue_find(&lambda->catalogue, ref.account, ref.name)
                                                  : NULL;
    if (!found || !found->latest || !entry_resolve(found, ref.qualifier))
        return err_set(err, ERR_PARAMETER, "The destination ARN %s is invalid.", arn);
    if (strcmp(found->account, function->account) == 0 && strcmp(found->name, function->name) == 0)
        return err_set(err, ERR_PARAMETER, "You can't specify the function as a destination for itself.");
    return true;
}

bool destination_is_allowed(const struct api *api, const struct function *function,
                            const struct destination_service *service, const char *arn) {
    OWN_MEM char *resource = mem_format("%s%s", arn, service->has_objects ? "/*" : "");
    return execution_role_allows(api, function, service->action, resource);
}

static bool check_role(const struct lambda *lambda, const struct function *function,
                       const struct destination_service *service, const char *arn, struct err *err) {
    return destination_is_allowed(lambda->api, function, service, arn) ||
           err_set(err, ERR_PARAMETER,
                   "The function's execution role does not have permissions to call %s on %s", service->verb,
                   arn);
}

static void describe(const char *type, const char *arn, struct buf *text) {
    if (!arn)
        buf_append_text(text, "null");
    else
        buf_append_format(text, "%s(destination=%s)", type, arn[0] ? arn : "null");
}

static bool refuse(const char *on_success, const char *on_failure, struct err *err) {
    OWN(buf) struct buf text;
    buf_init(&text, TEXT_BYTES);
    buf_append_text(&text, "The provided destination config DestinationConfig(onSuccess=");
    describe("OnSuccess", on_success, &text);
    buf_append_text(&text, ", onFailure=");
    describe("OnFailure", on_failure, &text);
    buf_append_text(&text, ") is invalid.");
    return err_set(err, ERR_PARAMETER, "%s", buf_text(&text));
}

bool event_invoke_check_destinations(const struct lambda *lambda, const struct function *function,
                                     const char *on_success, const char *on_failure, struct err *err) {
    const char *const parts[] = {on_failure, on_success};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *arn = parts[i];
        if (!arn || !arn[0])
            continue;
        const struct destination_service *service = destination_service_of(arn);
        if (!service || is_fifo(arn) || (service->is_for_failures && arn != on_failure))
            return refuse(on_success, on_failure, err);
        if (strcmp(service->name, "lambda") == 0 && !check_function(lambda, function, arn, err))
            return false;
        if (!check_role(lambda, function, service, arn, err))
            return false;
    }
    return true;
}

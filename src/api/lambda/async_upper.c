/* See async_upper.h. */
#include "api/lambda/async_upper.h"

#include <string.h>

#include "api/iam/identities.h"
#include "api/lambda/event_invoke_config.h"
#include "api/lambda/event_invoke_destination.h"
#include "api/lambda/lambda.h"
#include "api/lambda/recursion.h"
#include "api/lambda/routing.h"
#include "api/sqs/definitions.h"
#include "api/sqs/message.h"
#include "base/mem.h"

static struct catalogue_entry *find_entry(const struct api *api, const char *account, const char *name) {
    struct catalogue_entry *entry = catalogue_find(&api->lambda->catalogue, account, name);
    return entry && entry->latest ? entry : NULL;
}

static bool exists(void *arg, const char *account, const char *name) {
    return find_entry(arg, account, name) != NULL;
}

static bool find(void *arg, const char *account, const char *name, const char *qualifier,
                 struct async_target *ret_target) {
    const struct api *api = arg;
    const struct catalogue_entry *entry = find_entry(api, account, name);
    const struct function *shown = entry ? routing_pick(entry, qualifier) : NULL;
    if (!shown)
        return false;
    ret_target->shown = shown;
    ret_target->runnable = routing_runnable(entry, shown);
    ret_target->has_no_concurrency = entry->has_reserved && entry->reserved == 0;
    ret_target->stops_loops = recursion_is_stopped(api, entry);
    event_invoke_settings(api, entry, qualifier, ret_target);
    return true;
}

/* ---- destinations ---- */

static bool resolve_function(const struct api *api, const char *arn, struct async_address *address,
                             struct err *err) {
    struct function_ref *ref = &address->function;
    if (!function_ref_parse(arn, FUNCTION_REF_READ, ref, err))
        return false;
    bool is_here = strcmp(ref->region, api->options.region) == 0;
    const struct catalogue_entry *entry = is_here ? find_entry(api, ref->account, ref->name) : NULL;
    if (!entry || !entry_resolve(entry, ref->qualifier))
        return err_set(err, ERR_NOT_FOUND, "Function not found: %s", arn);
    address->place = ASYNC_FUNCTION;
    return true;
}

/* A queue that is here, or else an endpoint. */
static bool resolve_queue(const struct api *api, const char *arn, struct async_address *address,
                          struct err *err) {
    struct queue_location location;
    const struct queue_definition *definition = NULL;
    if (location_from_arn(arn, api->options.region, &location))
        definition = definitions_find(api->sqs, &location);
    if (!definition || !definition->queue)
        return true;
    const struct queue_attributes *attributes = &definition->document.attributes;
    if (queue_attributes_flag(attributes, QUEUE_FIFO))
        return err_set(err, ERR_PARAMETER, "%s is a FIFO queue, and results go to standard ones alone", arn);
    address->place = ASYNC_QUEUE;
    address->queue = definition->queue;
    address->most_bytes = (size_t)queue_attributes_number(attributes, QUEUE_MAXIMUM_MESSAGE_SIZE);
    return true;
}

static bool resolve(void *arg, const struct function *sender, const char *arn,
                    struct async_address *ret_address, struct err *err) {
    const struct api *api = arg;
    const struct destination_service *service = destination_service_of(arn);
    *ret_address = (struct async_address){.place = ASYNC_ENDPOINT, .most_bytes = LIMIT_EVENT_BYTES};
    if (!service)
        return err_set(err, ERR_PARAMETER, "%s is nothing that results can be sent to", arn);
    if (!destination_is_allowed(api, sender, service, arn))
        return err_set(err, ERR_DENIED, "the function's execution role %s may not %s on %s", sender->role,
                       service->action, arn);
    if (strcmp(service->name, "lambda") == 0)
        return resolve_function(api, arn, ret_address, err);
    return strcmp(service->name, "sqs") != 0 || resolve_queue(api, arn, ret_address, err);
}

/* ---- messages for queues here ---- */

static void write_dead_letter(const struct letter *letter, struct json_writer *writer) {
    const struct message_attributes attributes = {
        .items = {{.name = "ErrorCode", .type = "Number", .value = letter->error_code},
                  {.name = "ErrorMessage", .type = "String", .value = letter->error_message},
                  {.name = "RequestID", .type = "String", .value = letter->request_id}},
        .count = 3,
    };
    json_key(writer, KEPT_ATTRIBUTES);
    message_attributes_write(&attributes, writer);
}

/* Who sends it is the role of the function, as in its own calls. */
static void write_attributes(void *arg, const struct function *sender, const struct letter *letter,
                             struct buf *attributes) {
    const struct api *api = arg;
    const struct identity *role = identities_find_arn(&api->identities, IDENTITY_ROLE, sender->role);
    OWN_MEM char *id = role ? mem_format("%s:%s", role->id, sender->name) : mem_text(sender->account);
    struct json_writer writer;
    json_writer_init(&writer, attributes);
    json_open_object(&writer);
    json_put_member(&writer, KEPT_SENDER, id);
    json_put_member(&writer, KEPT_TRACE, letter->trace_id);
    if (letter_is_dead(letter))
        write_dead_letter(letter, &writer);
    json_close_object(&writer);
}

struct async_upper async_upper(struct api *api) {
    return (struct async_upper){
        .exists = exists,
        .find = find,
        .resolve = resolve,
        .write_attributes = write_attributes,
        .arg = api,
    };
}

/* GetFunction and GetFunctionConfiguration. */
#include "api/lambda/concurrency.h"
#include "api/lambda/configuration_json.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/location.h"
#include "api/lambda/target.h"
#include "base/mem.h"

struct shown {
    struct catalogue_entry *entry;
    struct function *function;
    char arn[FUNCTION_ARN_BYTES]; /* qualified as the caller asked */
};

static bool find(const struct api_call *call, struct shown *ret_shown, struct err *err) {
    struct function_ref ref;
    if (!target_parse(call, FUNCTION_REF_READ, TARGET_WITH_QUALIFIER, &ref, err) ||
        !target_version(call, &ref, &ret_shown->function, &ret_shown->entry, err))
        return false;
    target_arn(call, &ref, ret_shown->arn);
    return true;
}

static void write_code(struct json_writer *writer, const struct api_call *call,
                       const struct function *function) {
    OWN_MEM char *location = location_make(call, function->code_digest);
    json_key(writer, "Code");
    json_open_object(writer);
    json_put_member(writer, "Location", location);
    json_put_member(writer, "RepositoryType", "S3");
    json_close_object(writer);
}

static void write_concurrency(struct json_writer *writer, const struct catalogue_entry *entry) {
    int64_t reserved = concurrency_reserved(entry);
    if (reserved == CONCURRENCY_NOT_RESERVED)
        return;
    json_key(writer, "Concurrency");
    json_open_object(writer);
    json_put_member_integer(writer, "ReservedConcurrentExecutions", reserved);
    json_close_object(writer);
}

void lambda_get_function(struct api_call *call) {
    struct shown shown;
    struct err err;
    if (!find(call, &shown, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, 2 * CONFIGURATION_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    write_code(&writer, call, shown.function);
    json_key(&writer, "Configuration");
    configuration_write(&writer, shown.function, shown.arn, CONFIGURATION_WHOLE);
    if (shown.entry->tags.count) {
        OWN(buf) struct buf tags;
        buf_init(&tags, body.limit);
        tags_encode(&shown.entry->tags, &tags);
        json_key(&writer, "Tags");
        json_put_raw(&writer, buf_text(&tags), tags.len);
    }
    write_concurrency(&writer, shown.entry);
    json_close_object(&writer);
    call_answer(call, &body);
}

void lambda_get_function_configuration(struct api_call *call) {
    struct shown shown;
    struct err err;
    if (!find(call, &shown, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, CONFIGURATION_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    configuration_write(&writer, shown.function, shown.arn, CONFIGURATION_WHOLE);
    call_answer(call, &body);
}

/* GetFunction and GetFunctionConfiguration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lambda/configuration_json.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/target.h"
#include "base/mem.h"
#include "http/sigv4.h"

/* Code.Location can be followed for ten minutes. Source: Lambda API, GetFunction. */
#define LOCATION_EXPIRES_S 600

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
    function_arn_format(call->api->options.region, call->caller->account, ref.name, ref.qualifier,
                        ret_shown->arn);
    return true;
}

/* A presigned URL of our own: see download.c. */
static char *make_location(const struct api_call *call, const struct function *function) {
    const struct api_options *options = &call->api->options;
    char path[sizeof "/_lamb/code/" + DIGEST_SHA256_HEX_BYTES];
    snprintf(path, sizeof path, "/_lamb/code/%s", function->code_digest);
    const char *separator = strstr(options->public_endpoint, "://");
    const char *rest = separator ? separator + strlen("://") : options->public_endpoint;
    OWN_MEM char *host = mem_copy_text(rest, strcspn(rest, "/"));
    OWN_MEM char *scheme = mem_copy_text(options->public_endpoint,
                                         separator ? (size_t)(separator - options->public_endpoint) : 0);
    const struct sigv4_presign presign = {
        .scheme = separator ? scheme : "http",
        .host = host,
        .path = path,
        .access_key = call->caller->id,
        .secret = call->caller->secret,
        .region = options->region,
        .service = "lambda",
        .now_s = clock_wall_us(call->api->clock) / 1000000,
        .expires_s = LOCATION_EXPIRES_S,
    };
    return sigv4_presign_url(&presign);
}

static void write_code(struct json_writer *writer, const struct api_call *call,
                       const struct function *function) {
    OWN_MEM char *location = make_location(call, function);
    json_key(writer, "Code");
    json_open_object(writer);
    json_put_member(writer, "Location", location);
    json_put_member(writer, "RepositoryType", "S3");
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
    json_close_object(&writer);
    call_answer_json(call, &body);
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
    call_answer_json(call, &body);
}

/* GetAccountSettings. */
#include "api/lambda/concurrency.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/layers.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

#define SETTINGS_BYTES 1024

void lambda_get_account_settings(struct api_call *call) {
    const char *account = call->caller->account;
    struct catalogue_usage usage = catalogue_measure(&lambda_of(call)->catalogue, account);
    usage.code_bytes += layer_code_bytes(call->api, account);
    uint32_t concurrency = call->api->options.concurrency;
    OWN(buf) struct buf body;
    buf_init(&body, SETTINGS_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    json_key(&writer, "AccountLimit");
    json_open_object(&writer);
    json_put_member_integer(&writer, "TotalCodeSize", LIMIT_CODE_STORAGE_BYTES);
    json_put_member_integer(&writer, "CodeSizeUnzipped", LIMIT_UNZIPPED_BYTES);
    json_put_member_integer(&writer, "CodeSizeZipped", LIMIT_ZIP_BYTES);
    json_put_member_integer(&writer, "ConcurrentExecutions", concurrency);
    json_put_member_integer(&writer, "UnreservedConcurrentExecutions",
                            concurrency_unreserved(lambda_of(call), call->caller->account, NULL));
    json_close_object(&writer);
    json_key(&writer, "AccountUsage");
    json_open_object(&writer);
    json_put_member_integer(&writer, "TotalCodeSize", (int64_t)usage.code_bytes);
    json_put_member_integer(&writer, "FunctionCount", (int64_t)usage.functions);
    json_close_object(&writer);
    json_close_object(&writer);
    call_answer(call, &body);
}

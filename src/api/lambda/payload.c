/* See payload.h. */
#include "api/lambda/payload.h"

#include "base/json.h"

bool payload_check(struct http_text payload, struct err *err) {
    struct json_fault fault;
    if (payload.len == 0 || json_check(payload.data, payload.len, &fault))
        return true;
    return err_set(
        err, ERR_SYNTAX,
        "Could not parse request body into json: Could not parse payload into json: %s\n at [Source: "
        "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: %zu, column: %zu]",
        fault.text, fault.line, fault.column);
}

void payload_refuse(struct api_call *call, const struct err *err) {
    if (err->code == ERR_SYNTAX)
        call_refuse(call, API_INVALID_REQUEST_CONTENT, err->text);
    else
        call_fail(call, err);
}

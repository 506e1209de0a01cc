/* The table of exceptions and the ways to write one. Called by api/call.c; nothing here can fail. */
#include "api/error.h"

#include "api/xml.h"
#include "base/json.h"
#include "base/mem.h"

struct exception_row {
    const char *name;
    int status;
    const char *text_key;
    const char *type;
};

static const struct exception_row exceptions[] = {
#define EXCEPTION_ROW(constant, name, status, key, type) [API_##constant] = {name, status, key, type},
    API_EXCEPTIONS(EXCEPTION_ROW)
#undef EXCEPTION_ROW
#define EXCEPTION_ROW(constant, name, status, code) [API_##constant] = {name, status, "message", NULL},
        API_SQS_EXCEPTIONS(EXCEPTION_ROW)
#undef EXCEPTION_ROW
};

const char *error_name(enum api_exception exception) {
    return exceptions[exception].name;
}

int error_status(enum api_exception exception) {
    return exceptions[exception].status;
}

enum api_exception error_exception(enum err_code code) {
    static const enum api_exception by_code[] = {
        [ERR_NONE] = API_SERVICE,
        [ERR_SYNTAX] = API_SERIALIZATION,
        [ERR_VALIDATION] = API_VALIDATION,
        [ERR_PARAMETER] = API_INVALID_PARAMETER_VALUE,
        [ERR_PARAMETER_UNTYPED] = API_INVALID_PARAMETER_VALUE_UNTYPED,
        [ERR_NOT_FOUND] = API_RESOURCE_NOT_FOUND,
        [ERR_NOT_FOUND_UNTYPED] = API_RESOURCE_NOT_FOUND_UNTYPED,
        [ERR_CONFLICT] = API_RESOURCE_CONFLICT,
        [ERR_PRECONDITION] = API_PRECONDITION_FAILED,
        [ERR_TOO_LARGE] = API_REQUEST_ENTITY_TOO_LARGE,
        [ERR_STORAGE_FULL] = API_CODE_STORAGE_EXCEEDED,
        [ERR_IN_USE] = API_RESOURCE_IN_USE,
        [ERR_POLICY_TOO_LONG] = API_POLICY_LENGTH_EXCEEDED,
        [ERR_NO_SIGNING_CONFIG] = API_CODE_SIGNING_CONFIG_NOT_FOUND,
        [ERR_NO_PROVISIONED_CONFIG] = API_PROVISIONED_CONCURRENCY_CONFIG_NOT_FOUND,
        [ERR_ATTRIBUTE_NAME] = API_INVALID_ATTRIBUTE_NAME,
        [ERR_ATTRIBUTE_VALUE] = API_INVALID_ATTRIBUTE_VALUE,
        [ERR_CONTENTS] = API_INVALID_MESSAGE_CONTENTS,
        [ERR_RECEIPT] = API_RECEIPT_HANDLE_IS_INVALID,
        [ERR_THROTTLED] = API_TOO_MANY_REQUESTS,
        [ERR_DENIED] = API_ACCESS_DENIED,
        [ERR_UNAUTHENTICATED] = API_UNRECOGNIZED_CLIENT,
        [ERR_UNSUPPORTED] = API_UNSUPPORTED_OPERATION,
        [ERR_LIMIT] = API_INVALID_PARAMETER_VALUE,
        [ERR_TIMEOUT] = API_SERVICE,
        [ERR_CLOSED] = API_SERVICE,
        [ERR_IO] = API_SERVICE,
        [ERR_CORRUPT] = API_SERVICE,
        [ERR_INTERNAL] = API_SERVICE,
    };
    size_t index = (size_t)code;
    return index < sizeof by_code / sizeof by_code[0] ? by_code[index] : API_SERVICE;
}

bool error_is_internal(enum err_code code) {
    return code == ERR_NONE || code == ERR_IO || code == ERR_CORRUPT || code == ERR_INTERNAL;
}

const char *error_content_type(enum error_protocol protocol) {
    static const char *const types[] = {
        [ERROR_REST_JSON] = "application/json",
        [ERROR_JSON] = "application/x-amz-json-1.1",
        [ERROR_QUERY] = "text/xml",
        [ERROR_QUERY_JSON] = "application/x-amz-json-1.0",
    };
    return types[protocol];
}

#define NAMESPACE "com.amazon.coral.service"
#define SQS_NAMESPACE "com.amazonaws.sqs"

static bool is_of_sqs(enum api_exception exception) {
    static const bool own[] = {
#define OF_SQS(constant, name, status, code) [API_##constant] = true,
        API_SQS_EXCEPTIONS(OF_SQS)
#undef OF_SQS
    };
    size_t index = (size_t)exception;
    return index < sizeof own / sizeof own[0] && own[index];
}

static void write_json(const struct error_body *error, struct buf *body) {
    const struct exception_row *row = &exceptions[error->exception];
    struct json_writer writer;
    json_writer_init(&writer, body);
    json_open_object(&writer);
    if (error->protocol == ERROR_QUERY_JSON) {
        OWN_MEM char *type = mem_format("%s#%s", is_of_sqs(error->exception) ? SQS_NAMESPACE : NAMESPACE,
                                        row->name);
        json_put_member(&writer, "__type", type);
        json_key(&writer, "message");
    } else {
        if (error->protocol == ERROR_JSON)
            json_put_member(&writer, "__type", row->name);
        json_put_member(&writer, "Reason", error->reason);
        json_put_member(&writer, "Type", row->type);
        json_key(&writer, row->text_key);
    }
    if (error->text[0])
        json_put_string(&writer, error->text);
    else
        json_put_null(&writer);
    json_close_object(&writer);
}

/* Services with the query protocol have names of their own for what happens at the front door. Source:
 * "Common errors" of the IAM, STS and SQS API references. */
const char *error_query_code(enum api_exception exception) {
    static const char *const names[] = {[API_ACCESS_DENIED] = "AccessDenied",
                                        [API_EXPIRED_TOKEN] = "ExpiredToken",
                                        [API_INCOMPLETE_SIGNATURE] = "IncompleteSignature",
                                        [API_INVALID_SIGNATURE] = "SignatureDoesNotMatch",
                                        [API_INVALID_PARAMETER_VALUE] = "InvalidParameterValue",
                                        [API_MISSING_PARAMETER] = "MissingParameter",
                                        [API_MISSING_AUTHENTICATION_TOKEN] = "MissingAuthenticationToken",
                                        [API_SERIALIZATION] = "MalformedInput",
                                        [API_SERVICE] = "ServiceFailure",
                                        [API_TOO_MANY_REQUESTS] = "Throttling",
                                        [API_UNRECOGNIZED_CLIENT] = "InvalidClientTokenId",
                                        [API_VALIDATION] = "ValidationError",
#define QUERY_CODE(constant, name, status, code) [API_##constant] = code,
                                        API_SQS_EXCEPTIONS(QUERY_CODE)
#undef QUERY_CODE
    };
    size_t index = (size_t)exception;
    bool has_own = index < sizeof names / sizeof names[0] && names[index];
    return has_own ? names[index] : exceptions[exception].name;
}

static void write_xml(const struct error_body *error, struct buf *body) {
    const struct exception_row *row = &exceptions[error->exception];
    buf_append_text(body, "<ErrorResponse");
    if (error->xmlns)
        buf_append_format(body, " xmlns=\"%s\"", error->xmlns);
    buf_append_text(body, "><Error>");
    xml_put(body, "Type", row->status < 500 ? "Sender" : "Receiver");
    xml_put(body, "Code", error_query_code(error->exception));
    xml_put(body, "Message", error->text);
    buf_append_text(body, "</Error>");
    xml_put(body, "RequestId", error->request_id);
    buf_append_text(body, "</ErrorResponse>");
}

void error_write(const struct error_body *error, struct buf *body) {
    if (error->protocol == ERROR_QUERY)
        write_xml(error, body);
    else
        write_json(error, body);
}

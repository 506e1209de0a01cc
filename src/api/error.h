/* Exceptions of the AWS APIs: which name, HTTP status and body a failure has on the wire. The only place that
 * knows. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* X(constant, shape name, status, key of the text, Type member or NULL). Sources: the Lambda service model
 * for statuses and keys; "Common errors" of the AWS API references for those of the front door, which have no
 * Type; the IAM service model for those without the ending "Exception". */
#define API_EXCEPTIONS(X)                                                                                    \
    X(ACCESS_DENIED, "AccessDeniedException", 403, "Message", NULL)                                          \
    X(CODE_SIGNING_CONFIG_NOT_FOUND, "CodeSigningConfigNotFoundException", 404, "Message", "User")           \
    X(CODE_STORAGE_EXCEEDED, "CodeStorageExceededException", 400, "message", "User")                         \
    X(DELETE_CONFLICT, "DeleteConflict", 409, "Message", NULL)                                               \
    X(ENTITY_ALREADY_EXISTS, "EntityAlreadyExists", 409, "Message", NULL)                                    \
    X(EXPIRED_TOKEN, "ExpiredTokenException", 403, "message", NULL)                                          \
    X(GATEWAY_BAD_REQUEST, "BadRequestException", 400, "message", NULL)                                      \
    X(GATEWAY_CONFLICT, "ConflictException", 409, "message", NULL)                                           \
    X(GATEWAY_NOT_FOUND, "NotFoundException", 404, "message", NULL)                                          \
    X(INCOMPLETE_SIGNATURE, "IncompleteSignatureException", 403, "message", NULL)                            \
    X(INVALID_ACTION, "InvalidAction", 400, "Message", NULL)                                                 \
    X(INVALID_INPUT, "InvalidInput", 400, "Message", NULL)                                                   \
    X(INVALID_PARAMETER_VALUE, "InvalidParameterValueException", 400, "message", "User")                     \
    X(INVALID_PARAMETER_VALUE_UNTYPED, "InvalidParameterValueException", 400, "message", NULL)               \
    X(INVALID_REQUEST_CONTENT, "InvalidRequestContentException", 400, "message", "User")                     \
    X(INVALID_SIGNATURE, "InvalidSignatureException", 403, "message", NULL)                                  \
    X(LIMIT_EXCEEDED, "LimitExceeded", 409, "Message", NULL)                                                 \
    X(MALFORMED_POLICY_DOCUMENT, "MalformedPolicyDocument", 400, "Message", NULL)                            \
    X(MISSING_PARAMETER, "MissingRequiredParameterException", 400, "message", NULL)                          \
    X(MISSING_AUTHENTICATION_TOKEN, "MissingAuthenticationTokenException", 403, "message", NULL)             \
    X(NO_SUCH_ENTITY, "NoSuchEntity", 404, "Message", NULL)                                                  \
    X(POLICY_LENGTH_EXCEEDED, "PolicyLengthExceededException", 400, "message", "User")                       \
    X(PRECONDITION_FAILED, "PreconditionFailedException", 412, "message", "User")                            \
    X(PROVISIONED_CONCURRENCY_CONFIG_NOT_FOUND, "ProvisionedConcurrencyConfigNotFoundException", 404,        \
      "message", "User")                                                                                     \
    X(RECURSIVE_INVOCATION, "RecursiveInvocationException", 400, "Message", "User")                          \
    X(REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLargeException", 413, "Message", NULL)                      \
    X(RESOURCE_CONFLICT, "ResourceConflictException", 409, "message", "User")                                \
    X(RESOURCE_IN_USE, "ResourceInUseException", 400, "Message", "User")                                     \
    X(RESOURCE_NOT_FOUND, "ResourceNotFoundException", 404, "Message", "User")                               \
    X(RESOURCE_NOT_FOUND_UNTYPED, "ResourceNotFoundException", 404, "Message", NULL)                         \
    X(SERIALIZATION, "SerializationException", 400, "message", NULL)                                         \
    X(SERVICE, "ServiceException", 500, "Message", "Service")                                                \
    X(TOO_MANY_REQUESTS, "TooManyRequestsException", 429, "message", "User")                                 \
    X(UNKNOWN_OPERATION, "UnknownOperationException", 404, "message", NULL)                                  \
    X(UNRECOGNIZED_CLIENT, "UnrecognizedClientException", 403, "message", NULL)                              \
    X(UNSUPPORTED_OPERATION, "UnsupportedOperationException", 400, "message", "User")                        \
    X(VALIDATION, "ValidationException", 400, "message", NULL)

/* X(constant, shape name, status, code in the query protocol): those of SQS. Source: the service model, with
 * its compatibility to the query protocol. */
#define API_SQS_EXCEPTIONS(X)                                                                                \
    X(BATCH_ENTRY_IDS_NOT_DISTINCT, "BatchEntryIdsNotDistinct", 400,                                         \
      "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")                                                     \
    X(BATCH_REQUEST_TOO_LONG, "BatchRequestTooLong", 400, "AWS.SimpleQueueService.BatchRequestTooLong")      \
    X(EMPTY_BATCH_REQUEST, "EmptyBatchRequest", 400, "AWS.SimpleQueueService.EmptyBatchRequest")             \
    X(INVALID_ADDRESS, "InvalidAddress", 404, "InvalidAddress")                                              \
    X(INVALID_ATTRIBUTE_NAME, "InvalidAttributeName", 400, "InvalidAttributeName")                           \
    X(INVALID_ATTRIBUTE_VALUE, "InvalidAttributeValue", 400, "InvalidAttributeValue")                        \
    X(INVALID_BATCH_ENTRY_ID, "InvalidBatchEntryId", 400, "AWS.SimpleQueueService.InvalidBatchEntryId")      \
    X(INVALID_MESSAGE_CONTENTS, "InvalidMessageContents", 400, "InvalidMessageContents")                     \
    X(OVER_LIMIT, "OverLimit", 403, "OverLimit")                                                             \
    X(PURGE_QUEUE_IN_PROGRESS, "PurgeQueueInProgress", 403, "AWS.SimpleQueueService.PurgeQueueInProgress")   \
    X(QUEUE_DOES_NOT_EXIST, "QueueDoesNotExist", 400, "AWS.SimpleQueueService.NonExistentQueue")             \
    X(QUEUE_NAME_EXISTS, "QueueNameExists", 400, "QueueAlreadyExists")                                       \
    X(RECEIPT_HANDLE_IS_INVALID, "ReceiptHandleIsInvalid", 404, "ReceiptHandleIsInvalid")                    \
    X(REQUEST_THROTTLED, "RequestThrottled", 403, "RequestThrottled")                                        \
    X(QUEUE_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 404, "ResourceNotFoundException")               \
    X(TOO_MANY_ENTRIES_IN_BATCH_REQUEST, "TooManyEntriesInBatchRequest", 400,                                \
      "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")                                                 \
    X(QUEUE_UNSUPPORTED_OPERATION, "UnsupportedOperation", 400, "AWS.SimpleQueueService.UnsupportedOperation")

enum api_exception {
#define API_EXCEPTION_ENUM(constant, name, status, key, type) API_##constant,
    API_EXCEPTIONS(API_EXCEPTION_ENUM)
#undef API_EXCEPTION_ENUM
#define API_EXCEPTION_ENUM(constant, name, status, code) API_##constant,
        API_SQS_EXCEPTIONS(API_EXCEPTION_ENUM)
#undef API_EXCEPTION_ENUM
};

const char *error_name(enum api_exception exception);
int error_status(enum api_exception exception);

/* How a failure of this code looks to a caller. */
enum api_exception error_exception(enum err_code code);

/* Failures whose text is about this machine, not about the request: logged, and kept from the caller. */
bool error_is_internal(enum err_code code);

/* How a caller wants to be told. */
enum error_protocol {
    ERROR_REST_JSON,  /* Lambda */
    ERROR_JSON,       /* of services that Lamb does not have: refused in words their clients understand */
    ERROR_QUERY,      /* IAM, STS, older clients of SQS */
    ERROR_QUERY_JSON, /* SQS: JSON 1.0, compatible with the query protocol that it had before */
};

/* The code in the query protocol: "AWS.SimpleQueueService.NonExistentQueue". */
const char *error_query_code(enum api_exception exception);

const char *error_content_type(enum error_protocol protocol);

struct error_body {
    enum error_protocol protocol;
    enum api_exception exception;
    const char *text;       /* "" is written as null, as the service does for AccessDeniedException */
    const char *reason;     /* Reason of a throttle, or NULL */
    const char *request_id; /* repeated in the body by the query protocol */
    const char *xmlns;      /* of the query protocol, or NULL */
};

void error_write(const struct error_body *error, struct buf *body);

/* One AWS service on the port: how its requests are read, which operations it has, and who may call them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/error.h"
#include "api/operation.h"

struct api_call;
struct input;

struct api_service {
    const char *name;  /* what its requests are signed for, "lambda"; prefix of its actions */
    const char *title; /* for people: "Lambda" */
    /* ERROR_REST_JSON: operations by path; ERROR_QUERY: by the form's Action; ERROR_QUERY_JSON: by
     * X-Amz-Target or the form's Action. */
    enum error_protocol protocol;
    const char *target; /* what X-Amz-Target begins with: "AmazonSQS"; NULL where there is none */
    const char *xmlns;  /* of answers in XML, or NULL */
    const struct api_operation *operations;
    const size_t *operation_count;

    /* How a failure is called here; NULL: as in Lambda. */
    enum api_exception (*exception)(enum err_code code);

    /* Reads and checks the input; any thread. NULL: input_check(). */
    bool (*check)(struct input *input, struct err *err);

    /* Whether the caller may do it: ERR_DENIED with the service's words. The input was checked. Not called
     * for operations that are `is_raw`. */
    bool (*authorize)(struct api_call *call, struct err *err);
};

extern const struct api_service gateway_service;
extern const struct api_service iam_service;
extern const struct api_service lambda_service;
extern const struct api_service sqs_service;
extern const struct api_service sts_service;

/* Lambda as a service of the port. */
#include "api/service.h"

#include "api/lambda/authorize.h"
#include "api/lambda/operations.h"

const struct api_service lambda_service = {
    .name = "lambda",
    .title = "Lambda",
    .protocol = ERROR_REST_JSON,
    .operations = lambda_operations,
    .operation_count = &lambda_operation_count,
    .authorize = lambda_authorize,
};

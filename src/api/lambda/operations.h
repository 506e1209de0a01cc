/* The table of all operations of the Lambda API. */
#pragma once

#include <stddef.h>

#include "api/operation.h"

/* Sorted by name. */
extern const struct api_operation lambda_operations[];
extern const size_t lambda_operation_count;

/* The function that an integration or an authorizer names. Values without I/O. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "model/function_ref.h"

/* Reads "arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]", or the URI that ends in
 * "/functions/<that ARN>/invocations". ERR_PARAMETER. */
bool function_uri_parse(const char *uri, struct function_ref *ret_function, struct err *err);

/* The URI with each ${stageVariables.NAME} replaced by that member of `variables`; false when one is not
 * there. */
bool function_uri_expand(const char *uri, struct json_value variables, struct buf *ret_uri);

/* Whether it has something to replace. */
bool function_uri_varies(const char *uri);

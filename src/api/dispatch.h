/* From a request on the port to the handler of an operation: guard, authentication, choice of the service,
 * lookup, reading and checking of the input, authorization. */
#pragma once

#include <stdbool.h>

#include "api/operation.h"
#include "http/server.h"

extern const struct http_handler dispatch_handler;

/* Paths of Lamb's own, below /_lamb/. */
struct operation_tree *dispatch_own_operations(void);

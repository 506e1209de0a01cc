/* From a request on the port to the handler of an operation: guard, authentication, choice of the service,
 * lookup. */
#pragma once

#include "api/operation.h"
#include "http/server.h"

/* `arg` is the struct api. */
extern const struct http_handler dispatch_handler;

/* Paths of Lamb's own, below /_lamb/. */
struct operation_tree *dispatch_own_operations(void);

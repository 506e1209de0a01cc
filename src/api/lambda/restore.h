/* The start of the service from its store. */
#pragma once

#include <stdbool.h>

#include "api/lambda/lambda.h"

/* Reads the catalogue, removes code that no function uses, and starts the work on functions that were Pending
 * or InProgress and on code whose layout is missing. Blocks: start-up. */
bool restore_run(struct lambda *lambda, struct err *err);

/* What asynchronous invocation is told of functions, destinations and permissions. */
#pragma once

#include "queue/async_upper.h"

struct api;

struct async_upper async_upper(struct api *api);

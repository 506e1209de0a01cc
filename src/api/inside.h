/* The API as functions see it: on a listener in the network namespace of each environment, with credentials
 * of the execution role. */
#pragma once

#include "invoke/invoke.h"

struct api;

/* What invoke/ needs of the API; `arg` is the struct api. */
struct invoke_upper inside_upper(struct api *api);

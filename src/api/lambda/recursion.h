/* What is set for a function that ends up calling itself. */
#pragma once

#include <stdbool.h>

#include "api/lambda/catalogue.h"

struct api;

/* RecursiveLoop is Terminate, as it is by default. */
bool recursion_is_stopped(const struct api *api, const struct catalogue_entry *entry);

/* The AWS services on the port. */
#pragma once

#include "api/service.h"

extern const struct api_service *const services[];
extern const size_t service_count;

/* By the name that requests are signed for; NULL for one that Lamb does not offer. */
const struct api_service *service_find(const char *name);

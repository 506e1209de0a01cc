/* What requests by host are counted and answered as: not services that requests are signed for, but rows
 * beside them. */
#pragma once

#include "api/service.h"

extern const struct api_service web_url_front; /* "lambda-url" */
extern const struct api_service web_api_front; /* "execute-api" */

/* All of them, and NULL. */
extern const struct api_service *const web_fronts[];

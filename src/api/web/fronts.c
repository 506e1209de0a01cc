/* See fronts.h. */
#include "api/web/fronts.h"

#include <stddef.h>

#include "api/web/host.h"

const struct api_service web_url_front = {
    .name = WEB_LABEL_URL, .title = "Function URLs", .protocol = ERROR_REST_JSON};

const struct api_service web_api_front = {
    .name = WEB_LABEL_API, .title = "HTTP APIs", .protocol = ERROR_REST_JSON};

const struct api_service *const web_fronts[] = {&web_url_front, &web_api_front, NULL};

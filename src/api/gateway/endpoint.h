/* Where an HTTP API is called. */
#pragma once

#include "api/options.h"

/* "http://<id>.execute-api.<region>.<domain>:<port>", with scheme and port of the public endpoint. Caller
 * frees. */
char *endpoint_format(const struct api_options *options, const char *api_id);

/* The payload of a call. */
#pragma once

#include <stdbool.h>

#include "api/call.h"

/* It is empty or JSON; ERR_SYNTAX in the words of the service. */
bool payload_check(struct http_text payload, struct err *err);

/* The answer to a call that can't be made: ERR_SYNTAX is said of the payload. */
void payload_refuse(struct api_call *call, const struct err *err);

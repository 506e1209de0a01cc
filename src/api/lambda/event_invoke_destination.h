/* Where results of asynchronous invocations may be sent. */
#pragma once

#include "api/lambda/lambda.h"

/* Checks the destinations ("" for none, NULL for a part that was not sent) that this version of a function is
 * to have. ERR_PARAMETER in the service's words. Source: Lambda Developer Guide, "Capturing records of Lambda
 * asynchronous invocations"; texts recorded from the service. */
bool event_invoke_check_destinations(const struct lambda *lambda, const struct function *function,
                                     const char *on_success, const char *on_failure, struct err *err);

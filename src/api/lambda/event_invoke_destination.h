/* Where results of asynchronous invocations may be sent. */
#pragma once

#include "api/lambda/lambda.h"

/* Checks the destinations ("" for none, NULL for a part that was not sent) that this version of a function is
 * to have. ERR_PARAMETER in the service's words. Source: Lambda Developer Guide, "Capturing records of Lambda
 * asynchronous invocations"; texts recorded from the service. */
bool event_invoke_check_destinations(const struct lambda *lambda, const struct function *function,
                                     const char *on_success, const char *on_failure, struct err *err);

/* A service that results may be sent to, and what a function's role must be allowed to do there. */
struct destination_service {
    const char *name;
    const char *action;
    const char *verb; /* for the refusal */
    bool is_for_failures;
    bool has_objects; /* the action is on what is in it */
};

/* NULL for one that takes no results, and for a text that is no ARN. */
const struct destination_service *destination_service_of(const char *arn);

bool destination_is_allowed(const struct api *api, const struct function *function,
                            const struct destination_service *service, const char *arn);

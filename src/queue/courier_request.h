/* The HTTP request that delivers a letter to a service elsewhere, as a value. Sources: Amazon SQS API
 * (SendMessage, JSON protocol), Amazon SNS API (Publish), Amazon EventBridge API (PutEvents), Amazon S3 API
 * (PutObject); what the requests hold: Lambda Developer Guide, "Capturing records of Lambda asynchronous
 * invocations". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/function_ref.h"
#include "queue/letter.h"

enum courier_service { COURIER_SQS, COURIER_SNS, COURIER_EVENTS, COURIER_S3, COURIER_SERVICES };

/* False when the ARN is of none of them. */
bool courier_service_of(const char *arn, enum courier_service *ret_service);

/* "sqs": third field of ARNs, and what requests are signed for. */
const char *courier_service_name(enum courier_service service);

struct courier_request {
    enum courier_service service;
    const char *method;
    const char *content_type;
    const char *target; /* X-Amz-Target, or NULL */
    char region[REGION_BYTES];
    char *url;       /* owned, like the body */
    struct buf body; /* empty: the letter's body goes as it is */
};

/* `endpoint` without a slash at its end; `region` for ARNs that have none. The letter must be for that
 * service. */
void courier_request_init(struct courier_request *request, const struct letter *letter, const char *endpoint,
                          const char *region, int64_t now_us);
void courier_request_done(struct courier_request *request);

/* Whether the service has taken it; `err` says what it answered. */
bool courier_request_check(const struct courier_request *request, int status, const struct buf *answer,
                           struct err *err);

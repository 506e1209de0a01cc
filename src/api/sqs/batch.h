/* What batches have in common: the rules for their entries, and how entries that failed are told. Loop
 * thread. */
#pragma once

#include <stdbool.h>

#include "api/sqs/answer.h"
#include "api/sqs/request.h"

#define BATCH_ID_BYTES 81

/* The identifiers that the caller gave the entries; starts as {0}. */
struct batch {
    struct json_value entries;
    size_t count;
    char ids[LIMIT_QUEUE_BATCH][BATCH_ID_BYTES];
};

/* Checks number and identifiers of the entries. False: the call was refused. */
bool batch_begin(struct batch *batch, struct api_call *call);

/* One item of the answer's list Failed. */
void batch_put_failed(struct answer *answer, const char *id, const struct err *err);

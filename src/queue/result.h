/* What an asynchronous event came to, as the texts that are sent somewhere: the record for a destination and
 * the message for a dead letter queue. Source: Lambda Developer Guide, "Capturing records of Lambda
 * asynchronous invocations" and "Adding a dead-letter queue". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/function_ref.h"
#include "queue/event.h"

/* The end of one event. All it points to is borrowed. */
struct result {
    const struct event *event;
    const char *function_arn; /* with the qualifier that was used, or $LATEST */
    enum retry_condition condition;
    uint32_t runs;                /* attempts that reached the function */
    bool has_response;            /* the last attempt reached it: status, version and response are there */
    const char *executed_version; /* "$LATEST" or a number */
    bool is_function_error;
    const char *response;
    size_t response_len;
};

/* The record, version 1.0. A response that is no JSON goes in as a string. */
void result_write_record(const struct result *result, int64_t now_us, struct buf *buf);

#define RESULT_MESSAGE_BYTES 1025

/* Attributes of a dead letter: "200" and the function's words for a function error, else the status and the
 * words of what kept it from running. The message is cut to its first 1024 bytes, at the end of a character.
 */
struct result_error {
    const char *code;
    char message[RESULT_MESSAGE_BYTES];
};
void result_describe_error(const struct result *result, struct result_error *ret_error);

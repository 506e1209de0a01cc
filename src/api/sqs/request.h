/* What the operations of SQS share: the input, whom a request is about, whether the caller may, changes. Loop
 * thread, but for sqs_check_input(). */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/context.h"
#include "api/edit.h"
#include "api/sqs/definitions.h"

/* Reads a JSON body or a form, and checks types and that required members are there: ERR_SYNTAX,
 * ERR_VALIDATION. */
bool sqs_check_input(struct input *input, struct err *err);

bool sqs_authorize(struct api_call *call, struct err *err);

/* Whether the caller may do `action`, in lower case, to that queue: ERR_DENIED. */
bool sqs_allows(const struct api_call *call, const char *action, const struct queue_location *location,
                struct err *err);

/* Whether a map of tags has keys and values of the right lengths: ERR_PARAMETER. */
bool sqs_check_tags(struct json_value map, struct err *err);

/* A text member in fresh memory; NULL when it was not sent. */
char *sqs_text(const struct api_call *call, const char *name);

/* A member that is a whole number between bounds, if it is there: ERR_PARAMETER with `reason` behind "Value N
 * for parameter NAME is invalid. Reason: ". */
struct sqs_bounds {
    const char *name;
    int64_t min;
    int64_t max;
    const char *reason;
};
bool sqs_integer(struct json_value object, const struct sqs_bounds *bounds, int64_t fallback,
                 int64_t *ret_number, struct err *err);

/* A MessageGroupId and what else has its form: ERR_PARAMETER. */
bool sqs_check_id(const char *name, const char *text, struct err *err);

/* ERR_PARAMETER: a member that is not for queues of this type. */
bool sqs_refuse_for_type(const char *name, const char *value, struct err *err);

/* The queue that the request's QueueUrl, or else its path, names. ERR_NOT_FOUND; ERR_VALIDATION without one;
 * ERR_PARAMETER_UNTYPED for what is no URL of a queue. */
struct queue_definition *sqs_queue(const struct api_call *call, struct err *err);

/* ERR_NOT_FOUND in the words of the caller's protocol. */
bool sqs_no_queue(const struct api_call *call, struct err *err);

/* The queue of an ARN in the member `name`; ERR_NOT_FOUND_UNTYPED. */
struct queue_definition *sqs_queue_of_arn(const struct api_call *call, const char *name, struct err *err);

/* ---- changes of definitions, one at a time ---- */

/* Prepares the new document of a queue that exists and writes the answer. */
typedef bool sqs_revise(struct edit *edit, const struct queue_definition *definition,
                        struct queue_document *document, struct err *err);

/* Starts an edit of the queue that the request names. */
void sqs_change(struct api_call *call, sqs_revise *revise);

/* Adds the step that stores it. ERR_LIMIT when it is too long. */
bool sqs_put(struct edit *edit, const struct queue_location *location, const struct queue_document *document,
             struct err *err);

/* The answer of an operation without a result. */
bool sqs_edit_done(struct edit *edit);
void sqs_answer_done(struct api_call *call);

/* What the engine could not do: too much at once is the caller's to try again. */
void sqs_fail(struct api_call *call, const struct err *err);

/* A message move task as it is kept with its queue. Values. Source: SQS API, StartMessageMoveTask. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/ident.h"
#include "base/json.h"

#define MOVE_TASKS_KEPT 10
#define MOVE_RATE_MAX 500
#define MOVE_ARN_BYTES 192

enum move_status { MOVE_RUNNING, MOVE_CANCELLING, MOVE_COMPLETED, MOVE_CANCELLED, MOVE_FAILED };

struct move_task {
    char id[IDENT_UUID_BYTES];
    char destination_arn[MOVE_ARN_BYTES]; /* "": where each message came from */
    enum move_status status;
    int64_t rate; /* messages per second; 0: as many as go */
    int64_t moved;
    int64_t to_move; /* when it began */
    int64_t started_ms;
    char failure[64]; /* code of the failure, or "" */
};

const char *move_status_text(enum move_status status);

void move_task_encode(const struct move_task *task, struct json_writer *json);
bool move_task_decode(struct json_value object, struct move_task *ret_task);

/* See move_task.h. */
#include "api/sqs/move_task.h"

#include <string.h>

#include "base/mem.h"

static const char *const status_texts[] = {
    [MOVE_RUNNING] = "RUNNING",     [MOVE_CANCELLING] = "CANCELLING", [MOVE_COMPLETED] = "COMPLETED",
    [MOVE_CANCELLED] = "CANCELLED", [MOVE_FAILED] = "FAILED",
};

const char *move_status_text(enum move_status status) {
    return status_texts[status];
}

void move_task_encode(const struct move_task *task, struct json_writer *json) {
    json_open_object(json);
    json_put_member(json, "Id", task->id);
    json_put_member(json, "Destination", task->destination_arn);
    json_put_member(json, "Status", status_texts[task->status]);
    json_put_member(json, "Failure", task->failure);
    json_put_member_integer(json, "Rate", task->rate);
    json_put_member_integer(json, "Moved", task->moved);
    json_put_member_integer(json, "ToMove", task->to_move);
    json_put_member_integer(json, "Started", task->started_ms);
    json_close_object(json);
}

static bool read_text(struct json_value object, const char *name, char *space, size_t size) {
    OWN_MEM char *text = json_string(json_member(object, name));
    if (!text || strlen(text) >= size)
        return false;
    memcpy(space, text, strlen(text) + 1);
    return true;
}

static bool read_status(struct json_value object, enum move_status *ret_status) {
    for (size_t i = 0; i < sizeof status_texts / sizeof status_texts[0]; i++)
        if (json_string_is(json_member(object, "Status"), status_texts[i])) {
            *ret_status = (enum move_status)i;
            return true;
        }
    return false;
}

bool move_task_decode(struct json_value object, struct move_task *ret_task) {
    struct move_task task = {0};
    bool ok = read_text(object, "Id", task.id, sizeof task.id) &&
              read_text(object, "Destination", task.destination_arn, sizeof task.destination_arn) &&
              read_text(object, "Failure", task.failure, sizeof task.failure) &&
              read_status(object, &task.status) && json_integer(json_member(object, "Rate"), &task.rate) &&
              json_integer(json_member(object, "Moved"), &task.moved) &&
              json_integer(json_member(object, "ToMove"), &task.to_move) &&
              json_integer(json_member(object, "Started"), &task.started_ms);
    if (ok)
        *ret_task = task;
    return ok;
}

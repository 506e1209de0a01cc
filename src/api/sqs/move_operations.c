/* StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask. */
#include <stdio.h>
#include <string.h>

#include "api/sqs/answer.h"
#include "api/sqs/handlers.h"
#include "api/sqs/move_handle.h"
#include "api/sqs/move_run.h"
#include "api/sqs/request.h"
#include "base/mem.h"

#define HANDLE_ANSWER_BYTES 2048

/* ---- StartMessageMoveTask ---- */

/* Whether it is a dead letter queue, and when nothing else is said where messages go, whether the caller may
 * send to all queues that it is the one of. */
static bool check_sources(const struct api_call *call, const struct queue_definition *definition,
                          bool are_destinations, struct err *err) {
    size_t cursor = 0;
    size_t count = 0;
    const char *key;
    void *item;
    while (map_next(&call->api->sqs->definitions, &cursor, &key, &item)) {
        const struct queue_definition *source = item;
        if (strcmp(source->redrive.target_arn, definition->arn) != 0)
            continue;
        if (are_destinations && !sqs_allows(call, "sqs:sendmessage", &source->location, err))
            return false;
        count++;
    }
    return count > 0 ||
           err_set(err, ERR_PARAMETER, "Source queue must be configured as a Dead Letter Queue.");
}

static bool check_destination(const struct api_call *call, const struct queue_definition *source,
                              struct err *err) {
    const struct queue_definition *destination = sqs_queue_of_arn(call, "DestinationArn", err);
    if (!destination || !sqs_allows(call, "sqs:sendmessage", &destination->location, err))
        return false;
    if (destination == source)
        return err_set(err, ERR_PARAMETER, "Source queue arn and destination queue arn cannot be the same.");
    return queue_attributes_flag(&destination->document.attributes, QUEUE_FIFO) ==
               queue_attributes_flag(&source->document.attributes, QUEUE_FIFO) ||
           err_set(err, ERR_PARAMETER, "Source and destination queues must be of the same type.");
}

static bool check_start(const struct api_call *call, const struct queue_definition *source, struct err *err) {
    bool has_destination = json_is_present(input_member(&call->input, "DestinationArn"));
    if (!sqs_allows(call, "sqs:receivemessage", &source->location, err) ||
        !sqs_allows(call, "sqs:deletemessage", &source->location, err) ||
        (has_destination && !check_destination(call, source, err)) ||
        !check_sources(call, source, !has_destination, err))
        return false;
    return !source->run || err_set(err, ERR_PARAMETER,
                                   "There is already a task running. Only one active task is allowed for a "
                                   "source queue arn at a given time.");
}

static bool read_task(const struct api_call *call, const struct queue_definition *source,
                      struct move_task *task, struct err *err) {
    static const struct sqs_bounds rate = {"MaxNumberOfMessagesPerSecond", 1, MOVE_RATE_MAX,
                                           "Must be between 1 and 500, if provided."};
    struct queue_counts counts;
    *task = (struct move_task){.started_ms = clock_wall_us(call->api->clock) / 1000};
    if (!sqs_integer(call->input.root, &rate, 0, &task->rate, err))
        return false;
    OWN_MEM char *destination = sqs_text(call, "DestinationArn");
    snprintf(task->destination_arn, sizeof task->destination_arn, "%s", destination ? destination : "");
    queue_count(source->queue, &counts);
    task->to_move = counts.visible;
    ident_uuid(task->id);
    return true;
}

static void answer_handle(struct edit *edit, const char *id, const char *arn) {
    OWN_MEM char *handle = move_handle_write(id, arn);
    struct answer answer;
    answer_begin(&answer, edit_answer_raw(edit, HANDLE_ANSWER_BYTES), edit->call);
    answer_text(&answer, "TaskHandle", handle);
    answer_end(&answer);
}

static bool start_task(struct edit *edit, struct err *err) {
    const struct queue_definition *source = sqs_queue_of_arn(edit->call, "SourceArn", err);
    if (!source || !check_start(edit->call, source, err))
        return false;
    struct queue_document document = queue_document_copy(&source->document);
    bool ok = read_task(edit->call, source, queue_document_add_task(&document), err) &&
              sqs_put(edit, &source->location, &document, err);
    if (ok)
        answer_handle(edit, document.tasks[0].id, source->arn);
    queue_document_done(&document);
    return ok;
}

static void started(struct edit *edit) {
    struct err err;
    struct queue_definition *source = sqs_queue_of_arn(edit->call, "SourceArn", &err);
    struct queue_location location = source->location;
    definitions_refresh(edit->call->api->sqs, &location);
    move_run_start(edit->call->api->sqs, source);
}

void sqs_start_message_move_task(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = start_task, .committed = started};
    edit_start(call, &call->api->sqs->turns, NULL, NULL, NULL, &actions);
}

/* ---- ListMessageMoveTasks ---- */

static void put_task(struct answer *answer, const struct queue_definition *source,
                     const struct move_task *task) {
    static const char element[] = "ListMessageMoveTasksResultEntry";
    OWN_MEM char *handle = task->status == MOVE_RUNNING ? move_handle_write(task->id, source->arn) : NULL;
    answer_open_item(answer, element);
    answer_text(answer, "TaskHandle", handle);
    answer_text(answer, "Status", move_status_text(task->status));
    answer_text(answer, "SourceArn", source->arn);
    answer_text(answer, "DestinationArn", task->destination_arn[0] ? task->destination_arn : NULL);
    if (task->rate)
        answer_integer(answer, "MaxNumberOfMessagesPerSecond", task->rate);
    answer_integer(answer, "ApproximateNumberOfMessagesMoved", task->moved);
    answer_integer(answer, "ApproximateNumberOfMessagesToMove", task->to_move);
    answer_text(answer, "FailureReason", task->failure[0] ? task->failure : NULL);
    answer_integer(answer, "StartedTimestamp", task->started_ms);
    answer_close_item(answer, element);
}

void sqs_list_message_move_tasks(struct api_call *call) {
    static const struct sqs_bounds bounds = {"MaxResults", 1, MOVE_TASKS_KEPT,
                                             "Must be between 1 and 10, if provided."};
    struct err err;
    int64_t most;
    const struct queue_definition *source = sqs_queue_of_arn(call, "SourceArn", &err);
    if (!source || !sqs_integer(call->input.root, &bounds, 1, &most, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, call);
    answer_open_list(&answer, "Results");
    for (size_t i = 0; i < source->document.task_count && i < (size_t)most; i++) {
        bool is_running = i == 0 && source->run;
        put_task(&answer, source, is_running ? move_run_task(source->run) : &source->document.tasks[i]);
    }
    answer_close_list(&answer);
    answer_end(&answer);
    call_answer(call, &body);
}

/* ---- CancelMessageMoveTask ---- */

static bool cancel(const struct api_call *call, int64_t *ret_moved, struct err *err) {
    char id[IDENT_UUID_BYTES];
    char arn[MOVE_ARN_BYTES];
    struct queue_location location;
    OWN_MEM char *handle = sqs_text(call, "TaskHandle");
    if (!move_handle_read(handle, id, arn))
        return err_set(err, ERR_PARAMETER, "Value for parameter TaskHandle is invalid.");
    const struct queue_definition *source = location_from_arn(arn, call->api->options.region, &location)
                                                ? definitions_find(call->api->sqs, &location)
                                                : NULL;
    if (!source)
        return err_set(err, ERR_NOT_FOUND_UNTYPED,
                       "The resource that you specified for the SourceArn parameter doesn't exist.");
    size_t place = 0;
    while (place < source->document.task_count && strcmp(source->document.tasks[place].id, id) != 0)
        place++;
    if (place == source->document.task_count)
        return err_set(err, ERR_NOT_FOUND_UNTYPED, "Task does not exist.");
    if (place > 0 || !source->run || move_run_task(source->run)->status != MOVE_RUNNING)
        return err_set(err, ERR_UNSUPPORTED, "Only a task that is RUNNING can be cancelled; this one is %s.",
                       move_status_text(source->run && place == 0 ? move_run_task(source->run)->status
                                                                  : source->document.tasks[place].status));
    *ret_moved = move_run_task(source->run)->moved;
    move_run_cancel(source->run);
    return true;
}

void sqs_cancel_message_move_task(struct api_call *call) {
    struct err err;
    int64_t moved = 0;
    if (!cancel(call, &moved, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, call);
    answer_integer(&answer, "ApproximateNumberOfMessagesMoved", moved);
    answer_end(&answer);
    call_answer(call, &body);
}

/* The members of every operation of SQS, from its public service model: tables in the order of the model,
 * each ended by a row without name. `wire` is a member's name in the query protocol, from the model of that
 * time. Whether a value is a good one is the service's own to say, in words of its own. */
#pragma once

#include "model/constraint.h"

extern const struct constraint sqs_add_permission_members[];
extern const struct constraint sqs_cancel_message_move_task_members[];
extern const struct constraint sqs_change_message_visibility_members[];
extern const struct constraint sqs_change_message_visibility_batch_members[];
extern const struct constraint sqs_create_queue_members[];
extern const struct constraint sqs_delete_message_members[];
extern const struct constraint sqs_delete_message_batch_members[];
extern const struct constraint sqs_get_queue_attributes_members[];
extern const struct constraint sqs_get_queue_url_members[];
extern const struct constraint sqs_list_dead_letter_source_queues_members[];
extern const struct constraint sqs_list_message_move_tasks_members[];
extern const struct constraint sqs_list_queues_members[];
extern const struct constraint sqs_queue_members[]; /* QueueUrl alone */
extern const struct constraint sqs_receive_message_members[];
extern const struct constraint sqs_remove_permission_members[];
extern const struct constraint sqs_send_message_members[];
extern const struct constraint sqs_send_message_batch_members[];
extern const struct constraint sqs_set_queue_attributes_members[];
extern const struct constraint sqs_start_message_move_task_members[];
extern const struct constraint sqs_tag_queue_members[];
extern const struct constraint sqs_untag_queue_members[];

/* The operations of SQS, for operations.c alone. */
#pragma once

struct api_call;

void sqs_add_permission(struct api_call *call);
void sqs_cancel_message_move_task(struct api_call *call);
void sqs_change_message_visibility(struct api_call *call);
void sqs_create_queue(struct api_call *call);
void sqs_delete_message(struct api_call *call);
void sqs_delete_queue(struct api_call *call);
void sqs_get_queue_attributes(struct api_call *call);
void sqs_get_queue_url(struct api_call *call);
void sqs_list_dead_letter_source_queues(struct api_call *call);
void sqs_list_message_move_tasks(struct api_call *call);
void sqs_list_queue_tags(struct api_call *call);
void sqs_list_queues(struct api_call *call);
void sqs_purge_queue(struct api_call *call);
void sqs_receive_message(struct api_call *call);
void sqs_remove_permission(struct api_call *call);
void sqs_send_message(struct api_call *call);
void sqs_send_message_batch(struct api_call *call);
void sqs_set_queue_attributes(struct api_call *call);
void sqs_settle_batch(struct api_call *call); /* DeleteMessageBatch, ChangeMessageVisibilityBatch */
void sqs_start_message_move_task(struct api_call *call);
void sqs_tag_queue(struct api_call *call);
void sqs_untag_queue(struct api_call *call);

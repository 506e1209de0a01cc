/* Calls of ReceiveMessage that wait. Loop thread. */
#pragma once

struct sqs;

/* Answers them all, with no messages. */
void receive_end_waiting(struct sqs *sqs);

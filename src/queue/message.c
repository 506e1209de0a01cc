/* See message.h. */
#include "queue/message.h"

#include <stdio.h>

/* 18 digits are left for the number itself: a million messages per second for 30,000 years. */
void queue_sequence_text(int64_t sequence, char ret_text[QUEUE_SEQUENCE_BYTES]) {
    snprintf(ret_text, QUEUE_SEQUENCE_BYTES, "18%018llu",
             (unsigned long long)sequence % 1000000000000000000u);
}

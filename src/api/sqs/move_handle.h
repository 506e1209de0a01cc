/* The TaskHandle of a message move task: its identifier and the ARN of its source, in base64, as on AWS. */
#pragma once

#include <stdbool.h>

#include "api/sqs/move_task.h"
#include "base/ident.h"

/* In fresh memory. */
char *move_handle_write(const char *id, const char *source_arn);

/* False for anything else; the texts are "" then. */
bool move_handle_read(const char *handle, char ret_id[IDENT_UUID_BYTES], char ret_arn[MOVE_ARN_BYTES]);

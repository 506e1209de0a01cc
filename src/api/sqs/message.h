/* A message on its way from a request into the engine: what was sent, checked and put into the engine's
 * form. */
#pragma once

#include "api/sqs/request.h"
#include "base/digest.h"
#include "model/sqs/message_attributes.h"

/* What the engine keeps of a message as its attributes is a JSON object of these members, each only where
 * there is something to keep. */
#define KEPT_SENDER "s"     /* SenderId */
#define KEPT_GROUP "g"      /* MessageGroupId in a standard queue; in a FIFO queue the engine has it */
#define KEPT_DEDUP "d"      /* MessageDeduplicationId */
#define KEPT_TRACE "t"      /* AWSTraceHeader */
#define KEPT_ATTRIBUTES "a" /* MessageAttributes */

/* Starts as {0}. Owns what the entry points to. */
struct outgoing {
    struct queue_entry entry;
    size_t size_bytes; /* as limits count it */
    char body_md5[DIGEST_MD5_HEX_BYTES];
    char attributes_md5[DIGEST_MD5_HEX_BYTES];        /* "": has none */
    char system_attributes_md5[DIGEST_MD5_HEX_BYTES]; /* likewise */

    char *body;
    char *group;
    char *dedup;
    char *engine_dedup;
    struct buf kept;
};

void outgoing_done(struct outgoing *message);

/* Reads the members of `object`, a SendMessage request or an entry of a batch. ERR_VALIDATION,
 * ERR_PARAMETER, ERR_CONTENTS. */
bool outgoing_read(struct outgoing *message, const struct api_call *call,
                   const struct queue_definition *definition, struct json_value object, struct err *err);
